/**
 * Autofix: the project's formatter and fixer, run on the files an attempt changed. Only fixes on the
 * attempt's own lines are kept. The exit codes of the commands are ignored, since the gates judge the result.
 *
 * Commands that take files run in the worktree. When one takes none and would change files all over the
 * project, all of them run in a gate tree with the attempt's work, from which only the fixed files are taken.
 */

import { chmodSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { commonAccess } from "../config/gates.ts";
import { readBlobAt } from "../git/trees.ts";
import type { FileChange } from "../git/worktrees/changed-files.ts";
import { commitChanges } from "../git/worktrees/snapshot.ts";
import type { Worktree } from "../git/worktrees/worktree-files.ts";
import { lstatIfPresent, removeFolder } from "../std/files.ts";
import type { SettlementContext } from "./context.ts";
import { keepFixes } from "./line-merge.ts";
import { isSource } from "./source-files.ts";
import { fillTemplate, runCommand, takesFiles } from "./trees/command.ts";
import { attemptTree, type CommandTree } from "./trees/confine.ts";
import { withFolderTree } from "./trees/gate-trees.ts";

interface Autofixed {
  /** Files whose text was changed, relative to the repository. */
  fixed: string[];
  /** True when commands ran in the worktree, where they may have changed other files, too. */
  touched: boolean;
  /** Descriptions of commands that could not run or were killed. */
  notes: string[];
}

interface Request {
  tree: Worktree;
  /** The claimed changes; paths are relative to the repository. */
  changes: readonly FileChange[];
  marker: string;
  message: string;
  date: string;
}

/** Texts of files by path, decoded as Latin-1 (a character per byte), so that any bytes survive. */
type Texts = Map<string, string>;

/** Fixes the changed source files of an attempt in its worktree. */
export async function autofix(c: SettlementContext, o: Request): Promise<Autofixed> {
  const { lintFix, format } = c.config.commands;
  const commands = [lintFix, format].filter((text) => text !== null);
  const paths = sourcePaths(c, o.changes);
  if (commands.length === 0 || paths.length === 0) return { fixed: [], touched: false, notes: [] };
  const names = paths.map((path) => path.slice(c.projectPrefix.length));
  const job: Job = {
    commands: commands.flatMap((text) => fillTemplate(c.config, text, names)),
    paths,
    marker: o.marker,
    notes: new Set<string>(),
  };
  const attempt = readTexts(o.tree.path, job.paths);
  const fixesIn = async (tree: CommandTree): Promise<Texts> => {
    const fixed = await fixIn(c, job, tree);
    const kept = await keepOwn(c, o, attempt, fixed);
    return c.signal.aborted ? attempt : verifyPartialFixes(c, job, tree, { attempt, fixed, kept });
  };
  const touched = commands.every(takesFiles);
  const texts = touched ? await fixesIn(await attemptTree(c, o.tree)) : await inCopy(c, o, fixesIn);
  const fixed: string[] = [];
  for (const [path, before] of attempt) {
    const text = texts.get(path) ?? before;
    writeText(o.tree.path, path, text);
    if (text !== before) fixed.push(path);
  }
  return { fixed, touched, notes: [...job.notes] };
}

/** The commands to run, the files they may fix, and notes on commands that failed to run. */
interface Job {
  commands: string[];
  paths: string[];
  marker: string;
  notes: Set<string>;
}

/** The changed source files of the project that exist, relative to the repository. */
function sourcePaths(c: SettlementContext, changes: readonly FileChange[]): string[] {
  return changes
    .filter(({ kind, status }) => kind === "file" && status !== "deleted")
    .map(({ path }) => path)
    .filter((path) => path.startsWith(c.projectPrefix) && isSource(c.config, path));
}

/** Runs `use` in a gate tree that holds the attempt's work. */
async function inCopy(
  c: SettlementContext,
  o: Request,
  use: (tree: CommandTree) => Promise<Texts>,
): Promise<Texts> {
  const paths = o.changes.map(({ path }) => path);
  const { tree } = await commitChanges(c.repository, o.tree, {
    ...o,
    paths,
    identity: c.identity,
  });
  const request = { tree, unit: null, marker: o.marker, signal: c.signal };
  const texts = await withFolderTree(c, request, async (lease) => {
    const ready = await lease.prepare();
    return ready.ok ? use(lease.tree) : new Map<string, string>();
  });
  return texts ?? new Map<string, string>();
}

/** Runs the commands and returns the resulting texts of the files. */
async function fixIn(c: SettlementContext, job: Job, tree: CommandTree): Promise<Texts> {
  for (const command of job.commands) {
    const { marker } = job;
    const access = commonAccess(c.config);
    const run = await runCommand(c, { tree, access, command, marker, signal: c.signal });
    if (run.status === "errored") job.notes.add(`\`${command}\`: ${run.exit}`);
    if (c.signal.aborted) break;
  }
  return readTexts(tree.root, job.paths);
}

/** The attempt's texts with the fixes on its own lines. */
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
 * Checks texts that got only part of their fixes, which can break what the whole fix would not (one quote
 * of a pair). Such a text is kept when the commands turn it into the same result as the attempt's text;
 * otherwise the attempt's text stays.
 */
async function verifyPartialFixes(
  c: SettlementContext,
  job: Job,
  tree: CommandTree,
  texts: { attempt: Texts; fixed: Texts; kept: Texts },
): Promise<Texts> {
  const { attempt, fixed, kept } = texts;
  const partial = [...kept].filter(
    ([path, text]) => text !== fixed.get(path) && text !== attempt.get(path),
  );
  if (partial.length === 0) return kept;
  for (const [path, text] of kept) writeText(tree.root, path, text);
  const again = await fixIn(c, job, tree);
  const verified = new Map(kept);
  for (const [path] of partial) {
    const same = again.get(path) === fixed.get(path);
    if (!same) verified.set(path, attempt.get(path) ?? "");
  }
  return verified;
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

/** Writes a file of the worktree; never through a link that a command put in its place. */
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

/** True when the parent of a path is a folder, reached without a symbolic link. */
function liesInside(root: string, path: string): boolean {
  const folder = dirname(join(root, path));
  if (lstatIfPresent(folder)?.isDirectory() !== true) return false;
  return realpathSync(folder) === join(realpathSync(root), dirname(path));
}
