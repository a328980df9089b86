/** Which grammar table belongs to which language. A language without one is not judged. */
import type { LanguageName } from "../syntax/parser.ts";
import type { Grammar } from "./grammar.ts";
import { go } from "./grammar-go.ts";
import { java } from "./grammar-java.ts";
import { python } from "./grammar-python.ts";
import { rust } from "./grammar-rust.ts";
import { script } from "./grammar-script.ts";

const grammars: Partial<Record<LanguageName, Grammar>> = {
  python,
  typescript: script,
  tsx: script,
  javascript: script,
  rust,
  go,
  java,
};

/** The table of a language; null when it has none. */
export function grammarOf(language: LanguageName): Grammar | null {
  return grammars[language] ?? null;
}
