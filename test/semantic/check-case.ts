/** Judgement of a corpus case as the semantic gate makes it: text merge first, then the symbol tables. */
import { checkMerge, type MergeVerdict } from "../../src/semantic/check-merge.ts";
import type { Tree } from "./corpus.ts";
import { mergeText } from "./merge.ts";

export interface CaseVerdict {
  rejected: boolean;
  /** Kinds of the conflicts; only `text_conflict` when the text did not merge. */
  kinds: string[];
  symbols: string[];
  messages: string[];
  notes: string[];
}

/** Judges three trees; needs git. */
export async function checkCase(states: {
  base: Tree;
  ours: Tree;
  theirs: Tree;
}): Promise<CaseVerdict> {
  const merge = mergeText(states);
  if (merge.conflicts.length > 0) {
    const messages = merge.conflicts.map((path) => `${path} does not merge as text`);
    return { rejected: true, kinds: ["text_conflict"], symbols: [], messages, notes: [] };
  }
  const verdict = await checkTrees({ ...states, merged: merge.tree });
  return {
    rejected: verdict.conflicts.length > 0,
    kinds: verdict.conflicts.map(({ kind }) => kind),
    symbols: verdict.conflicts.map(({ symbol }) => symbol),
    messages: verdict.conflicts.map(
      (one) => `${one.path}:${one.line}: ${one.kind}: ${one.message}`,
    ),
    notes: verdict.notes.map(({ path, line, message }) => `${path}:${line}: ${message}`),
  };
}

type FourTrees = Record<"base" | "ours" | "theirs" | "merged", Tree>;

/** Applies the semantic rules to trees of texts, using each text as its own id. */
export async function checkTrees(trees: FourTrees): Promise<MergeVerdict> {
  const { base, ours, theirs, merged } = trees;
  const paths = new Set([base, ours, theirs, merged].flatMap((tree) => [...tree.keys()]));
  const changed = [...paths].filter(
    (path) => new Set([base, ours, theirs, merged].map((tree) => tree.get(path))).size > 1,
  );
  const only = (tree: Tree): Tree => new Map([...tree].filter(([path]) => changed.includes(path)));
  return checkMerge({
    base: only(base),
    ours: only(ours),
    theirs: only(theirs),
    merged: only(merged),
    tree: async () => merged,
    mentioning: async (words) => ({
      paths: [...merged].filter(([, text]) => mentions(text, words)).map(([path]) => path),
      cut: false,
    }),
    read: async (id) => id,
  });
}

function mentions(text: string, words: readonly string[]): boolean {
  return words.some((word) => new RegExp(`(?<!\\w)${RegExp.escape(word)}(?!\\w)`).test(text));
}
