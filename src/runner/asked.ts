/** Requests made for a plan before it has attempts: choosing SOPs. They are part of what a run cost. */
import type { EventLog } from "../log/event-log.ts";
import { snakeCase } from "../std/case.ts";
import type { TokenUsage } from "../worker/protocol.ts";

/** What one request took, however it ended. */
export interface AskedTurn {
  model: string;
  /** As the provider gave it; the kind of failure when there was no answer. */
  finishReason: string;
  usage: TokenUsage | null;
  durationMs: number;
}

/** Records them as turns of no unit. */
export function noteAsked(
  log: EventLog,
  of: { run: string; plan: string },
  asked: readonly AskedTurn[],
): void {
  for (const [index, { model, finishReason, usage, durationMs }] of asked.entries()) {
    const data = {
      turn: index + 1,
      model,
      messages: [],
      response: "",
      finish_reason: finishReason,
      usage: usage === null ? null : snakeCase(usage),
      duration_ms: durationMs,
    };
    log.note({ ...of, unit: null, attempt: null, type: "turn.finished", data });
  }
}
