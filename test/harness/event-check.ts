/** Comparison of recorded events with the event catalog. */
import { eventCatalog } from "../../src/log/event-catalog.ts";
import type { RecordedEvent } from "../../src/log/event-log.ts";

/** Deviations of events from the catalog: unknown types, missing and unlisted fields. Without duplicates. */
export function unlistedIn(events: readonly RecordedEvent[]): string[] {
  return [...new Set(events.flatMap(complaints))];
}

function complaints({ type, kind, unit, attempt, data }: RecordedEvent): string[] {
  const listed = Object.hasOwn(eventCatalog, type) ? eventCatalog[type] : undefined;
  if (listed === undefined) return [`${type} is not in the catalog`];
  const required = Object.entries(listed.fields).filter(([, [words]]) => !words.endsWith("?"));
  const wrong = [
    // Any kernel event can be marked as stale.
    ...Object.keys(data).filter((key) => !(key in listed.fields) && key !== "stale"),
    ...required.filter(([key]) => !Object.hasOwn(data, key)).map(([key]) => `${key} (missing)`),
    ...(kind === listed.kind ? [] : [`kind ${kind}`]),
    ...(listed.of === "run" && (unit !== null || attempt !== null) ? ["unit"] : []),
  ];
  return wrong.map((what) => `${type}: ${what} is not as the catalog says`);
}
