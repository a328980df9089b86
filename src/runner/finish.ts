/** The end of a run: verification of the branch, bookkeeping, baselines, and the record `run.finished`. */
import { DgovError, endsRun } from "../error.ts";
import { treeOfCommit } from "../git/commit.ts";
import { baseRef, branchTip, deleteRefs, listRefs } from "../git/refs.ts";
import type { RunStatus } from "../kernel/event.ts";
import { noBookkeepingCommit, notArchived, sharedStateChanged } from "../kernel/reasons.ts";
import type { State } from "../kernel/state.ts";
import { faultPoint } from "../process/fault-injection.ts";
import { runGates } from "../settlement/gates/run-gates.ts";
import { recordJudged } from "../settlement/judged-trees.ts";
import { coldCheck } from "../settlement/trees/layers/cold-check.ts";
import type { GateVerdict } from "../settlement/verdict.ts";
import { isAbortError } from "../std/clock.ts";
import { errorMessage, short } from "../std/text.ts";
import { isHard } from "../structure/offenders.ts";
import {
  compareStructure,
  refreshCoverage,
  refreshStructure,
  type StructuralEnd,
  saveMadeStructure,
  strangeStructure,
} from "./baselines.ts";
import {
  archiveInBooks,
  type Books,
  commitBookkeeping,
  leftText,
  openBooks,
} from "./bookkeeping.ts";
import { cleanRun, removeAside } from "./operator/clean.ts";
import { acceptedIn } from "./operator/takeover.ts";
import { recordOf } from "./records.ts";
import { type RunContext, record } from "./run-context.ts";

export interface RunEnd {
  /** That of the run's units; `interrupted` when the steps after the last landing were. */
  status: RunStatus;
  exitCode: number;
  before: string;
  after: string;
  durationMs: number;
  verification: {
    status: "passed" | "failed" | "skipped";
    reason: string;
    /** The failed gates. */
    gates?: Pick<GateVerdict, "gate" | "reason" | "command" | "tail" | "diagnostics">[];
  };
  archivedTo: string | null;
  /** The branch that has the archived plan, when it is not checked out. */
  archivedOn: string | null;
  /** Null without a landing or a baseline at the start of the run. */
  structural: StructuralEnd | null;
  /** Everything to tell the operator, `problems` included. */
  warnings: string[];
  /** Steps after the last landing that failed. The units stay as they are, and the exit code is 4. */
  problems: string[];
}

/** The result of the run loop. */
interface LoopEnd {
  state: State;
  status: RunStatus;
}

/**
 * The steps after the last landing. A step that throws becomes a problem, and the next steps are taken all the same:
 * the units have landed, and the next run repeats what is missing.
 */
class Ending {
  readonly warnings: string[] = [];
  readonly problems: string[] = [];

  async step<T>(failure: string, otherwise: T, body: () => T | Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      const interrupted = isAbortError(error);
      this.problem(`${failure}: ${interrupted ? "interrupted" : errorMessage(error)}`);
      return otherwise;
    }
  }

  /** A step that removes what is no longer needed: one that throws is a warning, and the next run repeats it. */
  async cleanup(failure: string, body: () => Promise<void>): Promise<void> {
    try {
      await body();
    } catch (error) {
      if (endsRun(error)) throw error;
      this.warnings.push(`${failure}: ${errorMessage(error)}`);
    }
  }

  problem(text: string): void {
    this.problems.push(text);
    this.warnings.push(text);
  }
}

