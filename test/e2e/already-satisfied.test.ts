/** Attempts without a change: an earlier commit of the unit satisfies them, or they are empty. */
import { describe, expect, test } from "bun:test";
import { call, done, type ModelRule, type ModelTurn } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";

const write = (key: string, content: string) => call("write_file", { path: `${key}.txt`, content });
const claims = (key: string) => ({ files: { touch: [`${key}.txt`] } });
const edited = { ...claims("a"), summary: "Do a with other words" };

/** A project in which `a` landed; from then on its worker takes these turns, one list for each attempt. */
async function landedOnce(...later: ModelTurn[][]): Promise<TestProject> {
  const b = { unit: unit("b"), turns: [write("b", "b\n"), done("ok")] };
  const rules: ModelRule[] = [{ unit: unit("a"), turns: [write("a", "a\n"), done("ok")] }];
  const p = await testProject({
    tasks: { a: claims("a") },
    plan: { max_retries: 3 },
    files: { "check.sh": "! grep -q BAD a.txt 2>/dev/null\n" },
    config: { project: { test_cmd: "sh check.sh" } },
    script: { rules },
  });
  // A second unit keeps the plan out of the archive.
  p.writePlan({ a: claims("a"), b: claims("b") });
  await p.repo.git("commit", "-qam", "another unit");
  expect((await p.dgov(["run", "p", "--only", "a"])).exitCode).toBe(0);
  const attempts = later.map((turns, at) => ({ unit: unit("a"), attempt: at + 1, turns }));
  rules.splice(0, 1, b, ...attempts, { unit: unit("a"), turns: [done("nothing to do")] });
  return p;
}

async function edit(p: TestProject, tasks: Parameters<TestProject["writePlan"]>[0]) {
  p.writePlan(tasks);
  await p.repo.git("commit", "-qam", "edit the plan");
}

const verdicts = (p: TestProject): unknown[] =>
  p.events().flatMap(({ type, data }) => (type === "attempt.rejected" ? [data["verdict"]] : []));

const satisfied = (p: TestProject): unknown[] =>
  p.events().flatMap(({ type, data }) => (type === "review.satisfied" ? [data["commit"]] : []));

const stateOf = async (p: TestProject): Promise<string> =>
  JSON.parse((await p.dgov(["plan", "status", "p", "--json"])).stdout).units[0].state;

describe("an attempt without a change", () => {
  test.concurrent("B25 is satisfied by the unit's earlier commit after an edited prompt, and dependents start", async () => {
    await using p = await landedOnce();
    const commit = await p.repo.git("log", "-1", "--format=%H", "--", "a.txt");
    await edit(p, { a: edited, b: { ...claims("b"), depends_on: ["a"] } });
    const run = await p.dgov(["run", "p"]);
    expect([run.exitCode, satisfied(p), verdicts(p)]).toEqual([0, [commit], []]);
    expect(run.stderr).toContain("already satisfied by");
    expect(await p.landed()).toEqual([unit("a"), unit("b")]);
    const requests = p.model.requests.length;
    expect(await stateOf(p)).toBe("already_satisfied");
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect(p.model.requests).toHaveLength(requests);
  });

  test.concurrent("B25 is satisfied with --restart", async () => {
    await using p = await landedOnce();
    expect((await p.dgov(["run", "p", "--only", "a", "--restart"])).exitCode).toBe(0);
    expect([satisfied(p).length, verdicts(p), await p.landed()]).toEqual([1, [], [unit("a")]]);
  });

  test.concurrent("B25 is empty, with one retry, when a claimed path changed since", async () => {
    await using p = await landedOnce();
    p.repo.write("a.txt", "by hand\n");
    await edit(p, { a: edited });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    expect([satisfied(p), verdicts(p)]).toEqual([[], ["empty_diff", "empty_diff"]]);
  });

  test.concurrent("B25 is empty when the commit was reverted", async () => {
    await using p = await landedOnce();
    await p.repo.git(
      "revert",
      "--no-edit",
      await p.repo.git("log", "-1", "--format=%H", "--", "a.txt"),
    );
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    expect([satisfied(p), verdicts(p)]).toEqual([[], ["empty_diff", "empty_diff"]]);
  });

  test.concurrent("B25 after a rejection is never done", async () => {
    await using p = await landedOnce(
      [write("a", "BAD\n"), done("ok")],
      [write("a", "a\n"), done("ok")],
    );
    await edit(p, { a: edited });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    expect(satisfied(p)).toEqual([]);
    expect(verdicts(p)).toEqual(["gate_failed", "empty_diff", "empty_diff"]);
  });
});
