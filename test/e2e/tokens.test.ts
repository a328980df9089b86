/** Token totals: they include every answered request, also of failed attempts. */
import { describe, expect, test } from "bun:test";
import { call, done, type ModelRule } from "../../src/demo/script.ts";
import { type ProjectOptions, type TestProject, testProject, unit } from "../harness/project.ts";

const usage = { prompt: 1000, cached: 100, completion: 10 };
const write = { ...call("write_file", { path: "a.txt", content: "a\n" }), usage };
const ok = { ...done("ok"), usage };

/** Number of requests, and totals of the run, which must equal those of the review. */
async function spent(rules: ModelRule[], more: Partial<ProjectOptions> = {}) {
  await using p = await testProject({ tasks: { a: {} }, script: { rules }, ...more });
  const run = JSON.parse((await p.dgov(["run", "p", "--json"])).stdout);
  const review = JSON.parse((await p.dgov(["plan", "review", "p", "--json"])).stdout);
  const { prompt_tokens, completion_tokens } = review.spending;
  expect([prompt_tokens, completion_tokens]).toEqual([run.prompt_tokens, run.completion_tokens]);
  return {
    requests: p.model.requests.length,
    prompt: run.prompt_tokens,
    done: run.completion_tokens,
  };
}

const conversations: [string, ModelRule[], Partial<ProjectOptions>, number][] = [
  [
    "a failed attempt and its retry",
    [{ turns: [{ ...done("no", { status: "incomplete" }), usage }] }],
    { plan: { max_retries: 1 } },
    2,
  ],
  [
    "an attempt that ends with an error",
    [{ turns: [write, { text: "", fault: { kind: "status", status: 401 } }] }],
    { plan: { max_retries: 0 }, config: { run: { crash_retries: 0 } } },
    1,
  ],
  [
    "a fork",
    [
      { fork: 0, turns: [write] },
      { fork: 1, turns: [ok] },
    ],
    { tasks: { a: { iteration_budget: 2, max_fork_depth: 1 } } },
    3,
  ],
  [
    "a self-review and its retry",
    [
      {
        role: "reviewer",
        attempt: 1,
        turns: [{ ...done("no", { result: { approved: false, issues: ["x"] } }), usage }],
      },
      {
        role: "reviewer",
        turns: [{ ...done("yes", { result: { approved: true, issues: [] } }), usage }],
      },
      { attempt: 1, turns: [write, ok] },
      { turns: [ok] },
    ],
    { tasks: { a: { self_review: true } }, plan: { max_retries: 1 } },
    5,
  ],
];

describe("token totals", () => {
  test.concurrent.each(conversations)(
    "D11 the totals include the tokens of %s",
    async (_, rules, more, turns) => {
      const total = await spent(rules, more);
      expect([total.prompt, total.done]).toEqual([turns * 1000, turns * 10]);
      expect(total.requests).toBeGreaterThanOrEqual(turns);
    },
  );

  test.concurrent("D11 the totals include the tokens of researchers and reviewers", async () => {
    const total = await spent(
      [
        { unit: unit("r"), turns: [{ ...done("read", { result: { answer: "x" } }), usage }] },
        { unit: unit("a"), turns: [write, ok] },
        {
          unit: unit("v"),
          turns: [{ ...done("yes", { result: { approved: true, issues: [] } }), usage }],
        },
      ],
      {
        tasks: {
          r: { role: "researcher", files: { read: ["readme.txt"] } },
          a: { depends_on: ["r"] },
          v: { role: "reviewer", depends_on: ["a"], files: { read: ["a.txt"] } },
        },
      },
    );
    expect([total.requests, total.prompt, total.done]).toEqual([4, 4000, 40]);
  });

  test.concurrent("D11 the totals of compile and run include the tokens of picking SOPs", async () => {
    const assigned = { assignments: [{ unit: unit("a"), sops: [] }] };
    const rules = [
      {
        when: (of: { tools: string[] }) => of.tools.includes("assign_sops"),
        turns: [{ ...call("assign_sops", assigned), usage }],
      },
      { turns: [write, ok] },
    ];
    const options = {
      tasks: { a: {} },
      config: { sops: { picker: "model" } },
      files: { ".dgov/sops/one.md": sop },
    };
    const total = await spent(rules, options);
    expect([total.requests, total.prompt, total.done]).toEqual([3, 3000, 30]);
    await using p: TestProject = await testProject({ ...options, script: { rules } });
    const compile = async () => JSON.parse((await p.dgov(["compile", "p", "--json"])).stdout);
    expect(await compile()).toMatchObject({ prompt_tokens: 1000, completion_tokens: 10 });
    // Cached choices need no request.
    expect(await compile()).toMatchObject({ prompt_tokens: 0, completion_tokens: 0 });
  });

  test.concurrent("D11 the totals include the tokens of planning, even of drafts that did not compile", async () => {
    const draft = (file: string) => ({
      name: "q",
      summary: "S",
      sections: [
        {
          name: "tasks",
          tasks: [
            {
              key: "a",
              summary: "A",
              prompt: "Orient:\nx\n\nEdit:\nx\n\nVerify:\nx\n",
              commit_message: "feat: a",
              files: { create: [file] },
            },
          ],
        },
      ],
    });
    const handsOver = (file: string) => ({ ...done("plan", { result: draft(file) }), usage });
    await using p = await testProject({
      tasks: { old: {} },
      script: {
        rules: [
          { role: "planner", attempt: 1, turns: [handsOver("../a.txt")] },
          { role: "planner", turns: [handsOver("a.txt")] },
        ],
      },
    });
    const made = await p.dgov(["plan", "create", "goal", "--auto", "--json"]);
    expect(JSON.parse(made.stdout)).toMatchObject({
      status: "created",
      rounds: 2,
      prompt_tokens: 2000,
      completion_tokens: 20,
    });
  });
});

const sop = `---
name: one
title: T
summary: S
applies_to: [parser]
priority: must
---
${["When", "Do", "Do Not", "Verify", "Escalate"].map((name) => `## ${name}\n- x\n`).join("\n")}`;
