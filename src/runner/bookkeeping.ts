/**
 * Bookkeeping in `.dgov/`: the history of landings, the archived plan, and one commit of both.
 *
 * The commit has no worker's content, since all its paths are below dgov's own folders. Every step can be repeated,
 * so the next run completes the bookkeeping of one that crashed before it.
 */
import { existsSync, mkdirSync, realpathSync, renameSync, rmSync } from "node:fs";
import { basename, join, sep } from "node:path";
import { ownFolders } from "../claims/reserved.ts";
import { DgovError } from "../error.ts";
import { commitOperatorFiles } from "../git/bookkeeping.ts";
import { branchTip } from "../git/refs.ts";
import type { Repository } from "../git/repository.ts";
import { listTree } from "../git/trees.ts";
import { noBookkeepingCommit } from "../kernel/reasons.ts";
import { openEventLog, openEventLogForReading } from "../log/event-log.ts";
import { compiledName } from "../plan/compiled-file.ts";
import { type PlanLocation, plansFolder } from "../plan/locate.ts";
import { isoTime, systemClock } from "../std/clock.ts";
import { appendToFile, readText } from "../std/files.ts";
import { errorMessage } from "../std/text.ts";
import { deployedFile, readHistory } from "./history.ts";

/** The part of a run context that bookkeeping needs; there is none yet when all units are settled. */
interface BookkeepingTarget {
  repository: Repository;
  projectRoot: string;
  /** The prefix of the project's paths in the repository: "" or like `packages/app/`. */
  projectPrefix: string;
  target: string;
  plan: { name: string };
  run: string;
}

interface LandingRecord {
  unit: string;
  digest: string;
  commit: string;
}

/** Appends missing landings to the readable history. The trailers of the commits are the authority. */
export function recordLandings(
  target: BookkeepingTarget,
  landings: readonly LandingRecord[],
): void {
  const path = join(target.projectRoot, deployedFile);
  const key = (of: { unit: string; digest: string | null; commit: string }): string =>
    `${of.unit} ${of.digest} ${of.commit}`;
  const known = new Set(
    readHistory(target.projectRoot).flatMap((line) =>
      line.plan === target.plan.name ? [key(line)] : [],
    ),
  );
  const missing = landings.filter((landing) => !known.has(key(landing)));
  if (missing.length === 0) return;
  const ts = isoTime(systemClock.now());
  const lines = missing.map(({ unit, digest, commit: sha }) =>
    JSON.stringify({ plan: target.plan.name, unit, digest, sha, run: target.run, ts }),
  );
  // A line that a crash cut short stays; the next one begins on a new line.
  const text = readText(path) ?? "";
  const newline = text === "" || text.endsWith("\n") ? "" : "\n";
  appendToFile(path, `${newline}${lines.join("\n")}\n`);
}

/**
 * Moves a plan's folder into `archive/`, with a number added when its name is taken. Returns the new path; null
 * when the plan is archived or gone. Throws REFUSED when the archive is a link out of the project.
 */
export function archivePlan(
  { projectRoot }: Pick<BookkeepingTarget, "projectRoot">,
  location: PlanLocation,
): string | null {
  if (location.archived || !existsSync(location.dir)) return null;
  const folder = plansFolder(location.kind);
  const archive = join(projectRoot, folder, "archive");
  mkdirSync(archive, { recursive: true });
  if (!realpathSync(archive).startsWith(`${realpathSync(projectRoot)}${sep}`)) {
    throw new DgovError("REFUSED", `${folder}/archive is a link that leads out of the project`, {
      hint: "replace it with an ordinary folder",
    });
  }
  const name = basename(location.dir);
  let to = join(archive, name);
  for (let n = 2; existsSync(to); n++) to = join(archive, `${name}-${n}`);
  rmSync(join(location.dir, compiledName), { force: true });
  renameSync(location.dir, to);
  return to;
}

/**
 * Commits the history and the moved plan, as far as the project tracks its `.dgov`, and the files in `baselines`
 * (relative to the repository's root). Returns a warning when the commit fails; null otherwise.
 */
export async function commitBookkeeping(
  { repository, projectRoot, projectPrefix: prefix, target, plan, run }: BookkeepingTarget,
  location: PlanLocation,
  baselines: readonly string[] = [],
): Promise<string | null> {
  const tip = await branchTip(repository, target);
  if (tip === null) return `${noBookkeepingCommit}: branch ${target} no longer exists`;
  const tracked = (await listTree(repository, tip)).map(({ path }) => path);
  const isTracked = (path: string): boolean =>
    tracked.some((t) => t === path || t.startsWith(`${path}/`));
  const keeps = isTracked(`${prefix}.dgov/project.toml`);
  if (!keeps && baselines.length === 0) return null;
  const name = basename(location.dir).replace(/-\d+$/, "");
  const folder = `${prefix}.dgov/plans/${name}`;
  const archived = location.archived
    ? prefix + location.dir.slice(projectRoot.length + 1)
    : `${prefix}.dgov/plans/archive`;
  const paths = [...baselines, ...(keeps ? [`${prefix}${deployedFile}`] : [])];
  if (keeps && isTracked(folder) && location.kind === "plan") paths.push(folder, archived);
  try {
    await commitOperatorFiles(repository, {
      branch: target,
      parent: tip,
      paths: paths.filter((path) => isTracked(path) || existsSync(join(repository.topLevel, path))),
      message: `chore: dgov bookkeeping for ${plan.name}\n\nDgov-Run: ${run}\n`,
      allowedPrefixes: ownFolders.map((own) => prefix + own),
    });
    return null;
  } catch (error) {
    return `${noBookkeepingCommit}: ${errorMessage(error)}`;
  }
}

/**
 * Records `plan.archived` in a plan's newest run after the operator archived the plan, so that views find the plan
 * of the run and the run of the plan. Records nothing when the plan never ran. Callers hold the run lock.
 */
export function recordArchived(
  projectRoot: string,
  o: { plan: string; from: string; to: string },
): void {
  const run = runInFolder(projectRoot, o.plan, o.from);
  if (run === null) return;
  using log = openEventLog(projectRoot);
  const { plan, from, to } = o;
  const data = { from, to };
  log.append([{ run, plan, unit: null, attempt: null, type: "plan.archived", data }]);
}

/** Id of the newest run of a plan; null when there is none or it ran from a folder of another name. */
function runInFolder(projectRoot: string, plan: string, folder: string): string | null {
  using log = openEventLogForReading(projectRoot);
  const run = log?.newestRun(plan) ?? null;
  if (log === null || run === null) return null;
  const started = log.overview(run).find(({ type }) => type === "run.started");
  return basename(String(started?.data["plan_path"])) === basename(folder) ? run : null;
}
