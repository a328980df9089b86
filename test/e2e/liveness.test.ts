/** Liveness: no unit waits without need, every run ends, and signals take effect. */
import { describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done, type ModelScript } from "../../src/demo/script.ts";
import { testProject, unit, untilEvent } from "../harness/project.ts";

function writes(...keys: string[]): ModelScript {
  return {
    rules: keys.map((key) => ({
      unit: unit(key),
      turns: [call("write_file", { path: `${key}.txt`, content: `${key}\n` }), done("ok")],
    })),
  };
}

describe("liveness", () => {
  test.concurrent("D2 D3 a slow early task delays neither an independent one nor its dependents", async () => {
    const gate = Promise.withResolvers<void>();
    const script = writes("b", "c");
    script.rules.unshift({
      unit: unit("a"),
      turns: [
        { ...call("write_file", { path: "a.txt", content: "a\n" }), until: () => gate.promise },
        done("ok"),
      ],
    });
    await using p = await testProject({
      tasks: { a: {}, b: {}, c: { depends_on: ["b"] } },
      config: { run: { jobs: 2 } },
      script,
    });
    const running = p.dgov(["run", "p"]);
    await untilEvent(p, "landing.finished", unit("c"));
    expect(await p.landed()).toEqual([unit("b"), unit("c")]);
    gate.resolve();
    expect((await running).exitCode).toBe(0);
    expect(await p.landed()).toEqual([unit("b"), unit("c"), unit("a")]);
  });

  test.concurrent("D13 the base of a unit contains its dependencies' changes, also through a researcher", async () => {
    await using p = await testProject({
      tasks: {
        a: {},
        r: { role: "researcher", depends_on: ["a"], files: { read: ["a.txt"] } },
        b: { depends_on: ["r"], files: { create: ["b.txt"], read: ["a.txt"] } },
      },
      script: {
        rules: [
          ...writes("a").rules,
          {
            unit: unit("r"),
            turns: [done("a.txt says a", { result: { summary: "found", evidence: [] } })],
          },
          {
            unit: unit("b"),
            turns: [call("run_bash", { command: "cat a.txt > b.txt" }), done("copied")],
          },
        ],
      },
    });
    const run = await p.dgov(["run", "p", "--json"]);
    expect(JSON.parse(run.stdout).status).toBe("complete");
    expect(p.repo.read("b.txt")).toBe("a\n");
    const prompt = JSON.stringify(
      p.model.requests.find((r) => r.conversation.unit === unit("b"))?.body,
    );
    expect(prompt).toContain("result of tasks/main.r");
  });

  test.concurrent("D12 scratch files created and removed in the worktree do not fail a task", async () => {
    await using p = await testProject({
      tasks: { a: {} },
      script: {
        rules: [
          {
            unit: unit("a"),
            turns: [
              call("run_bash", { command: "echo x > scratch; rm scratch; echo a > a.txt" }),
              done("ok"),
            ],
          },
        ],
      },
    });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
  });

  test.concurrent("D2 with max_concurrent = 1 the next unit works after a worker timed out in the middle of a request", async () => {
    const script = writes("b");
    const asked = Promise.withResolvers<void>();
    const until = (): Promise<never> => {
      asked.resolve();
      return new Promise(() => {});
    };
    script.rules.push({ unit: unit("a"), turns: [{ ...done("never"), until }] });
    await using p = await testProject({
      tasks: { a: { timeout_s: 1 }, b: {} },
      config: { run: { jobs: 1, timeout_retries: 0 }, providers: { test: { max_concurrent: 1 } } },
      script,
    });
    const run = await p.dgov(["run", "p", "--json"]);
    await asked.promise;
    expect(JSON.parse(run.stdout)).toMatchObject({ status: "partial" });
    expect(await p.landed()).toEqual([unit("b")]);
  });

  test.concurrent("D4 a second run is refused at once and names the first", async () => {
    const gate = Promise.withResolvers<void>();
    await using p = await testProject({
      tasks: { a: {} },
      script: {
        rules: [
          {
            unit: unit("a"),
            turns: [
              { ...call("write_file", { path: "a.txt", content: "a" }), until: () => gate.promise },
              done("ok"),
            ],
          },
        ],
      },
    });
    const first = p.dgov(["run", "p"]);
    await untilEvent(p, "worker.started");
    const second = await p.dgov(["run", "p", "--json"]);
    expect(second.exitCode).toBe(4);
    expect(second.stdout).toContain("RUN_LOCKED");
    expect(second.stdout).toContain(p.events()[0]?.run ?? "?");
    gate.resolve();
    expect((await first).exitCode).toBe(0);
  });

  test.concurrent.each(["SIGINT", "SIGTERM"] as const)(
    "D1 B3 %s ends the workers, keeps their work, and is recorded once",
    async (signal) => {
      const never = Promise.withResolvers<void>();
      await using p = await testProject({
        tasks: { a: {}, b: { depends_on: ["a"] } },
        script: {
          rules: [
            {
              unit: unit("a"),
              turns: [
                call("write_file", { path: "a.txt", content: "half\n" }),
                { ...done("ok"), until: () => never.promise },
              ],
            },
          ],
        },
      });
      const child = p.spawn(["run", "p"]);
      child.stdin.end();
      while (!p.telemetry().some((e) => e.type === "result")) await Bun.sleep(10);
      child.kill(signal);
      expect(await child.exited).toBe(signal === "SIGINT" ? 130 : 143);
      never.resolve();
      const events = p.events();
      expect(events.filter((e) => e.type === "run.finished")).toHaveLength(1);
      const kept = events.findLast((e) => e.type === "attempt.kept");
      expect(await p.repo.git("show", `${kept?.data["ref"]}:a.txt`)).toBe("half");
      expect(existsSync(join(p.repo.path, "a.txt"))).toBe(false);
      const again = await p.dgov(["run", "p", "--json"]);
      expect([JSON.parse(again.stdout).status, again.exitCode]).toEqual(["unresolved", 1]);
    },
  );

  test.concurrent("D1 a signal during a gate takes effect at once", async () => {
    await using p = await testProject({
      tasks: { a: {} },
      config: { project: { test_cmd: "[ ! -e a.txt ] || sleep 3000" } },
      script: writes("a"),
    });
    const child = p.spawn(["run", "p"]);
    child.stdin.end();
    await untilEvent(p, "gate.started", unit("a"));
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    expect(p.events().filter((e) => e.type === "run.finished")).toHaveLength(1);
  });

  test.concurrent("D11 the totals of a run include the tokens of failed attempts", async () => {
    const usage = { prompt: 1000, cached: 0, completion: 10 };
    await using p = await testProject({
      tasks: { a: {} },
      plan: { max_retries: 1 },
      script: {
        rules: [{ unit: unit("a"), turns: [{ ...done("no", { status: "incomplete" }), usage }] }],
      },
    });
    const run = await p.dgov(["run", "p", "--json"]);
    expect(JSON.parse(run.stdout)).toMatchObject({ prompt_tokens: 2000, completion_tokens: 20 });
  });

  test.concurrent("B4 B16 a commit that the operator makes during the run stays, and the work lands on top of it", async () => {
    const gate = Promise.withResolvers<void>();
    await using p = await testProject({
      tasks: { a: {} },
      script: {
        rules: [
          {
            unit: unit("a"),
            turns: [
              {
                ...call("write_file", { path: "a.txt", content: "a\n" }),
                until: () => gate.promise,
              },
              done("ok"),
            ],
          },
        ],
      },
    });
    const running = p.dgov(["run", "p"]);
    await untilEvent(p, "worker.started");
    writeFileSync(join(p.repo.path, "mine.txt"), "mine\n");
    await p.repo.git("add", "mine.txt");
    await p.repo.git("commit", "-qm", "mine");
    gate.resolve();
    expect((await running).exitCode).toBe(0);
    expect(await p.landed()).toEqual([unit("a")]);
    expect(p.repo.read("mine.txt")).toBe("mine\n");
    expect(await p.repo.git("log", "--format=%s", "--reverse", "-n", "3")).toContain(
      "mine\nfeat: a",
    );
  });

  test.concurrent("take and land send manually fixed work through the same gates", async () => {
    await using p = await testProject({
      files: { "check.sh": "#!/bin/sh\n[ ! -e a.txt ] || grep -q right a.txt\n" },
      tasks: { a: {} },
      plan: { max_retries: 0 },
      config: { project: { test_cmd: "sh check.sh" } },
      script: {
        rules: [
          {
            unit: unit("a"),
            turns: [call("write_file", { path: "a.txt", content: "wrong\n" }), done("ok")],
          },
        ],
      },
    });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    const taken = JSON.parse((await p.dgov(["take", "a", "--json"])).stdout);
    expect(taken).toMatchObject({ schema: "dgov.take/1", unit: unit("a"), conflicted: [] });
    expect((await p.dgov(["land", "a"])).exitCode).toBe(1);
    writeFileSync(join(taken.path, "a.txt"), "right\n");
    const requestsBefore = p.model.requests.length;
    const landed = await p.dgov(["land", "a", "--json"]);
    expect(landed.exitCode).toBe(0);
    expect(p.repo.read("a.txt")).toBe("right\n");
    expect(p.model.requests).toHaveLength(requestsBefore);
    expect(existsSync(taken.path)).toBe(false);
  });
});
