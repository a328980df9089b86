/**
 * `dgov undo`: reverts what a run or a unit landed, in one commit that passed the gates.
 *
 * It is one commit however many it reverts, since only a tree that passed the gates may land. Its message names
 * every reverted commit; from then on their units count as not landed.
 */
import { join } from "node:path";
import { requireConfig } from "../../config/load.ts";
import { DgovError } from "../../error.ts";
import { writeCommit } from "../../git/commit.ts";
import { blockedText, type LandingResult, landCandidate } from "../../git/landing/land.ts";
import { type LandedWork, scanLandedWork } from "../../git/landing/landed.ts";
import {
  type RevertedCommit,
  readCommits,
  revertMessage,
  revertOnto,
} from "../../git/landing/revert.ts";
import { removeOwnFolder } from "../../git/own-folder.ts";
import {
  beforeRef,
  branchTip,
  candidateRef,
  deleteRefs,
  headOf,
  isCheckedOut,
  listRefs,
  updateRef,
} from "../../git/refs.ts";
import { openRepository, type Repository } from "../../git/repository.ts";
import { repositoryFingerprint } from "../../git/repository-fingerprint.ts";
import { type EventLog, openEventLogForReading } from "../../log/event-log.ts";
import { resolveUnit } from "../../plan/locate.ts";
import { acquireRunLock } from "../../process/lock.ts";
import { runGates } from "../../settlement/gates/run-gates.ts";
import { rejectionText } from "../../settlement/rejection.ts";
import { holdBaseline } from "../../settlement/structure/held-baseline.ts";
import { isoTime, systemClock } from "../../std/clock.ts";
import { plural, short } from "../../std/text.ts";
import { targetOf } from "../history/runs.ts";
import { scratchFolder } from "../paths.ts";
import { requireUnprotected } from "../preconditions.ts";
import {
  newRunId,
  openRunEnvironment,
  type RunEnvironment,
  settlementIn,
} from "../run-environment.ts";

interface UndoRequest {
  projectRoot: string;
  /** A run, or a unit; undefined is the newest run with landed work. */
  what: string | undefined;
  /** Plan of the unit; undefined is the plan of the newest run. */
  plan: string | undefined;
  env: Record<string, string | undefined>;
  status(text: string): void;
  /** Aborted by SIGINT or SIGTERM. */
  signal: AbortSignal;
}

interface UndoResult {
  undo: string;
  run: string;
  plan: string;
  units: string[];
  /** The reverted commits, newest first. */
  reverted: string[];
  /** The commit that reverts them. */
  commit: string;
  target: string;
  before: string;
}

/** Reverts landed work. Throws REFUSED or NOT_FOUND, and changes nothing, when the revert cannot land. */
export async function executeUndo(request: UndoRequest): Promise<UndoResult> {
  const repository = await openRepository(request.projectRoot);
  // Before the lock is taken, so that an undo of nothing leaves no trace.
  await selectWork(repository, request);
  const undo = newRunId(systemClock.now());
  const lock = acquireRunLock(repository.commonDir, { run: undo, plan: "undo", command: "undo" });
  try {
    const { projectRoot, env, status } = request;
    const o = { projectRoot, env, status, yes: false, confirm: null, onRecord: () => {} };
    const environment = await openRunEnvironment(o, repository, undo, request.signal);
    try {
      return await buildAndLand(request, environment);
    } finally {
      environment.log[Symbol.dispose]();
      removeOwnFolder(join(environment.paths.runs, undo));
      const candidates = await listRefs(repository, `refs/dgov/candidate/${undo}`);
      await deleteRefs(
        repository,
        candidates.map(({ ref }) => ref),
      );
    }
  } finally {
    lock.release();
  }
}

/** The work to undo. Throws REFUSED when its branch is protected. */
async function selectWork(repository: Repository, request: UndoRequest): Promise<UndoSelection> {
  using log = openEventLogForReading(request.projectRoot);
  const selection = await selectWorkToUndo(repository, log, request);
  const { run } = requireConfig(request.projectRoot);
  const hint = "check out another branch, run git revert there, and propose that branch";
  requireUnprotected(selection.target, run, { hint });
  return selection;
}

/** Builds the revert, runs the gates and lands it; starts over when the target moved, `rebuilds` times. */
async function buildAndLand(
  request: UndoRequest,
  environment: RunEnvironment,
): Promise<UndoResult> {
  const { repository, config, run: undo, log } = environment;
  const tries = config.merge.rebuilds + 1;
  for (let n = 0; n < tries; n++) {
    const selection = await selectWork(repository, request);
    const { target, tip, plan, run } = selection;
    const candidate = await build(environment, selection, n);
    await judge(request, environment, { ...candidate, target, tip });
    const landing = await land(environment, { target, tip, ...candidate });
    if (landing.kind === "target_moved") continue;
    if (landing.kind !== "landed") throw landingError(landing);
    const { commit } = candidate;
    // The log of this clone may not have the run.
    if (log.overview(run).length > 0) {
      await log.appendWhenFree(
        selection.landed.flatMap(({ unit, commit: reverted }) => {
          const data = { undo, commit, reverted, target };
          return unit === null
            ? []
            : [{ run, plan, unit, attempt: null, type: "unit.undone", data }];
        }),
      );
    }
    const reverted = candidate.commits.map((one) => one.commit);
    const units = [...new Set(selection.landed.flatMap(({ unit }) => unit ?? []))];
    return { undo, run, plan, units, reverted, commit, target, before: tip };
  }
  const problem = `the target branch changed during every attempt (${plural(tries, "try", "tries")})`;
  throw new DgovError("REFUSED", problem, { hint: "run dgov undo again" });
}

