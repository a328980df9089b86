import { describe, expect, test } from "bun:test";
import { filesInMemory } from "../../test/harness/plan-files.ts";
import { parseConfig } from "../config/load.ts";
import { type CompileInput, type CompileResult, compilePlan } from "./compile.ts";
import { type CompiledPlan, renderPrompt } from "./compiled.ts";
import { readCompiled } from "./compiled-file.ts";
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
  options: {
    sections?: string[];
    picker?: SopPicker;
    sops?: Record<string, string>;
    submodules?: string[];
    ignored?: string[];
    exists?: (path: string) => boolean;
    settings?: string;
    landed?: CompileInput["landed"];
  } = {},
): Promise<CompileResult> {
  const config = parseConfig(options.settings ?? "", "/project");
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
    ignored: async () => new Set(options.ignored),
    exists: options.exists ?? (() => true),
    submodules: options.submodules ?? [],
    ...(options.landed && { landed: options.landed }),
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
  test("a compiled task has every default", async () => {
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
        network: null,
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

  test("readCompiled of the compiled bytes returns the compiled plan", async () => {
    const { plan, bytes } = ok(
      await compile({ "s/main.toml": task("a") }, { sops: { "p.md": sop } }),
    );
    expect(readCompiled(bytes)).toEqual(plan);
  });

  test("tasks are ordered by section, file and key, after their dependencies", async () => {
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

  test("the order of tasks in a file does not change the compiled bytes (P6)", async () => {
    const one = ok(await compile({ "s/main.toml": task("a") + task("b") }));
    const other = ok(await compile({ "s/main.toml": task("b") + task("a") }));
    expect(one.bytes).toBe(other.bytes);
    expect(one.plan.digest).toBe(other.plan.digest);
  });

  test("claims are normalised and deduplicated (C8)", async () => {
    const text = task("a").replace('["a.py"]', '["./a.py", "a.py", "lib/"]');
    const { plan } = ok(await compile({ "s/main.toml": text }));
    expect(plan.tasks[0]?.claims.edit).toEqual(["a.py", "lib"]);
  });

  test("a list of files becomes touch claims", async () => {
    const text = task("a").replace("files.edit", "files");
    const { plan } = ok(await compile({ "s/main.toml": text }));
    expect(plan.tasks[0]?.claims.touch).toEqual(["a.py"]);
  });

  test("a prompt file may be anywhere in the project (E4)", async () => {
    const text = task("a").replace(/prompt = .*/, 'prompt_file = "../prompts/a.md"');
    const files = { "s/main.toml": text, "prompts/a.md": "Orient\nEdit\nVerify\nit" };
    const { plan } = ok(await compile(files, { sops: { "p.md": sop } }));
    expect(plan.tasks[0]?.prompt).toBe("Orient\nEdit\nVerify\nit");
    const [given] = plan.tasks;
    const parts = given === undefined ? [] : renderPrompt(plan, given).parts;
    expect(parts.map(({ name }) => name)).toEqual(["sop python", "task"]);
    expect(parts[1]?.text).toContain("Verify\nit");
  });

  test("files that begin with _ or ., have another suffix or are in deeper folders are not task files", async () => {
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

  test("a file stem may contain dots, and a reference without a slash stays in its file", async () => {
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
  test("pins take precedence over the picker, and an empty pin selects no SOP (E5)", async () => {
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

  test("a choice of an unknown SOP is rejected", async () => {
    const picker: SopPicker = {
      pick: async (tasks) =>
        new Map(tasks.map(({ id }) => [id, { names: ["style"], by: "model", why: {} }])),
    };
    const result = await compile({ "s/main.toml": task("a") }, { picker, sops: { "p.md": sop } });
    expect(result.ok ? [] : result.diagnostics.map(({ message }) => message)).toEqual([
      "the model chose the SOP `style`, which does not exist",
    ]);
  });

  test("the picker is not called for a project without SOPs", async () => {
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

  // The `compile` benchmark measures how cost grows; a quadratic step exceeds the time limit here.
  test.each(Object.keys(shapes))("E7 3,000 units of %s compile", async (name) => {
    const shape = shapes[name] ?? task;
    const text = Array.from({ length: 3000 }, (_, i) => shape(i as never)).join("");
    ok(await compile({ "s/main.toml": text }));
  });
});

function codesOf(result: CompileResult): string[] {
  return (result.ok ? result.warnings : result.diagnostics).map(({ code }) => code);
}

describe("paths whose changes never land", () => {
  const codes = async (path: string, where: { submodules?: string[]; ignored?: string[] }) => {
    const text = task("a").replace('["a.py"]', JSON.stringify([path]));
    return codesOf(await compile({ "s/main.toml": text }, where)).filter((code) =>
      code.endsWith("-claim"),
    );
  };

  test.each([
    ["edit", true],
    ["touch", true],
    ["create", false],
    ["delete", false],
  ])("F1 a claim of exactly a submodule for %s is accepted: %p", async (kind, accepted) => {
    const text = task("a").replace("files.edit", `files.${kind}`).replace('"a.py"', '"lib"');
    const result = await compile({ "s/main.toml": text }, { submodules: ["lib"] });
    expect(codesOf(result).includes("submodule-claim")).toBe(!accepted);
  });

  test.each([
    ["lib/a", true],
    ["library/a", false],
    ["lib.py", false],
    ["a/lib/x", false],
  ])("a claim of %s is in the submodule lib: %p", async (path, inside) => {
    expect(await codes(path, { submodules: ["lib"] })).toEqual(inside ? ["submodule-claim"] : []);
  });

  test.each([
    ["out", ["out"], true],
    ["out/", ["out/"], true],
    ["out/a", ["out/"], false],
    ["outer", ["out", "out/"], false],
  ])("a claim of %s with %j ignored is ignored: %p", async (path, ignored, found) => {
    expect(await codes(path, { ignored })).toEqual(found ? ["ignored-claim"] : []);
  });
});

test("a prompt of exactly 1 MiB compiles, and one byte more is an error", async () => {
  const head = "Orient\\nEdit\\nVerify\\n";
  const codes = async (bytes: number) => {
    const prompt = head + "x".repeat(bytes - 19);
    const text = task("a").replace(head, prompt);
    return codesOf(await compile({ "s/main.toml": text }));
  };
  expect(await codes(1024 * 1024)).not.toContain("long-prompt");
  expect(await codes(1024 * 1024 + 1)).toContain("long-prompt");
});

test("E20 two tasks that read each other's files get one proposal of an order, not two", async () => {
  const text = task("a", 'files.read = ["b.py"]') + task("b", 'files.read = ["a.py"]');
  const { warnings } = ok(await compile({ "s/main.toml": text }));
  expect(warnings.map(({ unit, hint }) => [unit, hint])).toEqual([
    ["s/main.a", 'add depends_on = ["b"] to read the changed files'],
    ["s/main.b", "move the change that both need into a task that they depend on"],
  ]);
});

test("E20 E21 claims of a landed unit conflict with none, and it gets no proposal of a dependency", async () => {
  const overlapping = task("a") + task("b").replace('["b.py"]', '["a.py"]');
  const reading = task("a") + task("c", 'files.read = ["a.py"]');
  const asked: string[] = [];
  const landed = (...ids: string[]) => ({
    landed: async (plan: CompiledPlan) => {
      asked.push(plan.name);
      return new Set(ids);
    },
  });
  expect(codesOf(await compile({ "s/main.toml": overlapping }))).toEqual(["claim-overlap"]);
  expect(codesOf(await compile({ "s/main.toml": overlapping }, landed()))).toEqual([
    "claim-overlap",
  ]);
  for (const one of ["s/main.a", "s/main.b"]) {
    expect(codesOf(await compile({ "s/main.toml": overlapping }, landed(one)))).toEqual([]);
  }
  expect(codesOf(await compile({ "s/main.toml": reading }, landed("s/main.x")))).toEqual([
    "independent-reader",
  ]);
  expect(codesOf(await compile({ "s/main.toml": reading }, landed("s/main.c")))).toEqual([]);
  // Without a conflict the history is not read.
  asked.length = 0;
  await compile({ "s/main.toml": task("a") + task("b") }, landed("s/main.a"));
  expect(asked).toEqual([]);
});

test("a missing file is excused by a dependency that creates it, and by no other task", async () => {
  const codes = async (dependency: string) => {
    const creator = task("a").replace('files.edit = ["a.py"]', 'files.create = ["new/x.py"]');
    const editor = task("b", dependency).replace('["b.py"]', '["new/x.py"]');
    const exists = (path: string) => !path.startsWith("new/");
    return codesOf(await compile({ "s/main.toml": creator + editor }, { exists }));
  };
  expect(await codes('depends_on = ["a"]')).not.toContain("missing-file-claim");
  expect(await codes("")).toContain("missing-file-claim");
});

test("four other tasks with a claim are named, a fifth is one of the others", async () => {
  const last = async (keys: string[]) => {
    const text = keys.map((key) => task(key).replace(`["${key}.py"]`, '["x.py"]')).join("");
    const result = await compile({ "s/main.toml": text });
    if (result.ok) throw new Error("overlapping claims compile");
    const key = keys.at(-1);
    return result.diagnostics.find(({ unit }) => unit === `s/main.${key}`)?.message ?? "";
  };
  const four = await last(["a", "b", "c", "d", "e"]);
  for (const key of ["a", "b", "c", "d"]) expect(four).toContain(`of s/main.${key}`);
  expect(four).not.toContain("and others");
  expect(await last(["a", "b", "c", "d", "e", "f"])).toContain("and others");
});

test.each([
  ["unit", false],
  ["toString", true],
  ["constructor", true],
])("the recipe %s is unknown: %p", async (name, unknown) => {
  const settings = '[verify.unit]\ncommand = "true"\n';
  const text = task("a", `test_cmd = "verify:${name}"`);
  const codes = codesOf(await compile({ "s/main.toml": text }, { settings }));
  expect(codes.includes("unknown-recipe")).toBe(unknown);
});

test("a commit message of spaces is missing", async () => {
  const text = task("a").replace("feat: a", "  ");
  expect(codesOf(await compile({ "s/main.toml": text }))).toContain("missing-commit-message");
});

test.each(["worker", "researcher"])("on_reject of a %s is an error", async (role) => {
  const text = task("a", `role = "${role}"\non_reject = "fix"`);
  const result = await compile({ "s/main.toml": text });
  expect([result.ok, codesOf(result).includes("not-a-reviewer")]).toEqual([false, true]);
});
