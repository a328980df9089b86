/** Gates with paths in a project of two packages, from doctor to the landed branch. */
import { expect, test } from "bun:test";
import { call, done } from "../../src/demo/script.ts";
import { dgovJson } from "../harness/bin.ts";
import { testProject, unit } from "../harness/project.ts";

const gates = ["a", "b"].map((name) => ({
  name,
  kind: "test",
  paths: [`packages/${name}/`],
  cwd: `packages/${name}`,
  command: "sh ../../check.sh && test -f src.txt",
}));

const write = (path: string, content: string) => [
  call("write_file", { path, content }),
  done("ok"),
];

interface GateRow {
  gate: string;
  status: string;
  reason: string;
}

test("F6 gates with paths are in the base check, in verdicts, prompts, review, preflight, verify and doctor", async () => {
  await using p = await testProject({
    files: {
      "check.sh": "! grep -rn broken . && echo checked $(basename $PWD)\n",
      "packages/a/src.txt": "one\n",
      "packages/b/src.txt": "one\n",
    },
    gates,
    config: { project: { lint_cmd: "test -f readme.txt" } },
    plan: { max_retries: 1 },
    tasks: {
      a: { files: ["packages/a/src.txt"] },
      b: { files: ["packages/b/src.txt"] },
      none: { files: ["readme.txt"] },
      script: { files: ["check.sh"], depends_on: ["a", "b", "none"] },
    },
    script: {
      rules: [
        { unit: unit("a"), attempt: 1, turns: write("packages/a/src.txt", "broken\n") },
        {
          unit: unit("a"),
          attempt: 2,
          turns: [
            call("write_file", { path: "packages/a/src.txt", content: "two\n" }),
            call("verify", { name: "a" }),
            done("ok"),
          ],
        },
        { unit: unit("b"), turns: write("packages/b/src.txt", "two\n") },
        { unit: unit("none"), turns: write("readme.txt", "two\n") },
        { unit: unit("script"), turns: write("check.sh", "true\n") },
      ],
    },
  });
  const at = { cwd: p.root, env: p.env };
  const doctor = await dgovJson(["doctor"], at);
  const rows = doctor.document["checks"] as { check: string; state: string; detail: string }[];
  expect(rows.filter(({ check }) => check.startsWith("gate "))).toMatchObject([
    { check: "gate a", state: "ok" },
    { check: "gate b", state: "ok" },
  ]);

  const run = await p.dgov(["run", "p"]);
  expect([run.exitCode, run.stderr]).toEqual([0, expect.any(String)]);
  expect(run.stderr).toContain("judging the base");
  const events = p.events();
  const base = events.find(({ type }) => type === "base.checked")?.data["gates"] as GateRow[];
  expect(base.map(({ gate, status }) => `${gate} ${status}`)).toEqual(
    expect.arrayContaining(["a passed", "b passed", "lint passed"]),
  );
  const finished = (key: string, attempt: number): Record<string, string> => {
    const own = events.filter(
      (e) => e.type === "gate.finished" && e.unit === unit(key) && e.attempt === attempt,
    );
    return Object.fromEntries(own.map(({ data }) => [data["gate"], data["status"]]));
  };
  expect(finished("a", 1)).toMatchObject({ a: "failed", b: "not_applicable", lint: "passed" });
  expect(finished("a", 2)).toMatchObject({ a: "passed", b: "not_applicable" });
  expect(finished("b", 1)).toMatchObject({ a: "not_applicable", b: "passed" });
  expect(finished("none", 1)).toMatchObject({
    a: "not_applicable",
    b: "not_applicable",
    lint: "passed",
  });

  const prompt = (key: string): string => {
    const of = p.model.requests.find(({ conversation }) => conversation.unit === unit(key));
    return JSON.stringify(of?.body["messages"]);
  };
  expect(prompt("a")).toContain("gate a (for verify): cd packages/a && sh ../../check.sh");
  expect(prompt("a")).not.toContain("gate b (for verify)");
  const second = p.model.requests
    .filter(({ conversation: c }) => c.unit === unit("a") && c.attempt === 2)
    .map(({ body }) => JSON.stringify(body["messages"]));
  expect(second.at(0)).toContain("The a gate failed");
  expect(second.at(-1)).toContain("checked a");

  const review = await p.dgov(["plan", "review", "p", "--only", "b"]);
  expect(review.stdout).toMatch(/\bb passed|b: passed|\bb\b.*passed/);
  const summary = await dgovJson(["plan", "review", "p"], at);
  const changed = JSON.stringify(summary.document);
  expect(changed).toContain("a file that a gate command names");

  const list = await dgovJson(["verify", "list"], at);
  expect(list.document["gates"]).toMatchObject([
    { name: "a", paths: ["packages/a/"] },
    { name: "b" },
  ]);
  expect((await p.dgov(["verify", "run", "a"])).exitCode).toBe(0);
  p.repo.write("packages/b/src.txt", "three\n");
  const preflight = await dgovJson(["preflight"], at);
  const judged = (preflight.document["gates"] ?? preflight.document["verdicts"]) as GateRow[];
  expect(Object.fromEntries(judged.map(({ gate, status }) => [gate, status]))).toMatchObject({
    a: "not_applicable",
    b: "passed",
  });
});

test("F6, E22 doctor names gates whose folder or paths no file has, and sources that no gate concerns", async () => {
  await using p = await testProject({
    files: { "packages/a/src.txt": "one\n", "tools/x.txt": "x\n" },
    gates: [
      { name: "a", command: "test -f src.txt", paths: ["packages/a"], cwd: "packages/a" },
      { name: "gone", command: "test -f x", paths: ["packages/a", "packages/gone"], cwd: "gone" },
      { name: "idle", command: "true", paths: ["packages/a"] },
      { name: "other", command: "ruff check .", paths: ["packages/a"], cwd: "packages/a" },
    ],
    tasks: { a: {} },
    script: { rules: [] },
  });
  const { document } = await dgovJson(["doctor"], { cwd: p.root, env: p.env });
  const rows = document["checks"] as { check: string; state: string; detail: string }[];
  const seen = rows
    .filter(({ check }) => /^gates?\b/.test(check))
    .map(({ check, state, detail }) => `${check} ${state}: ${detail}`);
  expect(seen).toEqual([
    "gate gone fail: its folder gone has no committed file",
    "gate gone warn: no committed file has its path packages/gone",
    expect.stringMatching(/^gates warn: a change of readme\.txt, tools\/x\.txt has no gate/),
    "gate a ok: cd packages/a && test -f src.txt (shell builtins)",
    "gate gone ok: cd gone && test -f x (shell builtins)",
    "gate idle warn: it reads no file of the project, so it judges nothing",
    expect.stringMatching(/^gate other (fail|warn): ruff/),
  ]);
});
