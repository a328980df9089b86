/**
 * The ledger: rules, bugs, debt and decisions that outlive a run and are shared between clones.
 *
 * The file is an append-only sequence of events, one per line. The state of an entry does not depend on the order
 * of the lines or on duplicates, so that merges of the file are safe: ids are random, every event is dated after
 * the events of its entry that its writer knew, and equal lines count once. Pure.
 */
import { compareText } from "../std/order.ts";

export const categories = [
  "bug",
  "fix",
  "rule",
  "pattern",
  "note",
  "debt",
  "capability",
  "decision",
] as const;
type EntryCategory = (typeof categories)[number];

export const severities = ["low", "normal", "high"] as const;
type EntrySeverity = (typeof severities)[number];

/** Maximum length of an entry's text, in characters. */
export const textCharsMax = 4000;
/** Maximum number of paths, and of tags, of an entry. */
export const listMax = 50;

/** One line of the file. */
export type LedgerEvent = {
  id: string;
  /** RFC 3339. */
  ts: string;
  /** Author, from git's user.name. */
  by: string;
} & (
  | {
      event: "opened";
      category: EntryCategory;
      severity: EntrySeverity;
      text: string;
      /** Claims that the entry applies to; an entry without any is not added to prompts. */
      paths: string[];
      tags: string[];
    }
  | { event: "resolved" | "reopened"; note: string }
);

/** A change of an entry's status. */
interface EntryChange {
  event: "resolved" | "reopened";
  ts: string;
  by: string;
  note: string;
}

export interface LedgerEntry {
  id: string;
  status: "open" | "resolved";
  category: EntryCategory;
  severity: EntrySeverity;
  text: string;
  paths: string[];
  tags: string[];
  openedAt: string;
  openedBy: string;
  /** Oldest first. */
  changes: EntryChange[];
}

/** A line that cannot be read. Lines count from 1. */
interface BrokenLine {
  line: number;
  problem: string;
}

export interface Ledger {
  /** Oldest first. */
  entries: LedgerEntry[];
  broken: BrokenLine[];
}

/** The entries in their current state, and the lines that cannot be read. */
export function readLedger(text: string): Ledger {
  const broken: BrokenLine[] = [];
  const events = new Map<string, { event: LedgerEvent; line: number }>();
  for (const [at, raw] of text.split("\n").entries()) {
    if (raw.trim() === "") continue;
    const parsed = parseLine(raw);
    if (typeof parsed === "string") broken.push({ line: at + 1, problem: parsed });
    else {
      const key = keyOf(parsed);
      if (!events.has(key)) events.set(key, { event: parsed, line: at + 1 });
    }
  }
  const ordered = [...events].sort(([a], [b]) => compareText(a, b)).map(([, found]) => found);
  const entries = new Map<string, LedgerEntry>();
  for (const { event } of ordered) {
    if (event.event === "opened" && !entries.has(event.id))
      entries.set(event.id, openedEntry(event));
  }
  for (const { event, line } of ordered) {
    if (event.event === "opened") continue;
    const entry = entries.get(event.id);
    if (entry === undefined) {
      broken.push({ line, problem: `${event.event} ${event.id}, which no line opens` });
      continue;
    }
    const { event: kind, ts, by, note } = event;
    entry.changes.push({ event: kind, ts, by, note });
    entry.status = kind === "resolved" ? "resolved" : "open";
  }
  broken.sort((a, b) => a.line - b.line);
  return { entries: [...entries.values()], broken };
}

/** Sort key of an event: its time, then its content, so that the order is total and equal lines have equal keys. */
function keyOf(event: LedgerEvent): string {
  return `${event.ts} ${event.id} ${JSON.stringify(Object.entries(event).sort())}`;
}

/** The open entry that an `opened` event creates. */
export function openedEntry(event: Extract<LedgerEvent, { event: "opened" }>): LedgerEntry {
  const { id, category, severity, text, paths, tags, ts, by } = event;
  return {
    id,
    status: "open",
    category,
    severity,
    text,
    paths,
    tags,
    openedAt: ts,
    openedBy: by,
    changes: [],
  };
}

/** The event of a line, or the problem of the line. */
function parseLine(raw: string): LedgerEvent | string {
  if (/^(<<<<<<<|=======|>>>>>>>|\|\|\|\|\|\|\|)/.test(raw)) {
    return "a git conflict marker; remove it and keep every line between the markers";
  }
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch {
    return "not JSON";
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) return "not an object";
  return eventOf(value as Record<string, unknown>);
}

function eventOf(value: Record<string, unknown>): LedgerEvent | string {
  const { id, ts, event } = value;
  if (typeof id !== "string" || !/^[0-9a-z]{4,64}$/.test(id)) return "has no valid `id`";
  const time = typeof ts === "string" ? Date.parse(ts) : Number.NaN;
  if (Number.isNaN(time)) return "has no valid `ts`";
  const head = { id, ts: new Date(time).toISOString(), by: textOf(value["by"]) };
  if (event === "resolved" || event === "reopened") {
    return { ...head, event, note: textOf(value["note"]) };
  }
  if (event !== "opened") return "has an `event` that is not opened, resolved or reopened";
  const category = categories.find((known) => known === value["category"]);
  if (category === undefined) return `has a \`category\` that is not ${categories.join(", ")}`;
  const text = textOf(value["text"]);
  if (text.trim() === "") return "has no `text`";
  return {
    ...head,
    event,
    category,
    severity: severities.find((known) => known === value["severity"]) ?? "normal",
    text,
    paths: listOf(value["paths"]),
    tags: listOf(value["tags"]),
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value.slice(0, textCharsMax) : "";
}

function listOf(value: unknown): string[] {
  const all = Array.isArray(value) ? value : [];
  return all.filter((one): one is string => typeof one === "string").slice(0, listMax);
}

/** The line of an event, with a newline. Keys are in a fixed order. */
export function ledgerLine(event: LedgerEvent): string {
  const { id, event: kind, ts, by, ...rest } = event;
  return `${JSON.stringify({ id, event: kind, ts, by, ...rest })}\n`;
}

/** The time of an entry's next event: `now`, or just after the entry's last event when that is later. `now` is in milliseconds. */
export function nextTime(entry: LedgerEntry, now: number): string {
  const last = entry.changes.at(-1)?.ts ?? entry.openedAt;
  return new Date(Math.max(now, Date.parse(last) + 1)).toISOString();
}

/** Shortest beginning of an id that names an entry. A typed number or word is not taken for one. */
export const idPrefixCharsMin = 4;

/** The entry with the given id, else the entries with ids that begin with it. */
export function entriesNamed(ledger: Ledger, typed: string): LedgerEntry[] {
  const wanted = typed.toLowerCase();
  const exact = ledger.entries.find(({ id }) => id === wanted);
  if (exact !== undefined) return [exact];
  return wanted.length < idPrefixCharsMin
    ? []
    : ledger.entries.filter(({ id }) => id.startsWith(wanted));
}
