/** What the conflict radar said during a run, against what integration found. Pure. */
import type { RecordedEvent } from "../log/event-log.ts";
import { text, textOrNull } from "./data.ts";

export interface PredictionView {
  at: string;
  unit: string;
  /** The other unit; null for the target branch. */
  with: string | null;
  kind: string;
  path: string;
  symbol: string | null;
  message: string;
  /**
   * `true`: one of the two was refused at integration afterwards. `cleared`: the work changed before
   * it came to that. `open`: the run has not shown it yet.
   */
  outcome: "true" | "false" | "cleared" | "open";
}

export interface RadarView {
  predictions: PredictionView[];
  cameTrue: number;
  cameFalse: number;
  /** Refusals at integration that nobody had predicted. */
  missed: number;
}

/** Compares the predictions in a run's lifecycle events with its refusals at integration. */
export function viewRadar(events: readonly RecordedEvent[]): RadarView {
  const said = new Map<string, PredictionView & { seq: number }>();
  /** One an attempt: a candidate that is built again is refused again. */
  const refused = new Map<string, { seq: number; unit: string }>();
  const ended = new Map<string, number>();
  const overtaken = overtaking();
  for (const event of events) {
    const { type, unit, seq } = event;
    if (unit === null) continue;
    overtaken.see(event);
    if (type === "conflict.predicted") said.set(`${keyOf(event)} ${seq}`, { seq, ...begin(event) });
    else if (type === "conflict.cleared") clear(said, event);
    else if (isRefusal(event) && overtaken.was(event)) refused.set(attemptOf(event), { seq, unit });
    else if (isSemanticFailure(event) && event.data["car"] === null)
      refused.delete(attemptOf(event));
    else if (type === "landing.finished") ended.set(unit, seq);
  }
  const refusals = [...refused.values()];
  const predictions = [...said.values()].map(({ seq, ...prediction }): PredictionView => {
    if (prediction.outcome === "cleared") return prediction;
    const about = [prediction.unit, prediction.with];
    const came = refusals.some((one) => one.seq > seq && about.includes(one.unit));
    if (came) return { ...prediction, outcome: "true" };
    const over = about.every((unit) => unit === null || (ended.get(unit) ?? 0) > seq);
    return { ...prediction, outcome: over ? "false" : "open" };
  });
  const foreseen = (one: { seq: number; unit: string }): boolean =>
    [...said.values()].some((p) => p.seq < one.seq && [p.unit, p.with].includes(one.unit));
  return {
    predictions,
    cameTrue: predictions.filter(({ outcome }) => outcome === "true").length,
    cameFalse: predictions.filter(({ outcome }) => outcome === "false").length,
    missed: refusals.filter((one) => !foreseen(one)).length,
  };
}

/**
 * Whether a candidate stands on more than its attempt started from: one that does not is refused for
 * what it is, and nobody else's work has to do with it.
 */
function overtaking(): {
  see(event: RecordedEvent): void;
  was(event: RecordedEvent): boolean;
} {
  const base = new Map<string, unknown>();
  const alone = new Set<string>();
  const keyOfCar = ({ unit, data }: RecordedEvent): string => `${unit} ${String(data["car"])}`;
  return {
    see(event) {
      const { type, unit, data } = event;
      if (type === "attempt.prepared" && unit !== null) base.set(unit, data["base"]);
      if (type !== "candidate.built") return;
      if (data["onto"] === base.get(unit ?? "")) alone.add(keyOfCar(event));
      else alone.delete(keyOfCar(event));
    },
    was: (event) => !alone.has(keyOfCar(event)),
  };
}

function attemptOf({ unit, attempt }: RecordedEvent): string {
  return `${unit} ${attempt}`;
}

/** A candidate that could not be made, or whose symbols contradict each other. */
function isRefusal(event: RecordedEvent): boolean {
  const { type, data } = event;
  if (data["stale"] === true) return false;
  return (
    type === "candidate.conflicted" || (isSemanticFailure(event) && typeof data["car"] === "number")
  );
}

function isSemanticFailure({ type, data }: RecordedEvent): boolean {
  return (
    type === "gate.finished" &&
    text(data, "gate") === "semantic" &&
    text(data, "status") === "failed"
  );
}

function begin(event: RecordedEvent): PredictionView {
  const { data, ts, unit } = event;
  return {
    at: ts,
    unit: unit ?? "",
    with: textOrNull(data, "with"),
    kind: text(data, "kind"),
    path: text(data, "path"),
    symbol: textOrNull(data, "symbol"),
    message: text(data, "message"),
    outcome: "open",
  };
}

function clear(said: Map<string, PredictionView>, event: RecordedEvent): void {
  for (const [key, prediction] of said) {
    if (key.startsWith(`${keyOf(event)} `) && prediction.outcome === "open") {
      prediction.outcome = "cleared";
    }
  }
}

function keyOf({ unit, data }: RecordedEvent): string {
  return JSON.stringify([unit, data["with"], data["kind"], data["path"], data["symbol"]]);
}
