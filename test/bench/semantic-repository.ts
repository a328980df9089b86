/**
 * Rejections of the semantic gate on the history of a repository: merges that git and people left as they
 * are, and commits judged alone. Every rejection of such a merge or commit is printed to be looked at.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gitEnvironment } from "../../src/git/git.ts";
import type { Repository } from "../../src/git/repository.ts";
import { objectSizes } from "../../src/git/trees.ts";
import { languageOf } from "../../src/languages/language.ts";
import { bySeverity, type Finding } from "../../src/semantic/finding.ts";
import {
  hasSymbolTable,
  judgeMerge,
  type MergeChanges,
  type MergeTrees,
  readMerge,
} from "../../src/settlement/merge-check.ts";
import { errorMessage } from "../../src/std/text.ts";
import { defaultSettings } from "../semantic/check-case.ts";

export interface RepositoryOptions {
  /** A clone; bare ones too. */
  repository: string;
  /** Merges and commits to judge, at most. */
  merges: number;
  commits: number;
  /** Notes are printed as well. */
  notes: boolean;
  json: boolean;
}

/** Results for the merges or the commits of a repository. */
export interface Measured {
  judged: number;
  /** Judged changes with a source file that both sides changed. */
  sharedFile: number;
  /** Changes left out because an object is missing from the clone. */
  missingObjects: number;
  rejected: number;
  found: Located[];
  bytes: number;
  cpuSeconds: number;
}

interface Located extends Finding {
  commit: string;
  blocks: boolean;
}

interface Change {
  commit: string;
  trees: MergeTrees;
}

