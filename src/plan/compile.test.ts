import { describe, expect, test } from "bun:test";
import { parseConfig } from "../config/load.ts";
import { type CompileResult, compilePlan } from "./compile.ts";
import { renderPrompt } from "./compiled.ts";
import { readCompiled } from "./compiled-file.ts";
import { filesInMemory } from "./plan-files.ts";
import { rulesPicker, type SopPicker } from "./sops/picker.ts";

const dir = ".dgov/plans/p";
const sop = `---
name: python
title: Python
summary: How Python looks
applies_to: [python]
priority: must
---
${["When", "Do", "Do Not", "Verify", "Escalate"].map((name) => `## ${name}\n- x\n`).join("\n")}`;

async function compile(
  files: Record<string, string>,
  options: { sections?: string[]; picker?: SopPicker; sops?: Record<string, string> } = {},
): Promise<CompileResult> {
  const config = parseConfig("", "/project");
  if (!config.ok) throw new Error("the default configuration is wrong");
  const sections = options.sections ?? ["s"];
  const texts: Record<string, string> = {
    [`${dir}/_root.toml`]: `[plan]\nname = "p"\nsections = ${JSON.stringify(sections)}\n`,
  };
  for (const [path, text] of Object.entries(files)) texts[`${dir}/${path}`] = text;
  for (const [path, text] of Object.entries(options.sops ?? {})) texts[`.dgov/sops/${path}`] = text;
  return compilePlan({
    files: filesInMemory(texts),
    dir,
    config: config.config,
    picker: options.picker ?? rulesPicker,
    needModels: false,
    ignored: async () => new Set(),
    exists: () => true,
    submodules: [],
  });
}

function task(key: string, more = ""): string {
  return `[tasks.${key}]
summary = "Do ${key}"
prompt = "Orient\\nEdit\\nVerify\\n"
commit_message = "feat: ${key}"
files.edit = ["${key}.py"]
${more}

`;
}

function ok(result: CompileResult): Extract<CompileResult, { ok: true }> {
  if (!result.ok) throw new Error(result.diagnostics.map((d) => d.message).join("\n"));
  return result;
}

describe("compilePlan", () => {
  test("fills in every default", async () => {
    const { plan } = ok(
      await compile({ "s/main.toml": task("a", 'timeout_s = 0\nagent = ""\ntest_cmd = ""') }),
    );
    expect(plan.tasks).toEqual([
      {
        id: "s/main.a",
        summary: "Do a",
        prompt: "Orient\nEdit\nVerify\n",
        commitMessage: "feat: a",
        role: "worker",
        onReject: "fail",
        agent: null,
        provider: null,
        dependsOn: [],
        claims: { create: [], edit: ["a.py"], delete: [], touch: [], read: [] },
        timeoutS: 900,
        iterationBudget: null,
        testCmd: null,
        selfReview: false,
        maxForkDepth: 1,
        sops: [],
        sopsPickedBy: "none",
        digest: plan.tasks[0]?.digest ?? "",
      },
    ]);
    expect([plan.name, plan.maxRetries, plan.defaultAgent]).toEqual(["p", 3, null]);
  });

  test("the compiled bytes are read back as the compiled plan", async () => {
    const { plan, bytes } = ok(
      await compile({ "s/main.toml": task("a") }, { sops: { "p.md": sop } }),
    );
    expect(readCompiled(bytes)).toEqual(plan);
  });

  test("orders tasks by section, file and key, dependencies first where they must", async () => {
    const { plan } = ok(
      await compile(
        {
          "z/b.toml": task("d") + task("c", 'depends_on = ["a/x.e"]'),
          "z/a.toml": task("f"),
          "a/x.toml": task("e"),
        },
        { sections: ["z", "a", "z"] },
      ),
    );
    expect(plan.tasks.map(({ id }) => id)).toEqual(["z/a.f", "a/x.e", "z/b.c", "z/b.d"]);
  });

  test("the order of tasks in a file changes nothing (P6)", async () => {
    const one = ok(await compile({ "s/main.toml": task("a") + task("b") }));
    const other = ok(await compile({ "s/main.toml": task("b") + task("a") }));
    expect(one.bytes).toBe(other.bytes);
    expect(one.plan.digest).toBe(other.plan.digest);
  });

  test("claims are compiled in one spelling, each once (C8)", async () => {
    const text = task("a").replace('["a.py"]', '["./a.py", "a.py", "lib/"]');
    const { plan } = ok(await compile({ "s/main.toml": text }));
    expect(plan.tasks[0]?.claims.edit).toEqual(["a.py", "lib"]);
  });

  test("a list of files means touch", async () => {
    const text = task("a").replace("files.edit", "files");
    const { plan } = ok(await compile({ "s/main.toml": text }));
    expect(plan.tasks[0]?.claims.touch).toEqual(["a.py"]);
  });

  test("a prompt file is read, wherever in the project it lies (E4)", async () => {
    const text = task("a").replace(/prompt = .*/, 'prompt_file = "../prompts/a.md"');
    const files = { "s/main.toml": text, "prompts/a.md": "Orient\nEdit\nVerify\nit" };
    const { plan } = ok(await compile(files, { sops: { "p.md": sop } }));
    expect(plan.tasks[0]?.prompt).toBe("Orient\nEdit\nVerify\nit");
    const [given] = plan.tasks;
    const parts = given === undefined ? [] : renderPrompt(plan, given).parts;
    expect(parts.map(({ name }) => name)).toEqual(["sop python", "task"]);
    expect(parts[1]?.text).toContain("Verify\nit");
  });

  test("files beginning with _ or ., other suffixes and deeper folders are not read", async () => {
    const bad = "this is not TOML";
    const { plan } = ok(
      await compile({
        "s/main.toml": task("a"),
        "s/_draft.toml": bad,
        "s/.hidden.toml": bad,
        "s/notes.md": bad,
        "s/deep/x.toml": bad,
        "unlisted/x.toml": bad,
      }),
    );
    expect(plan.tasks.length).toBe(1);
  });

  test("a stem may have dots; a bare reference stays in its file", async () => {
    const { plan } = ok(
      await compile({
        "s/v1.2.toml": task("a") + task("b", 'depends_on = ["a", "a"]'),
        "s/other.toml": task("c", 'depends_on = ["s/v1.2.b"]'),
      }),
    );
    expect(plan.tasks.map(({ id, dependsOn }) => [id, dependsOn])).toEqual([
      ["s/v1.2.a", []],
      ["s/v1.2.b", ["s/v1.2.a"]],
      ["s/other.c", ["s/v1.2.b"]],
    ]);
  });
});

