/** The event log on a real disk: durability, reading without a trace, and error codes. */
import { Database } from "bun:sqlite";
import { afterEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DgovError } from "../../src/error.ts";
import { openForWriting } from "../../src/log/database.ts";
import {
  type NewEvent,
  openEventLog,
  openEventLogForReading,
  type RecordedEvent,
} from "../../src/log/event-log.ts";
import { present } from "../../src/std/assert.ts";
import { viewPlan } from "../../src/views/plan-view.ts";
import { viewRun } from "../../src/views/run-view.ts";
import { viewStatus } from "../../src/views/status.ts";
import { RunLog } from "../harness/run-log.ts";

const roots: string[] = [];

function projectRoot(): string {
  const root = mkdtempSync(join(tmpdir(), "dgov-log-"));
  roots.push(root);
  return root;
}

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

function event(type: string, more: Partial<NewEvent> = {}): NewEvent {
  return { run: "r1", plan: "p", unit: null, attempt: null, type, data: {}, ...more };
}

function codeOf(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    if (error instanceof DgovError) return error.code;
    throw error;
  }
  return "no error";
}

describe("openEventLog", () => {
  test("the log returns events with sequence numbers and times, in order", () => {
    const clock = { now: () => Date.parse("2026-01-02T03:04:05.678Z") };
    using log = openEventLog(projectRoot(), { clock });
    const [first] = log.append([event("run.started", { data: { target: "main" } })]);
    expect(first).toEqual({
      seq: 1,
      ts: "2026-01-02T03:04:05.678Z",
      run: "r1",
      plan: "p",
      unit: null,
      attempt: null,
      type: "run.started",
      kind: "lifecycle",
      data: { target: "main" },
    });
    log.append([event("run.finished")]);
    expect(log.lifecycle({ run: "r1" }).map(({ seq, type }) => [seq, type])).toEqual([
      [1, "run.started"],
      [2, "run.finished"],
    ]);
    expect(log.lifecycle({ afterSeq: 1 }).map(({ type }) => type)).toEqual(["run.finished"]);
  });

  test("B19 while the log is held, facts are queued and an append lets the event loop turn", async () => {
    const root = projectRoot();
    using log = openEventLog(root);
    using holder = new Database(join(root, ".dgov/state.db"));
    holder.run("BEGIN IMMEDIATE");
    const [fact] = log.appendSoon([event("gate.started")]);
    expect(fact?.seq).toBe(0);
    log.note(event("call"));
    let turns = 0;
    const turning = setInterval(() => {
      if (++turns === 3) holder.run("ROLLBACK");
    }, 1);
    const appended = await log.appendWhenFree([event("gates.finished")]);
    clearInterval(turning);
    expect(turns).toBeGreaterThanOrEqual(3);
    const types = [...log.lifecycle({}), ...log.telemetry({ run: appended[0]?.run ?? "" })];
    expect(types.toSorted((a, b) => a.seq - b.seq).map(({ type }) => type)).toEqual([
      "gate.started",
      "call",
      "gates.finished",
    ]);
  });

  test("telemetry noted before a lifecycle event is written ahead of it", () => {
    using log = openEventLog(projectRoot());
    log.append([event("run.started")]);
    log.note(event("thought", { unit: "u", attempt: 1 }));
    const [ended] = log.append([event("worker.exited", { unit: "u", attempt: 1 })]);
    const [noted] = log.telemetry({ run: "r1", unit: "u", attempt: 1 });
    expect([noted?.seq, ended?.seq]).toEqual([2, 3]);
    expect(log.lifecycle({ run: "r1" }).map(({ type }) => type)).not.toContain("thought");
  });

  test("telemetry is written after 200 events or at a flush", () => {
    const root = projectRoot();
    using log = openEventLog(root);
    for (let i = 0; i < 199; i++) log.note(event("call", { unit: "u" }));
    expect(log.telemetry({ run: "r1" })).toHaveLength(0);
    log.note(event("call", { unit: "u" }));
    expect(log.telemetry({ run: "r1" })).toHaveLength(200);
    log.note(event("call", { unit: "u" }));
    log.flush();
    expect(log.telemetry({ run: "r1" })).toHaveLength(201);
  });

  test("a writer waits for the disk at each commit", () => {
    const root = projectRoot();
    const connection = openForWriting(join(root, ".dgov/state.db"));
    expect(connection.get("PRAGMA synchronous")).toEqual({ synchronous: 2 });
    expect(connection.get("PRAGMA journal_mode")).toEqual({ journal_mode: "wal" });
    connection.close();
  });

  test("telemetry is selected by run, unit, attempt, position and type", () => {
    using log = openEventLog(projectRoot());
    for (const [unit, attempt, type] of [
      ["a", 1, "call"],
      ["a", 2, "call"],
      ["b", 1, "call"],
      ["a", 1, "result"],
    ] as const) {
      log.note(event(type, { unit, attempt }));
      log.note(event(type, { unit, attempt, run: "r2" }));
    }
    log.flush();
    const found = (query: Omit<Parameters<typeof log.telemetry>[0], "run">): string[] =>
      log
        .telemetry({ run: "r1", ...query })
        .map(({ unit, attempt, type }) => `${unit}${attempt} ${type}`);
    expect(found({})).toEqual(["a1 call", "a2 call", "b1 call", "a1 result"]);
    expect(found({ unit: "a" })).toEqual(["a1 call", "a2 call", "a1 result"]);
    expect(found({ unit: "a", attempt: 1 })).toEqual(["a1 call", "a1 result"]);
    expect(found({ attempt: 1 })).toEqual(["a1 call", "b1 call", "a1 result"]);
    expect(found({ types: ["result"] })).toEqual(["a1 result"]);
    const [, second] = log.telemetry({ run: "r1" });
    expect(found({ afterSeq: second?.seq ?? 0 })).toEqual(["b1 call", "a1 result"]);
  });

  test.each<[string, (path: string) => void, string | null]>([
    ["as it was", () => {}, null],
    ["removed", (path) => rmSync(path), "was removed"],
    [
      "replaced by a copy",
      (path) => {
        writeFileSync(`${path}.copy`, readFileSync(path));
        renameSync(`${path}.copy`, path);
      },
      "was replaced",
    ],
    ["cut to nothing", (path) => writeFileSync(path, ""), "was truncated"],
  ])("B18 a log whose file is %s loses: %p", (_what, change, loss) => {
    const root = projectRoot();
    using log = openEventLog(root);
    log.append([event("run.started"), event("run.finished")]);
    const path = join(root, ".dgov/state.db");
    change(path);
    expect(log.lossOf("r1")).toBe(loss === null ? null : `${path} ${loss}`);
    if (loss === null) expect(log.lossOf("r2")).toBe(`${path} lacks the end of this run`);
  });

  test("newestRun finds the newest run of all plans and of one plan", () => {
    using log = openEventLog(projectRoot());
    expect(log.newestRun()).toBeNull();
    log.append([event("run.started", { run: "a", plan: "p" })]);
    log.append([event("run.started", { run: "b", plan: "q" })]);
    expect([log.newestRun(), log.newestRun("p"), log.newestRun("x")]).toEqual(["b", "a", null]);
    expect(log.runs({ limit: 9 }).map(({ run }) => run)).toEqual(["b", "a"]);
  });

  test("an overview of a run gives the same status as all events of the run", () => {
    using log = openEventLog(projectRoot());
    const script = new RunLog({ units: [{ unit: "a" }, { unit: "b" }, { unit: "c" }] })
      .lands("a")
      .add("review.satisfied", { commit: "d".repeat(40) }, "c", 1)
      .phase("c", "landed", "landed earlier", 1)
      .rejected("b", 1)
      .phase("b", "waiting", "try again", 1)
      .add("attempt.prepared", { base: "x" }, "b", 2)
      .add("gate.finished", { gate: "tests", status: "flaky" }, "b", 2)
      .phase("b", "failed", "out of attempts", 2)
      .finished("partial", { warnings: ["red"] });
    log.append(script.news);
    const standing = (events: RecordedEvent[]) => {
      const run = present(viewRun(events), "run");
      const facts = { planned: null, runs: [run], live: null, git: null };
      return viewStatus([{ ...viewPlan("p", facts, true), run }], null);
    };
    expect(standing(log.overview("r1"))).toEqual(standing(log.lifecycle({ run: "r1" })));
    expect(log.overview("r1").length).toBeLessThan(script.events.length);
  });

  test("lifecycle events cannot be changed or deleted", () => {
    const root = projectRoot();
    openEventLog(root)[Symbol.dispose]();
    using log = openEventLog(root);
    log.append([event("run.started")]);
    using db = new Database(join(root, ".dgov/state.db"));
    expect(() => db.run("UPDATE events SET type = 'x'")).toThrow("append-only");
    expect(() => db.run("DELETE FROM events")).toThrow("kept for ever");
  });

  test("blobs and plans are stored by digest, and a changed blob is not returned", () => {
    const root = projectRoot();
    using log = openEventLog(root);
    const digest = log.putBlob("output");
    expect(log.putBlob("output")).toBe(digest);
    expect(new TextDecoder().decode(log.getBlob(digest) ?? new Uint8Array())).toBe("output");
    writeFileSync(join(root, ".dgov/out/blobs", digest), "something else");
    expect(log.getBlob(digest)).toBeNull();
    expect(log.getBlob("../../state.db")).toBeNull();
    expect(log.readPlan(log.savePlan("[plan]\n"))).toBe("[plan]\n");
  });
});

