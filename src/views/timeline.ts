/** Recorded events as documents and as lines of text: time, unit, type and data. Pure. */
import type { RecordedEvent } from "../log/event-log.ts";

/** One event of the public stream, schema `dgov.event/1`. */
export interface EventDocument {
  schema: "dgov.event/1";
  seq: number;
  ts: string;
  run: string;
  plan: string;
  unit: string | null;
  attempt: number | null;
  type: string;
  data: Record<string, unknown>;
}

/** The public document of a recorded event. */
export function eventDocument(event: RecordedEvent): EventDocument {
  const { seq, ts, run, plan, unit, attempt, type, data } = event;
  return { schema: "dgov.event/1", seq, ts, run, plan, unit, attempt, type, data };
}

const detailCharsMax = 160;
/** Object ids and digests, which are shortened to ten digits. */
const longId = /\b([0-9a-f]{10})(?:[0-9a-f]{30}|[0-9a-f]{54})\b/g;

/** `12:03:04.567  add-feature#1  gate.finished  gate=tests status=passed ...`. */
export function timelineLine(event: RecordedEvent): string {
  const time = event.ts.slice(11, 23);
  const attempt = event.attempt === null ? "" : `#${event.attempt}`;
  const who = event.unit === null ? event.plan : `${event.unit}${attempt}`;
  return `${time}  ${who}  ${event.type}  ${detail(event)}`.trimEnd();
}

/** The scalar fields of an event as `key=value`, cut to a maximal length. */
function detail({ data }: RecordedEvent): string {
  const words: string[] = [];
  for (const [key, value] of Object.entries(data)) {
    if (value === null || value === "" || typeof value === "object") continue;
    const text = String(value).slice(0, detailCharsMax).replace(longId, "$1");
    words.push(`${key}=${text.replace(/\s+/g, " ")}`);
  }
  const line = words.join(" ");
  return line.length > detailCharsMax ? `${line.slice(0, detailCharsMax)}...` : line;
}
