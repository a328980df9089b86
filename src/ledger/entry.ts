/**
 * The ledger: rules, bugs, debt and decisions that outlive a run and are shared by clones.
 *
 * It is a file of events, one a line, that is only appended to. What an entry is now follows from
 * its lines in whatever order a merge left them, and however often: ids are random, every event but
 * the first is dated after those its writer knew, and equal lines are one. Pure.
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
export type EntryCategory = (typeof categories)[number];

export const severities = ["low", "normal", "high"] as const;
export type EntrySeverity = (typeof severities)[number];

/** Characters of one entry's text. */
export const textCharsMax = 4000;
/** Paths, and tags, of one entry. */
export const listMax = 50;

/** One line. */
export type LedgerEvent = {
  id: string;
  /** RFC 3339. */
  ts: string;
  /** Who wrote it, as git knows them. */
  by: string;
} & (
  | {
      event: "opened";
      category: EntryCategory;
      severity: EntrySeverity;
      text: string;
      /** Claims it concerns; without any it reaches no prompt. */
      paths: string[];
      tags: string[];
    }
  | { event: "resolved" | "reopened"; note: string }
);

/** What became of an entry, newest last. */
export interface EntryChange {
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
  changes: EntryChange[];
}

/** A line that says nothing; it stays in the file. Lines count from 1. */
export interface BrokenLine {
  line: number;
  problem: string;
}

export interface Ledger {
  /** Oldest first. */
  entries: LedgerEntry[];
  broken: BrokenLine[];
}

/** Reads the file's text: entries as they stand now, and every line that cannot be read. */
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
    if (event.event === "opened" && !entries.has(event.id)) entries.set(event.id, opened(event));
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

/** Orders by time; what else it holds settles ties the same way everywhere, and makes copies equal. */
function keyOf(event: LedgerEvent): string {
  return `${event.ts} ${event.id} ${JSON.stringify(Object.entries(event).sort())}`;
}

function opened(event: Extract<LedgerEvent, { event: "opened" }>): LedgerEntry {
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

/** The event of a line, or what is wrong with it. */
function parseLine(raw: string): LedgerEvent | string {
  if (/^(<<<<<<<|=======|>>>>>>>|\|\|\|\|\|\|\|)/.test(raw)) {
    return "a conflict marker of git; every line between the markers is wanted";
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
  if (typeof id !== "string" || !/^[0-9a-z]{4,64}$/.test(id)) return "has no usable `id`";
  const time = typeof ts === "string" ? Date.parse(ts) : Number.NaN;
  if (Number.isNaN(time)) return "has no usable `ts`";
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

/** The line of an event, with its newline. Keys are in a fixed order. */
export function ledgerLine(event: LedgerEvent): string {
  const { id, event: kind, ts, by, ...rest } = event;
  return `${JSON.stringify({ id, event: kind, ts, by, ...rest })}\n`;
}

/** Time of the next event of an entry: now, but after everything that is known of it. */
export function nextTime(entry: LedgerEntry, now: number): string {
  const last = entry.changes.at(-1)?.ts ?? entry.openedAt;
  return new Date(Math.max(now, Date.parse(last) + 1)).toISOString();
}

/** Entries whose id is, or begins with, what was typed. An id that fits exactly is the only match. */
export function entriesNamed(ledger: Ledger, typed: string): LedgerEntry[] {
  const wanted = typed.toLowerCase();
  const exact = ledger.entries.find(({ id }) => id === wanted);
  if (exact !== undefined) return [exact];
  return wanted === "" ? [] : ledger.entries.filter(({ id }) => id.startsWith(wanted));
}
