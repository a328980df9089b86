/**
 * Rust: module paths walked from file to file, and crates of the same repository by name. Modules
 * are found where they lie by convention; a path is followed as far as there are files.
 */
import { type Crates, cratesOf } from "./rust-crates.ts";
import { dirname, join, type Resolver, type Tree } from "./tree.ts";

/** A module: its file, and the folder its children lie in. */
interface Module {
  file: string | null;
  children: string;
}

export interface RustTree {
  resolve: Resolver;
  /** The file of the module around a file's own; null at the root of a crate. */
  parent(path: string): string | null;
}

export function rustTree(tree: Tree): RustTree {
  const crates = cratesOf(tree);
  const locate = (from: string, [first = "", ...rest]: readonly string[]): string | null => {
    const own = moduleOf(crates, from);
    if (first === "crate" || first === "$crate")
      return walk(tree, rootOf(tree, crates, from), rest);
    if (first === "self") return walk(tree, own, rest);
    if (first === "super") return above(tree, crates, from, rest);
    const local = child(tree, own, first);
    if (local !== null && local.file !== own.file) return walk(tree, local, rest);
    const library = crates.named(from, first);
    return library === null ? null : walk(tree, moduleOf(crates, library), rest);
  };
  return {
    parent: (path) => parentOf(tree, crates, path)?.file ?? null,
    resolve(from, { specifier, names }) {
      if (specifier.startsWith("./")) {
        const path = join(dirname(from), specifier);
        return path !== null && tree.files.has(path) ? [path] : [];
      }
      const path = specifier.split("::");
      const found = names.map(({ imported }) =>
        locate(from, imported === "*" ? path : [...path, imported]),
      );
      return [...new Set(found)].filter((file): file is string => file !== null && file !== from);
    },
  };
}

/** The module a file is. */
function moduleOf(crates: Crates, file: string): Module {
  const inFolder = crates.isRoot(file) || file.endsWith("/mod.rs");
  return { file, children: inFolder ? dirname(file) : file.slice(0, -".rs".length) };
}

/** The module around a file's own; null at a root. */
function parentOf(tree: Tree, crates: Crates, path: string): Module | null {
  if (crates.isRoot(path)) return null;
  const folder = dirname(path.endsWith("/mod.rs") ? dirname(path) : path);
  const library = crates.libraryOf(path);
  const roots = ["lib.rs", "main.rs", "mod.rs"].map((name) => joined(folder, name));
  const files = library !== null && dirname(library) === folder ? [library] : roots;
  const file = [...files, `${folder}.rs`].find((one) => tree.files.has(one)) ?? null;
  return { file, children: folder };
}

/** The root of the crate a file is in, as far up as there are files. */
function rootOf(tree: Tree, crates: Crates, path: string): Module {
  let module = moduleOf(crates, path);
  for (let up = parentOf(tree, crates, path); up?.file != null && up.file !== module.file; ) {
    module = up;
    up = parentOf(tree, crates, up.file);
  }
  return module;
}

/** What a path that begins with `super` leads to, without that word. */
function above(tree: Tree, crates: Crates, from: string, path: readonly string[]): string | null {
  let module = parentOf(tree, crates, from);
  let rest = path;
  for (; rest[0] === "super" && module?.file != null; rest = rest.slice(1)) {
    module = parentOf(tree, crates, module.file);
  }
  return module === null ? null : walk(tree, module, rest);
}

/** The file of the last module on a path that has one. */
function walk(tree: Tree, from: Module, path: readonly string[]): string | null {
  let module = from;
  for (const name of path) {
    const next = child(tree, module, name);
    if (next === null) break;
    module = next;
  }
  return module.file;
}

function child(tree: Tree, module: Module, name: string): Module | null {
  const folder = joined(module.children, name.replace(/^r#/, ""));
  const file = [`${folder}.rs`, `${folder}/mod.rs`].find((path) => tree.files.has(path));
  if (file !== undefined) return { file, children: folder };
  // An inline module may have files of its own.
  return tree.folders.has(folder) ? { file: module.file, children: folder } : null;
}

function joined(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}