describe("SOPs of a compiled plan", () => {
  test("pins win over the picker, and an empty pin means none (E5)", async () => {
    const text =
      task("a") + task("b", "sop_mapping = []") + task("c", 'sop_mapping = ["python", "python"]');
    const { plan } = ok(await compile({ "s/main.toml": text }, { sops: { "p.md": sop } }));
    expect(plan.tasks.map(({ sops, sopsPickedBy }) => [sops, sopsPickedBy])).toEqual([
      [["python"], "rules"],
      [[], "pin"],
      [["python"], "pin"],
    ]);
    expect(Object.keys(plan.sops)).toEqual(["python"]);
  });

  test("an answer naming an unknown SOP is refused", async () => {
    const picker: SopPicker = {
      pick: async (tasks) =>
        new Map(tasks.map(({ id }) => [id, { names: ["style"], by: "model", why: {} }])),
    };
    const result = await compile({ "s/main.toml": task("a") }, { picker, sops: { "p.md": sop } });
    expect(result.ok ? [] : result.diagnostics.map(({ message }) => message)).toEqual([
      "the model chose `style`, which is no SOP of this project",
    ]);
  });

  test("the picker is not asked when there is nothing to choose from", async () => {
    const picker: SopPicker = { pick: () => Promise.reject(new Error("asked")) };
    expect((await compile({ "s/main.toml": task("a") }, { picker })).ok).toBe(true);
  });
});

describe("size", () => {
  const shapes: Record<string, (i: number) => string> = {
    "a chain that shares one file": (i) =>
      task(`t${i}`, i === 0 ? "" : `depends_on = ["t${i - 1}"]`).replace(
        `"t${i}.py"`,
        `"all.py", "t${i}.py"`,
      ),
    "a dag": (i) =>
      task(`t${i}`, i < 3 ? "" : `depends_on = ["t${i - 1 - (i % 3)}", "t${Math.floor(i / 2)}"]`),
    "a chain of readers of everything": (i) =>
      task(`t${i}`, `${i === 0 ? "" : `depends_on = ["t${i - 1}"]\n`}files.read = ["**"]`),
  };

  // How cost grows is for the benchmark `compile`; what is quadratic here does not end in time.
  test.each(Object.keys(shapes))("E7 3,000 units of %s compile", async (name) => {
    const shape = shapes[name] ?? task;
    const text = Array.from({ length: 3000 }, (_, i) => shape(i as never)).join("");
    ok(await compile({ "s/main.toml": text }));
  });
});
