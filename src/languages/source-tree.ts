/** The files of a tree as resolvers ask for them: by path, by folder, and manifests by kind. */

export interface SourceTree {
  files: ReadonlySet<string>;
  /** Names of the files in each folder; "" is the root. Folders of folders are there as well. */
  folders: ReadonlyMap<string, string[]>;
  manifests: ReadonlyMap<string, string>;
}

/** Finds the files an import of one file names. */
export type Resolver = (
  from: string,
  imported: { specifier: string; names: readonly { imported: string }[] },
) => string[];

/** Sorts paths into folders. */
export function sourceTree(
  paths: Iterable<string>,
  manifests: ReadonlyMap<string, string>,
): SourceTree {
  const files = new Set(paths);
  const folders = new Map<string, string[]>();
  const folder = (path: string): string[] => {
    const known = folders.get(path);
    if (known !== undefined) return known;
    const names: string[] = [];
    folders.set(path, names);
    if (path !== "") folder(parentFolder(path));
    return names;
  };
  for (const path of files) folder(parentFolder(path)).push(path.slice(path.lastIndexOf("/") + 1));
  return { files, folders, manifests };
}

/** The folder of a path; "" at the root. */
export function parentFolder(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** Joins and normalises; null when `..` leads out of the tree. */
export function joinPath(...parts: readonly string[]): string | null {
  const out: string[] = [];
  for (const part of parts.join("/").split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") out.push(part);
    else if (out.pop() === undefined) return null;
  }
  return out.join("/");
}

/** A folder and those above it, nearest first, "" last. */
export function enclosingFolders(folder: string): string[] {
  return folder === "" ? [""] : [folder, ...enclosingFolders(parentFolder(folder))];
}

/** Manifests of a name with their folders, as parsed; one that does not parse is left out. */
export function manifestsNamed(
  tree: SourceTree,
  names: readonly string[],
  parse: (text: string) => unknown,
): { folder: string; table: unknown }[] {
  const found: { folder: string; table: unknown }[] = [];
  for (const [path, text] of tree.manifests) {
    if (!names.includes(path.slice(path.lastIndexOf("/") + 1))) continue;
    try {
      found.push({ folder: parentFolder(path), table: parse(text) });
    } catch {
      // Half-written manifests are for other gates to complain about.
    }
  }
  return found;
}

/** A value inside parsed data by its keys; undefined when there is none. */
export function valueAt(value: unknown, ...keys: readonly string[]): unknown {
  let inner = value;
  for (const key of keys) {
    if (typeof inner !== "object" || inner === null || !Object.hasOwn(inner, key)) return undefined;
    inner = (inner as Record<string, unknown>)[key];
  }
  return inner;
}

/** A value when it is a string. */
export function stringOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** The strings in a value that is one, or a list or table of them. */
export function stringsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap((part) => (typeof part === "string" ? [part] : []));
}

/** The entries of a table; none of anything else. */
export function tableEntries(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.entries(value)
    : [];
}
