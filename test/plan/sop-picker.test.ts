/** SOPs picked by the model: caching, when the model is asked again, and the fallback to rules. */
import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { sopPicker } from "../../src/app/sop-picker.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { ModelTurn } from "../../src/demo/script.ts";
import { startScriptedModel } from "../../src/demo/scripted-model.ts";
import { buildPlan } from "../../src/plan/plan.ts";
import { filesOnDisk } from "../../src/plan/plan-files.ts";
import { parsePlan } from "../../src/plan/source.ts";
import { RateLimiter } from "../../src/runner/rate-limiter.ts";
import { systemClock } from "../../src/std/clock.ts";
import { dgov } from "../harness/bin.ts";
import { testRepo } from "../harness/repo.ts";

const plan = ".dgov/plans/p";

function sop(name: string, more: { bullet?: string; appliesTo?: string } = {}): string {
  const sections = ["When", "Do", "Do Not", "Verify", "Escalate"];
  return `---
name: ${name}
title: T
summary: S
applies_to: [${more.appliesTo ?? "parser"}]
priority: must
---
${sections.map((section) => `## ${section}\n- ${more.bullet ?? "x"}\n`).join("\n")}`;
}

function task(key: string, more = ""): string {
  return `[tasks.${key}]
summary = "Add the ${key} parser"
prompt = "Orient\\nEdit\\nVerify\\n"
commit_message = "feat: ${key}"
files.create = ["${key}.txt"]
${more}
`;
}

/** A model turn that assigns SOPs to units of `tasks/main`. */
function assigns(by: Record<string, unknown>): ModelTurn {
  const assignments = Object.entries(by).map(([key, sops]) => ({
    unit: `tasks/main.${key}`,
    sops,
  }));
  return { calls: [{ tool: "assign_sops", args: { assignments } }] };
}

interface Compiled {
  exitCode: number;
  stderr: string;
  code: unknown;
  /** SOPs and their picker by task key. */
  chosen: Record<string, [string[], string]>;
}

/** A project with units a and b, SOPs one and two, and a model with a settable answer. */
async function project(config = "") {
  let answer: ModelTurn = assigns({ a: ["two", "one", "two"], b: [] });
  const model = await startScriptedModel({ rules: [{ turns: [() => answer] }] });
  const repo = await testRepo({
    ".dgov/project.toml": `${config}
[providers.llm]
base_url = "${model.baseUrl}"
api_key_env = "TEST_KEY"
default_agent = "m"
`,
    ".dgov/sops/one.md": sop("one"),
    ".dgov/sops/two.md": sop("two", { appliesTo: "other" }),
    [`${plan}/_root.toml`]: '[plan]\nname = "p"\nsections = ["tasks"]\n',
    [`${plan}/tasks/main.toml`]: task("a") + task("b"),
  });
  const env = { ...repo.env, TEST_KEY: "k", DGOV_TRUST_PROVIDERS: "1" };
  return {
    repo,
    asked: () => model.requests.length,
    answers(next: ModelTurn) {
      answer = next;
    },
    async compile(...args: string[]): Promise<Compiled> {
      const run = await dgov(["compile", "p", "--json", ...args], { cwd: repo.path, env });
      const said = JSON.parse(run.stdout) as Record<string, unknown>;
      type Unit = { unit: string; sops: string[]; sops_picked_by: string };
      const units = (said["units"] ?? []) as Unit[];
      const chosen = Object.fromEntries(
        units.map((u) => [u.unit.split(".").at(-1), [u.sops, u.sops_picked_by] as const]),
      ) as unknown as Compiled["chosen"];
      return { exitCode: run.exitCode, stderr: run.stderr, code: said["code"], chosen };
    },
    async [Symbol.asyncDispose]() {
      await model.stop();
      await repo[Symbol.asyncDispose]();
    },
  };
}

test.concurrent("the model picks SOPs by default, with one request for all units", async () => {
  await using p = await project();
  const { chosen } = await p.compile();
  expect(chosen).toEqual({ a: [["one", "two"], "model"], b: [[], "model"] });
  expect(p.asked()).toBe(1);
});

test.concurrent("E5 only a change of units or of a SOP's text, name or application asks the model again", async () => {
  await using p = await project();
  await p.compile();
  const main = `${plan}/tasks/main.toml`;
  p.repo.write(main, task("a", 'timeout_s = 60\nagent = "n"') + task("b"));
  await p.compile();
  expect(p.asked()).toBe(1);
  p.repo.write(main, task("a", 'files.edit = ["c.txt"]') + task("b"));
  await p.compile();
  expect(p.asked()).toBe(2);
  p.repo.write(".dgov/sops/one.md", sop("one", { bullet: "y" }));
  await p.compile();
  expect(p.asked()).toBe(3);
  p.repo.write(".dgov/sops/one.md", sop("one", { bullet: "y", appliesTo: "more" }));
  await p.compile();
  expect(p.asked()).toBe(4);
  p.repo.write(".dgov/sops/one.md", sop("uno", { bullet: "y", appliesTo: "more" }));
  p.answers(assigns({ a: ["uno"], b: [] }));
  const { exitCode, chosen } = await p.compile();
  expect([exitCode, p.asked(), chosen["a"]]).toEqual([0, 5, [["uno"], "model"]]);
});

