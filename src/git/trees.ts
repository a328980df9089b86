/** Reading trees and objects: differences, statistics, patches, listings, contents and search. */
import { inRepository, must, nulSplit } from "./git.ts";
import type { Oid } from "./objects.ts";
import type { Repository } from "./repository.ts";

/** One entry of a raw diff. Modes are six octal digits; "000000" means absent. */
export interface DiffEntry {
  path: string;
  /** False when the name is not UTF-8; `path` then has U+FFFD for the invalid bytes. */
  utf8: boolean;
  oldMode: string;
  newMode: string;
  oldOid: Oid;
  newOid: Oid;
}

/** Decodes a path; `utf8` is false when it is not UTF-8 and `path` is lossy. */
export function pathText(bytes: Uint8Array): { path: string; utf8: boolean } {
  try {
    return {
      path: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes),
      utf8: true,
    };
  } catch {
    return { path: Buffer.from(bytes).toString(), utf8: false };
  }
}

/** Paths that differ between two trees or commits; with `trees`, folders as well. */
export async function diffTrees(
  r: Repository,
  from: Oid,
  to: Oid,
  o: { trees?: boolean } = {},
): Promise<DiffEntry[]> {
  const args = ["diff-tree", "-r", ...(o.trees ? ["-t"] : []), "-z", "--raw", "--no-renames"];
  const output = inRepository(r, [...args, "--no-abbrev", from, to]);
  return parseRawDiff(await must(output, `comparing ${from} with ${to}`));
}

/** Parses `:oldmode newmode oldoid newoid S\0path\0` records of `diff-tree -z --raw`. */
function parseRawDiff(bytes: Buffer): DiffEntry[] {
  const fields = nulSplit(bytes);
  const entries: DiffEntry[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [head, name] = [fields[i], fields[i + 1]];
    if (head === undefined || name === undefined) break;
    const words = head.toString().slice(1).split(" ");
    const [oldMode = "", newMode = "", oldOid = "", newOid = ""] = words;
    entries.push({ ...pathText(name), oldMode, newMode, oldOid, newOid });
  }
  return entries;
}

/** Lines and files that a commit changed, in total and by path. Binary files count no lines. */
interface CommitStat {
  files: number;
  insertions: number;
  deletions: number;
  paths: { path: string; status: string; insertions: number; deletions: number }[];
}

const statArgs = [
  ...["diff-tree", "-r", "-z", "--raw", "--numstat", "--no-renames", "--no-abbrev"],
  ...["--no-ext-diff", "--no-textconv"],
];

/**
 * Statistics of each commit against its parent, by one process. Unknown commits, and commits without
 * exactly one parent, are left out.
 */
export async function commitStats(
  r: Repository,
  commits: readonly Oid[],
): Promise<Map<Oid, CommitStat>> {
  const stats = new Map<Oid, CommitStat>();
  if (commits.length === 0) return stats;
  const output = inRepository(r, [...statArgs, "--stdin"], { stdin: `${commits.join("\n")}\n` });
  const fields = nulSplit(await must(output, "reading commit statistics"));
  // Each commit is its id followed by its entries. An id is never in the place of a path.
  for (let at = 0; at < fields.length; ) {
    const commit = fields[at]?.toString() ?? "";
    const start = ++at;
    while (at < fields.length && !/^[0-9a-f]+$/.test(fields[at]?.toString() ?? "")) {
      at += fields[at]?.[0] === colon ? 2 : 1;
    }
    stats.set(commit, parseStat(fields.slice(start, at)));
  }
  return stats;
}

const colon = 0x3a;

/** Parses a commit's `:modes oids S\0path\0` records, then `added\tremoved\tpath\0` for each path. */
function parseStat(fields: readonly Buffer[]): CommitStat {
  const statuses = new Map<string, string>();
  const paths: CommitStat["paths"] = [];
  for (let i = 0; i < fields.length; i++) {
    const text = fields[i]?.toString() ?? "";
    if (text.startsWith(":")) {
      statuses.set(fields[++i]?.toString() ?? "", text.slice(-1));
      continue;
    }
    const [added = "", removed = "", ...rest] = text.split("\t");
    const path = rest.join("\t");
    paths.push({
      path,
      status: statuses.get(path) ?? "M",
      insertions: Number(added) || 0,
      deletions: Number(removed) || 0,
    });
  }
  const sum = (key: "insertions" | "deletions"): number => paths.reduce((n, p) => n + p[key], 0);
  return {
    files: paths.length,
    insertions: sum("insertions"),
    deletions: sum("deletions"),
    paths,
  };
}

