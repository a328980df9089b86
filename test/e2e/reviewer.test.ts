/** Reviewers of landed changes: rejections fail, or are fixed and reviewed again. */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { call, done, type ModelScript } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";

const no = { approved: false, issues: ["a.txt lacks a greeting"] };
const yes = { approved: true, issues: [] };

/** A project in which `a` writes a.txt, and `r` reviews it with these answers and fixes it with this content. */
function reviewed(onReject: "fail" | "fix", answers: unknown[], fixed = "a, hello\n") {
  let reviews = 0;
  const script: ModelScript = {
    rules: [
      {
        unit: unit("a"),
        turns: [call("write_file", { path: "a.txt", content: "a\n" }), done("ok")],
      },
      ...answers.map((result, at) => ({
        unit: unit("r"),
        role: "reviewer" as const,
        when: () => at === reviews,
        turns: [{ ...done("read it", { result }), until: async () => void reviews++ }],
      })),
      {
        unit: unit("r"),
        role: "worker" as const,
        turns: [call("write_file", { path: "a.txt", content: fixed }), done("fixed")],
      },
      {
        unit: unit("b"),
        turns: [call("write_file", { path: "b.txt", content: "b\n" }), done("b")],
      },
    ],
  };
  return testProject({
    tasks: {
      a: {},
      r: { role: "reviewer", on_reject: onReject, depends_on: ["a"], files: { read: ["a.txt"] } },
      b: { depends_on: ["r"] },
    },
    config: { project: { test_cmd: "! grep -q forbidden *.txt" } },
    plan: { max_retries: 1 },
    script,
  });
}

async function phases(p: TestProject): Promise<Record<string, string>> {
  const run = await p.dgov(["run", "p", "--json"]);
  const { units } = JSON.parse(run.stdout) as { units: { unit: string; phase: string }[] };
  return Object.fromEntries(units.map((one) => [one.unit.split(".").at(-1), one.phase]));
}

test.concurrent("A16 on_reject = fail fails the reviewer with its issues, and skips its dependents", async () => {
  await using p = await reviewed("fail", [no]);
  expect(await phases(p)).toEqual({ a: "landed", r: "failed", b: "skipped" });
  expect(await p.landed()).toEqual([unit("a")]);
  const rejected = p.events().find((event) => event.type === "attempt.rejected");
  expect(rejected?.data["reason"]).toContain("a.txt lacks a greeting");
});

test.concurrent("on_reject = fix lands one commit that fixes the issues, and reviews it again", async () => {
  await using p = await reviewed("fix", [no, yes]);
  expect(await phases(p)).toEqual({ a: "landed", r: "done", b: "landed" });
  expect(p.repo.read("a.txt")).toBe("a, hello\n");
  const message = await p.repo.git("log", "--format=%B", "--grep=^Dgov-Fixes");
  expect(message).toContain(`Dgov-Fixes: ${unit("a")}`);
  expect(message).not.toContain("Dgov-Unit");
  const requests = p.model.requests.filter((r) => r.conversation.unit === unit("r"));
  const fixRequest = requests.find((r) => r.conversation.role === "worker");
  expect(JSON.stringify(fixRequest?.body)).toContain("a.txt lacks a greeting");
  const again = requests.filter((r) => r.conversation.role === "reviewer").at(-1);
  expect(JSON.stringify(again?.body)).toContain("+a, hello");
  // Undoing a run undoes its fixes.
  const undone = await p.dgov(["undo", "--json"]);
  expect(JSON.parse(undone.stdout)).toMatchObject({ units: [unit("a"), unit("b")] });
  expect([existsSync(join(p.root, "a.txt")), existsSync(join(p.root, "b.txt"))]).toEqual([
    false,
    false,
  ]);
});

test.concurrent("on_reject = fix fails the reviewer when the fix is rejected too", async () => {
  await using p = await reviewed("fix", [no, no]);
  expect(await phases(p)).toEqual({ a: "landed", r: "failed", b: "skipped" });
});

test.concurrent("C3 a fix passes the same review and gates as other changes", async () => {
  await using p = await reviewed("fix", [no], "forbidden\n");
  expect(await phases(p)).toEqual({ a: "landed", r: "failed", b: "skipped" });
  expect(p.repo.read("a.txt")).toBe("a\n");
});
