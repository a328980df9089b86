/** Imports of Rust, and their resolution through the module tree and the crates of the repository. */
import { childOfType, childrenOf, type Import, lineOf, nodesOfType } from "../import-finder.ts";
import type { Node } from "../parser.ts";
import {
  childPath,
  type ImportRules,
  joinTreePath,
  manifestsNamed,
  parentFolder,
  type SourceTree,
  stringOf,
  tableEntries,
  valueAt,
} from "../source-tree.ts";

/** A full path and the name it is bound to; `local` is "" or "*" as in `ImportedName`. */
interface Leaf {
  path: string[];
  local: string;
}

/** Finds `use`, `mod name;`, `extern crate` and paths in expressions, relative to the file's own module. */
export function rustImports(root: Node): Import[] {
  const types = ["use_declaration", "mod_item", "extern_crate_declaration"];
  const found = nodesOfType(root, types).flatMap((node) => {
    const line = lineOf(node);
    const reexport = childOfType(node, "visibility_modifier") !== null;
    return groupedByModule(declaredPaths(node)).map((one) => ({ ...one, line, reexport }));
  });
  return [...found, ...inlinePaths(root)];
}

/** Paths that a declaration names. */
function declaredPaths(node: Node): Leaf[] {
  const around = modulesAround(node);
  if (node.type === "use_declaration") {
    const argument = node.childForFieldName("argument");
    if (argument === null) return [];
    return leaves(argument, []).map(({ path, local }) => ({ path: fromFile(path, around), local }));
  }
  const name = node.childForFieldName("name")?.text ?? "";
  if (node.type === "extern_crate_declaration") {
    return [{ path: [name], local: node.childForFieldName("alias")?.text ?? name }];
  }
  if (node.childForFieldName("body") !== null) return [];
  const file = pathAttribute(node);
  const path = file === null ? [["self", ...around, name].join("::")] : [file];
  return [{ path, local: name }];
}

/** Groups paths by module; a path of one segment is a whole module. */
function groupedByModule(found: readonly Leaf[]): Pick<Import, "specifier" | "names">[] {
  const modules = new Map<string, Import["names"]>();
  for (const { path, local } of found) {
    const [specifier, imported] =
      path.length > 1 ? [path.slice(0, -1).join("::"), path.at(-1) ?? "*"] : [path[0] ?? "", "*"];
    const names = modules.get(specifier) ?? [];
    if (!names.some((name) => name.local === local && name.imported === imported)) {
      names.push({ local, imported });
    }
    modules.set(specifier, names);
  }
  return [...modules].map(([specifier, names]) => ({ specifier, names }));
}

/** Paths in expressions and types (`crate::a::f()`), each at its first occurrence. They bind nothing. */
function inlinePaths(root: Node): Import[] {
  const first = new Map<string, Import>();
  for (const node of nodesOfType(root, ["scoped_identifier", "scoped_type_identifier"])) {
    if (/^(scoped_|use_)/.test(node.parent?.type ?? "")) continue;
    const written = segments(node);
    // A capitalised first segment is a type or generic parameter that is imported elsewhere.
    if (written.length < 2 || !/^(?!(std|core|alloc)$)[\p{Ll}_$]/u.test(written[0] ?? "")) continue;
    const leaf = { path: fromFile(written, modulesAround(node)), local: "" };
    for (const one of groupedByModule([leaf])) {
      const key = leaf.path.join("::");
      if (!first.has(key)) first.set(key, { ...one, line: lineOf(node), reexport: false });
    }
  }
  return [...first.values()];
}

/** Paths of a use tree with their local names. */
function leaves(node: Node, prefix: string[]): Leaf[] {
  switch (node.type) {
    case "scoped_use_list":
    case "use_list": {
      const path = [...prefix, ...segments(node.childForFieldName("path"))];
      const list = node.type === "use_list" ? node : node.childForFieldName("list");
      return list === null ? [] : childrenOf(list).flatMap((child) => leaves(child, path));
    }
    case "use_as_clause": {
      const path = [...prefix, ...segments(node.childForFieldName("path"))];
      const alias = node.childForFieldName("alias")?.text ?? "";
      return [{ path: withoutSelf(path), local: alias === "_" ? "" : alias }];
    }
    case "use_wildcard":
      return [{ path: [...prefix, ...segments(node.namedChild(0)), "*"], local: "*" }];
    case "line_comment":
    case "block_comment":
      return [];
    default: {
      const path = withoutSelf([...prefix, ...segments(node)]);
      return [{ path, local: path.at(-1) ?? "" }];
    }
  }
}

