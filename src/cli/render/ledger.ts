/** Entries of the ledger as text. */
import type { LedgerEntry } from "../../ledger/entry.ts";
import { indented, moment, plural } from "../../std/text.ts";
import { printable } from "./printable.ts";
import { clip, table } from "./table.ts";

/** One line an entry. */
export function renderEntries(entries: readonly LedgerEntry[], none: string): string {
  if (entries.length === 0) return none;
  const rows = entries.map(({ id, status, category, severity, paths, text }) => [
    id,
    status === "open" ? "" : status,
    severity === "normal" ? category : `${category}, ${severity}`,
    paths.length > 1 ? `${paths[0]} +${paths.length - 1}` : (paths[0] ?? ""),
    clip(text),
  ]);
  return table(
    rows.map((row) => row.map(printable)),
    "",
  ).join("\n");
}

/** Everything about one entry. */
export function renderEntry(entry: LedgerEntry): string {
  const about = [
    ["status", entry.status],
    ["severity", entry.severity],
    ["paths", entry.paths.join(", ") || "none: it is part of no prompt"],
    ["tags", entry.tags.join(", ")],
    ["opened", `${moment(entry.openedAt)}${by(entry.openedBy)}`],
    ...entry.changes.map((change) => [
      change.event,
      `${moment(change.ts)}${by(change.by)}${change.note === "" ? "" : `: ${change.note}`}`,
    ]),
  ].filter(([, value]) => value !== "");
  return [`${entry.category} ${entry.id}`, indented(entry.text, "  "), ...table(about, "")].join(
    "\n",
  );
}

function by(who: string): string {
  return who === "" ? "" : ` by ${who}`;
}

/** What stands below a list whose file holds lines that cannot be read. */
export function renderBroken(file: string, broken: readonly { line: number; problem: string }[]) {
  return [
    ...broken.map(({ line, problem }) => `${file}:${line}: ${problem}`),
    `${plural(broken.length, "line")} could not be read; the others count`,
  ].join("\n");
}
