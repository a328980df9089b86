/** E11: the endpoint and the model that each kind of request uses, and its cost. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { call, done, type ModelRule } from "../../src/demo/script.ts";
import { type RecordedRequest, startScriptedModel } from "../../src/demo/scripted-model.ts";
import { type ProjectOptions, type TestProject, testProject, unit } from "../harness/project.ts";

const sop = readFileSync(resolve(import.meta.dir, "../../src/assets/sops/testing.md"), "utf8");

const writes = (key: string): ModelRule => ({
  unit: unit(key),
  role: "worker",
  turns: [call("write_file", { path: `${key}.txt`, content: `${key}\n` }), done("ok")],
});
const approves: ModelRule = {
  role: "reviewer",
  turns: [done("read it", { result: { approved: true, issues: [] } })],
};

const other = "sk-other-5a4b3c2d1e";

/** A project with two endpoints; the second has its own key and default model. */
async function twoEndpoints(options: ProjectOptions) {
  const second = await startScriptedModel(options.script);
  const p = await testProject({
    ...options,
    env: { OTHER_KEY: other },
    config: {
      agents: { fast: "vendor/fast-1", deep: "vendor/deep-9" },
      ...options.config,
      providers: {
        test: { default_agent: "fast" },
        other: { base_url: second.baseUrl, api_key_env: "OTHER_KEY", default_agent: "deep" },
      },
    },
  });
  return {
    p,
    second,
    async [Symbol.asyncDispose]() {
      await second.stop();
      await p[Symbol.asyncDispose]();
    },
  };
}

/** Role and model of each request, without duplicates. */
function modelsByRole(requests: readonly RecordedRequest[]): string[] {
  const models = requests.map(({ body, conversation }) => {
    const { role, unit: id, tools } = conversation;
    const who = tools.includes("assign_sops") ? "picker" : `${id ?? "planner"} ${role}`;
    return `${who}: ${body["model"]}`;
  });
  return [...new Set(models)].sort();
}

const runOk = async (p: TestProject, ...args: string[]) => {
  const run = await p.dgov(args);
  expect([run.exitCode, run.stderr]).toEqual([0, run.stderr]);
  return run;
};

describe("model aliases", () => {
  test.concurrent("E11 workers, reviewers, self-review and the SOP picker resolve an alias to the same model", async () => {
    await using both = await twoEndpoints({
      files: { ".dgov/sops/testing.md": sop },
      config: { sops: { picker: "model" } },
      tasks: {
        a: { self_review: true },
        b: { agent: "deep" },
        c: { provider: "other" },
        d: { provider: "other", agent: "fast" },
        look: { role: "reviewer", files: { read: ["readme.txt"] } },
      },
      script: { rules: [approves, ...["a", "b", "c", "d"].map(writes)] },
    });
    const { p, second } = both;
    await runOk(p, "run", "p", "--json");
    expect(modelsByRole(p.model.requests)).toEqual([
      "picker: vendor/fast-1",
      `${unit("a")} reviewer: vendor/fast-1`,
      `${unit("a")} worker: vendor/fast-1`,
      `${unit("b")} worker: vendor/deep-9`,
      `${unit("look")} reviewer: vendor/fast-1`,
    ]);
    expect(modelsByRole(second.requests)).toEqual([
      `${unit("c")} worker: vendor/deep-9`,
      `${unit("d")} worker: vendor/fast-1`,
    ]);
    const keys = (requests: readonly RecordedRequest[]) =>
      new Set(requests.map(({ headers }) => headers["authorization"]));
    expect(keys(second.requests)).toEqual(new Set([`Bearer ${other}`]));
    expect(keys(p.model.requests).has(`Bearer ${other}`)).toBe(false);
  });

  test.concurrent("E11 a plan's defaults resolve an alias", async () => {
    await using both = await twoEndpoints({
      plan: { default_provider: "other", default_agent: "fast" },
      tasks: { a: {}, b: { provider: "test", agent: "deep" } },
      script: { rules: ["a", "b"].map(writes) },
    });
    const { p, second } = both;
    await runOk(p, "run", "p");
    expect(modelsByRole(second.requests)).toEqual([`${unit("a")} worker: vendor/fast-1`]);
    expect(modelsByRole(p.model.requests)).toEqual([`${unit("b")} worker: vendor/deep-9`]);
  });

  test.concurrent("E11 the planner and fix resolve an alias of the project's default and of --model", async () => {
    const draft = {
      name: "limits",
      summary: "Limits",
      sections: [
        {
          name: "tasks",
          tasks: [
            {
              key: "a",
              summary: "Do a",
              prompt: "Orient:\nRead readme.txt.\n\nEdit:\nWrite a.txt.\n\nVerify:\nLook again.\n",
              commit_message: "feat: a",
              files: { create: ["a.txt"] },
            },
          ],
        },
      ],
    };
    await using both = await twoEndpoints({
      tasks: { a: {} },
      script: {
        rules: [
          { role: "planner", turns: [done("the plan", { result: draft })] },
          {
            unit: "fix/main.apply",
            turns: [call("write_file", { path: "readme.txt", content: "x\n" }), done("ok")],
          },
        ],
      },
    });
    const { p, second } = both;
    await runOk(p, "plan", "create", "Add limits", "--auto");
    await runOk(p, "fix", "Fix the readme", "-f", "readme.txt", "--model", "deep");
    expect(modelsByRole(p.model.requests)).toEqual([
      "fix/main.apply worker: vendor/deep-9",
      "planner planner: vendor/fast-1",
    ]);
    await runOk(p, "plan", "create", "Again", "--name", "again", "--auto", "--model", "deep");
    expect(modelsByRole(p.model.requests)).toContain("planner planner: vendor/deep-9");
    expect(second.requests).toEqual([]);
  });
});

