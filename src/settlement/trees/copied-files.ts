/**
 * Ignored files of the operator's checkout (`.env`, certificates) that commands need: those that `[worktree] copy` and
 * `.worktreeinclude` name. They are read once, before any worker's code runs, and are in a tree only while a command
 * runs there. Values that they assign are secrets, unless the repository has them too.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Config } from "../../config/config.ts";
import { copyEntries } from "../../config/copy-entries.ts";
import { DgovError } from "../../error.ts";
import { matchUntracked, textsInTree } from "../../git/ignored-files.ts";
import { type Oid, objectId } from "../../git/objects.ts";
import { isOwnFolder } from "../../git/own-folder.ts";
import type { Repository } from "../../git/repository.ts";
import { readBlobAt } from "../../git/trees.ts";
import { lstatIfPresent, removeFolder } from "../../std/files.ts";
import { assignedValues } from "../../std/secrets.ts";
import { listed, plural } from "../../std/text.ts";

export interface CopiedFile {
  /** Relative to the repository. */
  path: string;
  mode: number;
  bytes: Buffer;
}

export interface CopiedFiles {
  files: readonly CopiedFile[];
  /** Values that must not leave the machine. */
  secrets: readonly string[];
  /** Blob ids of the files, by which a copy under another name is recognised. */
  blobs: ReadonlyMap<Oid, string>;
  /** Paths that are named and were not copied, with the reason. */
  warnings: readonly string[];
}

/** File of the repository's root that names ignored files to copy, in the syntax of `.gitignore`. */
export const includeFile = ".worktreeinclude";

/** Larger files are data, not settings with secrets. */
const settingsBytesMax = 1024 * 1024;
/** Shorter files may have the content of another file by chance. */
const recognisedBytesMin = 16;
/** Warnings about single paths. */
const warningsMax = 20;

/** Reads the files to copy. Throws ENVIRONMENT when they are more than the configuration allows. */
export async function readCopiedFiles(o: {
  repository: Repository;
  /** The project's folder as a prefix of paths. */
  projectPrefix: string;
  config: Config;
  /** The commit that tells which paths are tracked, and that has `.worktreeinclude`. */
  commit: Oid | null;
}): Promise<CopiedFiles> {
  const { repository, projectPrefix, config, commit } = o;
  const { copyFilesMax, copyMibMax } = config.worktree;
  const entries = copyEntries(config).files;
  const included = commit === null ? null : await readBlobAt(repository, commit, includeFile);
  const lines = Buffer.from(included ?? [])
    .toString()
    .split(/\r?\n/);
  const configured = entries.map((entry) => anchored(projectPrefix, entry));
  const patterns = [...lines, ...configured];
  const warnings: string[] = [];
  const none = { files: [], secrets: [], blobs: new Map<Oid, string>(), warnings };
  if (patterns.every((pattern) => pattern.trim() === "")) return none;

  const found = await matchUntracked(repository, { commit, patterns, pathsMax: matchesMax });
  const wanted = found.matched.filter(
    (path) => !isOwn(path) && !/(^|\/)(node_modules|\.?venv)\//.test(path),
  );
  if (wanted.length > copyFilesMax || found.matched.length > matchesMax) {
    const count = Math.max(wanted.length, copyFilesMax + 1);
    throw tooMuch(`at least ${count} files`, `copy_files_max = ${copyFilesMax}`);
  }
  const nameOf = (pattern: string): string => entries[configured.indexOf(pattern)] ?? pattern;
  for (const pattern of found.unused) {
    const from = configured.includes(pattern) ? "[worktree] copy" : includeFile;
    warnings.push(`\`${nameOf(pattern)}\` in ${from} matches no untracked file`);
  }
  const files: CopiedFile[] = [];
  let room = copyMibMax * 1024 * 1024;
  for (const path of wanted) {
    const file = found.ignored.has(path)
      ? readPlainFile(repository.topLevel, path)
      : "not ignored by git";
    if (typeof file === "string") {
      if (warnings.length < warningsMax) warnings.push(`${path} is not copied: it is ${file}`);
      continue;
    }
    room -= file.bytes.length;
    if (room < 0) throw tooMuch(`more than ${copyMibMax} MiB`, `copy_mib_max = ${copyMibMax}`);
    files.push(file);
  }
  const values = [...new Set(files.flatMap(({ bytes }) => valuesIn(bytes)))];
  const excluded = [`${projectPrefix}.dgov/`];
  const known =
    commit === null
      ? new Set<string>()
      : await textsInTree(repository, commit, { texts: values, excluded });
  const secrets = values.filter((value) => !known.has(value));
  const blobs = new Map(
    files.flatMap(({ path, bytes }): [Oid, string][] =>
      bytes.length < recognisedBytesMin
        ? []
        : [[objectId(repository.objectFormat, "blob", bytes), path]],
    ),
  );
  return { files, secrets, blobs, warnings };
}

