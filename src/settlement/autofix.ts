/**
 * The project's own formatter and fixer, run on what an attempt changed; only its own lines keep
 * what they did. How the commands end does not matter: the gates judge.
 *
 * Commands that take files run in the worktree. One that takes none would change everybody's files,
 * so then all of them run in a gate tree that holds the attempt's work, and the rest is left there.
 */
import { chmodSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { FileChange } from "../git/changes.ts";
import type { Identity } from "../git/objects.ts";
import { commitChanges } from "../git/snapshot.ts";
import { readBlobAt } from "../git/trees.ts";
import type { Worktree } from "../git/worktree.ts";
import { lstatIfPresent, removeFolder } from "../std/files.ts";
import type { SettlementContext } from "./context.ts";
import { keepFixes } from "./line-merge.ts";
import { isSource } from "./source-files.ts";
import { fillTemplate, runCommand, takesFiles } from "./trees/command.ts";
import { withGateTree } from "./trees/lease.ts";

export interface Autofixed {
  /** Files whose text is another one now (repo-relative). */
  fixed: string[];
  /** Whether commands ran in the worktree, where they may have changed anything. */
  touched: boolean;
  /** Commands that could not do their work, in words. */
  notes: string[];
}

interface Request {
  tree: Worktree;
  /** Claimed changes, repo-relative. */
  changes: readonly FileChange[];
  marker: string;
  message: string;
  date: string;
}

/** Texts of files by path, one character a byte: whatever they are, they come back the same. */
type Texts = Map<string, string>;

/** Fixes the claimed changed source files in the worktree. */
export async function autofix(c: SettlementContext, o: Request): Promise<Autofixed> {
  const { lintFix, format } = c.config.commands;
  const commands = [lintFix, format].filter((text) => text !== null);
  const files = sources(c, o.changes);
  if (commands.length === 0 || files.length === 0) return { fixed: [], touched: false, notes: [] };
  const bench: Bench = {
    commands: commands.flatMap((text) => fillTemplate(c.config, text, inProject(c, files))),
    paths: files.map(({ path }) => path),
    marker: o.marker,
    notes: new Set<string>(),
  };
  const attempt = readTexts(o.tree.path, bench.paths);
  const wanted = async (root: string): Promise<Texts> => {
    const fixed = await fixIn(c, bench, root);
    const kept = await keepOwn(c, o, attempt, fixed);
    return c.signal.aborted ? attempt : provenFixes(c, bench, root, { attempt, fixed, kept });
  };
  const touched = commands.every(takesFiles);
  const texts = touched ? await wanted(o.tree.path) : await elsewhere(c, o, wanted);
  const fixed: string[] = [];
  for (const [path, before] of attempt) {
    const text = texts.get(path) ?? before;
    writeText(o.tree.path, path, text);
    if (text !== before) fixed.push(path);
  }
  return { fixed, touched, notes: [...bench.notes] };
}

interface Bench {
  commands: string[];
  paths: string[];
  marker: string;
  notes: Set<string>;
}

function sources(c: SettlementContext, changes: readonly FileChange[]): FileChange[] {
  const prefix = c.projectPrefix;
  return changes.filter(
    ({ kind, status, path }) =>
      kind === "file" &&
      status !== "deleted" &&
      path.startsWith(prefix) &&
      isSource(c.config, path),
  );
}

function inProject(c: SettlementContext, files: readonly FileChange[]): string[] {
  const from = c.projectDir === "" ? 0 : c.projectDir.length + 1;
  return files.map(({ path }) => path.slice(from));
}

/** The attempt's work in a gate tree of its own. */
async function elsewhere(
  c: SettlementContext,
  o: Request,
  use: (root: string) => Promise<Texts>,
): Promise<Texts> {
  const identity: Identity = c.identity;
  const paths = o.changes.map(({ path }) => path);
  const { tree } = await commitChanges(c.repository, o.tree, { ...o, paths, identity });
  const place = { tree, unit: null, marker: o.marker, signal: c.signal };
  const texts = await withGateTree(c, place, async ({ prepare, root }) => {
    const ready = await prepare();
    return ready.ok ? use(root) : new Map<string, string>();
  });
  return texts ?? new Map<string, string>();
}

/** What the commands make of the files. */
async function fixIn(c: SettlementContext, bench: Bench, root: string): Promise<Texts> {
  for (const command of bench.commands) {
    const { marker } = bench;
    const run = await runCommand(c, { root, command, marker, signal: c.signal });
    if (run.status === "errored") bench.notes.add(`\`${command}\`: ${run.exit}`);
    if (c.signal.aborted) break;
  }
  return readTexts(root, bench.paths);
}

/** The attempt's texts with the fixes of its own lines. */
async function keepOwn(
  c: SettlementContext,
  o: Request,
  attempt: Texts,
  fixed: Texts,
): Promise<Texts> {
  const kept: Texts = new Map();
  for (const { path, status } of o.changes) {
    const [before, after] = [attempt.get(path), fixed.get(path)];
    if (before === undefined || after === undefined) continue;
    const blob = status === "added" ? null : await readBlobAt(c.repository, o.tree.base, path);
    const base = blob === null ? null : Buffer.from(blob).toString("latin1");
    kept.set(path, before === after ? before : keepFixes({ base, attempt: before, fixed: after }));
  }
  return kept;
}

/**
 * Part of a fix can break what the whole would not: one quote of two. A text with part of its fixes
 * is sound when the commands make the same of it as of the attempt's; else the attempt's stays.
 */
async function provenFixes(
  c: SettlementContext,
  bench: Bench,
  root: string,
  texts: { attempt: Texts; fixed: Texts; kept: Texts },
): Promise<Texts> {
  const { attempt, fixed, kept } = texts;
  const partial = [...kept].filter(
    ([path, text]) => text !== fixed.get(path) && text !== attempt.get(path),
  );
  if (partial.length === 0) return kept;
  for (const [path, text] of kept) writeText(root, path, text);
  const again = await fixIn(c, bench, root);
  const proven = new Map(kept);
  for (const [path] of partial) {
    const sound = again.get(path) === fixed.get(path);
    if (!sound) proven.set(path, attempt.get(path) ?? "");
  }
  return proven;
}

function readTexts(root: string, paths: readonly string[]): Texts {
  const texts: Texts = new Map();
  for (const path of paths) {
    const full = join(root, path);
    if (lstatIfPresent(full)?.isFile() && liesInside(root, path))
      texts.set(path, readFileSync(full, "latin1"));
  }
  return texts;
}

/** Writes a file of the attempt's; never through a link that a command put in its place. */
function writeText(root: string, path: string, text: string): void {
  const full = join(root, path);
  if (readTexts(root, [path]).get(path) === text) return;
  if (lstatIfPresent(dirname(full)) === undefined) mkdirSync(dirname(full), { recursive: true });
  if (!liesInside(root, path)) return;
  const stats = lstatIfPresent(full);
  if (stats !== undefined && (!stats.isFile() || stats.nlink > 1)) removeFolder(full);
  writeFileSync(full, text, "latin1");
  if (stats?.isFile()) chmodSync(full, stats.mode);
}

/** Whether what a path lies in is a folder, and no link on the way there. */
function liesInside(root: string, path: string): boolean {
  const folder = dirname(join(root, path));
  if (lstatIfPresent(folder)?.isDirectory() !== true) return false;
  return realpathSync(folder) === join(realpathSync(root), dirname(path));
}
