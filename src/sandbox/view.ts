/** The view that a confined command has of the machine, as plain data. Levels turn it into their own form. */

/** Where a command sees the tree and the tree's git dir at level `namespaces`. */
export const treeInside = "/dgov/tree";
export const gitInside = "/dgov/git";

/** A file or folder at a place inside. */
export interface Mount {
  from: string;
  at: string;
  write: boolean;
}

export interface CommandView {
  /** The writable tree: where it is outside, and where the command sees it. */
  tree: { path: string; at: string };
  /** The process in whose mount namespace all paths outside are; null for this process's own. */
  holder: { pid: number } | null;
  /** The folder in which the command starts, relative to the tree. */
  cwd: string;
  /** Folders of the system and of toolchains, read-only at their own paths. All exist. */
  system: string[];
  mounts: Mount[];
  /** Folders that the command may change and that stay as they are outside: caches of package managers. */
  stores: string[];
  /** Files and folders that are covered by nothing that can be read. */
  hidden: { path: string; folder: boolean }[];
  /** The git dir at the fixed place; null for none. */
  git: { dir: string; at: string } | null;
  /** The folders in which git finds objects, read-only at their own paths. */
  objects: string[];
  /** A folder for `/tmp`; null for one in memory. */
  temporary: string | null;
  /** An empty folder in memory at this path. */
  home: string;
  network: "none" | "host";
  /** Sockets of the file system that the command may connect to. */
  sockets: string[];
  devices: string[];
  /** User and group inside. They are this process's own, outside. */
  user: { uid: number; gid: number };
}

/** True when a path is a folder or lies inside it. */
export function isInsideFolder(path: string, folder: string): boolean {
  return path === folder || folder === "/" || path.startsWith(`${folder}/`);
}
