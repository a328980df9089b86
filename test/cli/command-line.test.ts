/** The command line from outside: exit codes, output streams, one document with --json, read-only commands. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorCodes } from "../../src/error.ts";
import { openEventLog } from "../../src/log/event-log.ts";
import { dgov, dgovCommand, dgovJson, spawnDgov } from "../harness/bin.ts";
import { testEnvironment } from "../harness/repo.ts";
import { RunLog } from "../harness/run-log.ts";

let root = "";
/** A project with one finished run of two units: one landed, one rejected. */
let project = "";
let nowhere = "";

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "dgov-line-"));
  nowhere = join(root, "nowhere");
  project = join(root, "project");
  mkdirSync(nowhere);
  mkdirSync(join(project, ".dgov/plans/p/tasks"), { recursive: true });
  mkdirSync(join(project, ".git"));
  const put = (name: string, text: string): void =>
    writeFileSync(join(project, ".dgov", name), text);
  put("project.toml", "");
  put("plans/p/_root.toml", '[plan]\nname = "p"\nsections = ["tasks"]\n');
  put("plans/p/tasks/main.toml", '[tasks.a]\nsummary = "A"\n\n[tasks.b]\nsummary = "B"\n');
  using log = openEventLog(project);
  log.append(
    new RunLog({ units: [{ unit: "tasks/main.a" }, { unit: "tasks/main.b" }] })
      .lands("tasks/main.a")
      .rejected("tasks/main.b", 1)
      .phase("tasks/main.b", "failed", "out of attempts", 1)
      .finished("partial").news,
  );
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

const env = (): Record<string, string> => testEnvironment(root);

describe("usage hints", () => {
  test.each([
    [["fix"], "PROMPT is missing", "dgov fix --help"],
    [["ledger", "add", "bug"], "CONTENT is missing", "dgov ledger add --help"],
    [["status", "--bogus"], "unknown flag --bogus", "dgov status --help"],
    [["status", "-h=false"], "-h takes no value", "dgov status --help"],
    [
      ["ledger", "--root", "--root", "list"],
      "--root needs a value",
      "if --root is the value: --root=--root",
    ],
    [["explain", "zzz"], "no unit zzz", "units are tasks/main.a, tasks/main.b"],
  ])("the error of dgov %j names the next command or name", async (line, message, hint) => {
    const { document } = await dgovJson(line, { cwd: project, env: env() });
    expect(document).toMatchObject({ message, hint });
  });
});

describe("exit codes and streams", () => {
  test.each([
    [["--version"], 0],
    [["-v"], 0],
    [["version"], 0],
    [["--help"], 0],
    [["help", "exit-codes"], 0],
    [["status", "--help"], 0],
    [["plan", "-h"], 0],
    [["plan", "list", "--json", "--help"], 0],
    [["status", "--help", "--no-help"], 0],
    [["help", "nothing"], 2],
    [["frobnicate"], 2],
    [["toString"], 2],
    [["__proto__"], 2],
    [["plan"], 2],
    [["plan", "constructor"], 2],
    [["status", "--bogus"], 2],
    [["status", "extra"], 2],
    [["status", "-C"], 2],
    [["status", "-C", "missing"], 2],
    [["explain"], 2],
    [["watch", "--since", "x"], 2],
    [["watch", "--since", "--once"], 2],
    [["plan", "list", "--all", "--archived"], 2],
    [["status"], 4],
  ] as [string[], number][])("E8 dgov %j exits %i in text and with --json", async (args, code) => {
    const text = await dgov(args, { cwd: nowhere, env: env() });
    const { document, exitCode } = await dgovJson(args, { cwd: nowhere, env: env() });
    expect([text.exitCode, exitCode]).toEqual([code, code]);
    if (code === 0) {
      expect(text.stderr).toBe("");
      return;
    }
    expect(text.stdout).toBe("");
    expect(text.stderr).toContain(`error: ${document["message"]}`);
    expect(text.stderr).not.toContain("    at ");
    expect(document["schema"]).toBe("dgov.error/1");
    expect(document["exit_code"]).toBe(code);
    expect(Object.keys(errorCodes)).toContain(String(document["code"]));
  });

  test("E9 the commands above create no file", () => {
    expect(readdirSync(nowhere)).toEqual([]);
  });

  test.each(["1", "true", "YES", "True"])(
    "DGOV_JSON=%s acts like --json, for errors as well",
    async (value) => {
      const { stdout } = await dgov(["status"], {
        cwd: nowhere,
        env: { ...env(), DGOV_JSON: value },
      });
      expect(JSON.parse(stdout)["code"]).toBe("NOT_INITIALISED");
    },
  );

  test.each(["0", "no", "", "2"])("DGOV_JSON=%s does not switch to JSON", async (value) => {
    const { stdout } = await dgov(["version"], {
      cwd: nowhere,
      env: { ...env(), DGOV_JSON: value },
    });
    expect(stdout).toStartWith("dgov ");
  });

  test.each([[["--json", "status", "-C"]], [["status", "--json", "--root"]], [["-C"]]])(
    "global flags are accepted before and after the command: %j DIR",
    async (args) => {
      const { stdout, exitCode } = await dgov([...args, project], { cwd: nowhere, env: env() });
      expect(stdout).toContain("tasks/main.b");
      expect(exitCode).toBe(0);
    },
  );

  test("help exit-codes lists every exit code", async () => {
    const { document } = await dgovJson(["help", "exit-codes"]);
    const codes = new Set((document["codes"] as { code: number }[]).map(({ code }) => code));
    expect([...codes].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 70, 130, 143]);
  });

  test("a closed pipe ends the command with exit code 0", async () => {
    const command = [...dgovCommand(), "watch", "--all", "--once"]
      .map((word) => `'${word}'`)
      .join(" ");
    const child = Bun.spawnSync(["sh", "-c", `{ ${command}; echo "code $?" >&2; } | true`], {
      cwd: project,
      env: env(),
    });
    expect(child.stderr.toString().trim()).toBe("code 0");
  });
});

