/** Changes of what judges them, reported by a run, by its review and as JSON. */

import { expect, test } from "bun:test";
import { call, done } from "../../src/demo/script.ts";
import { testProject, unit } from "../harness/project.ts";

const turns = [
  call("write_file", { path: "pytest.ini", content: "[pytest]\naddopts = -k nothing\n" }),
  done("ok"),
];
const changes = [{ path: "pytest.ini", what: "configuration of tests or checkers" }];
const line = "judge_changed: pytest.ini (configuration of tests or checkers)";

test.concurrent("A27 a change of pytest.ini lands and is reported in summary, review and JSON", async () => {
  await using p = await testProject({
    tasks: { a: { files: { create: ["pytest.ini"] } } },
    script: { rules: [{ unit: unit("a"), turns }] },
  });
  const run = await p.dgov(["run", "p"]);
  expect([run.exitCode, await p.landed()]).toEqual([0, [unit("a")]]);
  expect(run.stdout).toContain(`${unit("a")}: ${line}`);
  expect((await p.dgov(["plan", "review", "p"])).stdout).toContain(line);
  const review = JSON.parse((await p.dgov(["plan", "review", "p", "--json"])).stdout);
  expect(review.units[0].attempts[0].judge_changed).toEqual(changes);
});

test.concurrent("A27 with judge_changes = fail a change of pytest.ini does not land", async () => {
  await using p = await testProject({
    tasks: { a: { files: { create: ["pytest.ini"] } } },
    plan: { max_retries: 0 },
    config: { merge: { judge_changes: "fail" } },
    script: { rules: [{ unit: unit("a"), turns }] },
  });
  const run = await p.dgov(["run", "p", "--json"]);
  expect([run.exitCode, await p.landed()]).toEqual([1, []]);
  const [a] = JSON.parse(run.stdout).units;
  expect([a.judge_changed, a.rejection.verdict]).toEqual([changes, "judge_changed"]);
});
