/** Resolves imports to files of a tree, from its paths and the texts of its manifests. Pure. */

import { ecmascriptImportRules } from "./ecmascript/imports.ts";
import { goImportRules } from "./go/imports.ts";
import type { Import } from "./import-finder.ts";
import { javaImportRules } from "./java/imports.ts";
import { languageFamily, languageOf } from "./language.ts";
import type { LanguageName } from "./parser.ts";
import { pythonImportRules } from "./python/imports.ts";
import { rustImportRules } from "./rust/imports.ts";
import { type ImportRules, type SourceTree, sourceTree } from "./source-tree.ts";

/** File names, in any folder, of the manifests that `importIndex` reads. */
export const manifestNames: ReadonlySet<string> = new Set([
  "go.mod",
  "Cargo.toml",
  "package.json",
  "tsconfig.json",
  "tsconfig.base.json",
  "jsconfig.json",
  "pyproject.toml",
  "setup.cfg",
]);

export interface ImportIndex {
  /** Files of the tree that an import names, without the importer; none when it leads outside. */
  resolve(from: string, imported: Import): string[];
  /** Files used without an import: the rest of its package (Go, Java), `conftest.py` of a test. */
  neighbours(path: string): string[];
  /** Files loaded together with this one: the `__init__.py` of its packages, its parent module. */
  loadedWith(path: string): string[];
}

const languageRules: Partial<Record<LanguageName, (tree: SourceTree) => ImportRules>> = {
  python: pythonImportRules,
  javascript: ecmascriptImportRules,
  go: goImportRules,
  java: javaImportRules,
  rust: rustImportRules,
};

/**
 * Builds the index of a tree. The rules of a language are set up on first use.
 *
 * @param paths every file, `/`-separated, relative to one root
 * @param manifests texts of the files named in `manifestNames`, by path
 */
export function importIndex(
  paths: Iterable<string>,
  manifests: ReadonlyMap<string, string>,
): ImportIndex {
  const tree = sourceTree(paths, manifests);
  const built = new Map<LanguageName, ImportRules>();
  const rules = (path: string): ImportRules | null => {
    const language = languageOf(path);
    if (language === null) return null;
    const [family = language] = languageFamily(language);
    const known = built.get(family) ?? languageRules[family]?.(tree) ?? null;
    if (known !== null) built.set(family, known);
    return known;
  };
  return {
    resolve: (from, imported) => rules(from)?.resolve(from, imported) ?? [],
    neighbours: (path) => rules(path)?.neighbours?.(path) ?? [],
    loadedWith: (path) => rules(path)?.loadedWith?.(path) ?? [],
  };
}