describe("price", () => {
  const usage = { prompt: 1_000_000, cached: 500_000, completion: 100_000 };
  const last = { ...done("ok"), usage };
  const project = (price: object) =>
    testProject({
      tasks: { a: {} },
      config: { providers: { test: price } },
      script: { rules: [{ ...writes("a"), turns: [{ ...writes("a").turns[0], usage }, last] }] },
    });

  test.concurrent("the price is in the documents and texts of run and review", async () => {
    await using p = await project({ price: { input: 2, cached: 0.5, output: 10 } });
    // Two turns of 500,000 fresh, 500,000 cached and 100,000 written tokens.
    const run = JSON.parse((await runOk(p, "run", "p", "--json")).stdout);
    expect([run.cost, run.units[0].cost]).toEqual([4.5, 4.5]);
    const review = JSON.parse((await runOk(p, "plan", "review", "p", "--json")).stdout);
    expect(review.spending.cost).toBe(4.5);
    expect((await runOk(p, "plan", "review", "p")).stdout).toContain("cost 4.5");
  });

  test.concurrent("the cost is left out where no price is configured", async () => {
    await using p = await project({});
    const run = JSON.parse((await runOk(p, "run", "p", "--json")).stdout);
    expect(run).toMatchObject({ prompt_tokens: 2_000_000 });
    expect([Object.keys(run), Object.keys(run.units[0])].flat()).not.toContain("cost");
    const review = await runOk(p, "plan", "review", "p");
    expect(review.stdout).not.toContain("cost");
  });

  test.concurrent("E18 tokens and cost are unknown, not 0, where the endpoint reports no usage", async () => {
    const [write] = writes("a").turns;
    const unmetered = { ...done("ok"), usage: null };
    const price = { input: 2, output: 10 };
    const rules = (first: object) => [
      { ...writes("a"), turns: [{ ...write, ...first }, unmetered] },
    ];
    const config = { providers: { test: { price } } };
    const tasks = { a: {} };
    await using none = await testProject({
      tasks,
      config,
      script: { rules: rules({ usage: null }) },
    });
    const run = JSON.parse((await runOk(none, "run", "p", "--json")).stdout);
    const unknown = { prompt_tokens: null, completion_tokens: null, unmetered_turns: 2 };
    expect(run).toMatchObject({ ...unknown, units: [unknown] });
    expect(Object.keys(run)).not.toContain("cost");
    const review = await runOk(none, "plan", "review", "p");
    expect(review.stdout).toContain("unknown tokens in, unknown out\n");

    await using half = await testProject({ tasks, config, script: { rules: rules({ usage }) } });
    const text = (await runOk(half, "run", "p")).stdout;
    expect(text).toContain("cost at least 3.0000 (no usage reported for 1 of 2 turns)");
    const { spending } = JSON.parse((await runOk(half, "plan", "review", "p", "--json")).stdout);
    expect(spending).toMatchObject({ cost: null, cost_at_least: 3, prompt_tokens: 1_000_000 });
  });
});

test.concurrent("D7 a refusal that no retry changes ends each unit with one request, and names the setting", async () => {
  await using p = await testProject({
    tasks: { a: {}, b: {} },
    script: { rules: [{ turns: [{ fault: { kind: "status", status: 401, body: "bad key" } }] }] },
  });
  const run = await p.dgov(["run", "p"]);
  expect([run.exitCode, p.model.requests.length]).toEqual([1, 2]);
  const reason =
    "refused_by_provider: the endpoint answered 401: bad key (see api_key_env and auth in [providers])";
  expect(run.stdout).toContain(reason);
});
