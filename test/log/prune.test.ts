/** Pruning a log on a real disk: removed telemetry and blobs, kept events, dry runs. */
import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type EventLog,
  type NewEvent,
  openEventLog,
  openEventLogForReading,
} from "../../src/log/event-log.ts";

const parent = mkdtempSync(join(tmpdir(), "dgov-prune-"));
afterAll(() => rmSync(parent, { recursive: true, force: true }));
let root = "";
beforeEach(() => {
  root = mkdtempSync(join(parent, "p-"));
});

const now = Date.UTC(2026, 0, 31);
const long = new Date(Date.UTC(2025, 0, 1));

function event(run: string, type: string, data: Record<string, unknown> = {}): NewEvent {
  return { run, plan: "p", unit: null, attempt: null, type, data };
}

function blobs(): string[] {
  return readdirSync(join(root, ".dgov/out/blobs")).sort();
}

/** Stores a blob and makes it old. */
function put(log: EventLog, text: string): string {
  const digest = log.putBlob(text);
  utimesSync(join(root, ".dgov/out/blobs", digest), long, long);
  return digest;
}

/** Records two runs; both reference `shared`, the old one also `mine`, and its lifecycle event `gate`. */
function twoRuns(log: EventLog): { mine: string; shared: string; gate: string } {
  const [mine, shared, gate] = ["mine", "shared", "gate"].map((text) => put(log, text));
  log.note(event("old", "result", { text_blob: mine }));
  log.note(event("old", "turn.finished", { messages: [shared] }));
  log.append([event("old", "gate.finished", { output: gate })]);
  log.note(event("new", "result", { text_blob: shared }));
  log.append([event("new", "run.started")]);
  return { mine: mine ?? "", shared: shared ?? "", gate: gate ?? "" };
}

describe("prune", () => {
  test("prune removes telemetry of the given runs, and old blobs that become unreferenced", () => {
    using log = openEventLog(root);
    const { mine, shared, gate } = twoRuns(log);
    const young = log.putBlob("unreferenced, but young");
    const name = "a".repeat(64);
    const leftovers = [`${name}.0123456789ab.tmp`, `.${name}.123.tmp`];
    for (const leftover of leftovers) {
      writeFileSync(join(root, ".dgov/out/blobs", leftover), "cut short");
      utimesSync(join(root, ".dgov/out/blobs", leftover), long, long);
    }
    const request = { runs: ["old", "unknown"], before: now, dry: true };
    const answer = { events: [{ run: "old", events: 2 }], files: 3, bytes: 22 };

    expect(log.prune(request)).toEqual(answer);
    expect(blobs()).toEqual([...leftovers, mine, shared, gate, young].sort());
    expect(log.prune({ ...request, dry: false })).toEqual(answer);
    expect(blobs()).toEqual([shared, gate, young].sort());
    expect(log.telemetry({ run: "old" })).toEqual([]);
    expect(log.telemetry({ run: "new" }).length).toBe(1);
    expect(log.lifecycle({}).map(({ type }) => type)).toEqual(["gate.finished", "run.started"]);
    expect(log.prune(request)).toEqual({ events: [], files: 0, bytes: 0 });
  });

  test("prune leaves a file that is no blob, whatever its age", () => {
    using log = openEventLog(root);
    put(log, "unreferenced");
    const others = ["abc123", "a".repeat(63), "a".repeat(65), "notes.txt", `${"a".repeat(64)}.tmp`];
    for (const name of others) {
      writeFileSync(join(root, ".dgov/out/blobs", name), "the operator's");
      utimesSync(join(root, ".dgov/out/blobs", name), long, long);
    }
    expect(log.prune({ runs: [], before: now, dry: false }).files).toBe(1);
    expect(blobs()).toEqual(others.sort());
  });

  test("sequence numbers continue after a prune without reuse", () => {
    using log = openEventLog(root);
    log.append([event("old", "run.started")]);
    log.note(event("old", "result"));
    log.flush();
    log.prune({ runs: ["old"], before: now, dry: false });
    expect(log.append([event("old", "run.pruned")])[0]?.seq).toBe(3);
  });

  test("E9 a reader can prune only as a dry run", () => {
    {
      using log = openEventLog(root);
      twoRuns(log);
    }
    using reader = openEventLogForReading(root);
    const request = { runs: ["old"], before: now };
    expect(reader?.prune({ ...request, dry: true }).files).toBe(1);
    expect(() => reader?.prune({ ...request, dry: false })).toThrow("opened for reading");
    expect(blobs().length).toBe(3);
  });
});
