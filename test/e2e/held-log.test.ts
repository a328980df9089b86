/** Another process that holds the event log while dgov writes it. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { scaled } from "../harness/limits.ts";
import { type TestProject, testProject, unit, untilEvent } from "../harness/project.ts";

const write = call("write_file", { path: "a.txt", content: "a\n" });

function project(until: () => Promise<unknown>): Promise<TestProject> {
  return testProject({
    tasks: { a: {} },
    script: { rules: [{ unit: unit("a"), turns: [{ ...write, until }, done("ok")] }] },
  });
}

/** Takes the write lock of the event log, as a backup program or a browser of databases would. */
function hold(p: TestProject): { release(): void } {
  const db = new Database(join(p.root, ".dgov/state.db"));
  db.run("BEGIN IMMEDIATE");
  return {
    release() {
      db.run("ROLLBACK");
      db.close();
    },
  };
}

/** A function that reads a process's messages until they contain a text. */
function listener({ stderr }: ReturnType<TestProject["spawn"]>): (text: string) => Promise<void> {
  const decoder = new TextDecoder();
  const reader = stderr.getReader();
  let said = "";
  return async (text) => {
    while (!said.includes(text)) {
      const { done: ended, value } = await reader.read();
      if (ended) throw new Error(`the run ended without saying ${text}: ${said}`);
      said += decoder.decode(value, { stream: true });
    }
  };
}

/** A run whose worker has started and whose event log is held since then. */
async function heldRun(): Promise<{
  p: TestProject;
  run: ReturnType<TestProject["spawn"]>;
  said: (text: string) => Promise<void>;
  release(): void;
}> {
  let held: { release(): void } | null = null;
  const p: TestProject = await project(async () => {
    await untilEvent(p, "worker.started");
    held ??= hold(p);
  });
  const run = p.spawn(["run", "p"]);
  const said = listener(run);
  await said("another process holds");
  return { p, run, said, release: () => held?.release() };
}

test("B19 a run waits for a process that holds the event log, says so, and goes on", async () => {
  const { p, run, release } = await heldRun();
  await using _ = p;
  release();
  expect(await run.exited).toBe(0);
  expect(await p.landed()).toEqual([unit("a")]);
});

test("B19 an interrupt is acted on while the event log is held", async () => {
  const { p, run, said, release } = await heldRun();
  await using _ = p;
  run.kill("SIGINT");
  await said("stopping: ending workers");
  release();
  expect(await run.exited).toBe(130);
  expect((await p.dgov(["run", "p", "--continue"])).exitCode).toBe(0);
  expect(await p.landed()).toEqual([unit("a")]);
});

test("B19 a second interrupt ends a run at once while the event log is held", async () => {
  const { p, run, said, release } = await heldRun();
  await using _ = p;
  run.kill("SIGINT");
  await said("stopping: ending workers");
  run.kill("SIGTERM");
  expect([130, 143]).toContain(await run.exited);
  release();
  expect((await p.dgov(["run", "p", "--continue"])).exitCode).toBe(0);
});

test("B19 an interrupted run ends although the event log stays held", async () => {
  const { p, run, release } = await heldRun();
  await using _ = p;
  run.kill("SIGINT");
  expect([4, 130]).toContain(await run.exited);
  release();
  expect((await p.dgov(["run", "p", "--continue"])).exitCode).toBe(0);
  expect(await p.landed()).toEqual([unit("a")]);
});

test("B19 a run that starts while the event log is held waits, too, and can be interrupted", async () => {
  await using p = await project(async () => {});
  expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
  const held = hold(p);
  const interrupted = p.spawn(["run", "p", "--restart"]);
  await listener(interrupted)("another process holds");
  interrupted.kill("SIGINT");
  expect([4, 130]).toContain(await interrupted.exited);
  const run = p.spawn(["run", "p", "--restart"]);
  await listener(run)("another process holds");
  held.release();
  expect(await run.exited).toBe(0);
});

test.skipIf(process.env["DGOV_TEST_LONG"] !== "1")(
  "B19 a run that cannot write its log ends with exit code 4 (DGOV_TEST_LONG=1)",
  async () => {
    let held: { release(): void } | null = null;
    const p: TestProject = await project(async () => {
      await untilEvent(p, "worker.started");
      held ??= hold(p);
    });
    await using _ = p;
    const run = await p.dgov(["run", "p"]);
    (held as { release(): void } | null)?.release();
    expect(run.exitCode).toBe(4);
    expect(run.stderr).toContain("the event log is locked by another process");
    const again = await p.dgov(["run", "p", "--continue"]);
    expect(again.exitCode).toBe(0);
    expect(await p.landed()).toEqual([unit("a")]);
  },
  scaled(240_000),
);
