/** `dgov explain WORD`, and every recorded word of the test runs (`unexplainedIn`). */
import { expect, test } from "bun:test";
import { openEventLog } from "../../src/log/event-log.ts";
import { dgov, dgovJson } from "../harness/bin.ts";
import { unexplainedIn } from "../harness/event-check.ts";
import { testRepo } from "../harness/repo.ts";
import { RunLog } from "../harness/run-log.ts";

const units = [{ unit: "tasks/main.blocked" }];

test("E26 explain prints the row of a word, unless a unit has that name", async () => {
  await using repo = await testRepo({ ".dgov/project.toml": "" });
  const of = { cwd: repo.path, env: repo.env };
  const before = await dgovJson(["explain", "blocked"], of);
  expect([before.exitCode, before.document]).toEqual([
    0,
    {
      schema: "dgov.word/1",
      word: "blocked",
      meanings: [
        {
          of: "verdict of a unit",
          means: expect.any(String),
          remedy: expect.stringContaining("dgov run PLAN --continue"),
          do_not: expect.any(String),
          retried: "no",
        },
        {
          of: "state of a unit",
          means: expect.any(String),
          remedy: expect.stringContaining("dgov explain UNIT"),
          do_not: null,
          retried: null,
        },
      ],
    },
  ]);
  {
    using log = openEventLog(repo.path);
    log.append(new RunLog({ units }).lands("tasks/main.blocked").finished("complete").news);
  }
  const { document } = await dgovJson(["explain", "blocked"], of);
  expect(document).toMatchObject({ schema: "dgov.explain/1", unit: "tasks/main.blocked" });
  const word = await dgov(["explain", "empty diff"], of);
  expect(word.exitCode).toBe(0);
  expect(word.stdout).toMatch(
    /^empty_diff: verdict of a unit\n {2}\S.*\n {2}tried again: once\n {2}to do: \S/,
  );
  const misspelt = await dgovJson(["explain", "scope_violaton"], of);
  expect([misspelt.exitCode, misspelt.document["hint"]]).toEqual([
    1,
    "did you mean scope_violation?",
  ]);
});

test("E26 explain knows the words outside of a project, where nothing else is to be explained", async () => {
  expect((await dgov(["explain", "no_progress"])).exitCode).toBe(0);
  expect((await dgov(["explain", "zzzzzzzz"])).exitCode).toBe(4);
});

test("E26 a recorded word without a row is reported", () => {
  const log = new RunLog({ units }).rejected("tasks/main.blocked", 1, { verdict: "too_tired" });
  const reason = "not_our_fault: so it is";
  expect(unexplainedIn(log.phase("tasks/main.blocked", "failed", reason).events)).toEqual([
    "attempt.rejected: too_tired has no row in src/views/catalog/words.ts",
    "unit.changed: not_our_fault has no row in src/views/catalog/words.ts",
  ]);
});