/** Measures a repository and prints the result. */
export async function measureRepository(o: RepositoryOptions): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "dgov-bench-"));
  try {
    const git = gitIn(resolve(o.repository), scratch);
    const head = git("rev-parse", "HEAD").trim();
    const merges = await measure(git.repository, mergesOf(git), o.merges);
    const commits = await measure(git.repository, commitsOf(git), o.commits);
    if (o.json) {
      console.log(JSON.stringify({ repository: o.repository, head, merges, commits }));
      return;
    }
    console.log(`${o.repository} at ${head}`);
    print("merges", merges, o);
    print("commits", commits, o);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

type Git = ((...args: string[]) => string) & { repository: Repository };

/** Git on a repository; objects that it writes go to `scratch`. Failures return "". */
function gitIn(folder: string, scratch: string): Git {
  const env = gitEnvironment();
  const found = Bun.spawnSync(["git", "-C", folder, "rev-parse", "--absolute-git-dir"], { env });
  const dir = found.stdout.toString().trim();
  if (dir === "") throw new Error(`${folder} is not a git repository`);
  const own = {
    ...env,
    GIT_OBJECT_DIRECTORY: scratch,
    GIT_ALTERNATE_OBJECT_DIRECTORIES: join(dir, "objects"),
  };
  const run = (...args: string[]): string => {
    const { stdout, exitCode } = Bun.spawnSync(["git", `--git-dir=${dir}`, ...args], { env: own });
    return exitCode === 0 ? stdout.toString() : "";
  };
  const repository: Repository = {
    topLevel: folder,
    commonDir: dir,
    gitDir: dir,
    objectFormat: "sha1",
    shallow: false,
    partialClone: false,
    id: "bench",
  };
  return Object.assign(run, { repository });
}

/** Commits with a number of parents, as commit, parents, tree; in the order of their ids, which is arbitrary. */
function history(git: Git, parents: number): string[][] {
  const range = [`--min-parents=${parents}`, `--max-parents=${parents}`];
  const lines = git("log", ...range, "--format=%H %T %P", "HEAD").split("\n");
  return lines
    .filter((line) => line !== "")
    .sort()
    .map((line) => line.split(" "));
}

/** Merges of two changes that merge as text to the tree of the merge commit. */
function* mergesOf(git: Git): Generator<Change> {
  for (const [commit = "", merged = "", first = "", second = ""] of history(git, 2)) {
    const bases = git("merge-base", "--all", first, second).trim().split("\n");
    const [base = ""] = bases;
    if (bases.length !== 1 || base === "" || base === first || base === second) continue;
    if (git("merge-tree", "--write-tree", first, second).trim() !== merged) continue;
    const trees = git("log", "--no-walk=unsorted", "--format=%T", base, first, second);
    const [baseTree = "", ours = "", theirs = ""] = trees.split("\n");
    if (new Set([baseTree, ours, theirs]).size < 3) continue;
    yield { commit, trees: { base: baseTree, ours, theirs, merged } };
  }
}

function* commitsOf(git: Git): Generator<Change> {
  for (const [commit = "", tree = "", parent = ""] of history(git, 1)) {
    const base = git("rev-parse", `${parent}^{tree}`).trim();
    if (base === "" || base === tree) continue;
    yield { commit, trees: { base, ours: base, theirs: tree, merged: tree } };
  }
}

/** Judges changes until `max` of those with a changed source file are judged. */
async function measure(r: Repository, changes: Iterable<Change>, max: number): Promise<Measured> {
  const result: Measured = {
    judged: 0,
    sharedFile: 0,
    missingObjects: 0,
    rejected: 0,
    found: [],
    bytes: 0,
    cpuSeconds: 0,
  };
  if (max === 0) return result;
  for (const { commit, trees } of changes) {
    const read = await readMerge(r, trees);
    const paths = sourcesOf(read);
    if (paths.length === 0) continue;
    const sizes = await sizesOf(r, read, paths);
    if (sizes === null) {
      result.missingObjects++;
      continue;
    }
    const start = process.cpuUsage();
    const judged = await judgeMerge(r, await readMerge(r, trees)).catch(missingObject);
    if (judged === null) {
      result.missingObjects++;
      continue;
    }
    const { findings } = judged;
    const { user, system } = process.cpuUsage(start);
    result.cpuSeconds += (user + system) / 1e6;
    result.bytes += sizes;
    result.judged++;
    if (isShared(read, paths)) result.sharedFile++;
    const { blocking, noted } = bySeverity(findings, defaultSettings);
    if (blocking.length > 0) result.rejected++;
    result.found.push(
      ...blocking.map((one) => ({ ...one, commit, blocks: true })),
      ...noted.map((one) => ({ ...one, commit, blocks: false })),
    );
    if (result.judged === max) break;
  }
  return result;
}

/** Null for git's error about an object that the clone lacks; throws any other error again. */
function missingObject(error: unknown): null {
  if (/unable to read [0-9a-f]{40}/.test(errorMessage(error))) return null;
  throw error;
}

function sourcesOf({ base, ours, theirs, merged }: MergeChanges): string[] {
  const paths = new Set([base, ours, theirs, merged].flatMap((files) => [...files.keys()]));
  return [...paths].filter((path) => hasSymbolTable(path));
}

function isShared({ base, ours, theirs }: MergeChanges, paths: readonly string[]): boolean {
  return paths.some(
    (path) => base.get(path) !== ours.get(path) && base.get(path) !== theirs.get(path),
  );
}

/** Bytes of the changed sources after the merge; null when an object is missing. */
async function sizesOf(
  r: Repository,
  { base, ours, theirs, merged }: MergeChanges,
  paths: readonly string[],
): Promise<number | null> {
  const idsIn = (...states: (typeof merged)[]): string[] =>
    states.flatMap((files) => paths.flatMap((path) => files.get(path) ?? []));
  const all = await objectSizes(r, [...new Set(idsIn(base, ours, theirs, merged))]);
  if (all.includes(null)) return null;
  const sizes = await objectSizes(r, idsIn(merged));
  return sizes.reduce((sum: number, size) => sum + (size ?? 0), 0);
}

/** Wilson's 95 % interval of a rate. */
export function wilsonInterval(count: number, of: number): [low: number, high: number] {
  if (of === 0) return [0, 1];
  const z = 1.959964;
  const rate = count / of;
  const scale = 1 + z ** 2 / of;
  const middle = (rate + z ** 2 / (2 * of)) / scale;
  const half = (z / scale) * Math.sqrt((rate * (1 - rate)) / of + z ** 2 / (4 * of ** 2));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

function print(what: string, measured: Measured, o: RepositoryOptions): void {
  const { judged, sharedFile, missingObjects, rejected, found, bytes, cpuSeconds } = measured;
  const [low, high] = wilsonInterval(rejected, judged).map(percent);
  const rate = percent(judged === 0 ? 0 : rejected / judged);
  console.log(`  ${what}: ${judged} judged, ${sharedFile} with a source file that both changed,`);
  console.log(`    ${missingObjects} left out because an object is missing`);
  console.log(`    rejected: ${rejected} = ${rate} (95 %: ${low} to ${high})`);
  const speed = cpuSeconds === 0 ? 0 : bytes / 1e6 / cpuSeconds;
  console.log(`    speed: ${speed.toFixed(2)} MB of changed source per CPU second`);
  const shown = found.filter(({ blocks }) => blocks || o.notes);
  const kinds = Map.groupBy(found, ({ kind, path, blocks }) =>
    [blocks ? "block" : "note", kind, languageOf(path) ?? "other"].join(" "),
  );
  for (const [kind, all] of [...kinds].sort()) {
    const commits = new Set(all.map(({ commit }) => commit)).size;
    console.log(`    ${kind}: ${all.length} in ${commits} of the ${what}`);
  }
  for (const { commit, kind, path, line, symbol, message, uncertain, blocks } of shown) {
    const doubt = uncertain === null ? "" : ` (uncertain: ${uncertain})`;
    const word = blocks ? "block" : "note";
    console.log(`    ${word} ${commit} ${kind} ${path}:${line} ${symbol}: ${message}${doubt}`);
  }
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