test.concurrent("E5 a pin needs no request, and the model picks again after its removal", async () => {
  await using p = await project();
  const main = `${plan}/tasks/main.toml`;
  p.repo.write(main, task("a", 'sop_mapping = ["two"]') + task("b", "sop_mapping = []"));
  expect((await p.compile()).chosen).toEqual({ a: [["two"], "pin"], b: [[], "pin"] });
  expect(p.asked()).toBe(0);
  p.repo.write(main, task("a") + task("b"));
  p.answers(assigns({ a: ["one"], b: ["two"] }));
  expect((await p.compile()).chosen).toEqual({ a: [["one"], "model"], b: [["two"], "model"] });
  p.repo.write(main, task("a") + task("b", 'sop_mapping = ["one"]'));
  expect((await p.compile()).chosen).toEqual({ a: [["one"], "model"], b: [["one"], "pin"] });
  expect(p.asked()).toBe(1);
});

test.concurrent("an unknown SOP name is rejected, not cached, and the compiled file stays", async () => {
  await using p = await project();
  await p.compile();
  const before = p.repo.read(`${plan}/_compiled.toml`);
  p.answers(assigns({ a: ["oen"], b: ["one"] }));
  const refused = await p.compile("--recompile-sops");
  expect([refused.exitCode, refused.code]).toEqual([3, "PLAN_INVALID"]);
  expect(p.repo.read(`${plan}/_compiled.toml`)).toBe(before);
  p.answers(assigns({ a: ["one"], b: ["one"] }));
  expect((await p.compile("--recompile-sops")).chosen["a"]).toEqual([["one"], "model"]);
});

test.concurrent.each<[string, ModelTurn, Record<string, unknown>]>([
  [
    "fails",
    { fault: { kind: "status", status: 401 } },
    { a: [["one"], "rules"], b: [["one"], "rules"] },
  ],
  ["answers with text", { text: "one for all" }, { a: [["one"], "rules"], b: [["one"], "rules"] }],
  [
    "answers in an invalid shape",
    assigns({ a: "one", b: ["two"] }),
    { a: [["one"], "rules"], b: [["two"], "model"] },
  ],
  [
    "leaves out one unit and invents another",
    assigns({ a: ["two"], zz: ["one"] }),
    { a: [["two"], "model"], b: [["one"], "rules"] },
  ],
])(
  "rules pick the SOPs that a model leaves open when it %s, and the file records it",
  async (_, turn, expected) => {
    await using p = await project();
    p.answers(turn);
    const { exitCode, chosen, stderr } = await p.compile();
    expect([exitCode, chosen as unknown]).toEqual([0, expected]);
    expect(stderr).toContain("SOPs are chosen by the rules");
    expect(p.repo.read(`${plan}/_compiled.toml`)).toContain('sops_picked_by = "rules"');
  },
);

test.concurrent('picker = "rules" and a dry run send no request', async () => {
  await using rules = await project('[sops]\npicker = "rules"\n');
  await using dry = await project();
  const both = [await rules.compile(), await dry.compile("--dry-run")];
  expect(both.map(({ chosen }) => chosen["a"])).toEqual([
    [["one"], "rules"],
    [["one"], "rules"],
  ]);
  expect([rules.asked(), dry.asked()]).toEqual([0, 0]);
});

test.concurrent("compile --explain-sops prints the picker and the reason of each unit", async () => {
  await using p = await project();
  p.repo.write(`${plan}/tasks/main.toml`, task("a", 'sop_mapping = ["two"]') + task("b"));
  rmSync(join(p.repo.path, ".dgov/sops/two.md"));
  p.repo.write(".dgov/sops/two.md", sop("two"));
  const env = { ...p.repo.env, TEST_KEY: "k", DGOV_TRUST_PROVIDERS: "1" };
  const explain = (...args: string[]) =>
    dgov(["compile", "p", "--explain-sops", ...args], { cwd: p.repo.path, env });
  expect((await explain("--dry-run")).stdout).toContain(
    "  tasks/main.a: chosen by pin\n    two\n  tasks/main.b: chosen by rules\n    one (parser)\n    two (parser)\n",
  );
  p.answers(assigns({ b: ["one"] }));
  expect((await explain()).stdout).toContain("  tasks/main.b: chosen by model\n    one\n");
});

test.concurrent("a request for SOPs waits for a permit of the provider", async () => {
  await using p = await project();
  const loaded = loadConfig(p.repo.path);
  const { source } = parsePlan(filesOnDisk(p.repo.path), plan);
  if (!loaded.ok || source === null) throw new Error("the project is sound");
  const limits = { concurrent: 1, requestsPerMinute: null, tokensPerMinute: null };
  const waits = Promise.withResolvers<void>();
  class Watched extends RateLimiter {
    override obtain(...args: Parameters<RateLimiter["obtain"]>): Promise<void> {
      const obtained = super.obtain(...args);
      waits.resolve();
      return obtained;
    }
  }
  const permits = new Watched(() => limits, systemClock);
  const granted: string[] = [];
  const ask = (holder: string): void =>
    permits.request("llm", { holder, tokens: 1, grant: () => granted.push(holder) });
  ask("before");
  const env = { TEST_KEY: "k", DGOV_TRUST_PROVIDERS: "1" };
  const where = { projectRoot: p.repo.path, config: loaded.config, env, warn: () => {} };
  const requests = { limiter: permits, fresh: true, onModelCall: () => {} };
  const picker = sopPicker({ ...where, requests });
  const picked = picker.pick(buildPlan(source).plan.tasks, []);
  await waits.promise;
  expect(p.asked()).toBe(0);
  permits.release("llm", "before");
  await picked;
  ask("after");
  expect([p.asked(), granted]).toEqual([1, ["before", "after"]]);
});
