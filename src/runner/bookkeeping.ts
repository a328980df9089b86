/**
 * Bookkeeping in `.dgov/`: the history of landings, the archived plan, and one commit of both.
 *
 * The commit has no worker's content, since all its paths are below dgov's own folders. Every step can be repeated,
 * so the next run completes the bookkeeping of one that crashed before it.
 *
 * The books of a branch that is checked out are the checkout. Those of another branch are a copy of its own files: the
 * same steps are taken there, and nothing in the checkout changes. Files that have uncommitted changes in the checkout
 * are left as the branch has them, since git would refuse to check out or to merge a branch that changes them. The books
 * of a local project are its own files, for every branch; they are on none, and no commit is made.
 */
import { cpSync, existsSync, mkdirSync, realpathSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { ownFolders } from "../claims/reserved.ts";
import type { Config } from "../config/config.ts";
import { configFile, isLocal, ownRoot } from "../config/find.ts";
import { DgovError } from "../error.ts";
import { commitOperatorFiles, writeFilesOf } from "../git/bookkeeping.ts";
import type { Identity, Oid } from "../git/objects.ts";
import { removeOwnFolder } from "../git/own-folder.ts";
import { branchTip, isCheckedOut } from "../git/refs.ts";
import type { Repository } from "../git/repository.ts";
import { diffTrees, listTree } from "../git/trees.ts";
import { dirtyPaths } from "../git/working-tree.ts";
import { noBookkeepingCommit } from "../kernel/reasons.ts";
import type { EventLog, RecordedEvent } from "../log/event-log.ts";
import { compiledName } from "../plan/compiled-file.ts";
import { type PlanLocation, plansFolder } from "../plan/locate.ts";
import { archiveName } from "../plan/names.ts";
import { isoTime, systemClock } from "../std/clock.ts";
import { appendToFile, readText } from "../std/files.ts";
import { limitSignal } from "../std/limit.ts";
import { errorMessage, listed } from "../std/text.ts";
import {
  deployedFile,
  privateHistoryFile,
  readHistory,
  readHistoryIn,
} from "./history/landings.ts";
import type { RunPaths } from "./paths.ts";

/** The part of a run context that bookkeeping needs; there is none yet when all units are settled. */
interface BookkeepingTarget {
  repository: Repository;
  projectRoot: string;
  /** The prefix of the project's paths in the repository: "" or like `packages/app/`. */
  projectPrefix: string;
  target: string;
  plan: { name: string };
  run: string;
  identity: Identity;
  config: Pick<Config, "merge" | "run">;
  /** Ends signing; without it, or when it is aborted, a limit does. */
  signal?: AbortSignal;
  paths: Pick<RunPaths, "runs">;
}

/** The files that bookkeeping reads and writes. */
export interface Books {
  /** Root of their work tree, and the project's folder in it. */
  workTree: string;
  root: string;
  /** Null when they are the checkout. */
  copyOf: Oid | null;
  /** Paths in the repository, of files with uncommitted changes in the checkout; none when the books are the checkout. */
  dirty: readonly string[];
  /** The ones of these that the commit would have changed. */
  left: Set<string>;
  /** Paths in the repository that stay as they are, since no commit is made; null when one is, and for a local project. */
  fixed: readonly string[] | null;
}

type OpenBooks = BookkeepingTarget & { books: Books };

/** True when the history of landings that the project has is that of the target; a local project has one of all branches. */
function hasOneHistory({ repository, projectRoot, target }: BookkeepingTarget): boolean {
  return isCheckedOut(repository, target) || isLocal(projectRoot);
}

/** True when the end of a run changes and commits files that git tracks, or the files of a local project. */
function commits({ config, projectRoot }: BookkeepingTarget): boolean {
  return config.run.bookkeeping === "commit" || isLocal(projectRoot);
}

/** Adds the books of the target, whose tip is `tip`. A copy is in the run's folder, and removed with it. */
export async function openBooks<T extends BookkeepingTarget>(
  target: T,
  tip: Oid,
): Promise<T & { books: Books }> {
  const { repository, projectRoot, projectPrefix: prefix } = target;
  const own = ownFolders.map((folder) => prefix + folder);
  const isOwn = (path: string): boolean => own.some((folder) => path.startsWith(folder));
  const fixed = commits(target)
    ? null
    : (await listTree(repository, tip)).flatMap(({ path }) => (isOwn(path) ? [path] : []));
  if (hasOneHistory(target)) {
    const workTree = repository.topLevel;
    const books = {
      workTree,
      root: ownRoot(projectRoot),
      copyOf: null,
      dirty: [],
      left: new Set<string>(),
      fixed,
    };
    return { ...target, books };
  }
  const workTree = join(target.paths.runs, target.run, "books");
  removeOwnFolder(workTree);
  mkdirSync(workTree, { recursive: true });
  await writeFilesOf(repository, {
    commit: tip,
    folder: workTree,
    wanted: (path) => isOwn(path) || /^\.git(?:ignore|attributes)$/.test(basename(path)),
  });
  const root = join(workTree, prefix);
  mkdirSync(root, { recursive: true });
  const dirty = (await dirtyPaths(repository)).map(({ path }) => path);
  return { ...target, books: { workTree, root, copyOf: tip, dirty, left: new Set(), fixed } };
}

/** True when the checkout has uncommitted changes at or below a path of the repository, which is then left alone. */
function isLeft({ dirty, left }: Books, path: string): boolean {
  const found = dirty.some((one) => one === path || one.startsWith(`${path}/`));
  if (found) left.add(path);
  return found;
}

/** A warning about what the bookkeeping commit left as it is on the target; null without. */
export function leftText({ target, books }: Pick<OpenBooks, "target" | "books">): string | null {
  if (books.left.size === 0) return null;
  const paths = listed([...books.left], 3);
  return `left as it is on ${target}, since it has uncommitted changes here: ${paths}`;
}

interface LandingRecord {
  unit: string;
  digest: string;
  commit: string;
}

/**
 * Appends missing landings to the readable history. The trailers of the commits are the authority. The history of a
 * branch that is not checked out is written when its books are open.
 */
export function recordLandings(
  target: BookkeepingTarget & { books?: Books },
  landings: readonly LandingRecord[],
): void {
  const unlisted = commits(target) ? null : privateHistoryFile(target.projectRoot);
  if (unlisted === null && target.books === undefined && !hasOneHistory(target)) return;
  const root = target.books?.root ?? ownRoot(target.projectRoot);
  const path = unlisted ?? join(root, deployedFile);
  const key = (of: { unit: string; digest: string | null; commit: string }): string =>
    `${of.unit} ${of.digest} ${of.commit}`;
  const lines = unlisted === null ? readHistoryIn(root) : readHistory(target.projectRoot);
  const known = new Set(
    lines.flatMap((line) => (line.plan === target.plan.name ? [key(line)] : [])),
  );
  const missing = landings.filter((landing) => !known.has(key(landing)));
  if (missing.length === 0) return;
  const ts = isoTime(systemClock.now());
  const added = missing.map(({ unit, digest, commit: sha }) =>
    JSON.stringify({ plan: target.plan.name, unit, digest, sha, run: target.run, ts }),
  );
  // A line that a crash cut short stays; the next one begins on a new line.
  const text = readText(path) ?? "";
  const newline = text === "" || text.endsWith("\n") ? "" : "\n";
  appendToFile(path, `${newline}${added.join("\n")}\n`);
}

/**
 * Archives a plan in the books. Returns its path in the archive of the project, where it is once the target is checked
 * out, also when the target has archived it before; null when the plan is archived, gone, or not on the target. A copy
 * gets what ran, and not what the target has. Where no commit is made, a plan that git tracks stays in its place. Fix plans are on no branch. A plan outside the folder of plans stays where
 * its author put it.
 */
export function archiveInBooks(
  { books, projectRoot, projectPrefix }: OpenBooks,
  location: PlanLocation,
): string | null {
  const { root } = books;
  const own = ownRoot(projectRoot);
  if (dirname(location.dir) !== join(own, plansFolder(location.kind))) return null;
  if (books.fixed !== null && location.kind === "plan") {
    const folder = `${projectPrefix}${relative(projectRoot, location.dir)}/`;
    const isFixed = books.fixed.some((path) => path.startsWith(folder));
    return isFixed || books.copyOf !== null ? null : archivePlan(own, location);
  }
  if (books.copyOf === null || location.kind === "fix") return archivePlan(own, location);
  const path = relative(projectRoot, location.dir);
  const dir = join(root, path);
  if (location.archived || !existsSync(location.dir)) return null;
  if (!existsSync(dir)) {
    const before = join(dirname(path), archiveName, basename(path));
    return existsSync(join(root, before)) ? join(projectRoot, before) : null;
  }
  if (isLeft(books, projectPrefix + path)) return null;
  rmSync(dir, { recursive: true });
  cpSync(location.dir, dir, { recursive: true, verbatimSymlinks: true });
  const to = archivePlan(root, { ...location, dir }, projectRoot);
  return to === null ? null : join(projectRoot, relative(root, to));
}

/**
 * Moves a plan's folder into `archive/`, with a number added when its name is taken there or in the same folder below
 * `other`. Returns the new path; null when the plan is archived or gone. Throws REFUSED when the archive is a link out
 * of the project.
 */
export function archivePlan(root: string, location: PlanLocation, other = root): string | null {
  if (location.archived || !existsSync(location.dir)) return null;
  const folder = join(plansFolder(location.kind), archiveName);
  const archive = join(root, folder);
  mkdirSync(archive, { recursive: true });
  if (!realpathSync(archive).startsWith(`${realpathSync(root)}${sep}`)) {
    throw new DgovError("REFUSED", `${folder} is a link that leads out of the project`, {
      hint: "replace it with an ordinary folder",
    });
  }
  const wanted = basename(location.dir);
  let name = wanted;
  for (let n = 2; [archive, join(other, folder)].some((at) => existsSync(join(at, name))); n++) {
    name = `${wanted}-${n}`;
  }
  rmSync(join(location.dir, compiledName), { recursive: true, force: true });
  renameSync(location.dir, join(archive, name));
  return join(archive, name);
}

/**
 * Commits the history and the plan that was moved to `archivedTo`, as far as the project tracks its `.dgov`, and the
 * files in `baselines` (relative to the repository's root); nothing of a local project, or
 * without bookkeeping. Returns a warning when the commit fails; null otherwise.
 */
export async function commitBookkeeping(
  open: OpenBooks,
  what: { location: PlanLocation; archivedTo: string | null },
  baselines: readonly string[] = [],
  tries = 1,
): Promise<string | null> {
  const { repository, projectRoot, projectPrefix: prefix, target, plan, run, books } = open;
  const { location, archivedTo } = what;
  if (isLocal(projectRoot) || books.fixed !== null) return null;
  const tip = await branchTip(repository, target);
  if (tip === null) return `${noBookkeepingCommit}: branch ${target} no longer exists`;
  const own = ownFolders.map((folder) => prefix + folder);
  const later = books.copyOf === null ? [] : await diffTrees(repository, books.copyOf, tip);
  if (later.some(({ path }) => own.some((folder) => path.startsWith(folder)))) {
    return `${noBookkeepingCommit}: files of dgov on ${target} changed at the same time`;
  }
  const tracked = (await listTree(repository, tip)).map(({ path }) => path);
  const isTracked = (path: string): boolean =>
    tracked.some((t) => t === path || t.startsWith(`${path}/`));
  const keeps = isTracked(`${prefix}${configFile}`);
  if (!keeps && baselines.length === 0) return null;
  const name = basename(location.dir);
  const folder = `${prefix}.dgov/plans/${location.archived ? name.replace(/-\d+$/, "") : name}`;
  // Not the whole archive: a worker may have written to it.
  const moved = location.archived ? location.dir : archivedTo;
  const history = prefix + deployedFile;
  // The files of a baseline belong together.
  const paths = baselines.filter((path) => isLeft(books, path)).length > 0 ? [] : [...baselines];
  if (keeps && !isLeft(books, history)) paths.push(history);
  if (moved !== null && keeps && isTracked(folder) && location.kind === "plan") {
    paths.push(folder, prefix + relative(projectRoot, moved));
  }
  try {
    await commitOperatorFiles(repository, {
      branch: target,
      parent: tip,
      paths: paths.filter((path) => isTracked(path) || existsSync(join(books.workTree, path))),
      ...(books.copyOf === null ? {} : { from: books.workTree }),
      message: `chore: dgov bookkeeping for ${plan.name}\n\nDgov-Run: ${run}\n`,
      allowedPrefixes: own,
      identity: open.identity,
      policy: open.config.merge,
      // An interrupted run still commits what has landed.
      signal:
        open.signal === undefined || open.signal.aborted ? limitSignal(signingMs) : open.signal,
    });
    return null;
  } catch (error) {
    // The operator committed in between.
    const moved = (await branchTip(repository, target)) !== tip;
    if (moved && tries < triesMax) return commitBookkeeping(open, what, baselines, tries + 1);
    return `${noBookkeepingCommit}: ${errorMessage(error)}`;
  }
}

/** Time for a signing program that no interrupt ends. */
const signingMs = 30_000;

/** Tries to commit bookkeeping while the target keeps moving. */
const triesMax = 3;

/**
 * Records `plan.archived` in a plan's newest run after its end, so that views find the plan of the run and the run of
 * the plan. `on` is the branch that has the archive when it is not checked out. Records nothing when the plan never ran,
 * is still in the folder that it ran from, or is archived there already: a name may be used again. Callers hold the run
 * lock.
 */
export function recordArchived(
  log: EventLog,
  o: { plan: string; from: string; to: string; on: string | null },
): void {
  const { plan, from, to, on } = o;
  const run = log.newestRun(plan);
  if (run === null) return;
  const records = log.overview(run);
  const ran = String(records.find(({ type }) => type === "run.started")?.data["plan_path"]);
  if (basename(ran) !== basename(from) || (on === null && existsSync(ran))) return;
  const known = records.flatMap(archivedOn).at(-1);
  if (known === null || known === on) return;
  const data = { from, to, ...(on !== null && { on }) };
  log.append([{ run, plan, unit: null, attempt: null, type: "plan.archived", data }]);
}

/** The branch that a record says has the archived plan, null for the checkout; nothing for other records. */
function archivedOn({ type, data }: RecordedEvent): (string | null)[] {
  const on = type === "plan.archived" ? data["on"] : data["archived_on"];
  const isArchived = type === "plan.archived" || typeof data["archived_to"] === "string";
  return isArchived ? [typeof on === "string" ? on : null] : [];
}