/** The unified patch between two commits or trees, cut at `bytesMax`. */
export async function patchBetween(
  r: Repository,
  from: Oid,
  to: Oid,
  o: { bytesMax: number },
): Promise<string> {
  const args = ["diff-tree", "-r", "-p", "--no-renames", "--no-ext-diff", "--no-textconv"];
  const output = inRepository(r, [...args, from, to]);
  return cutText(await must(output, `comparing ${from} with ${to}`), o.bytesMax);
}

/** Decodes at most `bytesMax` bytes; a note at the end counts the omitted ones. */
export function cutText(bytes: Buffer, bytesMax: number): string {
  if (bytes.length <= bytesMax) return bytes.toString();
  const head = new TextDecoder().decode(bytes.subarray(0, bytesMax), { stream: true });
  return `${head}\n[... ${bytes.length - bytesMax} bytes left out ...]\n`;
}

/** Content of a file in a commit or tree; null when there is no such file. */
export async function readBlobAt(
  r: Repository,
  commit: Oid,
  path: string,
): Promise<Uint8Array | null> {
  const entry = await inRepository(r, ["ls-tree", "-z", commit, "--", path]);
  const text = (await must(Promise.resolve(entry), `reading ${path}`)).toString();
  const [, type, oid] = /^\d+ (\w+) ([0-9a-f]+)\t/.exec(text) ?? [];
  if (type !== "blob" || oid === undefined) return null;
  return must(inRepository(r, ["cat-file", "blob", oid]), `reading ${path}`);
}

/** All files of a commit or tree, submodules (mode 160000) included. */
export async function listTree(
  r: Repository,
  treeish: Oid,
): Promise<{ path: string; mode: string; oid: Oid }[]> {
  const output = inRepository(r, ["ls-tree", "-r", "-z", "--full-tree", treeish]);
  return nulSplit(await must(output, `listing ${treeish}`)).map((entry) => {
    const cut = entry.indexOf(9);
    const [mode = "", , oid = ""] = entry.subarray(0, cut).toString().split(" ");
    return { path: entry.subarray(cut + 1).toString(), mode, oid };
  });
}

/** True when a commit or tree has a folder of this path. */
export async function hasFolder(r: Repository, treeish: Oid, path: string): Promise<boolean> {
  const entry = await inRepository(r, ["ls-tree", "-d", "-z", "--full-tree", treeish, "--", path]);
  const text = await must(Promise.resolve(entry), `reading ${path}`);
  return /^040000 tree /.test(text.toString());
}

/** Types and contents of objects, in the given order; null for missing ones. One process for all. */
export async function readObjects(
  r: Repository,
  ids: readonly Oid[],
): Promise<({ type: string; bytes: Buffer } | null)[]> {
  if (ids.length === 0) return [];
  const call = inRepository(r, ["cat-file", "--batch"], { stdin: `${ids.join("\n")}\n` });
  const output = await must(call, "reading objects");
  let at = 0;
  return ids.map(() => {
    const end = output.indexOf(10, at);
    const [, type = "", size = ""] = output.subarray(at, end).toString().split(" ");
    at = end + 1;
    if (type === "missing" || size === "") return null;
    const bytes = output.subarray(at, at + Number(size));
    at += Number(size) + 1;
    return { type, bytes };
  });
}

/** Sizes of objects in bytes, in the given order; null for missing ones. One process for all. */
export async function objectSizes(r: Repository, ids: readonly Oid[]): Promise<(number | null)[]> {
  if (ids.length === 0) return [];
  const call = inRepository(r, ["cat-file", "--batch-check"], { stdin: `${ids.join("\n")}\n` });
  const lines = (await must(call, "reading object sizes")).toString().trimEnd().split("\n");
  return lines.map((line) => {
    const size = / (\d+)$/.exec(line)?.[1];
    return size === undefined ? null : Number(size);
  });
}

/** Text files of a tree that contain one of these words as a whole word, in git's order. */
export async function grepTree(
  r: Repository,
  tree: Oid,
  words: readonly string[],
): Promise<string[]> {
  if (words.length === 0) return [];
  const patterns = words.flatMap((word) => ["-e", word]);
  const args = ["grep", "-I", "-l", "-F", "-w", "-z", "--no-textconv", "--full-name"];
  const output = await inRepository(r, [...args, ...patterns, tree]);
  // Exit code 1: nothing was found.
  if (output.code === 1 && output.stderr === "") return [];
  const found = nulSplit(await must(Promise.resolve(output), `searching ${tree}`));
  return found.map((name) => name.subarray(tree.length + 1).toString());
}

/** Folders of the submodules of a commit; none for null. */
export async function submodulePaths(r: Repository, commit: string | null): Promise<string[]> {
  if (commit === null) return [];
  const tree = await listTree(r, commit);
  return tree.filter((entry) => entry.mode === "160000").map((entry) => entry.path);
}
