/**
 * Landed units, from git: trailers of commits are the authority.
 *
 * Lines of `deployed.jsonl` without a digest were written by the Python program, whose commits have no trailers: such a
 * unit counts as landed, with the text that it has when dgov first sees it, while its commit is reachable and not
 * reverted. dgov then records it with its digest.
 */
import { basename, join } from "node:path";
import { isLocal, localRoot, ownRoot } from "../../config/find.ts";
import {
  type LandedUnit,
  type LandedWork,
  scanLanded,
  scanLandedWork,
} from "../../git/landing/landed.ts";
import { branchTip, headOf, isCheckedOut, reachableCommits } from "../../git/refs.ts";
import { prefixOf, projectDirOf, type Repository } from "../../git/repository.ts";
import { readBlobAt } from "../../git/trees.ts";
import { readText } from "../../std/files.ts";

export const deployedFile = ".dgov/plans/deployed.jsonl";

/** A line of the history. */
export interface HistoryLine {
  plan: string;
  unit: string;
  /** Null in a line of the Python program. */
  digest: string | null;
  commit: string;
  /** The run of dgov that wrote the line. */
  run: string | null;
  ts: string;
}

/** The lines of the history of a project, oldest first; invalid ones are skipped. */
export function readHistory(projectRoot: string): HistoryLine[] {
  return [...readHistoryIn(ownRoot(projectRoot)), ...readPrivateHistory(projectRoot)];
}

/**
 * The history that runs without bookkeeping (`[run] bookkeeping = "none"`) write, below the git dir: one of all branches.
 * Null for a local project, whose history is there anyway.
 */
export function privateHistoryFile(projectRoot: string): string | null {
  const folder = isLocal(projectRoot) ? null : localRoot(projectRoot);
  return folder === null ? null : join(folder, basename(deployedFile));
}

function readPrivateHistory(projectRoot: string): HistoryLine[] {
  const path = privateHistoryFile(projectRoot);
  return path === null ? [] : historyLines(readText(path) ?? "");
}

/** As `readHistory`, for a folder that holds own files. */
export function readHistoryIn(root: string): HistoryLine[] {
  return historyLines(readText(join(root, deployedFile)) ?? "");
}

function historyLines(text: string): HistoryLine[] {
  return text.split("\n").flatMap(historyLine);
}

/**
 * The history of a branch: as the checkout has it when it is on the branch, else as committed at `tip`. A local project
 * has one of all branches.
 */
async function historyOf(
  repository: Repository,
  { projectRoot, branch, tip }: { projectRoot: string; branch: string; tip: string },
): Promise<HistoryLine[]> {
  if (isCheckedOut(repository, branch) || isLocal(projectRoot)) return readHistory(projectRoot);
  const path = prefixOf(projectDirOf(repository, projectRoot)) + deployedFile;
  const bytes = await readBlobAt(repository, tip, path);
  const committed = bytes === null ? "" : Buffer.from(bytes).toString();
  return [...historyLines(committed), ...readPrivateHistory(projectRoot)];
}

function historyLine(text: string): HistoryLine[] {
  try {
    const { plan, unit, digest, sha, run, ts } = JSON.parse(text) as Record<string, unknown>;
    if (typeof plan !== "string" || typeof unit !== "string" || typeof sha !== "string") return [];
    if (!/^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(sha)) return [];
    const known = typeof digest === "string" ? digest : null;
    const times = {
      run: typeof run === "string" ? run : null,
      ts: typeof ts === "string" ? ts : "",
    };
    return [{ plan, unit, digest: known, commit: sha, ...times }];
  } catch {
    return [];
  }
}

/**
 * The landed units of a plan at `tip`, the one of `branch` or else of the checkout, oldest first. `units` are those of
 * the plan's current text; without them, units that are known only from lines of the Python program have an empty digest.
 * These are `adopted`.
 */
export async function landedUnits(
  repository: Repository,
  o: {
    projectRoot: string;
    branch?: string;
    tip: string;
    plan: string;
    units?: readonly { id: string; digest: string }[];
  },
): Promise<{ landed: LandedUnit[]; adopted: LandedUnit[] }> {
  const { projectRoot, branch, tip } = o;
  const history =
    branch === undefined
      ? readHistory(projectRoot)
      : await historyOf(repository, { projectRoot, branch, tip });
  const lines = adoptedLines(history, o.plan);
  const commits = [...new Set(lines.map(({ commit }) => commit))];
  const reachable = await reachableCommits(repository, { tip: o.tip, commits });
  const recorded = withDigests(
    lines.filter(({ commit }) => reachable.has(commit)),
    o.units,
  );
  const scanned = await scanLanded(repository, { tip: o.tip, plan: o.plan, recorded });
  const landed = withLaterDigests(scanned, history, o.plan);
  const bare = new Set(
    lines.flatMap((line) => (line.digest === null ? [`${line.unit} ${line.commit}`] : [])),
  );
  return { landed, adopted: landed.filter((one) => bare.has(`${one.unit} ${one.commit}`)) };
}

/** A unit that a record says has landed, by its commit where that is known. */
export interface ClaimedLanding {
  unit: string;
  digest: string;
  commit: string | null;
}

/** The landings on branches, for commands that show several plans: a branch is read once. */
export class BranchLandings {
  readonly #repository: Repository;
  readonly #projectRoot: string;
  readonly #since: string | null;
  readonly #branches = new Map<string | null, Promise<Branch | null>>();
  readonly #works = new Map<string, Promise<LandedWork[]>>();