/** Closes a run whose loop has ended and records `run.finished`. */
export async function finishRun(c: RunContext, loop: LoopEnd): Promise<RunEnd> {
  const { before } = c;
  const whole = c.only.length === 0;
  const ending = new Ending();
  const { warnings, problems } = ending;
  const landedUnits = landings(c, loop);
  const landedTip = await ending.step("the branch was not read", null, () => tipOf(c, loop));
  const verification = await ending.step<RunEnd["verification"]>(
    "the branch was not verified",
    { status: "skipped", reason: "the verification failed" },
    () => verifyBranch(c, loop, landedTip),
  );
  if (verification.status === "failed") warnings.push(`the branch is red: ${verification.reason}`);
  const landed = landedTip !== null && verification.status !== "skipped";
  const structural = landed ? await structuralEnd(c, landedTip, ending) : null;
  const degraded = structural !== null && structural.degraded.length > 0;
  if (c.signal.aborted && loop.status !== "interrupted" && verification.status === "skipped") {
    warnings.push(`the branch was not verified: ${verification.reason}`);
  }
  const complete =
    loop.status === "complete" && whole && verification.status !== "failed" && !c.signal.aborted;
  faultPoint("finish.verified");
  const open =
    landedTip === null
      ? null
      : await ending.step(noBookkeepingCommit, null, () => openBooks(c, landedTip));
  await ending.step("the history of landings was not written", undefined, async () => {
    if (open !== null) await c.ownFiles.record(open, [...c.landedBefore, ...landedUnits]);
  });
  const unexpected = "dgov's own files were not compared with those at the start";
  warnings.push(...(await ending.step(unexpected, [], () => c.ownFiles.warnings())));
  const asItRan = await ending.step(
    notArchived,
    false,
    async () => !complete || !(await c.ownFiles.planChanged()),
  );
  if (complete && !asItRan) {
    warnings.push(
      `the plan's folder was changed during the run, so it is not archived: ${c.location.dir}`,
    );
  }
  // After a problem the plan stays in its place, where the next run finds it.
  let archivedTo =
    open !== null && complete && asItRan && problems.length === 0
      ? await ending.step(notArchived, null, () => archiveInBooks(open, c.location))
      : null;
  faultPoint("finish.archived");
  const clean = complete && landed && !degraded;
  const keptBooks = whole && (landedUnits.length > 0 || archivedTo !== null);
  const baselines =
    open === null || landedTip === null
      ? []
      : await writeBaselines(open, { tip: landedTip, structural, clean, keptBooks }, ending);
  const changed = await ending.step(
    "the repository was not compared with its state at the start",
    false,
    () => sharedChanges(c, loop, warnings),
  );
  const inCopy = open !== null && open.books.copyOf !== null && c.location.kind === "plan";
  // What is in a copy is nowhere else before it is committed.
  if (open !== null && (whole || landedUnits.length > 0 || open.books.copyOf !== null)) {
    const problem = await ending.step(noBookkeepingCommit, null, () =>
      commitBookkeeping(open, { location: c.location, archivedTo }, baselines),
    );
    if (problem !== null) {
      ending.problem(problem);
      if (inCopy) archivedTo = null;
    }
    const left = leftText(open);
    if (left !== null) warnings.push(left);
  }
  const archivedOn = inCopy && archivedTo !== null ? c.target : null;
  const after =
    landedTip === null
      ? loop.state.tip
      : await ending.step("the branch was not read", landedTip, () => tipOf(c, loop));
  await ending.cleanup("refs of candidates were not removed", async () => {
    const candidates = await listRefs(c.repository, `refs/dgov/candidate/${c.run}`);
    await deleteRefs(c.repository, [...candidates.map(({ ref }) => ref), baseRef(c.run)]);
  });
  await ending.cleanup("the folder of the run was not removed", async () => {
    const { kept } = await cleanRun({ ...c, dry: false, keeping: c }, c.run);
    for (const one of [...kept, ...removeAside(c.paths)]) warnings.push(`not removed: ${one}`);
  });
  const durationMs = c.clock.now() - c.startedAt;
  const degradedFails = degraded && c.config.sentrux.onDegraded === "fail";
  const interrupted = c.signal.aborted;
  const status = interrupted ? "interrupted" : loop.status;
  const failed =
    (changed ? 4 : 0) ||
    (loop.status === "interrupted" ? exitCodeOf(loop, verification.status) : 0) ||
    (interrupted ? 130 : 0) ||
    (problems.length > 0 ? 4 : 0) ||
    exitCodeOf(loop, verification.status) ||
    (degradedFails ? 1 : 0);
  await c.log.appendWhenFree([
    recordOf(
      { type: "run.finished", status },
      { run: c.run, plan: c.plan.name },
      {
        exit_code: failed,
        duration_ms: durationMs,
        before,
        after,
        target: c.target,
        verification,
        archived_to: archivedTo,
        archived_on: archivedOn,
        warnings,
        problems,
        degraded,
        structural,
      },
    ),
  ]);
  const loss = c.log.lossOf(c.run);
  if (loss !== null) ending.problem(`the event log was changed during the run: ${loss}`);
  const exitCode = loss === null || failed === 130 ? failed : 4;
  return {
    status,
    exitCode,
    before,
    after,
    durationMs,
    verification,
    archivedTo,
    archivedOn,
    structural,
    warnings,
    problems,
  };
}

