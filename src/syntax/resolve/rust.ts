/**
 * Rust: module paths walked from file to file, and crates of the same repository by name. Modules
 * are found where they lie by convention; a path is followed as far as there are files.
 */
import {
  at,
  dirname,
  entries,
  join,
  manifestsNamed,
  type Resolver,
  type Tree,
  text,
} from "./tree.ts";

/** A module: its file, and the folder its children lie in. */
interface Module {
  file: string | null;
  children: string;
}

interface Crate {
  folder: string;
  /** File of the library; null when it has none. */
  library: string | null;
  /** Names of dependencies on other folders, as the crate calls them. */
  dependencies: ReadonlyMap<string, string>;
}

export interface RustTree {
  resolve: Resolver;
  /** The file of the module around a file's own; null at the root of a crate. */
  parent(path: string): string | null;
}

export function rustTree(tree: Tree): RustTree {
  const crates = new Map<string, Crate>();
  const byName = new Map<string, Crate>();
  for (const { folder, table } of manifestsNamed(tree, ["Cargo.toml"], Bun.TOML.parse)) {
    const name = text(at(table, "package", "name"));
    if (name === null) continue;
    const path = join(folder, text(at(table, "lib", "path")) ?? "src/lib.rs");
    const library = path !== null && tree.files.has(path) ? path : null;
    const crate = { folder, library, dependencies: dependenciesOf(folder, table) };
    crates.set(folder, crate);
    byName.set(identifier(text(at(table, "lib", "name")) ?? name), crate);
  }

  const crateOf = (path: string): Crate | undefined => {
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      const found = crates.get(folder);
      if (found !== undefined || folder === "") return found;
    }
  };
  const isRoot = (path: string): boolean => {
    const crate = crateOf(path);
    if (crate?.library === path) return true;
    const inside =
      crate === undefined || crate.folder === "" ? path : path.slice(crate.folder.length + 1);
    return /^(src\/)?(lib|main)\.rs$|^build\.rs$|^(src\/bin|tests|examples|benches)\/([^/]+|[^/]+\/main)\.rs$/.test(
      inside,
    );
  };
  const moduleOf = (file: string): Module => {
    const folder = dirname(file);
    const own = isRoot(file) || file.endsWith("/mod.rs");
    return { file, children: own ? folder : file.slice(0, -".rs".length) };
  };
  /** The module whose children lie in a folder. */
  const moduleAt = (folder: string, from: string): Module => {
    const roots = ["lib.rs", "main.rs", "mod.rs"].map((name) => joined(folder, name));
    const own = [from, crateOf(from)?.library ?? null].find(
      (root) => root !== null && isRoot(root) && dirname(root) === folder,
    );
    const file = own ?? [...roots, `${folder}.rs`].find((path) => tree.files.has(path)) ?? null;
    return { file, children: folder };
  };
  const parentOf = (path: string): Module | null => {
    if (isRoot(path)) return null;
    const folder = dirname(path);
    return moduleAt(path.endsWith("/mod.rs") ? dirname(folder) : folder, path);
  };
  const rootOf = (path: string): Module => {
    let module = moduleOf(path);
    for (let up = parentOf(path); up?.file != null && up.file !== module.file; ) {
      module = up;
      up = parentOf(up.file);
    }
    return module;
  };
  const child = (module: Module, name: string): Module | null => {
    const folder = joined(module.children, name.replace(/^r#/, ""));
    const file = [`${folder}.rs`, `${folder}/mod.rs`].find((path) => tree.files.has(path));
    if (file !== undefined) return { file, children: folder };
    // An inline module may have files of its own.
    return tree.folders.has(folder) ? { file: module.file, children: folder } : null;
  };
  const walk = (from: Module, segments: readonly string[]): Module => {
    let module = from;
    for (const name of segments) {
      const next = child(module, name);
      if (next === null) break;
      module = next;
    }
    return module;
  };
  const crateNamed = (from: string, name: string): Module | null => {
    const renamed = crateOf(from)?.dependencies.get(name);
    const crate = (renamed === undefined ? undefined : crates.get(renamed)) ?? byName.get(name);
    return crate?.library == null ? null : moduleOf(crate.library);
  };
  const locate = (from: string, path: readonly string[]): string | null => {
    const [first = "", ...rest] = path;
    const own = moduleOf(from);
    if (first === "crate" || first === "$crate") return walk(rootOf(from), rest).file;
    if (first === "self") return walk(own, rest).file;
    if (first === "super") {
      let module: Module | null = parentOf(from);
      let at = 1;
      for (; path[at] === "super" && module?.file != null; at++) module = parentOf(module.file);
      return module === null ? null : walk(module, path.slice(at)).file;
    }
    const local = child(own, first);
    if (local !== null && local.file !== own.file) return walk(local, rest).file;
    const crate = crateNamed(from, first);
    return crate === null ? null : walk(crate, rest).file;
  };

  return {
    parent: (path) => parentOf(path)?.file ?? null,
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

function dependenciesOf(folder: string, table: unknown): Map<string, string> {
  const found = new Map<string, string>();
  for (const kind of ["dependencies", "dev-dependencies", "build-dependencies"]) {
    for (const [name, value] of entries(at(table, kind))) {
      const path = text(at(value, "path"));
      const target = path === null ? null : join(folder, path);
      if (target !== null) found.set(identifier(name), target);
    }
  }
  return found;
}

/** A crate's name as code writes it. */
function identifier(name: string): string {
  return name.replaceAll("-", "_");
}

function joined(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}
