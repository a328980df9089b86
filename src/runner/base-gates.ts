/** The gates on the base of a run, before it spends a token: reported, recorded, and told to workers. */
import { DgovError } from "../error.ts";
import type { SettlementContext } from "../settlement/context.ts";
import { checkGatesRunnable } from "../settlement/gates/run-gates.ts";
import type { GateVerdict } from "../settlement/verdict.ts";
import { systemClock } from "../std/clock.ts";
import { reportStructuralBaseline } from "./baselines.ts";
import { finishedFields, type RunRecord, verdictData } from "./records.ts";

export interface BaseGates {
  /** Verdicts of all configured gates. */
  verdicts: GateVerdict[];
  /** Those of gates that fail without any change. */
  red: GateVerdict[];
}

/**
 * Runs every gate once on the base and reports the structural baseline and red gates. GATE_UNRUNNABLE when a gate
 * cannot run here. A red gate does not stop the run.
 */
export async function runBaseGates(
  settlement: SettlementContext,
  tip: string,
  status: (text: string) => void,
): Promise<BaseGates> {
  await reportStructuralBaseline(settlement, { tip, now: systemClock.now(), status });
  const check = await checkGatesRunnable(settlement, tip);
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

/** The red gates with their output, for prompts. */
export function baselineNotes({ red }: BaseGates): string[] {
  return red.map((v) => `${v.gate} (${v.command ?? ""}): ${v.reason}\n${v.tail}`);
}

/** The record `base.checked`. */
export function baseCheckedRecord(tip: string, { verdicts }: BaseGates): RunRecord {
  const gates = verdicts
    .filter(({ status }) => status !== "not_applicable")
    .map((verdict) => verdictData(verdict, ["gate", ...finishedFields]));
  return { type: "base.checked", unit: null, attempt: null, data: { tip, gates } };
}
