/** The SOPs that `init` writes: they are valid, and the rules picker assigns them. */
import { describe, expect, test } from "bun:test";
import { sopsFor } from "../../src/assets/index.ts";
import { parseConfig } from "../../src/config/load.ts";
import { compilePlan } from "../../src/plan/compile.ts";
import { rulesPicker } from "../../src/plan/sops/picker.ts";
import { parseSop, renderSop } from "../../src/plan/sops/sop.ts";
import { filesInMemory } from "../harness/plan-files.ts";

const languages = ["go", "javascript", "python", "rust", "swift", "typescript", "unknown"];
const every = Object.entries(
  Object.assign({}, ...languages.map(sopsFor)) as Record<string, string>,
);

describe("every shipped SOP", () => {
  test.each(every)("the shipped SOP %s is valid, named after its file, and short", (file, text) => {
    const { sop, diagnostics } = parseSop(file, text);
    expect(diagnostics).toEqual([]);
    expect(`${sop?.name}.md`).toBe(file);
    const lines = text.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(40);
    expect(lines.filter((line) => line.length > 120)).toEqual([]);
    expect(sop === null ? 0 : renderSop(sop).length).toBeLessThan(2000);
  });

  test("every language has nine shared SOPs and one of its own", () => {
    expect(languages.map((name) => Object.keys(sopsFor(name)).at(-1))).toEqual([
      "go-style.md",
      "javascript-style.md",
      "python-style.md",
      "rust-style.md",
      "swift-style.md",
      "typescript-style.md",
      "code-style.md",
    ]);
    expect(languages.map((name) => Object.keys(sopsFor(name)).length)).toEqual(Array(7).fill(10));
  });
});

interface Sample {
  summary: string;
  file: string;
  language: string;
  reviewer?: true;
  chosen: string[];
}

/** SOPs that every writing unit gets. */
const always = ["git-commits", "return-values", "testing"];

const samples: Sample[] = [
  {
    summary: "Add the rate limiter",
    file: "src/limiter.py",
    language: "python",
    chosen: ["git-commits", "python-style", "return-values", "testing"],
  },
  {
    summary: "Refactor the session store",
    file: "src/session.ts",
    language: "typescript",
    chosen: [...always, "refactoring-discipline", "state-modeling", "typescript-style"],
  },
  {
    summary: "Report parse errors with a line",
    file: "src/parse.rs",
    language: "rust",
    chosen: ["error-handling", ...always, "rust-style"],
  },
  {
    summary: "Move the handlers to a package of their own",
    file: "internal/handlers/**",
    language: "go",
    chosen: ["architecture", ...always, "refactoring-discipline"],
  },
  {
    summary: "Split the large fixture",
    file: "tests/fixture.json",
    language: "unknown",
    chosen: [
      "code-style",
      "git-commits",
      "large-file-handling",
      "refactoring-discipline",
      "return-values",
      "testing",
    ],
  },
  {
    summary: "Judge the rate limiter",
    file: "src/limiter.swift",
    language: "swift",
    reviewer: true,
    chosen: ["code-review"],
  },
];

test.each(samples)('the rules picker chooses SOPs for "$summary" ($language)', async (sample) => {
  const config = parseConfig("", "/project");
  if (!config.ok) throw new Error("the default configuration is wrong");
  const task = sample.reviewer
    ? `role = "reviewer"\nfiles.read = ["${sample.file}"]`
    : `commit_message = "feat: it"\nfiles.touch = ["${sample.file}"]`;
  const dir = ".dgov/plans/p";
  const texts: Record<string, string> = {
    [`${dir}/_root.toml`]: '[plan]\nname = "p"\nsections = ["s"]\n',
    [`${dir}/s/main.toml`]: `[tasks.t]\nsummary = "${sample.summary}"\nprompt = "Orient\\nEdit\\nVerify"\n${task}\n`,
  };
  for (const [name, text] of Object.entries(sopsFor(sample.language))) {
    texts[`.dgov/sops/${name}`] = text;
  }
  const compiled = await compilePlan({
    files: filesInMemory(texts),
    dir,
    config: config.config,
    picker: rulesPicker,
    needModels: false,
    ignored: async () => new Set(),
    exists: () => true,
    submodules: [],
  });
  if (!compiled.ok) throw new Error(compiled.diagnostics.map((d) => d.message).join("\n"));
  const unit = compiled.plan.tasks.find(({ id }) => id === "s/main.t");
  expect(unit?.sops.toSorted()).toEqual(sample.chosen.toSorted());
});
