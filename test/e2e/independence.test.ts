/** Independence of units: waiting of one does not delay others, and a unit's base contains its dependencies. */
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done, type ModelRule } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit, untilEvent } from "../harness/project.ts";

function writes(key: string, more: Partial<ModelRule> = {}): ModelRule {
  const turn = call("write_file", { path: `${key}.txt`, content: `${key}\n` });
  return { unit: unit(key), turns: [turn, done("ok")], ...more };
}

describe("independence of slow steps", () => {
  test.concurrent("D2 a slow gate does not delay other units' starts, exits, rejections, retries or answers", async () => {
    await using p = await testProject({
      tasks: {
        a: {},
        b: {},
        c: {},
        r: { role: "researcher", files: { read: ["readme.txt"] } },
      },
      plan: { max_retries: 1 },
      config: {
        project: {
          // Slow for every tree that contains the change of `a`.
          test_cmd: '[ ! -e a.txt ] || while [ ! -e "$GO" ]; do sleep 0.05; done',
          settlement_timeout: 300,
        },
        run: { jobs: 1, env: ["GO"] },
      },
      script: {
        rules: [
          writes("a"),
          writes("b"),
          { unit: unit("c"), attempt: 1, turns: [done("nothing to do")] },
          writes("c"),
          { unit: unit("r"), turns: [done("r", { result: { summary: "found", evidence: [] } })] },
        ],
      },
    });
    const go = join(p.repo.root, "go");
    const running = p.dgov(["run", "p"], { GO: go });
    await untilEvent(p, "gate.started", unit("a"));
    await untilEvent(p, "unit.changed", unit("b"), { to: "queued" });
    await untilEvent(p, "attempt.rejected", unit("c"));
    await untilEvent(p, "unit.changed", unit("c"), { to: "queued" });
    await untilEvent(p, "unit.changed", unit("r"), { to: "done" });
    expect(p.events().some((e) => e.type === "gates.finished" && e.unit === unit("a"))).toBe(false);
    expect(await p.landed()).toEqual([]);
    writeFileSync(go, "");
    expect((await running).exitCode).toBe(0);
    expect((await p.landed()).sort()).toEqual([unit("a"), unit("b"), unit("c")]);
  });

  test.concurrent("D1 a unit with a failing model delays neither other units nor the end of the run", async () => {
    const fault = { kind: "status", status: 500 } as const;
    await using p = await testProject({
      tasks: { a: {}, b: {}, c: { depends_on: ["b"] } },
      config: { run: { jobs: 2 } },
      script: {
        rules: [{ unit: unit("a"), turns: [{ ...done("ok"), fault }] }, writes("b"), writes("c")],
      },
    });
    const child = p.spawn(["run", "p"]);
    child.stdin.end();
    await untilEvent(p, "landing.finished", unit("c"));
    expect(await p.landed()).toEqual([unit("b"), unit("c")]);
    expect(p.events().some((e) => e.type === "worker.exited" && e.unit === unit("a"))).toBe(false);
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
  });

  test.concurrent("D1 a rate-limited provider delays only requests, not reviews, gates, landings or the end", async () => {
    const answered = Promise.withResolvers<void>();
    const fault = { kind: "status", status: 429, retryAfter: "100" } as const;
    await using p = await testProject({
      tasks: { a: {}, b: {} },
      config: { run: { jobs: 2 }, project: { test_cmd: "true" } },
      script: {
        rules: [
          { unit: unit("a"), turns: [{ ...done("ok"), fault, until: () => answered.promise }] },
          {
            unit: unit("b"),
            turns: [
              call("write_file", { path: "b.txt", content: "b\n" }),
              () => {
                answered.resolve();
                return done("ok");
              },
            ],
          },
        ],
      },
    });
    const child = p.spawn(["run", "p"]);
    child.stdin.end();
    await untilEvent(p, "landing.finished", unit("b"));
    expect(p.events().some((e) => e.type === "worker.exited" && e.unit === unit("a"))).toBe(false);
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    const requests = p.model.requests.filter((r) => r.conversation.unit === unit("a"));
    expect(requests).toHaveLength(1);
  });
});

test.concurrent("D3 dependents of a finished task land while an earlier task works, and its dependents wait", async () => {
  const gate = Promise.withResolvers<void>();
  const [first, ...rest] = writes("a").turns;
  await using p = await testProject({
    tasks: { a: {}, d: { depends_on: ["a"] }, b: {}, c: { depends_on: ["b"] } },
    config: { run: { jobs: 2 } },
    script: {
      rules: [
        { unit: unit("a"), turns: [{ ...first, until: () => gate.promise }, ...rest] },
        ...["b", "c", "d"].map((key) => writes(key)),
      ],
    },
  });
  const running = p.dgov(["run", "p"]);
  await untilEvent(p, "landing.finished", unit("c"));
  expect(p.events().some((e) => e.type === "worker.started" && e.unit === unit("d"))).toBe(false);
  gate.resolve();
  expect((await running).exitCode).toBe(0);
  expect(await p.landed()).toEqual(["b", "c", "a", "d"].map(unit));
});

test.concurrent("D13 changes landed in an earlier run are in the base of their dependents, independent of commit dates", async () => {
  const state = { blocked: true };
  await using p = await testProject({
    tasks: {
      a: {},
      r: { role: "researcher", depends_on: ["a"], files: { read: ["a.txt"] } },
      b: { depends_on: ["r"], files: { create: ["b.txt"], read: ["a.txt"] } },
    },
    plan: { max_retries: 0 },
    script: {
      rules: [
        writes("a"),
        {
          unit: unit("r"),
          turns: [
            call("read_file", { path: "a.txt" }),
            done("r", { result: { summary: "found", evidence: [] } }),
          ],
        },
        {
          unit: unit("b"),
          when: () => state.blocked,
          turns: [done("not yet", { status: "blocked" })],
        },
        { unit: unit("b"), turns: [call("run_bash", { command: "cp a.txt b.txt" }), done("ok")] },
      ],
    },
  });
  await commitDated(p, "2099-01-01T00:00:00Z");
  expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
  expect(await p.landed()).toEqual([unit("a")]);
  const requests = p.model.requests.filter((r) => r.conversation.unit === unit("r"));
  expect(requests.at(-1)?.conversation.messages.at(-1)).toMatchObject({
    role: "tool",
    content: "a\n",
  });
  await commitDated(p, "1999-01-01T00:00:00Z");
  state.blocked = false;
  expect((await p.dgov(["run", "p", "--continue"])).exitCode).toBe(0);
  expect(p.repo.read("b.txt")).toBe("a\n");
});

/** A commit of the operator's with a wrong date. */
async function commitDated(p: TestProject, date: string): Promise<void> {
  const env = { ...p.repo.env, GIT_COMMITTER_DATE: date, GIT_AUTHOR_DATE: date };
  const argv = ["git", "commit", "-q", "--allow-empty", "-m", "dated"];
  expect(Bun.spawnSync(argv, { cwd: p.repo.path, env }).exitCode).toBe(0);
}
