/** The paths of a source tree, indexed for import resolvers, and helpers to read paths and manifests. */

export interface SourceTree {
  /** Every path, `/`-separated, relative to the root. */
  files: ReadonlySet<string>;
  /** File names by folder path ("" is the root). A folder that holds only folders has an empty list. */
  folders: ReadonlyMap<string, string[]>;
  /** Texts of the manifests (`manifestNames` in `import-index.ts`), by path. */
  manifests: ReadonlyMap<string, string>;
}

/** Import rules of a language for one tree; the methods are as in `ImportIndex`. */
export interface ImportRules {
  resolve: Resolver;
  neighbours?(path: string): string[];
  loadedWith?(path: string): string[];
}

/** Resolves an import of the file `from` to paths of the tree; none when it leads outside. */
export type Resolver = (
  from: string,
  imported: { specifier: string; names: readonly { imported: string }[] },
) => string[];

/** Indexes paths by folder. */
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
  for (const path of files) folder(parentFolder(path)).push(baseName(path));
  return { files, folders, manifests };
}

/** Folder of a path; "" for a path in the root. */
export function parentFolder(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** Last segment of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Path of a file or folder directly inside a folder. */
export function childPath(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** Joins and normalises path segments; null when `..` leads out of the tree. */
export function joinTreePath(...parts: readonly string[]): string | null {
  const out: string[] = [];
  for (const part of parts.join("/").split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") out.push(part);
    else if (out.pop() === undefined) return null;
  }
  return out.join("/");
}

/** A folder and its ancestors, nearest first, "" last. */
export function enclosingFolders(folder: string): string[] {
  return folder === "" ? [""] : [folder, ...enclosingFolders(parentFolder(folder))];
}

/** Parsed manifests with one of these file names, and their folders. Unparsable manifests are skipped. */
export function manifestsNamed(
  tree: SourceTree,
  names: readonly string[],
  parse: (text: string) => unknown,
): { folder: string; table: unknown }[] {
  const found: { folder: string; table: unknown }[] = [];
  for (const [path, text] of tree.manifests) {
    if (!names.includes(baseName(path))) continue;
    try {
      found.push({ folder: parentFolder(path), table: parse(text) });
    } catch {
      // Import resolution does without it; the gates report broken manifests.
    }
  }
  return found;
}

/** Value at a path of keys inside parsed data; undefined when a key is missing. */
export function valueAt(value: unknown, ...keys: readonly string[]): unknown {
  let inner = value;
  for (const key of keys) {
    if (typeof inner !== "object" || inner === null || !Object.hasOwn(inner, key)) return undefined;
    inner = (inner as Record<string, unknown>)[key];
  }
  return inner;
}

/** The value if it is a string, else null. */
export function stringOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** Strings of a string, a list of strings or a table of strings; other members are skipped. */
export function stringsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap((part) => (typeof part === "string" ? [part] : []));
}

/** Entries of a table; empty for any other value. */
export function tableEntries(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.entries(value)
    : [];
}
