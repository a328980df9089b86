/** Registry of file extensions: the grammar that a path is parsed with. Pure. */
import type { LanguageName } from "./parser.ts";

const byExtension: Record<string, LanguageName> = {
  py: "python",
  pyi: "python",
  ts: "typescript",
  mts: "typescript",
  cts: "typescript",
  tsx: "tsx",
  js: "javascript",
  mjs: "javascript",
  cjs: "javascript",
  jsx: "javascript",
  rs: "rust",
  go: "go",
  java: "java",
  sh: "bash",
  bash: "bash",
};

/** Language of a path by its extension, case-insensitive; null for an unknown extension. */
export function languageOf(path: string): LanguageName | null {
  const extension = /\.([A-Za-z]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
  return Object.hasOwn(byExtension, extension) ? (byExtension[extension] ?? null) : null;
}

/** A language with imports and functions: all but shell. */
export type SourceLanguage = Exclude<LanguageName, "bash">;

/** True for a language with imports and functions; false for shell and for null. */
export function isSourceLanguage(language: LanguageName | null): language is SourceLanguage {
  return language !== null && language !== "bash";
}

const ecmascript: readonly LanguageName[] = ["javascript", "typescript", "tsx"];

/** The languages that import one another, with the given one. The first one identifies the family. */
export function languageFamily(language: LanguageName): readonly LanguageName[] {
  return ecmascript.includes(language) ? ecmascript : [language];
}
