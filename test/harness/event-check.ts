/** Comparison of recorded events with the event catalog and with the table of words. */
import { eventCatalog } from "../../src/log/event-catalog.ts";
import type { RecordedEvent } from "../../src/log/event-log.ts";
import { allWords } from "../../src/views/catalog/words.ts";

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

/** Fields of `data` whose value is a word, by type of event. */
const wordFields: Readonly<Record<string, readonly string[]>> = {
  "worker.exited": ["outcome"],
  "unit.result": ["outcome"],
  outcome: ["verdict"],
  "review.finished": ["verdict"],
  "attempt.rejected": ["verdict"],
  "gates.finished": ["blame"],
  "gate.finished": ["status"],
  "landing.refused": ["cause"],
  "unit.changed": ["from", "to"],
  "run.finished": ["status"],
  "conflict.predicted": ["kind"],
  "finding.accepted": ["kind"],
  result: ["error_kind"],
};

const known: ReadonlySet<string> = new Set(allWords());

/** Words of recorded events that `dgov explain` does not know. Without duplicates. */
export function unexplainedIn(events: readonly RecordedEvent[]): string[] {
  const words = events.flatMap(({ type, data }) => {
    const { verdicts, reason } = data;
    const listed = (wordFields[type] ?? []).map((field) => data[field]);
    const statuses =
      typeof verdicts === "object" && verdicts !== null ? Object.values(verdicts) : [];
    // A reason that begins with a word in snake case.
    const lead = typeof reason === "string" ? /^[a-z]+(?:_[a-z]+)+(?=:|$)/.exec(reason)?.[0] : null;
    const found = [...listed, ...statuses, lead].filter((word) => typeof word === "string");
    return found
      .filter((word) => word !== "" && !known.has(word))
      .map((word) => `${type}: ${word}`);
  });
  return [...new Set(words)].map((word) => `${word} has no row in src/views/catalog/words.ts`);
}
