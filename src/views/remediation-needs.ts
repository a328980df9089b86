/** Problems a run left on the branch: failing gates and structural offenders. Pure. */
import type { RecordedEvent } from "../log/event-log.ts";
import { numberField, objectListField, textField } from "./data.ts";

export interface RemediationNeeds {
  /** Reason why the finished branch, or the base of the run, is red; "" when neither is. */
  red: string;
  gates: RedGate[];
  degraded: boolean;
  offenders: RecordedOffender[];
}

export interface RedGate {
  gate: string;
  reason: string;
  command: string;
  tail: string;
  /** Files named by its diagnostics. */
  files: string[];
}

/** A symbol or file that exceeds a structural limit. */
export interface RecordedOffender {
  kind: string;
  path: string;
  name: string;
  value: number;
  limit: number;
}

/** The remediation needs after one run, from its lifecycle events; null when there are none. */
export function viewRemediationNeeds(events: readonly RecordedEvent[]): RemediationNeeds | null {
  const end = events.findLast(({ type }) => type === "run.finished")?.data ?? {};
  const verification = record(end["verification"]);
  const failed = textField(verification, "status") === "failed";
  const verified =
    textField(verification, "status") === "passed" && textField(verification, "reason") === "";
  const gates = failed
    ? objectListField(verification, "gates").map(redGate)
    : baseGates(events, { checked: !verified });
  const red = failed
    ? textField(verification, "reason")
    : gates.map(({ gate, reason }) => `${gate}: ${reason}`).join("; ");
  const degraded = end["degraded"] === true;
  if (red === "" && !failed && !degraded) return null;
  const offenders = degraded
    ? objectListField(record(end["structural"]), "offenders").map(offender)
    : [];
  return { red: failed && red === "" ? "the gates failed" : red, gates, degraded, offenders };
}

/**
 * Gates that failed on the base: in the check at the start (when `checked`), and in rejections of
 * attempts whose failure was attributed to the base.
 */
function baseGates(events: readonly RecordedEvent[], o: { checked: boolean }): RedGate[] {
  const found = events
    .flatMap(({ type, data }) => {
      if (type === "attempt.rejected") return objectListField(data, "gates").filter(isOfBase);
      if (type !== "base.checked" || !o.checked) return [];
      return objectListField(data, "gates").filter((gate) => gate["status"] === "failed");
    })
    .map(redGate);
  return [...new Map(found.map((gate) => [gate.gate, gate])).values()];
}

function isOfBase(gate: Record<string, unknown>): boolean {
  return gate["blame"] === "base";
}

function redGate(data: Record<string, unknown>): RedGate {
  const files = objectListField(data, "diagnostics").map((one) => textField(one, "file"));
  return {
    gate: textField(data, "gate"),
    reason: textField(data, "reason"),
    command: textField(data, "command"),
    tail: textField(data, "tail"),
    files: [...new Set(files)].filter((file) => file !== ""),
  };
}

function offender(data: Record<string, unknown>): RecordedOffender {
  return {
    kind: textField(data, "kind"),
    path: textField(data, "path"),
    name: textField(data, "name"),
    value: numberField(data, "value"),
    limit: numberField(data, "limit"),
  };
}

function record(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};
}
