/**
 * A plan tree in the original format, with every documented key and form: it compiles to the same unit
 * ids, edges and claims.
 */
import { expect, test } from "bun:test";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../src/config/load.ts";
import { resolveModel } from "../../src/config/providers.ts";
import { type CompileResult, compilePlan } from "../../src/plan/compile.ts";
import type { CompiledTask } from "../../src/plan/compiled.ts";
import { filesOnDisk } from "../../src/plan/plan-files.ts";
import { rulesPicker } from "../../src/plan/sops/picker.ts";

const fixture = join(import.meta.dir, "../fixtures/original-plan");

async function compiled(): Promise<Extract<CompileResult, { ok: true }>> {
  const root = mkdtempSync(join(tmpdir(), "dgov-original-"));
  try {
    cpSync(fixture, join(root, ".dgov"), { recursive: true });
    const config = loadConfig(root);
    if (!config.ok) throw new Error(config.diagnostics.map((d) => d.message).join("\n"));
    const result = await compilePlan({
      files: filesOnDisk(root),
      dir: ".dgov/plans/release",
      config: config.config,
      picker: rulesPicker,
      needModels: true,
      ignored: async () => new Set(),
      exists: (path) => !["src/lexer.py", "src/commands"].includes(path),
      submodules: [],
    });
    if (!result.ok) throw new Error(result.diagnostics.map((d) => d.message).join("\n"));
    const models = result.plan.tasks.map((task) => resolveModel(config.config, result.plan, task));
    expect(models.every(({ ok }) => ok)).toBe(true);
    return result;
  } finally {
    rmSync(root, { recursive: true });
  }
}

const none = { create: [], edit: [], delete: [], touch: [], read: [] };
const defaults: Partial<CompiledTask> = {
  onReject: "fail",
  agent: null,
  provider: null,
  dependsOn: [],
  timeoutS: 900,
  iterationBudget: null,
  testCmd: null,
  network: null,
  selfReview: false,
  maxForkDepth: 1,
};

test("every documented key and form of the original plan format compiles to the same units", async () => {
  const { plan, edges } = await compiled();
  const { tasks, sops, digest, ...head } = plan;
  expect(head).toEqual({
    name: "Release 1.2: faster parser",
    summary: "Never shown by the original.",
    defaultAgent: "kimi-k2p5",
    defaultProvider: "fireworks",
    maxRetries: 3,
  });
  const units = tasks.map(({ digest: _, prompt: __, ...task }) => task);
  expect<Partial<CompiledTask>[]>(units).toEqual([
    {
      ...defaults,
      id: "research/main.baseline_2",
      summary: "Measure the baseline",
      commitMessage: "",
      role: "researcher",
      claims: none,
      iterationBudget: 12,
      sops: [],
      sopsPickedBy: "rules",
    },
    {
      ...defaults,
      id: "research/main.survey-parsers",
      summary: "Survey the parsers",
      commitMessage: "",
      role: "researcher",
      claims: { ...none, read: ["src/parser.py", "docs/notes.md"] },
      sops: ["python-style", "testing"],
      sopsPickedBy: "rules",
    },
    {
      ...defaults,
      id: "core/10-parser.v2.rewrite",
      summary: "Rewrite the parser",
      commitMessage: "feat(parser): rewrite",
      role: "worker",
      agent: "glm-5",
      provider: "openai",
      dependsOn: ["research/main.survey-parsers"],
      claims: {
        create: ["src/lexer.py"],
        edit: ["src/parser.py"],
        delete: ["src/old_parser.py"],
        touch: ["tests/test_parser.py"],
        read: ["docs/grammar.md", "src/tokens"],
      },
      timeoutS: 1200,
      iterationBudget: 80,
      testCmd: "uv run pytest tests/test_parser.py -q",
      selfReview: true,
      maxForkDepth: 2,
      sops: ["testing", "python-style"],
      sopsPickedBy: "pin",
    },
    {
      ...defaults,
      id: "core/10-parser.v2.docs",
      summary: "Describe the parser",
      commitMessage: "docs: parser",
      role: "worker",
      dependsOn: ["core/10-parser.v2.rewrite"],
      claims: { ...none, touch: ["docs/parser.md"] },
      maxForkDepth: 0,
      sops: [],
      sopsPickedBy: "pin",
    },
    {
      ...defaults,
      id: "core/20-cli.cli",
      summary: "Use the parser",
      commitMessage: "feat(cli): use the parser",
      role: "worker",
      dependsOn: ["core/10-parser.v2.rewrite"],
      claims: {
        ...none,
        create: ["src/commands"],
        edit: ["src/app/[command]/page.tsx", ".github/workflows/ci.yml"],
      },
      sops: ["python-style", "testing"],
      sopsPickedBy: "rules",
    },
    {
      ...defaults,
      id: "checks/review.judge",
      summary: "Review the parser and its use",
      commitMessage: "",
      role: "reviewer",
      dependsOn: ["core/10-parser.v2.rewrite", "core/20-cli.cli"],
      claims: none,
      sops: ["python-style", "testing"],
      sopsPickedBy: "rules",
    },
    {
      ...defaults,
      id: "checks/review.judge-docs",
      summary: "Review the documentation",
      commitMessage: "",
      role: "reviewer",
      dependsOn: ["checks/review.judge", "core/10-parser.v2.docs"],
      claims: { ...none, read: ["docs/parser.md"] },
      sops: [],
      sopsPickedBy: "rules",
    },
  ]);
  expect(edges).toBe(7);
  expect([Object.keys(sops).sort(), digest.length]).toEqual([["python-style", "testing"], 64]);
});

test("E4 prompt files are read from the plan's folder and from the task file's folder", async () => {
  const { plan } = await compiled();
  const prompts = Object.fromEntries(plan.tasks.map(({ id, prompt }) => [id, prompt]));
  expect([prompts["core/10-parser.v2.rewrite"], prompts["core/20-cli.cli"]]).toEqual([
    "Orient\nRead docs/grammar.md.\n\nEdit\nRewrite src/parser.py on top of a lexer.\n\nVerify\nRun the tests.\n",
    "# Orient\n\nRead src/cli.\n\n## Edit\n\nCall the parser.\n\n**Verify:**\n\nRun it.\n",
  ]);
  expect([prompts["checks/review.judge"], prompts["checks/review.judge-docs"]]).toEqual(["", ""]);
});

test("inconsistencies that the original accepted silently are warnings", async () => {
  const { warnings } = await compiled();
  expect(warnings.map(({ code, unit, message }) => [code, unit, message])).toEqual([
    [
      "read-only-claims",
      "research/main.survey-parsers",
      "a researcher cannot change files: its write claim `src/parser.py` counts as a read claim",
    ],
  ]);
});
