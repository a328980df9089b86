import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseToml } from "../config/toml.ts";
import { sha256 } from "../std/digest.ts";
import { type CompiledPlan, type CompiledTask, unitDigest } from "./compiled.ts";
import { readCompiled, renderCompiled } from "./compiled-file.ts";

const task: Omit<CompiledTask, "digest"> = {
  id: "tasks/main.a",
  summary: "A",
  prompt: "Orient:\nRead.\n",
  commitMessage: "feat: a",
  role: "worker",
  onReject: "fail",
  agent: null,
  provider: null,
  dependsOn: [],
  claims: { create: ["a.py"], edit: [], delete: [], touch: [], read: ["b.py"] },
  timeoutS: 900,
  iterationBudget: null,
  network: null,
  testCmd: null,
  selfReview: false,
  maxForkDepth: 1,
  sops: ["style"],
  sopsPickedBy: "rules",
};

function plan(given: Partial<Omit<CompiledTask, "digest">>, name = "p"): CompiledPlan {
  const full = { ...task, ...given };
  const compiled = {
    name,
    summary: "",
    defaultAgent: null,
    defaultProvider: "x",
    maxRetries: 3,
    tasks: [{ ...full, digest: unitDigest(full) }],
    sops: { style: "SOP: Style\n- x" },
  };
  return { ...compiled, digest: sha256(renderCompiled(compiled)) };
}

const texts = fc.string({ unit: "binary", maxLength: 40 }).map((text) => text.toWellFormed());

describe("renderCompiled and readCompiled", () => {
  test("readCompiled returns the rendered plan, for all strings", () => {
    fc.assert(
      fc.property(texts, texts, texts, fc.array(texts), (summary, prompt, id, sops) => {
        const written = plan({ id, summary, prompt: `${prompt}\n"""\n\\${prompt}`, sops }, summary);
        expect(readCompiled(renderCompiled(written))).toEqual(written);
      }),
    );
  });

  test("a compiled plan is rendered as TOML", () => {
    expect(
      renderCompiled(plan({ dependsOn: ["tasks/main.b"], agent: 'q"m' })),
    ).toBe(`# Made by dgov compile; edits are lost.

[plan]
name = "p"
summary = ""
default_provider = "x"
max_retries = 3

[sops]
style = """
SOP: Style
- x"""

[tasks."tasks/main.a"]
summary = "A"
prompt = """
Orient:
Read.
"""
commit_message = "feat: a"
role = "worker"
agent = "q\\"m"
depends_on = ["tasks/main.b"]
files.create = ["a.py"]
files.read = ["b.py"]
timeout_s = 900
self_review = false
max_fork_depth = 1
sops = ["style"]
sops_picked_by = "rules"
`);
  });

  test.each([
    "",
    "x",
    "[plan]\nname = 1\n[tasks]",
    '[plan]\nname="p"',
    '[plan]\nname="p"\n[tasks.a]\nsummary="x"\nrole="boss"',
  ])("readCompiled returns null for %j", (text) => {
    expect(readCompiled(text)).toBeNull();
  });

  test("a lone carriage return and a DEL are preserved", () => {
    const written = plan({ prompt: "a\r\nb\x7f\r" });
    const parsed = parseToml(renderCompiled(written));
    expect(parsed.ok).toBe(true);
    expect(readCompiled(renderCompiled(written))?.tasks[0]?.prompt).toBe("a\r\nb\x7f\r");
  });
});

describe("unitDigest", () => {
  const digest = (given: Partial<Omit<CompiledTask, "digest">>): string =>
    unitDigest({ ...task, ...given });

  test.each([
    { agent: "other" },
    { provider: "other" },
    { timeoutS: 1 },
    { iterationBudget: 1 },
    { network: "host" },
    { maxForkDepth: 5 },
    { sops: [] },
    { sopsPickedBy: "pin" },
    { id: "tasks/main.z" },
  ] as const)("does not cover %j", (given) => {
    expect(digest(given as Partial<CompiledTask>)).toBe(digest({}));
  });

  test.each([
    { summary: "B" },
    { prompt: "other" },
    { commitMessage: "fix: a" },
    { role: "researcher" },
    { claims: { ...task.claims, edit: ["c.py"] } },
    { claims: { ...task.claims, create: [], touch: ["a.py"] } },
    { dependsOn: ["tasks/main.b"] },
    { testCmd: "true" },
    { selfReview: true },
  ] as const)("covers %j (B9)", (given) => {
    expect(digest(given as Partial<CompiledTask>)).not.toBe(digest({}));
  });

  test("the order of claims and dependencies does not change the digest", () => {
    const claims = (create: string[]): CompiledTask["claims"] => ({ ...task.claims, create });
    expect(digest({ claims: claims(["a", "b"]), dependsOn: ["x", "y"] })).toBe(
      digest({ claims: claims(["b", "a"]), dependsOn: ["y", "x"] }),
    );
  });
});
