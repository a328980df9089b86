/**
 * A generated log of 1,000,000 events: 200 runs of 5,000 events over seven plans, one event in ten a
 * lifecycle event. Runs have the shape of real ones; rows are inserted in few transactions.
 */
import { Database } from "bun:sqlite";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openEventLog, type RecordedEvent } from "../../src/log/event-log.ts";

export interface LogShape {
  runs: number;
  eventsPerRun: number;
  plans: number;
  /** Landed commits of the units, in turn; ids of missing commits by default. */
  commits?: readonly string[];
}

export const million: LogShape = { runs: 200, eventsPerRun: 5_000, plans: 7 };

export const unitsPerRun = 20;

/** Fills the log of a project folder (created when missing); returns the id of the newest run. */
export function fillLog(projectRoot: string, shape: LogShape = million): string {
  const config = join(projectRoot, ".dgov", "project.toml");
  mkdirSync(dirname(config), { recursive: true });
  writeFileSync(config, "");
  openEventLog(projectRoot)[Symbol.dispose]();
  const db = new Database(join(projectRoot, ".dgov", "state.db"), { strict: true });
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = OFF");
  const insert = db.query(
    "INSERT INTO events (ts, run, plan, unit, attempt, type, kind, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const writeRun = db.transaction((events: Omit<RecordedEvent, "seq">[]) => {
    for (const { ts, run, plan, unit, attempt, type, kind, data } of events) {
      insert.run(ts, run, plan, unit, attempt, type, kind, JSON.stringify(data));
    }
  });
  let newest = "";
  for (let n = 0; n < shape.runs; n++) {
    newest = `20260102-${String(n).padStart(6, "0")}-0000`;
    writeRun(runEvents(newest, `plan-${n % shape.plans}`, shape));
  }
  db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
  // Closing the last writer removes the write-ahead log, as the end of a run does.
  openEventLog(projectRoot)[Symbol.dispose]();
  return newest;
}

/** Events of a finished run in which every unit landed, padded with telemetry. */
function runEvents(run: string, plan: string, shape: LogShape): Omit<RecordedEvent, "seq">[] {
  const { eventsPerRun: count, commits = [] } = shape;
  const events: Omit<RecordedEvent, "seq">[] = [];
  const ts = "2026-01-02T03:04:05.678Z";
  const add = (
    type: string,
    data: Record<string, unknown>,
    of: { unit?: string; kind?: RecordedEvent["kind"] } = {},
  ): void => {
    const { unit = null, kind = "lifecycle" } = of;
    const attempt = unit === null ? null : 1;
    events.push({ ts, run, plan, unit, attempt, type, kind, data });
  };
  const units = Array.from({ length: unitsPerRun }, (_, i) => `tasks/main.unit-${i}`);
  add("run.started", {
    target: "main",
    before: "0".repeat(40),
    settled: [],
    units: units.map((unit) => ({
      unit,
      summary: "Do it",
      role: "worker",
      depends_on: [],
      digest: "d",
    })),
  });
  const perUnit = Math.floor((count - 2) / unitsPerRun);
  const lifecycle = Math.floor(perUnit / 10);
  const phases = ["preparing", "working", "reviewing", "queued", "validating", "landing"];
  for (const [n, unit] of units.entries()) {
    for (let i = 0; i < perUnit - lifecycle; i++) {
      if (i % 3 === 0) {
        const usage = { prompt_tokens: 900 + i, cached_tokens: 100, completion_tokens: 50 };
        add("turn.finished", { turn: i, model: "scripted", usage }, { unit, kind: "telemetry" });
      } else if (i % 3 === 1) {
        add(
          "call",
          { turn: i, tool: "read_file", args: { path: "src/a.ts" } },
          { unit, kind: "telemetry" },
        );
      } else {
        add(
          "result",
          { turn: i, tool: "read_file", ok: true, text: "x".repeat(80) },
          { unit, kind: "telemetry" },
        );
      }
    }
    for (let i = 0; i < lifecycle - 2; i++) {
      const to = phases[i % phases.length] ?? "working";
      add("unit.changed", { from: "pending", to, reason: "" }, { unit });
    }
    const commit = commits[n % commits.length] ?? "1".repeat(40);
    add("landing.finished", { car: 1, commit }, { unit });
    add("unit.changed", { from: "landing", to: "landed", reason: "" }, { unit });
  }
  add("run.finished", {
    status: "complete",
    exit_code: 0,
    duration_ms: 1000,
    after: "1".repeat(40),
  });
  return events;
}
