/** Predictions of the conflict radar compared with the conflicts found at integration. Pure. */
import type { RecordedEvent } from "../log/event-log.ts";
import { textField, textFieldOrNull } from "./data.ts";

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
   * `true`: one of the two units was refused at integration afterwards. `false`: both landed.
   * `cleared`: the prediction was withdrawn after the work changed. `open`: not decided yet.
   */
  outcome: "true" | "false" | "cleared" | "open";
}

export interface RadarView {
  predictions: PredictionView[];
  cameTrue: number;
  cameFalse: number;
  /** Refusals at integration without a prediction. */
  missed: number;
}

/** Compares the predictions in a run's lifecycle events with its refusals at integration. */
export function viewRadar(events: readonly RecordedEvent[]): RadarView {
  const predicted = new Map<string, PredictionView & { seq: number }>();
  /** One per attempt: a rebuilt candidate may be refused again. */
  const refused = new Map<string, { seq: number; unit: string }>();
  const ended = new Map<string, number>();
  const merged = otherWork();
  for (const event of events) {
    const { type, unit, seq } = event;
    if (unit === null) continue;
    merged.observe(event);
    if (type === "conflict.predicted")
      predicted.set(`${keyOf(event)} ${seq}`, { seq, ...begin(event) });
    else if (type === "conflict.cleared") clear(predicted, event);
    else if (isRefusal(event) && merged.includes(event))
      refused.set(attemptOf(event), { seq, unit });
    else if (isSemanticFailure(event) && event.data["car"] === null)
      refused.delete(attemptOf(event));
    else if (type === "landing.finished") ended.set(unit, seq);
  }
  const refusals = [...refused.values()];
  const predictions = [...predicted.values()].map(({ seq, ...prediction }): PredictionView => {
    if (prediction.outcome === "cleared") return prediction;
    const about = [prediction.unit, prediction.with];
    const came = refusals.some((one) => one.seq > seq && about.includes(one.unit));
    if (came) return { ...prediction, outcome: "true" };
    const over = about.every((unit) => unit === null || (ended.get(unit) ?? 0) > seq);
    return { ...prediction, outcome: over ? "false" : "open" };
  });
  const foreseen = (one: { seq: number; unit: string }): boolean =>
    [...predicted.values()].some((p) => p.seq < one.seq && [p.unit, p.with].includes(one.unit));
  return {
    predictions,
    cameTrue: predictions.filter(({ outcome }) => outcome === "true").length,
    cameFalse: predictions.filter(({ outcome }) => outcome === "false").length,
    missed: refusals.filter((one) => !foreseen(one)).length,
  };
}

/**
 * Tracks whether a candidate contains other work than its attempt's base. Without it, a refusal is
 * caused by the attempt alone and is not a conflict.
 */
function otherWork(): {
  observe(event: RecordedEvent): void;
  /** True when the candidate of the event contains other work. */
  includes(event: RecordedEvent): boolean;
} {
  const base = new Map<string, unknown>();
  const alone = new Set<string>();
  const keyOfCar = ({ unit, data }: RecordedEvent): string => `${unit} ${String(data["car"])}`;
  return {
    observe(event) {
      const { type, unit, data } = event;
      if (type === "attempt.prepared" && unit !== null) base.set(unit, data["base"]);
      if (type !== "candidate.built") return;
      if (data["onto"] === base.get(unit ?? "")) alone.add(keyOfCar(event));
      else alone.delete(keyOfCar(event));
    },
    includes: (event) => !alone.has(keyOfCar(event)),
  };
}

function attemptOf({ unit, attempt }: RecordedEvent): string {
  return `${unit} ${attempt}`;
}

/** A candidate that could not be built, or that the semantic gate rejected. */
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
    textField(data, "gate") === "semantic" &&
    textField(data, "status") === "failed"
  );
}

function begin(event: RecordedEvent): PredictionView {
  const { data, ts, unit } = event;
  return {
    at: ts,
    unit: unit ?? "",
    with: textFieldOrNull(data, "with"),
    kind: textField(data, "kind"),
    path: textField(data, "path"),
    symbol: textFieldOrNull(data, "symbol"),
    message: textField(data, "message"),
    outcome: "open",
  };
}

function clear(predicted: Map<string, PredictionView>, event: RecordedEvent): void {
  for (const [key, prediction] of predicted) {
    if (key.startsWith(`${keyOf(event)} `) && prediction.outcome === "open") {
      prediction.outcome = "cleared";
    }
  }
}

function keyOf({ unit, data }: RecordedEvent): string {
  return JSON.stringify([unit, data["with"], data["kind"], data["path"], data["symbol"]]);
}