/** The path without a final `self`: `a::{self}` is `a`. */
function withoutSelf(path: string[]): string[] {
  return path.length > 1 && path.at(-1) === "self" ? path.slice(0, -1) : path;
}

/** Segments of a path, without generic arguments. */
function segments(node: Node | null): string[] {
  const text = node?.text.replace(/<.*>/s, "").replace(/\s/g, "") ?? "";
  return text.split("::").filter(Boolean);
}

/** Names of the inline modules around a node, outermost first. */
function modulesAround(node: Node): string[] {
  const names: string[] = [];
  for (let outer = node.parent; outer !== null; outer = outer.parent) {
    if (outer.type === "mod_item") names.unshift(outer.childForFieldName("name")?.text ?? "");
  }
  return names;
}

/** Converts a path inside inline modules to one relative to the file's module. */
function fromFile(path: string[], around: string[]): string[] {
  if (around.length === 0 || (path[0] !== "super" && path[0] !== "self")) return path;
  const inside = [...around];
  let rest = path[0] === "self" ? path.slice(1) : path;
  while (rest[0] === "super" && inside.length > 0) {
    inside.pop();
    rest = rest.slice(1);
  }
  return rest[0] === "super" ? rest : ["self", ...inside, ...rest];
}

/** File of a `#[path = "..."]` attribute before a module, prefixed with "./"; null without one. */
function pathAttribute(node: Node): string | null {
  for (let before = node.previousNamedSibling; before !== null; ) {
    if (before.type !== "attribute_item") return null;
    const file = /^#\[path="([^"]+)"\]$/.exec(before.text.replace(/\s/g, ""))?.[1];
    if (file !== undefined) return `./${file}`;
    before = before.previousNamedSibling;
  }
  return null;
}

/** A module: its file, and the folder of its child modules. */
interface Module {
  file: string | null;
  children: string;
}

/**
 * Resolves module paths from file to file, and crates of the same repository by name. Modules are found by
 * naming convention; a path is followed as far as files exist for its modules. A file is loaded with its parent module.
 */
