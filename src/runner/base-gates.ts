/** The gates on the base of a run, before its first worker: reported, recorded, and passed to prompts. */
import type { Config } from "../config/config.ts";
import { DgovError } from "../error.ts";
import { treeOfCommit } from "../git/commit.ts";
import type { SettlementContext } from "../settlement/context.ts";
import { checkGatesRunnable, requiredGates } from "../settlement/gates/run-gates.ts";
import { findJudged, verdictsOf } from "../settlement/judged-trees.ts";
import { chooseEngine } from "../settlement/structure/engine.ts";
import { type HeldBaseline, holdBaseline } from "../settlement/structure/held-baseline.ts";
import { hasSource } from "../settlement/structure/scan.ts";
import type { GateVerdict } from "../settlement/verdict.ts";
import { systemClock } from "../std/clock.ts";
import { short } from "../std/text.ts";
import { baselineFile, engineName } from "../structure/baseline.ts";
import { finishedFields, type RunRecord, verdictData } from "./records.ts";

export interface BaseGates {
  /** Verdicts of all configured gates. */
  verdicts: GateVerdict[];
  /** Those of gates that fail without any change. */
  red: GateVerdict[];
  /** The structural baseline of the run. */
  baseline: HeldBaseline;
  /** The earlier run whose verdicts these are; null when there is none. */
  judgedBy: string | null;
}

interface BaseRequest {
  /** Tip of the target. */
  tip: string;
  /** True when the operator's checkout is on the target. */
  checkedOut: boolean;
  /** True when the review rejects the only work of the run, so that no gate has to run. */
  rejected: boolean;
  status(text: string): void;
}

/**
 * Runs every gate once on the base, unless an earlier run judged its tree, and reports the structural baseline, which it makes when there is none, and red gates.
 * Throws GATE_UNRUNNABLE when a gate cannot run here. A red gate does not stop the run.
 */
export async function runBaseGates(
  settlement: SettlementContext,
  request: BaseRequest,
): Promise<BaseGates> {
  const { tip, status } = request;
  const baseline = await structuralBaseline(settlement, request);
  if (request.rejected) return { verdicts: [], red: [], baseline, judgedBy: null };
  const judged = await findJudged(settlement, tip);
  if (judged !== null) {
    status(`base check skipped: ${judged.run} judged this tree`);
    return { verdicts: verdictsOf(judged), red: [], baseline, judgedBy: judged.run };
  }
  const commands = commandGates(settlement.config);
  if (commands.length > 0) {
    status(`judging the base ${short(tip)} first: ${commands.join(", ")}`);
  }
  const check = await checkGatesRunnable(settlement, tip);
  // A gate that was killed by the interrupt says nothing about the base.
  settlement.signal.throwIfAborted();
  if (!check.ok) {
    const lines = check.verdicts.map(
      (v) => `  ${v.gate}: ${v.reason}${v.command === null ? "" : ` (${v.command})`}`,
    );
    const message = `configured gates cannot run here:\n${lines.join("\n")}`;
    throw new DgovError("GATE_UNRUNNABLE", message, { hint: "dgov doctor" });
  }
  const { verdicts, red } = check;
  for (const { gate, reason } of red) {
    status(`the base is red: ${gate} fails before any change (${reason})`);
  }
  return { verdicts, red, baseline, judgedBy: null };
}

/** Names of the gates that run commands, setup included, in the order in which they run. */
function commandGates(config: Config): string[] {
  const setup = config.worktree.setup === null ? [] : ["setup"];
  const objects = ["semantic", "structure"];
  return [...setup, ...requiredGates(config, []).filter((name) => !objects.includes(name))];
}

/**
 * Reads or makes the structural baseline of the run, and reports one that is missing, uncommitted, unreadable or stale,
 * and an engine other than the expected one. Throws ENVIRONMENT when the configured engine is missing or unusable.
 */
async function structuralBaseline(
  c: SettlementContext,
  { tip, checkedOut, status }: BaseRequest,
): Promise<HeldBaseline> {
  const marker = "check/structure";
  const save = "dgov sentrux gate-save";
  const held = await holdBaseline(c, {
    commit: tip,
    checkedOut,
    marker,
    now: systemClock.now(),
    making: () => status(`no structural baseline: measuring the base ${short(tip)} as the first`),
  });
  if (c.config.sentrux.mode === "off") return held;
  const state = held.from === null ? null : held.state;
  if (held.from === null) {
    if (held.deletedIn !== null) {
      const deleted = `it was deleted in ${short(held.deletedIn)}`;
      status(`no structural baseline: ${deleted}, structure gate disabled (${save})`);
    } else if (await hasSource(c, tip)) {
      status(`no structural baseline: no source that is measured, structure gate disabled`);
    }
  } else if (held.from === "disk") {
    status(`the structural baseline on disk is not committed; this run uses it`);
  }
  if (typeof state === "string") status(`${baselineFile}: ${state} (${save})`);
  else if (state?.stale) status(`the structural baseline is ${state.stale} (${save})`);
  // An unusable engine fails the run here, before its first worker. The one that measured is not asked again.
  const isOlder = state !== null && typeof state !== "string" && held.from !== "measured";
  const tree = await treeOfCommit(c.repository, tip);
  const options = { tree, marker, signal: c.signal, ...(isOlder && { madeBy: state.madeBy }) };
  const { id, notice } = await chooseEngine(c, options);
  if (notice !== null) status(`structure: ${notice}`);
  else if (id.name === "sentrux") status(`structure is judged by ${engineName(id)}`);
  return held;
}

/** The red gates with their output, for prompts. */
export function redBaseNotes({ red }: BaseGates): string[] {
  return red.map((v) => `${v.gate} (${v.command ?? ""}): ${v.reason}\n${v.tail}`);
}

/** The record `base.checked`. */
export function baseCheckedRecord(tip: string, { verdicts, judgedBy }: BaseGates): RunRecord {
  const gates = verdicts
    .filter(({ status }) => status !== "not_applicable")
    .map((verdict) => verdictData(verdict, ["gate", ...finishedFields]));
  const data = { tip, gates, ...(judgedBy !== null && { judged_by: judgedBy }) };
  return { type: "base.checked", unit: null, attempt: null, data };
}