  /** `since` is a commit before the first landing that the log of the project has. */
  constructor(o: { repository: Repository; projectRoot: string; since: string | null }) {
    this.#repository = o.repository;
    this.#projectRoot = o.projectRoot;
    this.#since = o.since;
  }

  /**
   * The landed units of a plan on its target: the branch of its last run, or the one checked out when there is none or
   * it no longer exists. Null without a commit. The history below `since` is read only when a claimed landing is not
   * found above it. `units` are those of the plan's text; null when it is gone.
   */
  async of(o: {
    plan: string;
    target: string | null;
    units: readonly { unit: string; digest: string }[] | null;
    claimed: readonly ClaimedLanding[];
  }): Promise<{ branch: string | null; landed: LandedUnit[] } | null> {
    const at = await this.#branch(o.target);
    if (at === null) return null;
    const { branch, tip, lines } = at;
    if (adoptedLines(lines, o.plan).length > 0) {
      const units = o.units?.map(({ unit, digest }) => ({ id: unit, digest }));
      const on = { projectRoot: this.#projectRoot, ...(branch !== null && { branch }), tip };
      const of = { ...on, plan: o.plan, ...(units && { units }) };
      return { branch, landed: (await landedUnits(this.#repository, of)).landed };
    }
    const recent = this.#since === null ? null : await this.#landed(at, o.plan, this.#since);
    if (recent !== null && o.claimed.every((claim) => recent.some((one) => fulfils(one, claim)))) {
      return { branch, landed: recent };
    }
    return { branch, landed: await this.#landed(at, o.plan, null) };
  }

  async #landed({ tip, lines }: Branch, plan: string, since: string | null): Promise<LandedUnit[]> {
    const key = `${tip} ${since}`;
    const works = this.#works.get(key) ?? scanLandedWork(this.#repository, tip, since);
    this.#works.set(key, works);
    const landed = (await works).flatMap(({ unit, ...work }) =>
      work.plan !== plan || unit === null ? [] : [{ ...work, unit }],
    );
    return withLaterDigests(landed, lines, plan);
  }

  #branch(target: string | null): Promise<Branch | null> {
    const branch = this.#branches.get(target) ?? this.#find(target);
    this.#branches.set(target, branch);
    return branch;
  }

  async #find(target: string | null): Promise<Branch | null> {
    const r = this.#repository;
    const projectRoot = this.#projectRoot;
    const known = target === null ? null : await branchTip(r, target);
    if (target !== null && known !== null) {
      const lines = await historyOf(r, { projectRoot, branch: target, tip: known });
      return { branch: target, tip: known, lines };
    }
    const head = await headOf(r);
    if (head.commit === null) return null;
    const branch = head.kind === "branch" ? head.branch : null;
    return { branch, tip: head.commit, lines: readHistory(projectRoot) };
  }
}

interface Branch {
  /** Null for a detached HEAD. */
  branch: string | null;
  tip: string;
  /** The history of landings as the branch has it. */
  lines: HistoryLine[];
}

function fulfils(landed: LandedUnit, { unit, digest, commit }: ClaimedLanding): boolean {
  return landed.unit === unit && (landed.commit === commit || landed.digest === digest);
}

/**
 * The lines of a plan's commits that the Python program made, with the digest of the line that dgov added for the same
 * commit, when there is one. Pure.
 */
export function adoptedLines(lines: readonly HistoryLine[], plan: string): HistoryLine[] {
  const key = (line: HistoryLine): string => `${line.unit} ${line.commit}`;
  const ofPlan = lines.filter((line) => line.plan === plan);
  const digests = new Map(
    ofPlan.flatMap((line) => (line.digest === null ? [] : [[key(line), line.digest] as const])),
  );
  const foreign = ofPlan.filter(({ digest }) => digest === null);
  return [...new Map(foreign.map((line) => [key(line), line])).values()].map((line) => ({
    ...line,
    digest: digests.get(key(line)) ?? null,
  }));
}

/**
 * The landed units, and after each the same with other digests that the history has for its commit: a later text of
 * the task needed no change. Pure.
 */
export function withLaterDigests(
  landed: readonly LandedUnit[],
  lines: readonly HistoryLine[],
  plan: string,
): LandedUnit[] {
  const key = (of: { unit: string; commit: string }): string => `${of.unit} ${of.commit}`;
  const known = new Set(landed.map((one) => `${key(one)} ${one.digest}`));
  const later = Map.groupBy(
    lines.filter((line) => line.plan === plan && !known.has(`${key(line)} ${line.digest}`)),
    key,
  );
  return landed.flatMap((one) => {
    const others = later.get(key(one)) ?? [];
    later.delete(key(one));
    const digests = others.flatMap(({ digest, run }) =>
      digest === null ? [] : [{ ...one, digest, run }],
    );
    return [one, ...digests];
  });
}

/** The lines as landed units. One without a digest gets that of the unit's current text. */
function withDigests(
  lines: readonly HistoryLine[],
  units: readonly { id: string; digest: string }[] | undefined,
): LandedUnit[] {
  const digests = new Map(units?.map(({ id, digest }) => [id, digest]));
  return lines.flatMap(({ unit, digest, commit, ts }) => {
    const known = digest ?? (units === undefined ? "" : digests.get(unit));
    return known === undefined ? [] : [{ unit, digest: known, commit, run: null, at: ts }];
  });
}