/** Lines that tell the operator which files are copied, and which are not although they are named. */
export function copiedText({ files, warnings }: CopiedFiles, { worktree }: Config): string[] {
  if (files.length === 0) return [...warnings];
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
  const size = `${plural(files.length, "file")}, ${Math.ceil(bytes / 1024)} KiB`;
  const where = worktree.copyTo === "workers" ? "gate trees and worktrees" : "gate trees";
  const names = files.map(({ path }) => path);
  return [`ignored files copied into ${where} (${size}): ${listed(names, 10)}`, ...warnings];
}

/** Matches that are looked at one by one. */
const matchesMax = 5000;

function tooMuch(size: string, limit: string): DgovError {
  const message = `[worktree] copy and ${includeFile} name ${size}, more than \`${limit}\``;
  return new DgovError("ENVIRONMENT", message, {
    hint: "name fewer files, or raise the limit in .dgov/project.toml",
  });
}

/** An entry of `[worktree] copy` as a pattern of exactly that place. */
function anchored(projectPrefix: string, entry: string): string {
  const prefix = projectPrefix.replaceAll(/[\\*?[\]]/g, String.raw`\$&`);
  return `/${prefix}${entry.replace(/^(?:\.?\/)+/, "")}`;
}

/** True for paths of git and dgov, which are never copied. */
function isOwn(path: string): boolean {
  return path.split("/").some((name) => /^\.(?:git|dgov)$/i.test(name));
}

/** A regular file that is reached without a link, or a description of what is there instead. */
function readPlainFile(root: string, path: string): CopiedFile | string {
  if (path.endsWith("/")) return "a repository of its own";
  const at = join(root, path);
  const stats = lstatIfPresent(at);
  if (stats === undefined) return "gone";
  if (stats.isSymbolicLink() || !isOwnFolder(dirname(at))) return "a link, or behind one";
  if (!stats.isFile()) return "not a regular file";
  try {
    const file = openSync(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (!fstatSync(file).isFile()) return "not a regular file";
      return { path, mode: stats.mode & 0o777, bytes: readFileSync(file) };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return `unreadable (${(error as { code?: string }).code ?? "error"})`;
  }
}

function valuesIn(bytes: Buffer): string[] {
  if (bytes.length > settingsBytesMax || bytes.includes(0)) return [];
  return assignedValues(bytes.toString());
}

/** Files that were put into a tree. */
interface PlacedFiles {
  files: readonly CopiedFile[];
  /** Folders that were made for them, each after the one it is in. */
  folders: readonly string[];
}

/** Writes the files into a tree in which no process runs. Nothing in the tree is overwritten, no link is followed. */
export function placeCopies(root: string, copies: readonly CopiedFile[]): PlacedFiles {
  const files: CopiedFile[] = [];
  const folders: string[] = [];
  for (const file of copies) {
    const parents = parentsOf(file.path);
    if (!parents.every((folder) => isPlainFolder(join(root, folder), "or_missing"))) continue;
    const at = join(root, file.path);
    if (lstatIfPresent(at) !== undefined) continue;
    for (const folder of parents) {
      if (lstatIfPresent(join(root, folder)) !== undefined) continue;
      mkdirSync(join(root, folder));
      folders.push(folder);
    }
    writeFileSync(at, file.bytes, { flag: "wx", mode: file.mode });
    files.push(file);
  }
  return { files, folders };
}

/** Removes the files again; returns the paths of those that were changed. */
function removeCopies(root: string, placed: PlacedFiles): string[] {
  const changed: string[] = [];
  for (const { path, bytes } of placed.files) {
    const parents = parentsOf(path);
    if (!parents.every((folder) => isPlainFolder(join(root, folder)))) {
      changed.push(path);
      continue;
    }
    const at = join(root, path);
    if (!hasBytes(at, bytes)) changed.push(path);
    removeFolder(at);
  }
  for (const folder of [...placed.folders].reverse()) {
    try {
      if (parentsOf(`${folder}/x`).every((one) => isPlainFolder(join(root, one)))) {
        rmdirSync(join(root, folder));
      }
    } catch {
      // A command left files there, which are restored like any other change.
    }
  }
  return changed;
}

/** Has the files in a tree while `use` runs. `changed` are those that it changed. */
export async function withCopies<T>(
  root: string,
  copies: readonly CopiedFile[],
  use: () => Promise<T>,
): Promise<{ value: T; changed: string[] }> {
  const placed = placeCopies(root, copies);
  let changed: string[] = [];
  let value: T;
  try {
    value = await use();
  } finally {
    changed = removeCopies(root, placed);
  }
  return { value, changed };
}

/** The folders above a path, the outermost first. */
function parentsOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, at) => parts.slice(0, at + 1).join("/"));
}

function isPlainFolder(path: string, missing?: "or_missing"): boolean {
  const stats = lstatIfPresent(path);
  return stats === undefined ? missing === "or_missing" : stats.isDirectory();
}

function hasBytes(path: string, bytes: Buffer): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() !== true || stats.size !== bytes.length) return false;
  try {
    return readFileSync(path).equals(bytes);
  } catch {
    return false;
  }
}