export function rustImportRules(tree: SourceTree): ImportRules {
  const crates = cratesOf(tree);
  const locate = (from: string, [first = "", ...rest]: readonly string[]): string | null => {
    const own = moduleOf(crates, from);
    if (first === "crate" || first === "$crate")
      return walk(tree, rootOf(tree, crates, from), rest);
    if (first === "self") return walk(tree, own, rest);
    if (first === "super") return superModule(tree, crates, from, rest);
    const local = child(tree, own, first);
    if (local !== null && local.file !== own.file) return walk(tree, local, rest);
    const library = crates.named(from, first);
    return library === null ? null : walk(tree, moduleOf(crates, library), rest);
  };
  return {
    loadedWith(path) {
      const parent = parentOf(tree, crates, path)?.file ?? null;
      return parent === null ? [] : [parent];
    },
    resolve(from, { specifier, names }) {
      if (specifier.startsWith("./")) {
        const path = joinTreePath(parentFolder(from), specifier);
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

/** Module of a file. */
function moduleOf(crates: Crates, file: string): Module {
  const inFolder = crates.isRoot(file) || file.endsWith("/mod.rs");
  return { file, children: inFolder ? parentFolder(file) : file.slice(0, -".rs".length) };
}

/** Parent module of a file; null for the root of a crate. */
function parentOf(tree: SourceTree, crates: Crates, path: string): Module | null {
  if (crates.isRoot(path)) return null;
  const folder = parentFolder(path.endsWith("/mod.rs") ? parentFolder(path) : path);
  const library = crates.libraryOf(path);
  const roots = ["lib.rs", "main.rs", "mod.rs"].map((name) => childPath(folder, name));
  const files = library !== null && parentFolder(library) === folder ? [library] : roots;
  const file = [...files, `${folder}.rs`].find((one) => tree.files.has(one)) ?? null;
  return { file, children: folder };
}

/** Root module of a file's crate: the last ancestor that has a file. */
function rootOf(tree: SourceTree, crates: Crates, path: string): Module {
  let module = moduleOf(crates, path);
  for (let up = parentOf(tree, crates, path); up?.file != null && up.file !== module.file; ) {
    module = up;
    up = parentOf(tree, crates, up.file);
  }
  return module;
}

/** File of a path that begins with `super`; `path` is the rest of it. */
function superModule(
  tree: SourceTree,
  crates: Crates,
  from: string,
  path: readonly string[],
): string | null {
  let module = parentOf(tree, crates, from);
  let rest = path;
  for (; rest[0] === "super" && module?.file != null; rest = rest.slice(1)) {
    module = parentOf(tree, crates, module.file);
  }
  return module === null ? null : walk(tree, module, rest);
}

/** File of the last existing module on a path. */
function walk(tree: SourceTree, from: Module, path: readonly string[]): string | null {
  let module = from;
  for (const name of path) {
    const next = child(tree, module, name);
    if (next === null) break;
    module = next;
  }
  return module.file;
}

function child(tree: SourceTree, module: Module, name: string): Module | null {
  const folder = childPath(module.children, name.replace(/^r#/, ""));
  const file = [`${folder}.rs`, `${folder}/mod.rs`].find((path) => tree.files.has(path));
  if (file !== undefined) return { file, children: folder };
  // An inline module has no file, but its child modules may.
  return tree.folders.has(folder) ? { file: module.file, children: folder } : null;
}

interface Crate {
  folder: string;
  /** Root file of the library; null when the crate has none. */
  library: string | null;
  /** Folders of path dependencies, by the name the crate uses for them. */
  dependencies: ReadonlyMap<string, string>;
}

/** The crates of a tree. */
interface Crates {
  /** Root file of the library in the file's crate; null when it has none. */
  libraryOf(path: string): string | null;
  /** Root file of the library that a crate name refers to in the file `from`; null when it is external. */
  named(from: string, name: string): string | null;
  /** True for the root file of a library, binary, test, example or benchmark. */
  isRoot(path: string): boolean;
}

const rootFiles =
  /^(src\/)?(lib|main)\.rs$|^build\.rs$|^(src\/bin|tests|examples|benches)\/([^/]+|[^/]+\/main)\.rs$/;

function cratesOf(tree: SourceTree): Crates {
  const crates = new Map<string, Crate>();
  const byName = new Map<string, Crate>();
  for (const { folder, table } of manifestsNamed(tree, ["Cargo.toml"], Bun.TOML.parse)) {
    const name = stringOf(valueAt(table, "package", "name"));
    if (name === null) continue;
    const path = joinTreePath(folder, stringOf(valueAt(table, "lib", "path")) ?? "src/lib.rs");
    const library = path !== null && tree.files.has(path) ? path : null;
    const crate = { folder, library, dependencies: dependenciesOf(folder, table) };
    crates.set(folder, crate);
    byName.set(identifier(stringOf(valueAt(table, "lib", "name")) ?? name), crate);
  }
  const crateOf = (path: string): Crate | undefined => {
    for (let folder = parentFolder(path); ; folder = parentFolder(folder)) {
      const found = crates.get(folder);
      if (found !== undefined || folder === "") return found;
    }
  };
  return {
    libraryOf: (path) => crateOf(path)?.library ?? null,
    named(from, name) {
      const folder = crateOf(from)?.dependencies.get(name);
      const crate = (folder === undefined ? undefined : crates.get(folder)) ?? byName.get(name);
      return crate?.library ?? null;
    },
    isRoot(path) {
      const { folder, library } = crateOf(path) ?? { folder: "", library: null };
      return (
        library === path || rootFiles.test(folder === "" ? path : path.slice(folder.length + 1))
      );
    },
  };
}

function dependenciesOf(folder: string, table: unknown): Map<string, string> {
  const found = new Map<string, string>();
  for (const kind of ["dependencies", "dev-dependencies", "build-dependencies"]) {
    for (const [name, value] of tableEntries(valueAt(table, kind))) {
      const path = stringOf(valueAt(value, "path"));
      const target = path === null ? null : joinTreePath(folder, path);
      if (target !== null) found.set(identifier(name), target);
    }
  }
  return found;
}

/** Crate name as written in code: hyphens become underscores. */
function identifier(name: string): string {
  return name.replaceAll("-", "_");
}