interface UndoCandidate {
  commits: RevertedCommit[];
  commit: string;
  tree: string;
  /** Paths that the reverted commits touched. */
  touched: Set<string>;
}

async function build(
  environment: RunEnvironment,
  selection: UndoSelection,
  n: number,
): Promise<UndoCandidate> {
  const { repository, paths, identity, config, run: undo } = environment;
  const ids = [...new Set(selection.landed.map(({ commit }) => commit))].reverse();
  const commits = await readCommits(repository, ids);
  for (const commit of commits) requireRevertible(commit, selection.landed);
  const onto = selection.tip;
  const scratch = scratchFolder(paths, undo);
  const reversal = await revertOnto(repository, { commits, onto, scratch });
  if (reversal.kind === "empty") {
    const problem = `nothing to undo: these changes are no longer on ${selection.target}`;
    throw new DgovError("REFUSED", problem);
  }
  if (reversal.kind === "conflicted") {
    const commit = short(reversal.commit);
    const problem = `cannot revert ${commit}: later work changed ${reversal.paths.join(", ")}`;
    const hint = `undo the later work first, or run git revert ${commit}`;
    throw new DgovError("REFUSED", problem, { hint });
  }
  const { tree } = reversal;
  const message = revertMessage(commits, `Revert run ${selection.run} of ${selection.plan}`);
  const date = isoTime(systemClock.now());
  const commit = await writeCommit(
    repository,
    { tree, parents: [onto], message, identity, date },
    config.merge,
  );
  await updateRef(repository, candidateRef(undo, n), commit);
  return { commits, commit, tree, touched: reversal.paths };
}

/** Throws REFUSED for a merge, and for a commit that also holds units which are not to be undone. */
function requireRevertible(commit: RevertedCommit, landed: readonly LandedWork[]): void {
  const id = short(commit.commit);
  const hint = `run git revert ${id}`;
  if (commit.parents.length !== 1) {
    throw new DgovError("REFUSED", `${id} is not a commit with one parent`, { hint });
  }
  const selected = new Set(landed.map(({ unit }) => unit));
  const others = commit.units.filter((unit) => !selected.has(unit));
  if (others.length > 0) {
    throw new DgovError("REFUSED", `${id} also holds ${others.join(", ")}`, { hint });
  }
}

/** Runs the gates. Throws REFUSED when they fail or the undo was stopped. */
async function judge(
  { env, signal, status }: UndoRequest,
  environment: RunEnvironment,
  { tree, commit, target, tip }: { tree: string; commit: string; target: string; tip: string },
): Promise<void> {
  const { repository, run: undo } = environment;
  const settlement = await settlementIn(environment, {
    target,
    tip,
    env,
    signal,
    report(...progress) {
      for (const one of progress) {
        if (one.kind === "finished") status(`${one.gate}: ${one.verdict.status}`);
      }
    },
  });
  const marker = `${undo}/undo`;
  // Layers of what landed may have been built by what is reverted.
  (await settlement.ground())?.store.dropLanded();
  await holdBaseline(settlement, {
    commit: tip,
    checkedOut: isCheckedOut(repository, target),
    marker,
    now: systemClock.now(),
  });
  const before = await repositoryFingerprint(repository);
  const result = await runGates(settlement, {
    unit: null,
    attempt: 0,
    car: null,
    tree,
    commit,
    base: tip,
    testCmd: null,
    marker,
    signal,
  });
  if (signal.aborted) throw new DgovError("REFUSED", "undo stopped; nothing has changed");
  if (!result.passed) {
    const failures = `${result.reason}\n${rejectionText(result.verdicts)}`;
    throw new DgovError("REFUSED", `undo rejected: gates fail after reverting: ${failures}`, {
      hint: "undo the work that needs these changes first, or run git revert",
    });
  }
  if ((await repositoryFingerprint(repository, before)) !== before) {
    throw new DgovError("REPOSITORY_CHANGED", "git's configuration changed while the gates ran");
  }
}

async function land(
  { repository, paths, run: undo }: RunEnvironment,
  o: { target: string; tip: string; commit: string; touched: Set<string> },
): Promise<LandingResult> {
  const { target, tip: from, commit: to, touched } = o;
  await updateRef(repository, beforeRef(undo), from);
  return landCandidate(repository, {
    target,
    from,
    to,
    allowed: (path) => touched.has(path),
    scratch: scratchFolder(paths, undo),
    message: "dgov: undo",
  });
}

