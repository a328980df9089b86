/** What a file imports, by its grammar. Where an import leads is the import index's to say. */
import { ecmascriptImports } from "./imports/ecmascript.ts";
import { goImports } from "./imports/go.ts";
import { javaImports } from "./imports/java.ts";
import { pythonImports } from "./imports/python.ts";
import { rustImports } from "./imports/rust.ts";
import { languageOf } from "./languages.ts";
import { type LanguageName, type Node, withTree } from "./parser.ts";

export interface ImportedName {
  /**
   * What it is called here: "" when nothing is bound (a side-effect import, a path written in
   * place), "*" when every name is. Python's `import a.b` binds "a.b".
   */
  local: string;
  /** What it is called there: "*" the whole module, "default" a default export. */
  imported: string;
}

export interface Import {
  /**
   * The module, as written: `./util`, `pkg.mod`, `example.com/x/pkg`, `com.acme.Foo` (`com.acme.*`
   * for a package). Python's levels keep their dots. Rust's paths are as seen from the file's own
   * module (`super` in an inline module of it becomes `self`); `mod x;` is `self::x`, or the path
   * of its `#[path]` beginning with "./".
   */
  specifier: string;
  names: ImportedName[];
  /** From 1. */
  line: number;
  /** Handed on to importers: `export ... from`, `pub use`, names put into `__init__.py`. */
  reexport: boolean;
}

/** Finds the imports below a root; `path` tells a package's own file from others. */
export type ImportFinder = (root: Node, path: string) => Import[];

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

/** The imports of a parsed text, in order. `path` is only looked at for names handed on. */
export function importsIn(root: Node, language: LanguageName, path = ""): Import[] {
  return finders[language](root, path);
}

/** The imports of a text; null when its language is not known. */
export async function importsOf(path: string, text: string): Promise<Import[] | null> {
  const language = languageOf(path);
  if (language === null) return null;
  return withTree(language, text, (root) => importsIn(root, language, path));
}
