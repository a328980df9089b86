/** The imports of a file as data, and helpers that the import finders of all languages share. */
import type { Node } from "./parser.ts";

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

/** Every node below a root that is of one of these types, in order. One call into the library. */
export function nodesOfType(root: Node, types: string[]): Node[] {
  return root.descendantsOfType(types).filter((node) => node !== null);
}

/** A node's named children. */
export function childrenOf(node: Node): Node[] {
  return node.namedChildren.filter((child) => child !== null);
}

/** The first named child of a type. */
export function childOfType(node: Node, type: string): Node | null {
  return childrenOf(node).find((child) => child.type === type) ?? null;
}

/** A node's line, from 1. */
export function lineOf(node: Node): number {
  return node.startPosition.row + 1;
}
