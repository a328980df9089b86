/** The worker subprocess: its requests, its messages, and its end. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { markedProcesses } from "../../src/process/tree.ts";
import { sha256 } from "../../src/std/digest.ts";
import type { WorkerMessage } from "../../src/worker/protocol.ts";
import { apiKey, setUpWorker, type WorkerEnd } from "./harness.ts";

const bash = (command: string) => call("run_bash", { command });

function ofType<T extends WorkerMessage["type"]>(end: WorkerEnd, type: T) {
  return end.messages.filter((m): m is Extract<WorkerMessage, { type: T }> => m.type === type);
}

describe("a worker's conversation", () => {
  test("a worker edits and reports, and its recorded messages reproduce the requests", async () => {
    await using s = await setUpWorker({
      rules: [
        {
          turns: [
            { text: "I look first.", ...call("read_file", { path: "a.txt" }) },
            call("edit_file", { path: "a.txt", old_text: "one", new_text: "1" }),
            done("changed"),
          ],
        },
      ],
    });
    const end = await s.run();
    expect(end.outcome).toEqual({
      type: "outcome",
      verdict: "complete",
      reason: "changed",
      result: "changed",
    });
    expect(readFileSync(join(s.root, "a.txt"), "utf8")).toBe("1\ntwo\n");
    expect(end.exitCode).toBe(0);

    const recorded = new Map(ofType(end, "message.recorded").map((m) => [m.digest, m.message]));
    expect(recorded.size).toBe(ofType(end, "message.recorded").length);
    for (const [digest, message] of recorded) expect(sha256(JSON.stringify(message))).toBe(digest);
    const turns = ofType(end, "turn.finished");
    for (const [index, turn] of turns.entries()) {
      expect(turn.messages.map((digest) => recorded.get(digest))).toEqual(
        s.model.requests[index]?.conversation.messages ?? [],
      );
    }
  });

  test("E2 the first request has the whole prompt, scope, conventions and file list", async () => {
    await using s = await setUpWorker({ rules: [{ turns: [done("ok")] }] });
    await s.run({ prompt: "Unit: tasks/main.a\nAttempt: 1\n\nLEDGER RULE: never guess." });
    const [system, user] = s.model.requests[0]?.conversation.messages ?? [];
    expect(String(user?.content)).toContain("LEDGER RULE: never guess.");
    for (const words of ["you may edit: a.txt", "tone: plain", "a.txt", "Role: worker"]) {
      expect(String(system?.content)).toContain(words);
    }
  });

  test("a worker waits for a permit before each request", async () => {
    await using s = await setUpWorker({ rules: [{ turns: [done("ok")] }] });
    const worker = s.start({ grant: false });
    const requested = await worker.waitFor((message) => message.type === "permit.requested");
    expect(s.model.requests).toHaveLength(0);
    expect(requested).toMatchObject({ id: 1 });
    worker.send({ type: "permit.granted", id: 1 });
    expect((await worker.end).outcome?.verdict).toBe("complete");
  });

  test("D11 the tokens of a failed attempt are reported, including those of truncated answers", async () => {
    await using s = await setUpWorker({
      rules: [
        {
          turns: [
            {
              ...bash("true"),
              usage: { prompt: 100, cached: 40, completion: 7 },
              faults: [{ kind: "cut_stream" }],
            },
            { fault: { kind: "status", status: 401 } },
          ],
        },
      ],
    });
    const end = await s.run();
    expect(end.outcome?.verdict).toBe("refused_by_provider");
    expect(ofType(end, "turn.finished").map((turn) => turn.usage)).toEqual([
      { promptTokens: 200, cachedTokens: 80, completionTokens: 14 },
      { promptTokens: 0, cachedTokens: 0, completionTokens: 0 },
    ]);
  });

  test("D8 repeated identical calls stop the worker with no_progress", async () => {
    await using s = await setUpWorker({
      rules: [{ turns: [call("read_file", { path: "a.txt" })] }],
    });
    const end = await s.run();
    expect(end.outcome?.verdict).toBe("no_progress");
    expect(end.outcome?.reason).toContain("read_file was called 5 times in a row");
    expect(ofType(end, "warning")).toHaveLength(1);
  });

  test("D6 invalid calls of every kind are answered without a crash", async () => {
    const calls = [
      { path: "logo.bin" },
      { path: "." },
      {},
      { path: "a.txt", surprise: true },
      { path: 7 },
      { path: "../../etc/passwd" },
      null,
    ].map((args) => ({ tool: "read_file", args }));
    await using s = await setUpWorker({ rules: [{ turns: [{ calls }, done("ok")] }] });
    const end = await s.run();
    expect(
      ofType(end, "result")
        .slice(0, -1)
        .map((message) => message.ok),
    ).not.toContain(true);
    expect(end.outcome?.verdict).toBe("complete");
  });
});

describe("large texts", () => {
  test("D5 a mebibyte of prompt, thought, arguments and result passes through", async () => {
    const mebi = "zwölf Boxkämpfer\n".repeat(60_000);
    await using s = await setUpWorker({
      rules: [
        {
          turns: [
            { text: mebi, ...call("write_file", { path: "new", content: mebi }) },
            bash("cat new"),
            done("ok"),
          ],
        },
      ],
    });
    const end = await s.run({ prompt: `Unit: tasks/main.a\n\n${mebi}` });
    expect(end.outcome?.verdict).toBe("complete");
    expect(readFileSync(join(s.root, "new"), "utf8")).toBe(mebi);
    expect(ofType(end, "thought")[0]?.text).toBe(mebi);
    expect(ofType(end, "call")[0]?.args).toEqual({ path: "new", content: mebi });
    expect(String(s.model.requests[0]?.conversation.messages[1]?.content)).toContain(mebi);
  });
});

describe("API key", () => {
  test("C6 the API key reaches only the endpoint", async () => {
    const look = [
      "env",
      "cat /proc/self/environ | tr '\\0' '\\n'",
      "cat /proc/$PPID/environ /proc/$PPID/cmdline | tr '\\0' '\\n'",
      "for p in /proc/[0-9]*; do cat $p/cmdline 2>/dev/null; done | tr '\\0' '\\n' | grep dgov-test-key",
      "grep -r dgov-test-key . ; true",
    ];
    const turns = [...look.map(bash), done(`the key is ${apiKey}`)];
    await using s = await setUpWorker({ rules: [{ turns }] });
    const end = await s.run();
    expect(end.outcome?.verdict).toBe("complete");
    expect(s.model.requests.every((r) => r.headers["authorization"] === `Bearer ${apiKey}`)).toBe(
      true,
    );
    expect(end.stdout).not.toContain(apiKey);
    expect(end.stderr).not.toContain(apiKey);
    expect(end.stdout).toContain("the key is [redacted]");
    for (const request of s.model.requests) {
      const toolMessages = request.conversation.messages.filter(
        (message) => message.role === "tool",
      );
      expect(JSON.stringify(toolMessages)).not.toContain(apiKey);
    }
  });

  test("C6 an API key in an endpoint's error is redacted", async () => {
    await using s = await setUpWorker({
      rules: [{ turns: [{ fault: { kind: "status", status: 401, body: `bad key ${apiKey}` } }] }],
    });
    const end = await s.run();
    expect(end.outcome?.reason).toContain("bad key [redacted]");
    expect(end.stdout).not.toContain(apiKey);
  });
});

describe("closed stdin", () => {
  test("closing stdin ends a worker and every process of its tools", async () => {
    const command = "sleep 300 & setsid sleep 301 & echo $$ > started; sleep 302";
    await using s = await setUpWorker({ rules: [{ turns: [bash(command), done("ok")] }] });
    const worker = s.start();
    await worker.waitFor((message) => message.type === "call");
    while (!existsSync(join(s.root, "started"))) await Bun.sleep(5);
    expect(markedProcesses(worker.marker).length).toBeGreaterThan(2);
    worker.closeStdin();
    const end = await worker.end;
    expect(markedProcesses(worker.marker)).toEqual([]);
    expect(end.outcome).toBeNull();
    expect(end.exitCode).toBe(143);
  });

  test("closing stdin ends a worker during a request", async () => {
    await using s = await setUpWorker({
      rules: [{ turns: [{ fault: { kind: "hang_before_headers" } }] }],
    });
    const worker = s.start({ provider: { requestTimeoutMs: 60_000 } });
    while (s.model.requests.length === 0) await Bun.sleep(5);
    worker.closeStdin();
    expect((await worker.end).exitCode).toBe(143);
  });
});

test("a malformed worker request is rejected with a message", async () => {
  const main = join(import.meta.dir, "../../src/main.ts");
  const child = Bun.spawn([process.execPath, main, "worker"], {
    env: { PATH: process.env["PATH"] ?? "" },
    stdin: new Blob(['{"schema":"other"}\n']),
    stdout: "pipe",
    stderr: "pipe",
  });
  expect(await new Response(child.stderr).text()).toContain("unknown schema");
  expect(await child.exited).toBe(2);
});
