/** The end of a run: verification of the branch, bookkeeping, baselines, and the record `run.finished`. */
import { join } from "node:path";
import { treeOfCommit } from "../git/commit.ts";
import { removeOwnFolder } from "../git/own-folder.ts";
import { baseRef, branchTip, deleteRefs, listRefs } from "../git/refs.ts";
import type { RunStatus } from "../kernel/event.ts";
import { notArchived, sharedStateChanged } from "../kernel/reasons.ts";
import type { State } from "../kernel/state.ts";
import { faultPoint } from "../process/fault-injection.ts";
import { runGates } from "../settlement/gates/run-gates.ts";
import type { GateVerdict } from "../settlement/verdict.ts";
import { present } from "../std/assert.ts";
import { errorMessage } from "../std/text.ts";
import { isHard } from "../structure/offenders.ts";
import {
  compareStructure,
  refreshCoverage,
  refreshStructure,
  type StructuralEnd,
} from "./baselines.ts";
import { archivePlan, commitBookkeeping } from "./bookkeeping.ts";
import { recordOf } from "./records.ts";
import { type RunContext, record } from "./run-context.ts";

export interface RunEnd {
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
  /** Null without a landing or a baseline at the start of the run. */
  structural: StructuralEnd | null;
  warnings: string[];
}

/** The result of the run loop. */
interface LoopEnd {
  state: State;
  status: RunStatus;
}

/** Closes a run whose loop has ended and records `run.finished`. */
export async function finishRun(c: RunContext, loop: LoopEnd): Promise<RunEnd> {
  const { before } = c;
  const whole = c.only.length === 0;
  const { status } = loop;
  const warnings: string[] = [];
  const landedTip = present(await branchTip(c.repository, c.target), `branch ${c.target} exists`);
  const verification = await verifyBranch(c, loop, landedTip);
  if (verification.status === "failed") warnings.push(`the branch is red: ${verification.reason}`);
  const landed = verification.status !== "skipped";
  const structural = landed ? await structuralEnd(c, landedTip, warnings) : null;
  const degraded = structural !== null && structural.degraded.length > 0;
  const complete = status === "complete" && whole && verification.status !== "failed";
  faultPoint("finish.verified");
  const archivedTo = complete ? archive(c, warnings) : null;
  faultPoint("finish.archived");
  const clean = complete && landed && !degraded;
  const baselines = clean
    ? await refreshBaselines(c, { tip: landedTip, structural }, warnings)
    : [];
  const changed = await sharedChanges(c, loop, warnings);
  const problem = whole ? await commitBookkeeping(c, c.location, baselines) : null;
  if (problem !== null) warnings.push(problem);
  const after = present(await branchTip(c.repository, c.target), `branch ${c.target} exists`);
  const candidates = await listRefs(c.repository, `refs/dgov/candidate/${c.run}`);
  await deleteRefs(c.repository, [...candidates.map(({ ref }) => ref), baseRef(c.run)]);
  const durationMs = c.clock.now() - c.startedAt;
  const degradedFails = degraded && c.config.sentrux.onDegraded === "fail";
  const exitCode =
    (changed ? 4 : 0) || exitCodeOf(loop, verification.status) || (degradedFails ? 1 : 0);
  c.log.append([
    recordOf(
      { type: "run.finished", status },
      { run: c.run, plan: c.plan.name },
      {
        exit_code: exitCode,
        duration_ms: durationMs,
        before,
        after,
        target: c.target,
        verification,
        archived_to: archivedTo,
        warnings,
        degraded,
        structural,
      },
    ),
  ]);
  removeOwnFolder(join(c.paths.runs, c.run));
  return { exitCode, before, after, durationMs, verification, archivedTo, structural, warnings };
}

/** Runs the gates on the branch as it is now. Verdicts of the last candidate are reused when it is the tip. */
async function verifyBranch(
  c: RunContext,
  { state, status }: LoopEnd,
  tip: string,
): Promise<RunEnd["verification"]> {
  const landed = Object.values(state.units).some((unit) => unit.phase === "landed");
  if (status === "interrupted") return { status: "skipped", reason: "the run was interrupted" };
  if (!landed || tip === c.before) return { status: "skipped", reason: "nothing landed" };
  const result = await runGates(c.settlement, {
    unit: null,
    attempt: 0,
    car: null,
    tree: await treeOfCommit(c.repository, tip),
    commit: tip,
    base: c.before,
    testCmd: null,
    marker: `${c.run}/verification`,
    signal: c.signal,
  });
  if (result.passed) return { status: "passed", reason: "" };
  if (result.blame === "base") return { status: "passed", reason: "the base was red before" };
  const bad = result.verdicts.filter(({ status: gate }) => gate === "failed" || gate === "errored");
  const gates = bad.map(({ gate, reason, command, tail, diagnostics }) => {
    return { gate, reason, command, tail, diagnostics };
  });
  return { status: "failed", reason: result.reason, gates };
}

// Everything has landed by now: what fails below becomes a warning.

/** Looks once more for changes of the shared state; true for one that would have stopped a landing. */
async function sharedChanges(
  c: RunContext,
  { state }: LoopEnd,
  warnings: string[],
): Promise<boolean> {
  try {
    const { diff, records } = await c.shared.check();
    const known = diff === "" || state.stopping?.cause === "repository_changed";
    for (const one of records) {
      if (!known || one.type !== "repository.changed") record(c, one);
    }
    if (known) return false;
    warnings.push(sharedStateChanged);
    return true;
  } catch (error) {
    warnings.push(
      `the repository was not compared with its state at the start: ${errorMessage(error)}`,
    );
    return false;
  }
}

async function structuralEnd(
  c: RunContext,
  tip: string,
  warnings: string[],
): Promise<StructuralEnd | null> {
  try {
    const end = await compareStructure(c, tip);
    for (const one of end?.degraded ?? []) warnings.push(`the branch is degraded: ${one}`);
    for (const one of end?.warnings ?? []) warnings.push(`structure: ${one}`);
    return end;
  } catch (error) {
    warnings.push(`structure was not compared: ${errorMessage(error)}`);
    return null;
  }
}

/** Archives the plan; returns its new path. */
function archive(c: RunContext, warnings: string[]): string | null {
  try {
    return archivePlan(c, c.location);
  } catch (error) {
    warnings.push(`${notArchived}: ${errorMessage(error)}`);
    return null;
  }
}

/**
 * Writes the baselines of the landed work; returns the files to commit. The structural one needs a comparison, and
 * is left alone while the run added offenders that reject a change.
 */
async function refreshBaselines(
  c: RunContext,
  { tip, structural }: { tip: string; structural: StructuralEnd | null },
  warnings: string[],
): Promise<string[]> {
  const attempt = async (what: string, refresh: () => Promise<string[]>): Promise<string[]> => {
    try {
      return await refresh();
    } catch (error) {
      warnings.push(`the ${what} baseline was not refreshed: ${errorMessage(error)}`);
      return [];
    }
  };
  return [
    ...(structural === null || structural.offenders.some(isHard)
      ? []
      : await attempt("structural", () => refreshStructure(c, tip, structural.engine))),
    ...(await attempt("coverage", () => refreshCoverage(c, tip))),
  ];
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