/** Landings of this run's worker units, for the readable history. */
function landings(
  c: RunContext,
  { state }: LoopEnd,
): Parameters<RunContext["ownFiles"]["record"]>[1] {
  return c.plan.tasks.flatMap(({ id, role, digest }) => {
    const commit = c.memory.landed.get(id);
    const landed = role === "worker" && state.units[id]?.phase === "landed";
    return landed && commit !== undefined ? [{ unit: id, digest, commit }] : [];
  });
}

/** The tip of the target. Throws TARGET_MISSING when the branch was deleted or renamed during the run. */
async function tipOf(c: RunContext, { state }: LoopEnd): Promise<string> {
  const tip = await branchTip(c.repository, c.target);
  if (tip !== null) return tip;
  const last = short(state.tip);
  throw new DgovError(
    "TARGET_MISSING",
    `branch ${c.target} no longer exists; its last commit was ${last} (git branch ${c.target} ${last})`,
  );
}

/** Runs the gates on the branch as it is now. Verdicts of the last candidate are reused when it is the tip. */
async function verifyBranch(
  c: RunContext,
  { state, status }: LoopEnd,
  tip: string | null,
): Promise<RunEnd["verification"]> {
  const landed = Object.values(state.units).some((unit) => unit.phase === "landed");
  if (status === "interrupted") return { status: "skipped", reason: "the run was interrupted" };
  if (!landed) return { status: "skipped", reason: "nothing landed" };
  if (tip === null) return { status: "skipped", reason: `branch ${c.target} was not read` };
  if (tip === c.before) {
    return { status: "skipped", reason: `${c.target} is where it was before the run` };
  }
  const landings = Object.values(state.units).filter((unit) => unit.phase === "landed").length;
  const check = await coldCheck(c.settlement, landings);
  const cold = check?.due ?? false;
  const result = await runGates(c.settlement, {
    unit: null,
    attempt: 0,
    car: null,
    cold,
    tree: await treeOfCommit(c.repository, tip),
    commit: tip,
    base: c.before,
    testCmd: null,
    accepted: acceptedIn(c.takenOver, c.takenOver.keys()),
    marker: `${c.run}/verification`,
    signal: c.signal,
  });
  if (result.passed) {
    if (c.baseGates.red.length === 0) await recordJudgedTip(c, tip, result.verdicts);
    return { status: "passed", reason: "" };
  }
  if (result.blame === "base") return { status: "passed", reason: "the base was red before" };
  const bad = result.verdicts.filter(({ status: gate }) => gate === "failed" || gate === "errored");
  if (c.signal.aborted && !bad.some(({ status: gate }) => gate === "failed")) {
    return { status: "skipped", reason: "the verification was cancelled" };
  }
  const gates = bad.map(({ gate, reason, command, tail, diagnostics }) => {
    return { gate, reason, command, tail, diagnostics };
  });
  const reason = cold
    ? `the check without layers failed: ${result.reason}; ${check?.landings} landings were judged on layers since the last one that passed (dgov undo UNIT)`
    : result.reason;
  return { status: "failed", reason, gates };
}

