/**
 * `dgov undo`: what a run or a unit landed, taken back by one commit that passed the gates.
 *
 * It is one commit however many it reverts, since only a tree that was judged may land. Its message
 * names every reverted commit, which is how the units count as not landed from then on.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DgovError } from "../error.ts";
import { writeCommit } from "../git/commit.ts";
import { type LandingResult, landCandidate } from "../git/land.ts";
import { type LandedWork, scanLandedWork } from "../git/landed.ts";
import {
  beforeRef,
  branchTip,
  candidateRef,
  deleteRefs,
  headOf,
  listRefs,
  updateRef,
} from "../git/refs.ts";
import { openRepository, type Repository } from "../git/repository.ts";
import { repositoryFingerprint } from "../git/repository-fingerprint.ts";
import { type RevertedCommit, readCommits, revertMessage, revertOnto } from "../git/revert.ts";
import { type EventLog, openEventLogForReading } from "../log/event-log.ts";
import { resolveUnit } from "../plan/locate.ts";
import { acquireRunLock } from "../process/lock.ts";
import { runGates } from "../settlement/gates/run-gates.ts";
import { rejectionText } from "../settlement/rejection.ts";
import { isoTime, systemClock } from "../std/clock.ts";
import { newRunId, openRunEnvironment, type RunEnvironment, settlementIn } from "./environment.ts";
import { scratchFolder } from "./paths.ts";
import { clearPendingUndo, recordPendingUndo } from "./recovery.ts";

export interface UndoRequest {
  projectRoot: string;
  /** A run, or a unit; undefined is the newest run of which something stands. */
  what: string | undefined;
  /** Plan the unit belongs to; undefined is that of the newest run. */
  plan: string | undefined;
  env: Record<string, string | undefined>;
  status(text: string): void;
  /** Aborted when a person stops it. */
  signal: AbortSignal;
}

export interface UndoResult {
  undo: string;
  run: string;
  plan: string;
  units: string[];
  /** The commits taken back, newest first. */
  reverted: string[];
  /** The commit that takes them back. */
  commit: string;
  target: string;
  before: string;
}

