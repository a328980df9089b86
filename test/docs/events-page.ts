/** `docs/events.md`: every type of event, generated from the event catalog. */
import { type EventKind, eventCatalog } from "../../src/log/event-catalog.ts";
import { table } from "./table.ts";

/** Text of the page. */
export function eventsPage(): string {
  const kinds = Object.entries(eventCatalog);
  const of = (kind: EventKind["kind"]): string =>
    kinds
      .filter(([, event]) => event.kind === kind)
      .map(([name, event]) => section(name, event))
      .join("\n\n");
  return `# Events

The event log (\`.dgov/state.db\`) records everything that happens in a run; every view is computed from it.
\`dgov watch --ndjson\` prints one event per line:

\`\`\`json
{"schema":"dgov.event/1","seq":41,"ts":"2026-01-02T03:04:05.678Z","run":"…","plan":"…","unit":"tasks/main.add-feature","attempt":1,"type":"gate.finished","data":{}}
\`\`\`

\`seq\` increases and is never reused: \`--since SEQ\` resumes after an earlier read. \`unit\` and
\`attempt\` are null for events about the run. \`data\` holds the fields listed below; a field whose type
ends in \`?\` may be missing. Types and fields may be added; none is removed without a new schema version. An
event that arrived too late to have an effect has \`stale: true\`.

Blobs are files in \`.dgov/out/blobs/\`, named by their SHA-256.

## Lifecycle

Written to disk before any action they cause, and kept permanently.

${of("lifecycle")}

## Telemetry

Details of workers' activity: frequent, written within 50 ms, and deleted by \`dgov prune\`.

${of("telemetry")}
`;
}

function section(name: string, event: EventKind): string {
  const about = { attempt: "", unit: " About a unit.", run: " About the run." }[event.of];
  const head = `### ${name}\n\n${event.description}${about}`;
  const rows = Object.entries(event.fields).map(([field, [type, means]]) => ({
    field: `\`${field}\``,
    type,
    means,
  }));
  const titles = ["field", "type", "meaning"];
  const keys = ["field", "type", "means"];
  return rows.length === 0 ? head : `${head}\n\n${table(titles, rows, keys)}`;
}
