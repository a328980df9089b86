/** All generated projects. */
import type { Corpus, CorpusSize } from "./corpus.ts";
import { goCorpus } from "./go.ts";
import { pythonCorpus } from "./python.ts";
import { rustCorpus } from "./rust.ts";
import { typescriptCorpus } from "./typescript.ts";

export const corpora: readonly ((size: CorpusSize) => Corpus)[] = [
  rustCorpus,
  pythonCorpus,
  typescriptCorpus,
  goCorpus,
];
