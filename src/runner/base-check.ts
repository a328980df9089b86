/** Every gate once on the base, before a token is spent: what it says is announced and recorded. */
import { DgovError } from "../error.ts";
import type { SettlementContext } from "../settlement/context.ts";
import { checkGatesRunnable } from "../settlement/gates/run-gates.ts";
import type { GateVerdict } from "../settlement/verdict.ts";
import { systemClock } from "../std/clock.ts";
import { announceBaseline } from "./baselines.ts";
import { verdictData } from "./records.ts";

export interface BaseCheck {
  tip: string;
  /** Of every gate that is configured. */
  verdicts: GateVerdict[];
  /** Those that fail without any change. */
  red: GateVerdict[];
}

/**
 * A word about the structural baseline, then the gates. GATE_UNRUNNABLE when one cannot run here; one
 * that fails is said to, and stops nothing.
 */
export async function checkBase(
  settlement: SettlementContext,
  tip: string,
  status: (text: string) => void,
): Promise<BaseCheck> {
  await announceBaseline(settlement, { tip, now: systemClock.now(), status });
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
  return { tip, verdicts, red };
}

/** What workers are told of a red base. */
export function baselineNotes({ red }: BaseCheck): string[] {
  return red.map((v) => `${v.gate} (${v.command ?? ""}): ${v.reason}\n${v.tail}`);
}

/** The check as the run's record of it. */
export function baseCheckRecord({ tip, verdicts }: BaseCheck): {
  type: string;
  unit: null;
  attempt: null;
  data: Record<string, unknown>;
} {
  const gates = verdicts
    .filter(({ status }) => status !== "not_applicable")
    .map((verdict) => ({ gate: verdict.gate, ...verdictData(verdict) }));
  return { type: "base.checked", unit: null, attempt: null, data: { tip, gates } };
}
