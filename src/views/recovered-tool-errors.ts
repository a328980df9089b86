/**
 * Self-corrections: failed tool calls from which the worker recovered. Pure.
 *
 * A failed call counts when a successful call of the same tool on the same target follows in the same
 * attempt, before `done`. Calls without a target are compared by tool alone.
 */
import type { RecordedEvent } from "../log/event-log.ts";
import { textField, textFieldOrNull } from "./data.ts";

export interface SelfCorrection {
  attempt: number;
  tool: string;
  target: string | null;
  /** Failed calls before the successful one. */
  failures: number;
  /** Text of the first failure. */
  error: string;
}

const errorCharsMax = 200;

/** Self-corrections among the `result` events of one unit, in order of recovery. */
export function selfCorrections(results: readonly RecordedEvent[]): SelfCorrection[] {
  const open = new Map<string, SelfCorrection>();
  const closed: SelfCorrection[] = [];
  const done = new Set<number>();
  for (const event of results) {
    if (event.type !== "result") continue;
    const attempt = event.attempt ?? 0;
    const tool = textField(event.data, "tool");
    if (done.has(attempt)) continue;
    const ok = event.data["ok"] === true;
    if (tool === "done") {
      if (ok) done.add(attempt);
      continue;
    }
    const target = textFieldOrNull(event.data, "target");
    const key = JSON.stringify([attempt, tool, target]);
    const failed = open.get(key);
    if (ok && failed !== undefined) {
      closed.push(failed);
      open.delete(key);
    } else if (!ok && failed !== undefined) failed.failures++;
    else if (!ok) {
      const error = textField(event.data, "text").slice(0, errorCharsMax);
      open.set(key, { attempt, tool, target, failures: 1, error });
    }
  }
  return closed;
}
