/** Rules for all roles: model aliases, repeated calls, and large texts. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { call, contentText, done } from "../../src/demo/script.ts";
import { testProject, unit } from "../harness/project.ts";

const approves = done("read it", { result: { approved: true, issues: [] } });

test.concurrent("E11 worker, fork, retry, self-review, fix, researcher and reviewer resolve an alias to one model", async () => {
  let verdicts = 0;
  await using p = await testProject({
    plan: { default_agent: "usual" },
    config: { agents: { usual: "vendor/usual-1", fast: "vendor/fast-2" } },
    tasks: {
      r: { role: "researcher", agent: "fast" },
      a: { agent: "fast", self_review: true, iteration_budget: 2, depends_on: ["r"] },
      j: { role: "reviewer", on_reject: "fix", depends_on: ["a"] },
    },
    script: {
      rules: [
        { unit: unit("r"), turns: [done("read", { result: { answer: "yes" } })] },
        { unit: unit("a"), role: "reviewer", turns: [approves] },
        {
          unit: unit("a"),
          attempt: 1,
          fork: 0,
          turns: [call("write_file", { path: "a.txt", content: "a\n" }), call("list_dir", {})],
        },
        { unit: unit("a"), attempt: 1, fork: 1, turns: [done("half", { status: "incomplete" })] },
        { unit: unit("a"), attempt: 2, turns: [done("ok")] },
        {
          unit: unit("j"),
          role: "reviewer",
          turns: [
            () =>
              verdicts++ === 0
                ? done("no", { result: { approved: false, issues: ["say b"] } })
                : approves,
          ],
        },
        {
          unit: unit("j"),
          role: "worker",
          turns: [call("write_file", { path: "a.txt", content: "b\n" }), done("fixed")],
        },
      ],
    },
  });
  const run = await p.dgov(["run", "p", "--json"]);
  expect([run.exitCode, p.repo.read("a.txt")]).toEqual([0, "b\n"]);
  const used = p.model.requests.map(({ conversation: c, body }) => {
    const { model } = body as { model: string };
    return `${c.unit?.split(".").at(-1)} ${c.role} ${c.attempt}.${c.fork}: ${model}`;
  });
  expect([...new Set(used)].sort()).toEqual([
    "a reviewer 2.0: vendor/fast-2",
    "a worker 1.0: vendor/fast-2",
    "a worker 1.1: vendor/fast-2",
    "a worker 2.0: vendor/fast-2",
    "j reviewer 1.0: vendor/usual-1",
    "j reviewer 3.0: vendor/usual-1",
    "j worker 2.0: vendor/usual-1",
    "r researcher 1.0: vendor/fast-2",
  ]);
});

test.concurrent.each([
  ["fix", ["fix", "Make a.txt", "-f", "a.txt", "--model", "fast", "-y", "--json"]],
  ["plan create", ["plan", "create", "A goal", "--auto", "--model", "fast", "--json"]],
])("E11 --model of %s accepts an alias", async (_, args) => {
  await using p = await testProject({
    config: { agents: { fast: "vendor/fast-2" } },
    tasks: { a: {} },
    script: { rules: [] },
  });
  await p.dgov(args);
  const models = p.model.requests.map(({ body }) => (body as { model: string }).model);
  expect([...new Set(models)]).toEqual(["vendor/fast-2"]);
});

describe("repeated calls", () => {
  test.concurrent.each([["researcher"], ["reviewer"], ["worker"]])(
    "D8 a %s that repeats a call is stopped with no_progress",
    async (role) => {
      await using p = await testProject({
        tasks: { a: { role, iteration_budget: 40 } },
        plan: { max_retries: 0 },
        script: {
          rules: [{ unit: unit("a"), turns: [call("read_file", { path: "readme.txt" })] }],
        },
      });
      const run = await p.dgov(["run", "p", "--json"]);
      const exit = p.events().find((e) => e.type === "worker.exited")?.data;
      expect([run.exitCode, p.model.requests.length, exit?.["outcome"]]).toEqual([
        1,
        5,
        "no_progress",
      ]);
      expect(exit?.["reason"]).toStartWith("read_file was called 5 times in a row");
    },
  );
});

test.concurrent("D5 a mebibyte of plan, thought, result and change passes, cut to fit for a reviewer", async () => {
  const long = "zwölf Boxkämpfer jagen\n".repeat(40_000);
  const prompt = `Orient\n${long.slice(0, 900_000)}\nEdit\nVerify\n`;
  await using p = await testProject({
    tasks: {
      a: { prompt, self_review: true },
      j: { role: "reviewer", depends_on: ["a"] },
    },
    script: {
      rules: [
        { unit: unit("a"), role: "reviewer", turns: [call("git_diff", {}), approves] },
        {
          unit: unit("a"),
          turns: [
            { text: long, ...call("write_file", { path: "a.txt", content: long }) },
            call("read_file", { path: "a.txt" }),
            done("ok"),
          ],
        },
        { unit: unit("j"), turns: [call("read_file", { path: "a.txt" }), approves] },
      ],
    },
  });
  const run = await p.dgov(["run", "p", "--json"]);
  expect([run.exitCode, p.repo.read("a.txt") === long]).toEqual([0, true]);
  const first = p.model.requests.map(({ conversation: c }) =>
    contentText(c.messages.find((m) => m.role === "user")?.content),
  );
  expect(first[0]?.includes(prompt.trimEnd())).toBe(true);
  expect(first.every((text) => text.length <= 1024 * 1024)).toBe(true);
  expect(first.at(-1)).toContain("bytes left out ...]");
});

test.concurrent("B12 a second plan of the same name is archived beside the first", async () => {
  const rules = [
    {
      unit: unit("a"),
      turns: [call("write_file", { path: "a.txt", content: "a\n" }), done("ok")],
    },
    {
      unit: unit("b"),
      turns: [call("write_file", { path: "b.txt", content: "b\n" }), done("ok")],
    },
  ];
  await using p = await testProject({ tasks: { a: {} }, script: { rules } });
  expect((await p.dgov(["run", "p", "--json"])).exitCode).toBe(0);
  p.repo.write(".dgov/plans/p/_root.toml", '[plan]\nname = "p"\nsections = ["tasks"]\n');
  p.writePlan({ b: {} });
  expect((await p.dgov(["run", "p", "--json"])).exitCode).toBe(0);
  const at = (path: string): boolean => existsSync(join(p.root, ".dgov/plans", path));
  expect([at("p"), at("archive/p/p"), at("archive/p"), at("archive/p-2")]).toEqual([
    false,
    false,
    true,
    true,
  ]);
  expect(p.repo.read(".dgov/plans/archive/p/tasks/main.toml")).toContain("tasks.a");
  expect(p.repo.read(".dgov/plans/archive/p-2/tasks/main.toml")).toContain("tasks.b");
});
