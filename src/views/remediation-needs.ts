/** Problems a run left on the branch: failing gates and structural offenders. Pure. */
import type { RecordedEvent } from "../log/event-log.ts";
import { number, objects, text } from "./data.ts";

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
  const failed = text(verification, "status") === "failed";
  const verified = text(verification, "status") === "passed" && text(verification, "reason") === "";
  const gates = failed
    ? objects(verification, "gates").map(redGate)
    : baseGates(events, { checked: !verified });
  const red = failed
    ? text(verification, "reason")
    : gates.map(({ gate, reason }) => `${gate}: ${reason}`).join("; ");
  const degraded = end["degraded"] === true;
  if (red === "" && !failed && !degraded) return null;
  const offenders = degraded ? objects(record(end["structural"]), "offenders").map(offender) : [];
  return { red: failed && red === "" ? "the gates failed" : red, gates, degraded, offenders };
}

/**
 * Gates that failed on the base: in the check at the start (when `checked`), and in rejections of
 * attempts whose failure was attributed to the base.
 */
function baseGates(events: readonly RecordedEvent[], o: { checked: boolean }): RedGate[] {
  const found = events
    .flatMap(({ type, data }) => {
      if (type === "attempt.rejected") return objects(data, "gates").filter(isOfBase);
      if (type !== "base.checked" || !o.checked) return [];
      return objects(data, "gates").filter((gate) => gate["status"] === "failed");
    })
    .map(redGate);
  return [...new Map(found.map((gate) => [gate.gate, gate])).values()];
}

function isOfBase(gate: Record<string, unknown>): boolean {
  return gate["blame"] === "base";
}

function redGate(data: Record<string, unknown>): RedGate {
  const files = objects(data, "diagnostics").map((one) => text(one, "file"));
  return {
    gate: text(data, "gate"),
    reason: text(data, "reason"),
    command: text(data, "command"),
    tail: text(data, "tail"),
    files: [...new Set(files)].filter((file) => file !== ""),
  };
}

function offender(data: Record<string, unknown>): RecordedOffender {
  return {
    kind: text(data, "kind"),
    path: text(data, "path"),
    name: text(data, "name"),
    value: number(data, "value"),
    limit: number(data, "limit"),
  };
}

function record(value: unknown): Record<string, unknown> {
  return value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};
}