describe("large answers", () => {
  test("an answer of several megabytes arrives whole at a slow reader", async () => {
    const big = join(root, "big");
    mkdirSync(join(big, ".dgov"), { recursive: true });
    const note = { text: "x".repeat(1000) };
    const script = new RunLog({ units: [] });
    for (let i = 0; i < 4000; i++) script.add("run.note", note);
    {
      using log = openEventLog(big);
      log.append(script.news);
    }
    const args = ["watch", "--once", "--json"];
    const whole = await dgov(args, { cwd: big, env: env() });
    expect(JSON.parse(whole.stdout)["events"]).toHaveLength(4001);
    const command = [...dgovCommand(), ...args].map((word) => `'${word}'`).join(" ");
    // The reader starts only after the writer has filled the pipe: 64 KiB of 4 MB.
    const piped = Bun.spawnSync(["sh", "-c", `${command} | { head -c 1; wc -c; }`], {
      cwd: big,
      env: env(),
    });
    expect(piped.stdout.toString()).toStartWith("{");
    expect(Number(piped.stdout.toString().slice(1))).toBeGreaterThan(whole.stdout.length - 100_000);
  });
});

describe("read-only commands", () => {
  const json = async (...args: string[]) =>
    (await dgovJson(args, { cwd: project, env: env() })).document;

  test("the first line of status is the summary of its document", async () => {
    const text = await dgov([], { cwd: project, env: env() });
    const document = await json("status");
    expect(text.stdout.split("\n")[0]).toBe(String(document["summary"]));
    expect(document).toMatchObject({
      schema: "dgov.status/1",
      status: "needs_attention",
      summary: "needs attention: p: last run partial: 1/2 landed, 1 failed",
      units: 2,
      landed: 1,
      runs: [
        {
          plan: "p",
          phase: "partial",
          units: [
            { unit: "tasks/main.a", phase: "landed", commit: "c".repeat(40) },
            { unit: "tasks/main.b", phase: "failed", kept_ref: "refs/dgov/keep/r1/tasks/main.b/1" },
          ],
        },
      ],
    });
    expect(text.exitCode).toBe(0);
  });

  test("plan list tells a plan that has run from one that has not", async () => {
    mkdirSync(join(project, ".dgov/plans/q/tasks"), { recursive: true });
    writeFileSync(
      join(project, ".dgov/plans/q/_root.toml"),
      '[plan]\nname = "q"\nsections = ["tasks"]\n',
    );
    const document = await json("plan", "list");
    rmSync(join(project, ".dgov/plans/q"), { recursive: true });
    expect(document["plans"]).toMatchObject([
      { name: "p", status: "partial", landed: 1, total: 2, last_run: "r1" },
      { name: "q", status: "uncompiled", landed: 0, total: 0, last_run: null },
    ]);
  });

  test("plan review shows the real output of the gate that failed", async () => {
    const { stdout, exitCode } = await dgov(["plan", "review", "p"], { cwd: project, env: env() });
    expect(stdout).toContain("tests failed (exit code 1): sh check.sh");
    expect(stdout).toContain("| expected 4, got 5");
    expect(stdout).toContain("next: dgov take tasks/main.b");
    expect(exitCode).toBe(0);
    const document = await json("plan", "review", "--only", "b");
    expect(document["units"]).toMatchObject([
      {
        unit: "tasks/main.b",
        attempts: [
          {
            rejection: {
              gates: [{ gate: "tests", tail: "expected 4, got 5\n", exit: "exit code 1" }],
            },
          },
        ],
      },
    ]);
  });

  test("plan review --events lists the events of one unit", async () => {
    const document = await json("plan", "review", "p", "--events", "b");
    const events = document["events"] as { type: string; unit: string }[];
    expect(events.map(({ type }) => type)).toEqual([
      "gate.finished",
      "attempt.kept",
      "attempt.rejected",
      "unit.changed",
    ]);
  });

  test("explain names the reason of a unit given by a unique suffix", async () => {
    const { stdout } = await dgov(["explain", "b"], { cwd: project, env: env() });
    expect(stdout).toStartWith("tasks/main.b is failed since ");
    expect(stdout).toContain("out of attempts");
  });

  test("runs list and runs show report past runs", async () => {
    expect((await json("runs", "list"))["runs"]).toMatchObject([
      { run: "r1", plan: "p", phase: "partial", exit_code: 1, landed: 1, units: 2 },
    ]);
    expect(await json("runs", "show", "r1")).toMatchObject({ run: "r1", exit_code: 1 });
    expect(await json("runs", "show", "r9")).toMatchObject({ code: "NOT_FOUND", exit_code: 1 });
  });

  test("watch --ndjson prints one event per line", async () => {
    const { stdout } = await dgov(["watch", "--ndjson", "--once"], { cwd: project, env: env() });
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({
      schema: "dgov.event/1",
      seq: 1,
      type: "run.started",
      run: "r1",
    });
    expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1));
    const since = await dgov(["watch", "--ndjson", "--once", "--since", String(lines.length - 1)], {
      cwd: project,
      env: env(),
    });
    expect(since.stdout.trimEnd().split("\n")).toHaveLength(1);
  });

  test("E1 watch shows the reason of a rejection", async () => {
    const { stdout } = await dgov(["watch", "--once"], { cwd: project, env: env() });
    expect(stdout).toContain("rejected (gate_failed): tests: 1 failing test");
    expect(stdout).toContain("expected 4, got 5");
  });

  test("watch follows new events and exits 0 on SIGINT", async () => {
    const child = spawnDgov(["watch", "--ndjson"], { cwd: project, env: env() });
    const reader = child.stdout.getReader();
    const decoder = new TextDecoder();
    let text = "";
    const until = async (part: string): Promise<void> => {
      while (!text.includes(part)) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`ended before ${part}: ${text}`);
        text += decoder.decode(value, { stream: true });
      }
    };
    await until('"run.finished"');
    {
      using log = openEventLog(project);
      log.append(new RunLog({ run: "r2", plan: "later", units: [] }).news.slice(0, 1));
      await until('"r2"');
      log.append([
        {
          run: "r2",
          plan: "later",
          unit: null,
          attempt: null,
          type: "run.finished",
          data: { status: "complete" },
        },
      ]);
    }
    await until('"later","unit":null,"attempt":null,"type":"run.finished"');
    child.kill("SIGINT");
    expect(await child.exited).toBe(0);
  });

  test("E9 read-only commands create no file", async () => {
    const before = readdirSync(join(project, ".dgov")).sort();
    for (const args of [
      ["status"],
      ["plan", "list"],
      ["plan", "review", "p"],
      ["explain", "b"],
      ["runs", "list"],
    ]) {
      await dgov(args, { cwd: project, env: env() });
    }
    expect(readdirSync(join(project, ".dgov")).sort()).toEqual(before);
  });

  test("escape sequences in recorded texts are not printed", async () => {
    const other = join(root, "other");
    mkdirSync(join(other, ".dgov"), { recursive: true });
    {
      using log = openEventLog(other);
      const script = new RunLog({ units: [{ unit: "x" }] });
      log.append(
        script.phase("x", "failed", "\u001b[2J\u001b]0;title\u0007wiped\rover").finished("failed")
          .news,
      );
    }
    const { stdout } = await dgov(["status"], { cwd: other, env: env() });
    expect(stdout).toContain("wiped");
    expect(stdout).not.toContain("\u001b");
    expect(stdout).not.toContain("\r");
  });
});
