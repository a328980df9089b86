/** Which grammar a file is of, and the names of the nodes that matter. */
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

/** The grammar for a path by its extension; null when there is none. */
export function languageOf(path: string): LanguageName | null {
  const extension = /\.([A-Za-z]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
  return Object.hasOwn(byExtension, extension) ? (byExtension[extension] ?? null) : null;
}