/** Takes back what landed. REFUSED with the reason, and nothing changed, when it cannot land. */
export async function executeUndo(request: UndoRequest): Promise<UndoResult> {
  const repository = await openRepository(request.projectRoot);
  // Looking first: an undo of nothing leaves no trace.
  await chosen(repository, request);
  const undo = newRunId(systemClock.now());
  const lock = acquireRunLock(repository.commonDir, { run: undo, plan: "undo" });
  try {
    const { projectRoot, env, status } = request;
    const o = { projectRoot, env, status, yes: false, confirm: null, onRecord: () => {} };
    const ground = await openRunEnvironment(o, repository, undo);
    try {
      return await landUndo(request, ground);
    } finally {
      ground.log[Symbol.dispose]();
      rmSync(join(ground.places.runs, undo), { recursive: true, force: true });
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

async function chosen(repository: Repository, request: UndoRequest): Promise<UndoSelection> {
  using log = openEventLogForReading(request.projectRoot);
  return await selectWorkToUndo(repository, log, request);
}

/** Builds, judges and lands; again when the target moved meanwhile. */
async function landUndo(request: UndoRequest, ground: RunEnvironment): Promise<UndoResult> {
  const { repository, config, run: undo, log } = ground;
  for (let n = 0; n <= config.merge.rebuilds; n++) {
    const choice = await chosen(repository, request);
    const { target, tip, plan, run } = choice;
    const candidate = await build(ground, choice, n);
    await judge(request, ground, { tree: candidate.tree, tip });
    const landing = await land(ground, { ...choice, ...candidate });
    if (landing.kind === "target_moved") continue;
    if (landing.kind !== "landed") throw notLanded(landing);
    const { commit } = candidate;
    // A run of another clone is none of this log.
    if (log.overview(run).length > 0) {
      log.append(
        choice.landed.flatMap(({ unit, commit: reverted }) => {
          const data = { undo, commit, reverted, target };
          return unit === null
            ? []
            : [{ run, plan, unit, attempt: null, type: "unit.undone", data }];
        }),
      );
    }
    const reverted = candidate.commits.map((one) => one.commit);
    const units = [...new Set(choice.landed.flatMap(({ unit }) => unit ?? []))];
    return { undo, run, plan, units, reverted, commit, target, before: tip };
  }
  throw new DgovError("REFUSED", "the target kept moving", { hint: "try again" });
}

interface UndoCandidate {
  commits: RevertedCommit[];
  commit: string;
  tree: string;
  paths: Set<string>;
}

async function build(
  ground: RunEnvironment,
  choice: UndoSelection,
  n: number,
): Promise<UndoCandidate> {
  const { repository, places, identity, config, run: undo } = ground;
  const ids = [...new Set(choice.landed.map(({ commit }) => commit))].reverse();
  const commits = await readCommits(repository, ids);
  for (const commit of commits) requireWhole(commit, choice.landed);
  const onto = choice.tip;
  const reversal = await revertOnto(repository, {
    commits,
    onto,
    scratch: scratchFolder(places, undo),
  });
  if (reversal.kind === "empty") {
    throw new DgovError("REFUSED", `${choice.target} has none of these changes any more`);
  }
  if (reversal.kind === "conflicted") {
    const { commit, paths } = reversal;
    throw new DgovError(
      "REFUSED",
      `${commit.slice(0, 10)} cannot be taken back: what landed since changed ${paths.join(", ")}`,
      { hint: `undo the later change first, or git revert ${commit.slice(0, 10)} by hand` },
    );
  }
  const { tree, paths } = reversal;
  const message = revertMessage(commits, `Revert run ${choice.run} of ${choice.plan}`);
  const date = isoTime(systemClock.now());
  const commit = await writeCommit(
    repository,
    { tree, parents: [onto], message, identity, date },
    { sign: config.merge.sign },
  );
  await updateRef(repository, candidateRef(undo, n), commit);
  return { commits, commit, tree, paths };
}

/** A merge, and a commit squashed with work that is not meant, are for a person to take apart. */
function requireWhole(commit: RevertedCommit, landed: readonly LandedWork[]): void {
  const short = commit.commit.slice(0, 10);
  const hint = `git revert ${short} by hand`;
  if (commit.parents.length !== 1) {
    throw new DgovError("REFUSED", `${short} is not a commit with one parent`, { hint });
  }
  const meant = new Set(landed.map(({ unit }) => unit));
  const others = commit.units.filter((unit) => !meant.has(unit));
  if (others.length > 0) {
    throw new DgovError("REFUSED", `${short} also holds ${others.join(", ")}`, { hint });
  }
}

async function judge(
  request: UndoRequest,
  ground: RunEnvironment,
  of: { tree: string; tip: string },
): Promise<void> {
  const { repository, run: undo } = ground;
  const settlement = settlementIn(ground, {
    env: request.env,
    signal: request.signal,
    report(...progress) {
      for (const one of progress) {
        if (one.kind === "finished") request.status(`${one.gate}: ${one.verdict.status}`);
      }
    },
  });
  const before = await repositoryFingerprint(repository);
  const result = await runGates(settlement, {
    unit: null,
    attempt: 0,
    car: null,
    tree: of.tree,
    base: of.tip,
    testCmd: null,
    marker: `${undo}/undo`,
    signal: request.signal,
  });
  if (request.signal.aborted) throw new DgovError("REFUSED", "stopped; nothing has changed");
  if (!result.passed) {
    throw new DgovError(
      "REFUSED",
      `without these changes the gates say no: ${result.reason}\n${rejectionText(result.verdicts)}`,
      { hint: "undo what needs them first, or git revert by hand" },
    );
  }
  if ((await repositoryFingerprint(repository)) !== before) {
    throw new DgovError("REPOSITORY_CHANGED", "git's configuration changed while the gates ran");
  }
}

async function land(
  ground: RunEnvironment,
  o: { target: string; tip: string; commit: string; paths: Set<string> },
): Promise<LandingResult> {
  const { repository, places, run: undo } = ground;
  const { target, tip: from, commit: to, paths } = o;
  await updateRef(repository, beforeRef(undo), from);
  recordPendingUndo(repository, { target, from, to });
  const landing = await landCandidate(repository, {
    target,
    from,
    to,
    allowed: (path) => paths.has(path),
    scratch: scratchFolder(places, undo),
    message: "dgov: undo",
  });
  clearPendingUndo(repository);
  return landing;
}

function notLanded(
  landing: Exclude<LandingResult, { kind: "landed" | "target_moved" }>,
): DgovError {
  if (landing.kind === "proof_failed") return new DgovError("REFUSED", landing.reason);
  const paths = landing.paths.length === 0 ? "" : `: ${landing.paths.join(", ")}`;
  return new DgovError("REFUSED", `${landing.reason}${paths}`, {
    hint: "commit or move it away, then try again",
  });
}

// ------------------------------------------------------------
//  * What `dgov undo` is about: a run or a unit, as typed, and what of it stands on the target.
//
// What stands is git's word. The log, where there is one, says which runs there were and which branch
// each landed on; a clone without it looks at the branch that is checked out.

export interface UndoSelection {
  run: string;
  plan: string;
  /** Branch it landed on, and its tip. */
  target: string;
  tip: string;
  /** Oldest first, fixes of reviewers too; never empty. */
  landed: LandedWork[];
}

/** A branch, and all that stands on it. */
type BranchWork = Pick<UndoSelection, "target" | "tip" | "landed">;

const runsMax = 10_000;
/** Runs looked through for one of which something stands. */
const lookBackMax = 100;

/** Finds it. NOT_FOUND or REFUSED when nothing of it is there to undo. */
export async function selectWorkToUndo(
  repository: Repository,
  log: EventLog | null,
  { what, plan }: { what: string | undefined; plan: string | undefined },
): Promise<UndoSelection> {
  const runs = log?.runs(plan === undefined ? { limit: runsMax } : { plan, limit: runsMax }) ?? [];
  const grounds = branchReader(repository, log);
  const here = await grounds.checkedOut(plan);
  const last = here.landed.at(-1);
  if (runs.length === 0 && last === undefined) throw neverRan(plan);
  if (what === undefined) {
    for (const { run } of runs.slice(0, lookBackMax)) {
      const found = ofRun(await grounds.ofRun(run), run);
      if (found !== null) return found;
    }
    const found = last?.run ? ofRun(here, last.run) : null;
    if (found !== null) return found;
    throw new DgovError("NOT_FOUND", "nothing that landed is left to undo");
  }
  const isMeant = (run: string): boolean => run === what || run.endsWith(`-${what}`);
  const logged = runs.find(({ run }) => isMeant(run))?.run;
  if (logged !== undefined) {
    const ground = await grounds.ofRun(logged);
    const found = ofRun(ground, logged);
    if (found !== null) return found;
    const problem = `nothing that run ${logged} landed stands on ${ground.target}`;
    throw new DgovError("REFUSED", problem, { hint: `dgov runs show ${logged}` });
  }
  const landedHere = here.landed.findLast(({ run }) => run !== null && isMeant(run))?.run ?? null;
  const found = landedHere === null ? null : ofRun(here, landedHere);
  if (found !== null) return found;
  const [newest] = runs;
  if (newest !== undefined) return ofUnit(await grounds.ofRun(newest.run), newest.plan, what);
  return ofUnit(here, last?.plan ?? "", what);
}

function neverRan(plan: string | undefined): DgovError {
  const problem = plan === undefined ? "nothing has run here yet" : `${plan} has not run here`;
  return new DgovError("NOT_FOUND", problem, { hint: "dgov runs list" });
}

/** What of a run stands; null when nothing does. */
function ofRun(ground: BranchWork, run: string): UndoSelection | null {
  const landed = ground.landed.filter((one) => one.run === run);
  const [first] = landed;
  return first === undefined ? null : { ...ground, run, plan: first.plan, landed };
}

/** The last landing of a unit, with the fixes that mend it alone. */
function ofUnit(ground: BranchWork, plan: string, what: string): UndoSelection {
  const all = ground.landed.filter((one) => one.plan === plan);
  const unit = resolveUnit([...new Set(all.flatMap((one) => one.unit ?? []))], what);
  const run = all.findLast((one) => one.unit === unit)?.run ?? null;
  const landed = all.filter(
    (one) =>
      one.run === run &&
      (one.unit === unit || (one.unit === null && one.fixes.every((id) => id === unit))),
  );
  return { ...ground, run: run ?? "", plan, landed };
}

/** Branches and what stands on them, each read once. */
function branchReader(
  repository: Repository,
  log: EventLog | null,
): {
  /** The branch a run landed on. */
  ofRun(run: string): Promise<BranchWork>;
  /** The branch that is checked out, and what of a plan, or of all, stands there. */
  checkedOut(plan: string | undefined): Promise<BranchWork>;
} {
  const known = new Map<string, Promise<LandedWork[]>>();
  const standing = (tip: string): Promise<LandedWork[]> => {
    const found = known.get(tip) ?? scanLandedWork(repository, tip);
    known.set(tip, found);
    return found;
  };
  return {
    async ofRun(run) {
      const started = log?.overview(run).find(({ type }) => type === "run.started");
      const target = String(started?.data["target"]);
      const tip = await branchTip(repository, target);
      if (tip === null) throw new DgovError("TARGET_MISSING", `the branch ${target} is gone`);
      return { target, tip, landed: await standing(tip) };
    },
    async checkedOut(plan) {
      const head = await headOf(repository);
      if (head.kind !== "branch" || head.commit === null)
        return { target: "", tip: "", landed: [] };
      const all = await standing(head.commit);
      const landed = all.filter((one) => plan === undefined || one.plan === plan);
      return { target: head.branch, tip: head.commit, landed };
    },
  };
}
