/** The crates of a tree: where they lie, what they are called, and which files are their roots. */
import { at, dirname, entries, join, manifestsNamed, type Tree, text } from "./tree.ts";

interface Crate {
  folder: string;
  /** File of the library; null when it has none. */
  library: string | null;
  /** Folders of dependencies, by what the crate calls them. */
  dependencies: ReadonlyMap<string, string>;
}

export interface Crates {
  /** The library of the crate a file is in. */
  libraryOf(path: string): string | null;
  /** The library a file means by a crate's name. */
  named(from: string, name: string): string | null;
  /** Whether a file is the root of a library, a program, a test, an example or a bench. */
  isRoot(path: string): boolean;
}

const rootFiles =
  /^(src\/)?(lib|main)\.rs$|^build\.rs$|^(src\/bin|tests|examples|benches)\/([^/]+|[^/]+\/main)\.rs$/;

export function cratesOf(tree: Tree): Crates {
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