describe("openEventLogForReading", () => {
  test("E9 openEventLogForReading gives null without a log, and creates nothing", () => {
    const root = projectRoot();
    expect(openEventLogForReading(root)).toBeNull();
    expect(readdirSync(root)).toEqual([]);
  });

  test("E9 reading an idle log leaves no file behind", () => {
    const root = projectRoot();
    {
      using log = openEventLog(root);
      log.append([event("run.started")]);
    }
    {
      using log = openEventLogForReading(root);
      expect(log?.lifecycle({})).toHaveLength(1);
    }
    expect(readdirSync(join(root, ".dgov"))).toEqual(["state.db"]);
  });

  test("a reader sees the events of a writer that opens before or after it", () => {
    const root = projectRoot();
    {
      using log = openEventLog(root);
      log.append([event("run.started")]);
    }
    using reader = openEventLogForReading(root);
    if (reader === null) throw new Error("there is a log");
    const idle = reader.dataVersion();
    using writer = openEventLog(root);
    writer.append([event("attempt.prepared")]);
    const first = reader.dataVersion();
    expect(reader.lifecycle({})).toHaveLength(2);
    writer.append([event("run.finished")]);
    const second = reader.dataVersion();
    expect(reader.lifecycle({})).toHaveLength(3);
    expect(new Set([idle, first, second]).size).toBe(3);
  });

  test("a reader sees the events of a writer that has closed the log", () => {
    const root = projectRoot();
    openEventLog(root)[Symbol.dispose]();
    using reader = openEventLogForReading(root);
    expect(reader?.lifecycle({})).toHaveLength(0);
    {
      using writer = openEventLog(root);
      writer.append([event("run.started")]);
    }
    expect(reader?.lifecycle({})).toHaveLength(1);
  });

  test("a reader cannot append", () => {
    const root = projectRoot();
    openEventLog(root)[Symbol.dispose]();
    using log = openEventLogForReading(root);
    expect(codeOf(() => log?.append([event("run.started")]))).toBe("INTERNAL");
  });
});