/** Records that all gates passed on the tip. A failure costs the next run a check of its base. */
async function recordJudgedTip(
  c: RunContext,
  commit: string,
  verdicts: readonly GateVerdict[],
): Promise<void> {
  try {
    await recordJudged(c.settlement, { commit, run: c.run, verdicts });
  } catch (error) {
    if (endsRun(error)) throw error;
  }
}

/** Looks once more for changes of the shared state; true for one that would have stopped a landing. */
async function sharedChanges(
  c: RunContext,
  { state }: LoopEnd,
  warnings: string[],
): Promise<boolean> {
  const { diff, records } = await c.shared.check();
  const known = diff === "" || state.stopping?.cause === "repository_changed";
  for (const one of records) {
    if (!known || one.type !== "repository.changed") record(c, one);
  }
  if (known) return false;
  warnings.push(sharedStateChanged);
  return true;
}

async function structuralEnd(
  c: RunContext,
  tip: string,
  ending: Ending,
): Promise<StructuralEnd | null> {
  const { warnings } = ending;
  return ending.step("structure was not compared", null, async () => {
    const end = await unlessUnmeasurable(compareStructure(c, tip), (reason) => {
      warnings.push(`structure was not compared: ${reason}`);
      return null;
    });
    for (const one of end?.degraded ?? []) warnings.push(`the branch is degraded: ${one}`);
    for (const one of end?.warnings ?? []) warnings.push(`structure: ${one}`);
    return end;
  });
}

/** A measurement, or `otherwise` when the program that measures is missing or fails, which is not dgov's failure. */
async function unlessUnmeasurable<T>(
  measured: Promise<T>,
  otherwise: (reason: string) => T,
): Promise<T> {
  try {
    return await measured;
  } catch (error) {
    if (error instanceof DgovError && error.code === "ENVIRONMENT") return otherwise(error.message);
    throw error;
  }
}

/**
 * Writes the baselines that the bookkeeping commit adds: the structural one that the run made, if there is something to
 * commit, and those of the landed work after a clean run. The structural one needs a comparison, and is left alone while
 * the run added offenders that reject a change. Returns the files to commit.
 */
async function writeBaselines(
  c: RunContext & { books: Books },
  o: { tip: string; structural: StructuralEnd | null; clean: boolean; keptBooks: boolean },
  ending: Ending,
): Promise<string[]> {
  const { tip, structural, clean, keptBooks } = o;
  if (c.books.fixed !== null) return [];
  const attempt = (failure: string, write: () => Promise<string[]>): Promise<string[]> =>
    ending.step(failure, [], () =>
      unlessUnmeasurable(write(), (reason) => {
        ending.warnings.push(`${failure}: ${reason}`);
        return [];
      }),
    );
  const strange = await ending.step("the structural baseline was not read", null, () =>
    strangeStructure(c, tip),
  );
  if (strange !== null) ending.warnings.push(strange);
  const saved = keptBooks
    ? await attempt("the structural baseline was not saved", () => saveMadeStructure(c, tip))
    : [];
  if (!clean) return saved;
  const isGood = structural !== null && !structural.offenders.some(isHard);
  const refreshed = isGood
    ? await attempt("the structural baseline was not refreshed", () =>
        refreshStructure(c, { tip, madeBy: structural.engine, saved: saved.length > 0 }),
      )
    : [];
  const coverage = await attempt("the coverage baseline was not refreshed", () =>
    refreshCoverage(c, tip),
  );
  return [...new Set([...saved, ...refreshed, ...coverage])];
}

function exitCodeOf(
  { state, status }: LoopEnd,
  verification: "passed" | "failed" | "skipped",
): number {
  if (status === "interrupted") {
    return state.stopping?.cause === "repository_changed" ? 4 : 130;
  }
  return status === "complete" && verification !== "failed" ? 0 : 1;
}
