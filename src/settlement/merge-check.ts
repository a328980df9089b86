/**
 * The input of the semantic rules, read out of git: the files of the four versions of a merge (base, ours,
 * theirs, merged) and the files that mention a symbol. Nothing is checked out.
 */
import { posix } from "node:path";
import type { Oid } from "../git/objects.ts";
import { blobReader } from "../git/read-blobs.ts";
import type { Repository } from "../git/repository.ts";
import { diffTrees, grepTree, listTree } from "../git/trees.ts";
import { manifestNames } from "../languages/import-index.ts";
import { hasSymbolTable } from "../languages/symbol-table/read.ts";
import { checkMerge, type MergeVerdict } from "../semantic/check-merge.ts";
import type { Note } from "../semantic/finding.ts";
import type { Files, MergeInput } from "../semantic/merge-versions.ts";
import { once } from "../std/once.ts";
import { isRegularFile, isRegularMode } from "./parse-blobs.ts";

export { hasSymbolTable } from "../languages/symbol-table/read.ts";
export { beyond, bySeverity, type Subject } from "../semantic/finding.ts";

/** Maximum of changed files checked; files of the attempt's change take precedence. */
const changedMax = 1000;
/** Maximum of files checked because they mention a changed symbol. */
const mentioningMax = 400;

/** The trees of a merge. With `ours` equal to `base` it is a change without a merge. */
export interface MergeTrees {
  base: Oid;
  ours: Oid;
  theirs: Oid;
  merged: Oid;
}

/** The files that differ between the versions of a merge, by path, with their blob ids. */
export interface MergeChanges {
  trees: MergeTrees;
  base: Files;
  ours: Files;
  theirs: Files;
  merged: Files;
  /** Number of changed files beyond `changedMax`. */
  leftOut: number;
}

/** Applies the semantic rules to a merge. After `signal` is aborted, the verdict is meaningless. */
export async function judgeMerge(
  r: Repository,
  changes: MergeChanges,
  signal?: AbortSignal,
): Promise<MergeVerdict> {
  const verdict = await checkMerge(mergeInput(r, changes, signal));
  return { ...verdict, notes: [...verdict.notes, ...leftOutNote(changes)] };
}

/** Reads which files differ between the versions of a merge. */
export async function readMerge(r: Repository, trees: MergeTrees): Promise<MergeChanges> {
  if (trees.base === trees.ours) {
    const change = filesIn(await diffTrees(r, trees.base, trees.merged));
    const { old: base, now: merged } = change;
    return limited({ trees, base, ours: base, theirs: merged, merged, leftOut: 0 });
  }
  const [ours, theirs, merged] = await Promise.all(
    [trees.ours, trees.theirs, trees.merged].map(async (tree) =>
      filesIn(await diffTrees(r, trees.base, tree)),
    ),
  );
  const base = new Map([ours, theirs, merged].flatMap((one) => [...(one?.old ?? [])]));
  const over = (one: FileChange | undefined): Files => {
    const unchanged = [...base].filter(([path]) => !one?.paths.has(path));
    return new Map([...unchanged, ...(one?.now ?? [])]);
  };
  const states = { ours: over(ours), theirs: over(theirs), merged: over(merged) };
  return limited({ trees, base, ...states, leftOut: 0 });
}

/** The difference of one version to the base: changed paths, and their regular files before and after. */
interface FileChange {
  paths: ReadonlySet<string>;
  old: Files;
  now: Files;
}

/** Keeps the regular files of a difference; links and submodules define no symbols. */
function filesIn(entries: Awaited<ReturnType<typeof diffTrees>>): FileChange {
  const named = entries.filter(({ utf8 }) => utf8);
  return {
    paths: new Set(named.map(({ path }) => path)),
    old: new Map(named.filter((e) => isRegularMode(e.oldMode)).map((e) => [e.path, e.oldOid])),
    now: new Map(named.filter((e) => isRegularMode(e.newMode)).map((e) => [e.path, e.newOid])),
  };
}

/** Limits the changed files to `changedMax`; files that only the target changed are dropped first. */
function limited(changes: MergeChanges): MergeChanges {
  const { base, theirs } = changes;
  const all = new Set([base, changes.ours, theirs, changes.merged].flatMap((f) => [...f.keys()]));
  const judged = [...all].filter((path) => hasSymbolTable(path));
  if (judged.length <= changedMax) return changes;
  const own = (path: string): number => (base.get(path) === theirs.get(path) ? 1 : 0);
  const out = new Set(judged.sort((a, b) => own(a) - own(b)).slice(changedMax));
  const keep = (files: Files): Files => new Map([...files].filter(([path]) => !out.has(path)));
  return {
    trees: changes.trees,
    base: keep(base),
    ours: keep(changes.ours),
    theirs: keep(theirs),
    merged: keep(changes.merged),
    leftOut: out.size,
  };
}

function leftOutNote({ leftOut }: MergeChanges): Note[] {
  if (leftOut === 0) return [];
  return [
    {
      path: "",
      line: 0,
      message: `${leftOut} changed files were not checked (more than ${changedMax} changed)`,
    },
  ];
}

function mergeInput(r: Repository, changes: MergeChanges, signal?: AbortSignal): MergeInput {
  const texts = blobReader(r);
  const { trees, base, ours, theirs, merged } = changes;
  const states = [base, ours, theirs, merged];
  const ids = (sources: boolean): Oid[] =>
    states.flatMap((files) =>
      [...files].filter(([path]) => hasSymbolTable(path) === sources).map(([, id]) => id),
    );
  // Sources come first: the reader has a bound. Started by the first read: a promise that fails before it is awaited
  // would end the process.
  const load = once(() => texts.load([...ids(true), ...ids(false)]));
  let listed: Promise<Files> | null = null;
  const tree = (): Promise<Files> => {
    listed ??= listTree(r, trees.merged).then(async (entries) => {
      const files = entries.filter(isRegularFile);
      const manifests = files.filter(({ path }) => manifestNames.has(posix.basename(path)));
      await texts.load(manifests.map(({ oid }) => oid));
      return new Map(files.map(({ path, oid }) => [path, oid]));
    });
    return listed;
  };
  return {
    base,
    ours,
    theirs,
    merged,
    tree,
    async mentioning(words) {
      const found = (await grepTree(r, trees.merged, words)).filter((path) => hasSymbolTable(path));
      const paths = found.slice(0, mentioningMax);
      const files = await tree();
      await texts.load(paths.flatMap((path) => files.get(path) ?? []));
      return { paths, cut: found.length > paths.length };
    },
    async read(id) {
      await load();
      // Parsing is slow: yield to the event loop between files.
      await new Promise((resolve) => setImmediate(resolve));
      return signal?.aborted ? null : texts.read(id);
    },
  };
}
