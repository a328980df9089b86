/** The gates on the base of a run, before its first worker: reported, recorded, and passed to prompts. */
import type { Config } from "../config/config.ts";
import { DgovError } from "../error.ts";
import { treeOfCommit } from "../git/commit.ts";
import type { SettlementContext } from "../settlement/context.ts";
import { checkGatesRunnable, requiredGates } from "../settlement/gates/run-gates.ts";
import { baselineAt } from "../settlement/structure/baseline.ts";
import { chooseEngine } from "../settlement/structure/engine.ts";
import { hasSource } from "../settlement/structure/scan.ts";
import type { GateVerdict } from "../settlement/verdict.ts";
import { systemClock } from "../std/clock.ts";
import { short } from "../std/text.ts";
import { engineName } from "../structure/baseline.ts";
import { finishedFields, type RunRecord, verdictData } from "./records.ts";

export interface BaseGates {
  /** Verdicts of all configured gates. */
  verdicts: GateVerdict[];
  /** Those of gates that fail without any change. */
  red: GateVerdict[];
}

/**
 * Runs every gate once on the base and reports the structural baseline and red gates. Throws GATE_UNRUNNABLE when a gate
 * cannot run here. A red gate does not stop the run.
 */
export async function runBaseGates(
  settlement: SettlementContext,
  tip: string,
  status: (text: string) => void,
): Promise<BaseGates> {
  await reportStructuralBaseline(settlement, { tip, now: systemClock.now(), status });
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
  return { verdicts, red };
}

/** Names of the gates that run commands, setup included, in the order in which they run. */
function commandGates(config: Config): string[] {
  const setup = config.worktree.setup === null ? [] : ["setup"];
  const objects = ["semantic", "structure"];
  return [...setup, ...requiredGates(config, []).filter((name) => !objects.includes(name))];
}

/**
 * Reports a structural baseline that is missing, unreadable or stale, and an engine other than the expected one. `now`
 * in milliseconds. Throws ENVIRONMENT when the configured engine is missing or unusable.
 */
async function reportStructuralBaseline(
  c: SettlementContext,
  o: { tip: string; now: number; status(text: string): void },
): Promise<void> {
  const state = await baselineAt(c, o.tip, o.now);
  const save = "dgov sentrux gate-save";
  if (state === null) {
    if (await hasSource(c, o.tip)) {
      o.status(`no structural baseline: structure gate disabled (${save})`);
    }
  } else if (typeof state === "string") o.status(`.sentrux/baseline.json: ${state} (${save})`);
  else if (state.stale !== null) o.status(`the structural baseline is ${state.stale} (${save})`);
  // An unusable engine fails the run here, before its first worker.
  const madeBy = state === null || typeof state === "string" ? {} : { madeBy: state.madeBy };
  const tree = await treeOfCommit(c.repository, o.tip);
  const options = { tree, marker: "check/structure", signal: c.signal, ...madeBy };
  const { id, notice } = await chooseEngine(c, options);
  if (notice !== null) o.status(`structure: ${notice}`);
  else if (id.name === "sentrux") o.status(`structure is judged by ${engineName(id)}`);
}

/** The red gates with their output, for prompts. */
export function redBaseNotes({ red }: BaseGates): string[] {
  return red.map((v) => `${v.gate} (${v.command ?? ""}): ${v.reason}\n${v.tail}`);
}

/** The record `base.checked`. */
export function baseCheckedRecord(tip: string, { verdicts }: BaseGates): RunRecord {
  const gates = verdicts
    .filter(({ status }) => status !== "not_applicable")
    .map((verdict) => verdictData(verdict, ["gate", ...finishedFields]));
  return { type: "base.checked", unit: null, attempt: null, data: { tip, gates } };
}
