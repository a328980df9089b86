/**
 * What a run leaves in `.dgov/`: the list of landings, the archived plan, and one commit of both.
 *
 * The commit carries no worker's content: its paths provably lie below dgov's own folders. All of it
 * can be done twice, so a run that ended before it is made good by the next one.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
} from "node:fs";
import { basename, join, sep } from "node:path";
import { ownFolders } from "../claims/reserved.ts";
import { DgovError } from "../error.ts";
import { commitOperatorFiles } from "../git/bookkeeping.ts";
import { branchTip } from "../git/refs.ts";
import type { Repository } from "../git/repository.ts";
import { listTree } from "../git/trees.ts";
import { compiledName } from "../plan/compiled-file.ts";
import { type PlanLocation, plansFolder } from "../plan/locate.ts";
import { present } from "../std/assert.ts";
import { isoTime, systemClock } from "../std/clock.ts";

export interface BookkeepingTarget {
  repository: Repository;
  projectRoot: string;
  /** The prefix of the project's paths in the repository: "" or like `packages/app/`. */
  projectPrefix: string;
  target: string;
  plan: string;
  run: string;
}

export interface LandingRecord {
  unit: string;
  digest: string;
  commit: string;
}

const deployedFile = ".dgov/plans/deployed.jsonl";

/** Appends landings that the readable history lacks; the commits' own trailers are the authority. */
export function recordLandings(desk: BookkeepingTarget, landings: readonly LandingRecord[]): void {
  const path = join(desk.projectRoot, deployedFile);
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const missing = landings.filter(({ commit }) => !text.includes(`"${commit}"`));
  if (missing.length === 0) return;
  const ts = isoTime(systemClock.now());
  const lines = missing.map(({ unit, digest, commit: sha }) =>
    JSON.stringify({ plan: desk.plan, unit, digest, sha, run: desk.run, ts }),
  );
  // A line cut by a crash stays where it is; the next one begins on its own.
  const gap = text === "" || text.endsWith("\n") ? "" : "\n";
  appendFileSync(path, `${gap}${lines.join("\n")}\n`);
}

/**
 * Moves a plan below `archive/`, beside whatever has its name there (never inside). Gives the new
 * path; null when there is nothing to move. REFUSED when the archive is a link out of the project.
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
    throw new DgovError("REFUSED", `${folder}/archive leads out of the project`, {
      hint: "make it an ordinary folder",
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
 * Commits the history and the moved plan, as far as the project tracks its `.dgov`, and `baselines`
 * (relative to the repository's root). Gives a warning, or null.
 */
export async function commitBookkeeping(
  desk: BookkeepingTarget,
  location: PlanLocation,
  baselines: readonly string[] = [],
): Promise<string | null> {
  const tip = present(await branchTip(desk.repository, desk.target), `tip of ${desk.target}`);
  const prefix = desk.projectPrefix;
  const below = (path: string): string => prefix + path.slice(desk.projectRoot.length + 1);
  const tracked = (await listTree(desk.repository, tip)).map(({ path }) => path);
  const isTracked = (path: string): boolean =>
    tracked.some((t) => t === path || t.startsWith(`${path}/`));
  const keeps = isTracked(`${prefix}.dgov/project.toml`);
  if (!keeps && baselines.length === 0) return null;
  const name = basename(location.dir).replace(/-\d+$/, "");
  const plan = `${prefix}.dgov/plans/${name}`;
  const archived = location.archived ? below(location.dir) : `${prefix}.dgov/plans/archive`;
  const paths = [...baselines, ...(keeps ? [`${prefix}${deployedFile}`] : [])];
  if (keeps && isTracked(plan) && location.kind === "plan") paths.push(plan, archived);
  try {
    await commitOperatorFiles(desk.repository, {
      branch: desk.target,
      parent: tip,
      paths: paths.filter(
        (path) => isTracked(path) || existsSync(join(desk.repository.topLevel, path)),
      ),
      message: `chore: dgov bookkeeping for ${desk.plan}\n\nDgov-Run: ${desk.run}\n`,
      allowedPrefixes: ownFolders.map((own) => prefix + own),
    });
    return null;
  } catch (error) {
    return `no bookkeeping commit: ${error instanceof Error ? error.message : String(error)}`;
  }
}
