/** The imports of a file as data, and helpers that the import finders of all languages share. */
import type { Node } from "./parser.ts";

export interface ImportedName {
  /**
   * Name in the importing file: "" when nothing is bound (a side-effect import, a path inside an
   * expression), "*" when every name is. Python's `import a.b` binds "a.b".
   */
  local: string;
  /** Name in the imported module: "*" for the whole module, "default" for a default export. */
  imported: string;
}

export interface Import {
  /**
   * The module as written: `./util`, `pkg.mod`, `example.com/x/pkg`, `com.acme.Foo` (`com.acme.*`
   * for a package). Python's relative levels keep their dots. Rust paths are relative to the file's own
   * module (`super` inside one of its inline modules becomes `self`); `mod x;` is `self::x`, or the path
   * of its `#[path]` attribute, prefixed with "./".
   */
  specifier: string;
  names: ImportedName[];
  /** From 1. */
  line: number;
  /** True for re-exports: `export ... from`, `pub use`, every import of an `__init__.py`. */
  reexport: boolean;
}

/** Finds the imports below a root; `path` tells the file of a package itself from others. */
export type ImportFinder = (root: Node, path: string) => Import[];

/** Descendants of these types, in source order. A single call into the parser. */
export function nodesOfType(root: Node, types: string[]): Node[] {
  return root.descendantsOfType(types).filter((node) => node !== null);
}

export function childrenOf(node: Node): Node[] {
  return node.namedChildren.filter((child) => child !== null);
}

/** First named child of a type. */
export function childOfType(node: Node, type: string): Node | null {
  return childrenOf(node).find((child) => child.type === type) ?? null;
}

/** First line of a node, from 1. */
export function lineOf(node: Node): number {
  return node.startPosition.row + 1;
}
