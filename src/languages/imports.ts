/** Imports of a source text in any supported language. `import-index.ts` resolves them to files. */
import { ecmascriptImports } from "./ecmascript/imports.ts";
import { goImports } from "./go/imports.ts";
import type { Import, ImportFinder } from "./import-finder.ts";
import { javaImports } from "./java/imports.ts";
import { languageOf } from "./language.ts";
import { type LanguageName, type Node, withTree } from "./parser.ts";
import { pythonImports } from "./python/imports.ts";
import { rustImports } from "./rust/imports.ts";

const finders: Record<LanguageName, ImportFinder> = {
  bash: () => [],
  python: pythonImports,
  typescript: ecmascriptImports,
  tsx: ecmascriptImports,
  javascript: ecmascriptImports,
  rust: rustImports,
  go: goImports,
  java: javaImports,
};

/** Imports below a parsed root, in source order. `path` decides only whether a Python file re-exports. */
export function importsIn(root: Node, language: LanguageName, path = ""): Import[] {
  return finders[language](root, path);
}

/** Imports of a text; null when the path has no grammar or the text cannot be parsed. */
export async function importsOf(path: string, text: string): Promise<Import[] | null> {
  const language = languageOf(path);
  if (language === null) return null;
  return withTree(language, text, (root) => importsIn(root, language, path));
}