describe("unusable logs", () => {
  test("B8 a log of a newer version is refused by readers and writers, and unchanged", () => {
    const root = projectRoot();
    openEventLog(root)[Symbol.dispose]();
    const path = join(root, ".dgov/state.db");
    {
      using db = new Database(path);
      db.run("PRAGMA user_version = 99");
    }
    const before = readFileSync(path);
    expect(codeOf(() => openEventLog(root))).toBe("LOG_NEWER");
    expect(codeOf(() => openEventLogForReading(root))).toBe("LOG_NEWER");
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test("B8 a damaged log is refused and unchanged", () => {
    const root = projectRoot();
    mkdirSync(join(root, ".dgov"));
    const path = join(root, ".dgov/state.db");
    writeFileSync(path, "this is no database, whatever its name says\n".repeat(200));
    expect(codeOf(() => openEventLog(root))).toBe("LOG_UNUSABLE");
    expect(codeOf(() => openEventLogForReading(root))).toBe("LOG_UNUSABLE");
    expect(readFileSync(path, "utf8")).toStartWith("this is no database");
  });

  test("B8 overwritten pages are an error, not a wrong result", () => {
    const root = projectRoot();
    {
      using log = openEventLog(root);
      for (let i = 0; i < 300; i++) log.append([event("run.started", { run: `r${i}` })]);
    }
    const path = join(root, ".dgov/state.db");
    const bytes = readFileSync(path);
    bytes.fill(0xff, 4096);
    writeFileSync(path, bytes);
    expect(
      codeOf(() => {
        using log = openEventLogForReading(root);
        log?.lifecycle({});
      }),
    ).toBe("LOG_UNUSABLE");
  });

  test("B8 a file in place of the folder .dgov is refused", () => {
    const root = projectRoot();
    writeFileSync(join(root, ".dgov"), "");
    expect(codeOf(() => openEventLog(root))).toBe("LOG_UNUSABLE");
  });

  test("B8 a full disk is an error, and no event is partly written", () => {
    const root = projectRoot();
    openEventLog(root)[Symbol.dispose]();
    // A file size limit looks like a full disk to SQLite; it applies to the child only.
    const script = `
      import { openEventLog } from ${JSON.stringify(join(import.meta.dir, "../../src/log/event-log.ts"))};
      process.on("SIGXFSZ", () => {});
      const log = openEventLog(${JSON.stringify(root)});
      const data = { text: "x".repeat(100_000) };
      const one = { run: "r", plan: "p", unit: null, attempt: null, type: "run.note", data };
      try {
        log.append(Array.from({ length: 100 }, () => one));
        console.log("appended");
      } catch (error) {
        console.log(error.code);
      }`;
    const child = Bun.spawnSync([
      "sh",
      "-c",
      'ulimit -f 2000; exec "$0" -e "$1"',
      process.execPath,
      script,
    ]);
    expect(child.stdout.toString().trim()).toBe("LOG_UNUSABLE");
    using log = openEventLogForReading(root);
    expect(log?.lifecycle({})).toEqual([]);
  });

  test.skipIf(process.getuid?.() === 0)("B8 a read-only folder is refused", () => {
    const root = projectRoot();
    mkdirSync(join(root, ".dgov"));
    chmodSync(join(root, ".dgov"), 0o555);
    expect(codeOf(() => openEventLog(root))).toBe("LOG_UNUSABLE");
    expect(existsSync(join(root, ".dgov/state.db"))).toBe(false);
    chmodSync(join(root, ".dgov"), 0o755);
  });
});
