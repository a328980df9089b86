/**
 * The end of a run: verify the branch, bookkeeping, the last record.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { treeOfCommit } from "../git/commit.ts";
import { baseRef, branchTip, deleteRefs, listRefs } from "../git/refs.ts";
import type { RunStatus } from "../kernel/event.ts";
import type { State } from "../kernel/state.ts";
import type { PlanLocation } from "../plan/locate.ts";
import { faultPoint } from "../process/fault-injection.ts";
import { runGates } from "../settlement/gates/run-gates.ts";
import type { GateVerdict } from "../settlement/verdict.ts";
import { present } from "../std/assert.ts";
import {
  compareStructure,
  refreshCoverage,
  refreshStructure,
  type StructuralEnd,
} from "./baselines.ts";
import { archivePlan, type BookkeepingTarget, commitBookkeeping } from "./bookkeeping.ts";
import { recordOf } from "./records.ts";
import type { RunContext } from "./run-context.ts";

export interface RunEnd {
  exitCode: number;
  before: string;
  after: string;
  durationMs: number;
  verification: {
    status: "passed" | "failed" | "skipped";
    reason: string;
    /** The gates that say no. */
    gates?: Pick<GateVerdict, "gate" | "reason" | "command" | "tail" | "diagnostics">[];
  };
  archivedTo: string | null;
  /** Against the structural baseline the run began with; null when there was none, or no landing. */
  structural: StructuralEnd | null;
  warnings: string[];
}

interface Facts {
  state: State;
  status: RunStatus;
  before: string;
  startedAt: number;
  location: PlanLocation;
  /** Not `--only`: the plan may be archived. */
  whole: boolean;
}

/** Closes a run whose loop has ended and records `run.finished`. */
export async function finishRun(c: RunContext, facts: Facts): Promise<RunEnd> {
  const warnings: string[] = [];
  const landedTip = present(await branchTip(c.repository, c.target), `tip of ${c.target}`);
  const verification = await verifyBranch(c, facts, landedTip);
  if (verification.status === "failed") warnings.push(`the branch is red: ${verification.reason}`);
  const landed = verification.status !== "skipped";
  const structural = landed ? await structuralEnd(c, facts, landedTip, warnings) : null;
  const degraded = structural !== null && structural.degraded.length > 0;
  const complete = facts.status === "complete" && facts.whole && verification.status !== "failed";
  faultPoint("finish.verified");
  const desk = { ...c, plan: c.plan.name };
  const archivedTo = complete ? archived(desk, facts.location, warnings) : null;
  faultPoint("finish.archived");
  const clean = complete && landed && !degraded;
  const baselines = clean ? await refreshed(c, { tip: landedTip, structural }, warnings) : [];
  const refused = facts.whole ? await commitBookkeeping(desk, facts.location, baselines) : null;
  if (refused !== null) warnings.push(refused);
  const after = present(await branchTip(c.repository, c.target), `tip of ${c.target}`);
  const candidates = await listRefs(c.repository, `refs/dgov/candidate/${c.run}`);
  await deleteRefs(c.repository, [...candidates.map(({ ref }) => ref), baseRef(c.run)]);
  const durationMs = c.clock.now() - facts.startedAt;
  const degradedFails = degraded && c.config.sentrux.onDegraded === "fail";
  const exitCode = exitCodeOf(facts, verification.status) || (degradedFails ? 1 : 0);
  c.log.append([
    recordOf(
      { type: "run.finished", status: facts.status },
      { run: c.run, plan: c.plan.name },
      {
        exit_code: exitCode,
        duration_ms: durationMs,
        before: facts.before,
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
  rmSync(join(c.places.runs, c.run), { recursive: true, force: true });
  const { before } = facts;
  return { exitCode, before, after, durationMs, verification, archivedTo, structural, warnings };
}

/** The comparison; one that cannot be made is a warning, since everything has landed. */
async function structuralEnd(
  c: RunContext,
  { before }: Facts,
  tip: string,
  warnings: string[],
): Promise<StructuralEnd | null> {
  try {
    const end = await compareStructure(c, { before, tip });
    for (const one of end?.degraded ?? []) warnings.push(`the branch is degraded: ${one}`);
    for (const one of end?.warnings ?? []) warnings.push(`structure: ${one}`);
    return end;
  } catch (error) {
    warnings.push(`structure was not compared: ${wordsOf(error)}`);
    return null;
  }
}

/** The baselines of what has landed, as files to commit. The structural one needs a comparison. */
async function refreshed(
  c: RunContext,
  { tip, structural }: { tip: string; structural: StructuralEnd | null },
  warnings: string[],
): Promise<string[]> {
  const attempt = async (what: string, refresh: () => Promise<string[]>): Promise<string[]> => {
    try {
      return await refresh();
    } catch (error) {
      warnings.push(`the ${what} baseline was not refreshed: ${wordsOf(error)}`);
      return [];
    }
  };
  return [
    ...(structural === null ? [] : await attempt("structural", () => refreshStructure(c, tip))),
    ...(await attempt("coverage", () => refreshCoverage(c, tip))),
  ];
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The plan's new place; a refusal is a warning, since everything has landed. */
function archived(
  desk: BookkeepingTarget,
  location: PlanLocation,
  warnings: string[],
): string | null {
  try {
    return archivePlan(desk, location);
  } catch (error) {
    warnings.push(`not archived: ${wordsOf(error)}`);
    return null;
  }
}

function exitCodeOf(facts: Facts, verification: "passed" | "failed" | "skipped"): number {
  if (facts.status === "interrupted") {
    return facts.state.stopping?.cause === "repository_changed" ? 4 : 130;
  }
  return facts.status === "complete" && verification !== "failed" ? 0 : 1;
}

/** The gates once more on what the branch now holds; free when the last candidate is the tip. */
async function verifyBranch(
  c: RunContext,
  facts: Facts,
  tip: string,
): Promise<RunEnd["verification"]> {
  const lastLanded = Object.values(facts.state.units).some((unit) => unit.phase === "landed");
  if (facts.status === "interrupted" || !lastLanded || tip === facts.before) {
    return { status: "skipped", reason: "nothing landed" };
  }
  const result = await runGates(c.settlement, {
    unit: null,
    attempt: 0,
    car: null,
    tree: await treeOfCommit(c.repository, tip),
    base: facts.before,
    testCmd: null,
    marker: `${c.run}/verification`,
    signal: c.signal,
  });
  if (result.passed) return { status: "passed", reason: "" };
  if (result.blame === "base") return { status: "passed", reason: "the base was red before" };
  const bad = result.verdicts.filter(({ status }) => status === "failed" || status === "errored");
  const gates = bad.map(({ gate, reason, command, tail, diagnostics }) => {
    return { gate, reason, command, tail, diagnostics };
  });
  return { status: "failed", reason: result.reason, gates };
}