function landingError(
  landing: Exclude<LandingResult, { kind: "landed" | "target_moved" }>,
): DgovError {
  if (landing.kind === "proof_failed") return new DgovError("REFUSED", landing.reason);
  return new DgovError("REFUSED", blockedText(landing), {
    hint: "commit, stash or move the files above, then retry",
  });
}

/** Landed work that an undo reverts. */
interface UndoSelection extends BranchWork {
  run: string;
  plan: string;
}

/** A branch and the landed work on it. */
interface BranchWork {
  target: string;
  tip: string;
  /** Oldest first, fixes of reviewers included. */
  landed: LandedWork[];
}

const runsMax = 10_000;
/** Runs that are searched for one with landed work. */
const searchedRunsMax = 100;

/**
 * Selects the run or unit to undo. Git says what is landed; the log, where there is one, says which runs there were
 * and which branch each landed on. Without it, the branch that is checked out is searched. Throws NOT_FOUND or REFUSED
 * when there is no landed work of it.
 */
async function selectWorkToUndo(
  repository: Repository,
  log: EventLog | null,
  { what, plan }: { what: string | undefined; plan: string | undefined },
): Promise<UndoSelection> {
  const runs = log?.runs(plan === undefined ? { limit: runsMax } : { plan, limit: runsMax }) ?? [];
  const branches = branchReader(repository, log);
  const here = await branches.checkedOut(plan);
  const last = here.landed.at(-1);
  if (runs.length === 0 && last === undefined) throw neverRan(plan);
  if (what === undefined) {
    for (const { run } of runs.slice(0, searchedRunsMax)) {
      const found = workOfRun(await branches.ofRun(run), run);
      if (found !== null) return found;
    }
    const found = last?.run ? workOfRun(here, last.run) : null;
    if (found !== null) return found;
    throw new DgovError("NOT_FOUND", "nothing that landed is left to undo");
  }
  const matches = (run: string): boolean => run === what || run.endsWith(`-${what}`);
  const logged = runs.find(({ run }) => matches(run))?.run;
  if (logged !== undefined) {
    const branch = await branches.ofRun(logged);
    const found = workOfRun(branch, logged);
    if (found !== null) return found;
    const problem = `nothing that run ${logged} landed is still on ${branch.target}`;
    throw new DgovError("REFUSED", problem, { hint: `dgov runs show ${logged}` });
  }
  const landedHere = here.landed.findLast(({ run }) => run !== null && matches(run))?.run ?? null;
  const found = landedHere === null ? null : workOfRun(here, landedHere);
  if (found !== null) return found;
  const [newest] = runs;
  if (newest !== undefined) return workOfUnit(await branches.ofRun(newest.run), newest.plan, what);
  return workOfUnit(here, last?.plan ?? "", what);
}

function neverRan(plan: string | undefined): DgovError {
  const problem = plan === undefined ? "nothing has run here yet" : `${plan} has not run here`;
  return new DgovError("NOT_FOUND", problem, { hint: "dgov runs list" });
}

/** Work of a run on a branch; null when there is none. */
function workOfRun(branch: BranchWork, run: string): UndoSelection | null {
  const landed = branch.landed.filter((one) => one.run === run);
  const [first] = landed;
  return first === undefined ? null : { ...branch, run, plan: first.plan, landed };
}

/** The last landing of a unit, with the fixes of this unit alone. */
function workOfUnit(branch: BranchWork, plan: string, what: string): UndoSelection {
  const all = branch.landed.filter((one) => one.plan === plan);
  const unit = resolveUnit([...new Set(all.flatMap((one) => one.unit ?? []))], what, "landed unit");
  const run = all.findLast((one) => one.unit === unit)?.run ?? null;
  const landed = all.filter(
    (one) =>
      one.run === run &&
      (one.unit === unit || (one.unit === null && one.fixes.every((id) => id === unit))),
  );
  return { ...branch, run: run ?? "", plan, landed };
}

/** Reads branches and their landed work, each tip once. */
function branchReader(
  repository: Repository,
  log: EventLog | null,
): {
  /** The branch that a run landed on. Throws TARGET_MISSING when it no longer exists. */
  ofRun(run: string): Promise<BranchWork>;
  /** The branch that is checked out, with the work of a plan or of all plans. */
  checkedOut(plan: string | undefined): Promise<BranchWork>;
} {
  const byTip = new Map<string, Promise<LandedWork[]>>();
  const landedAt = (tip: string): Promise<LandedWork[]> => {
    const work = byTip.get(tip) ?? scanLandedWork(repository, tip);
    byTip.set(tip, work);
    return work;
  };
  return {
    async ofRun(run) {
      const target = String(log === null ? null : targetOf(log, run));
      const tip = await branchTip(repository, target);
      if (tip === null) {
        throw new DgovError("TARGET_MISSING", `branch ${target} no longer exists`);
      }
      return { target, tip, landed: await landedAt(tip) };
    },
    async checkedOut(plan) {
      const head = await headOf(repository);
      if (head.kind !== "branch" || head.commit === null) {
        return { target: "", tip: "", landed: [] };
      }
      const all = await landedAt(head.commit);
      const landed = all.filter((one) => plan === undefined || one.plan === plan);
      return { target: head.branch, tip: head.commit, landed };
    },
  };
}
