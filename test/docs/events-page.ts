/** `docs/events.md`: every kind of event, from the catalog. */
import { type EventKind, eventCatalog } from "../../src/log/event-catalog.ts";
import { table } from "./table.ts";

/** The page's text. */
export function eventsPage(): string {
  const kinds = Object.entries(eventCatalog);
  const of = (kind: EventKind["kind"]): string =>
    kinds
      .filter(([, event]) => event.kind === kind)
      .map(([name, event]) => section(name, event))
      .join("\n\n");
  return `# Events

The event log (\`.dgov/state.db\`) is the authority on what happened: every view is computed from it.
\`dgov watch --ndjson\` prints one event a line:

\`\`\`json
{"schema":"dgov.event/1","seq":41,"ts":"2026-01-02T03:04:05.678Z","run":"…","plan":"…","unit":"tasks/main.add-feature","attempt":1,"type":"gate.finished","data":{}}
\`\`\`

\`seq\` grows and is never used again: \`--since SEQ\` goes on where a reader left off. \`unit\` and
\`attempt\` are null where an event is about the run. \`data\` holds the fields listed here; a type that
ends in \`?\` may be missing. Kinds and fields may be added; nothing is removed without a new version of
the schema. An event that came too late to matter has \`stale: true\`.

Blobs are named by their SHA-256 and lie in \`.dgov/out/blobs/\`.

## Lifecycle

On disk before anything is done about them, and kept for ever.

${of("lifecycle")}

## Telemetry

What workers do: plentiful, written within 50 ms, and forgotten by \`dgov prune\`.

${of("telemetry")}
`;
}

function section(name: string, event: EventKind): string {
  const about = { attempt: "", unit: " About a unit.", run: " About the run." }[event.of];
  const head = `### ${name}\n\n${event.means}${about}`;
  const rows = Object.entries(event.fields).map(([field, [type, means]]) => ({
    field: `\`${field}\``,
    type,
    means,
  }));
  const keys = ["field", "type", "means"];
  return rows.length === 0 ? head : `${head}\n\n${table(keys, rows, keys)}`;
}
