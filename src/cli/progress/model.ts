/**
 * What a person watching a run wants to know now, folded from its records. Pure.
 *
 * The same fold serves the live view and `--stream`; it holds no more than the screen shows.
 */
import type { RecordedEvent } from "../../log/event-log.ts";
import { endedPhases } from "../../views/run-view.ts";

export interface UnitProgress {
  unit: string;
  phase: string;
  reason: string;
  attempt: number;
  /** Epoch milliseconds of the last phase change. */
  since: number;
  turn: number;
  turnsMax: number;
  tool: string | null;
  tokens: number;
  gate: string | null;
}

export interface Progress {
  units: Map<string, UnitProgress>;
  startedAt: number;
}

/** Whether a unit of this phase changes no more. */
export function isEnded(phase: string): boolean {
  return endedPhases.has(phase);
}

/** The empty progress of a run that has not started. */
export function newProgress(): Progress {
  return { units: new Map(), startedAt: 0 };
}

/** Takes one record in; changes `progress`. */
export function advance(progress: Progress, record: RecordedEvent): void {
  const at = Date.parse(record.ts);
  if (record.type === "run.started") {
    progress.startedAt = at;
    for (const about of record.data["units"] as { unit: string }[]) {
      progress.units.set(about.unit, newUnit(about.unit, at));
    }
    return;
  }
  const unit = record.unit === null ? undefined : progress.units.get(record.unit);
  if (unit === undefined) return;
  if (record.attempt !== null && record.attempt > unit.attempt) unit.attempt = record.attempt;
  switch (record.type) {
    case "unit.changed":
      unit.phase = String(record.data["to"]);
      unit.reason = String(record.data["reason"] ?? "");
      unit.since = at;
      if (unit.phase !== "working") unit.tool = null;
      break;
    case "turn.started":
      unit.turn = Number(record.data["turn"]);
      unit.turnsMax = Number(record.data["turns_max"]);
      break;
    case "turn.finished": {
      const usage = record.data["usage"] as {
        prompt_tokens: number;
        completion_tokens: number;
      } | null;
      if (usage) unit.tokens += usage.prompt_tokens + usage.completion_tokens;
      break;
    }
    case "call":
      unit.tool = String(record.data["tool"]);
      break;
    case "result":
      unit.tool = null;
      break;
    case "gate.started":
      unit.gate = String(record.data["gate"]);
      break;
    case "gate.finished":
      unit.gate = null;
      break;
    default:
  }
}

function newUnit(unit: string, at: number): UnitProgress {
  return {
    unit,
    phase: "pending",
    reason: "",
    attempt: 0,
    since: at,
    turn: 0,
    turnsMax: 0,
    tool: null,
    tokens: 0,
    gate: null,
  };
}
