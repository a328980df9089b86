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

/** Reads a process's messages until they contain a text. */
async function untilSaid(
  { stderr }: ReturnType<TestProject["spawn"]>,
  text: string,
): Promise<void> {
  const decoder = new TextDecoder();
  const reader = stderr.getReader();
  for (let said = ""; !said.includes(text); ) {
    const { done: ended, value } = await reader.read();
    if (ended) throw new Error(`the run ended without saying ${text}: ${said}`);
    said += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
}

test("B19 a run waits for a process that holds the event log, says so, and goes on", async () => {
  let held: { release(): void } | null = null;
  const started = Promise.withResolvers<void>();
  const p: TestProject = await project(async () => {
    await untilEvent(p, "worker.started");
    held = hold(p);
    started.resolve();
  });
  await using _ = p;
  const run = p.spawn(["run", "p"]);
  await started.promise;
  await untilSaid(run, "another process holds");
  (held as { release(): void } | null)?.release();
  expect(await run.exited).toBe(0);
  expect(await p.landed()).toEqual([unit("a")]);
});

test("B19 a run that starts while the event log is held waits, too", async () => {
  await using p = await project(async () => {});
  expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
  const held = hold(p);
  const run = p.spawn(["run", "p", "--restart"]);
  await untilSaid(run, "another process holds");
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
