/** A worker that submits a tree which the gates rejected, in this run or an earlier one. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done, type ModelTurn } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";

const write = (content: string) => call("write_file", { path: "a.txt", content });

/** A project whose unit writes a bad file, then takes these turns in its second attempt. */
function retried(second: ModelTurn[]): Promise<TestProject> {
  return testProject({
    files: { "check.sh": "! grep -q BAD a.txt 2>/dev/null\n" },
    tasks: { a: { test_cmd: "sh check.sh" } },
    plan: { max_retries: 1 },
    script: {
      rules: [
        { unit: unit("a"), attempt: 1, turns: [write("BAD\n"), done("ok")] },
        { unit: unit("a"), attempt: 2, turns: second },
      ],
    },
  });
}

const answersOf = (p: TestProject, attempt: number | null = null): string[] =>
  p
    .telemetry()
    .filter(
      (event) =>
        event.type === "result" &&
        (attempt === null || event.attempt === attempt) &&
        event.data["tool"] === "done",
    )
    .map(({ data }) => `${data["text"]}`);

const same = "the files are the same as those that the gates rejected";

test("A21 a worker that ends with the rejected tree is told at done, and goes on in the same attempt", async () => {
  await using p = await retried([done("ok"), write("good\n"), done("ok")]);
  expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
  expect(await p.landed()).toEqual([unit("a")]);
  const [first = "", second = ""] = answersOf(p, 2);
  expect([first.includes(same), second.includes(same)]).toEqual([true, false]);
  expect(p.events().filter(({ type }) => type === "attempt.rejected")).toHaveLength(1);
});

test("A21 a worker that changes the files and then changes them back is told, too", async () => {
  await using p = await retried([
    write("other\n"),
    write("BAD\n"),
    done("ok"),
    write("good\n"),
    done("ok"),
  ]);
  expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
  expect(answersOf(p, 2)[0]).toContain(same);
});

test("A21 a worker that insists on the rejected tree ends, and its work is rejected", async () => {
  await using p = await retried([done("ok"), done("ok"), done("ok")]);
  expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
  expect(await p.landed()).toEqual([]);
  const told = answersOf(p, 2).map((text) => text.includes(same));
  expect(told).toEqual([true, true, false]);
});

test("A21 a worker that says it is blocked is not held back", async () => {
  await using p = await retried([
    call("done", { status: "blocked", summary: "the check cannot be met" }),
  ]);
  expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
  expect(answersOf(p, 2).some((text) => text.includes(same))).toBe(false);
});

test("A21 a worker of a later run is told once, and may insist when the cause lay outside the files", async () => {
  await using p = await testProject({
    tasks: { a: { test_cmd: '! grep -q BAD a.txt 2>/dev/null || test -e "$HOME/repaired"' } },
    plan: { max_retries: 0 },
    script: { rules: [{ unit: unit("a"), turns: [write("BAD\n"), done("ok"), done("ok")] }] },
  });
  expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
  writeFileSync(join(p.repo.env["HOME"] ?? "", "repaired"), "");
  expect((await p.dgov(["run", "p", "--continue"])).exitCode).toBe(0);
  expect(await p.landed()).toEqual([unit("a")]);
  const told = answersOf(p).map((text) => text.includes(`${same} in an earlier run`));
  // The later run comes first.
  expect(told).toEqual([true, false, false]);
});
