/** Misspelt keys and wrong types in every kind of file: reported together, each with its position. */
import { expect, test } from "bun:test";
import type { Diagnostic } from "../../src/error.ts";
import { dgov, dgovJson } from "../harness/bin.ts";
import { testRepo } from "../harness/repo.ts";

const sop = `---
name: one
titel: T
summary: S
applies_to: parser
priority: must
---
${["When", "Do", "Do Not", "Verify", "Escalate"].map((name) => `## ${name}\n- x\n`).join("\n")}`;

const root = ".dgov/plans/p/_root.toml";
const main = ".dgov/plans/p/tasks/main.toml";
const files = {
  ".dgov/project.toml": "",
  [root]: '[plan]\nname = "p"\nsections = ["tasks"]\nmax_retires = 1\nsummary = 2\n',
  [main]:
    '[tasks.a]\nsummary = "A"\nprompt = 3\ncommit_mesage = "feat: a"\nfiles.craete = ["a.txt"]\n\n' +
    '[tasks.b]\nsummary = "B"\nrole = "wroker"\n',
  ".dgov/sops/one.md": sop,
};

/** `file:line key (suggestion)` of each misspelt or mistyped key among the diagnostics. */
function slips(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics
    .filter(({ code }) => /unknown-key|wrong-type|sop-applies-to/.test(code))
    .map(({ file, line, message, hint }) => {
      const key = /`([^`]+)`/.exec(message)?.[1];
      return `${file}:${line} ${key}${hint === null ? "" : ` (${hint})`}`;
    });
}

const ofPlan = [
  `${root}:4 max_retires (did you mean max_retries?)`,
  `${root}:5 summary`,
  `${main}:3 prompt`,
  `${main}:4 commit_mesage (did you mean commit_message?)`,
  `${main}:5 files.craete (did you mean create?)`,
  `${main}:9 role`,
  ".dgov/sops/one.md:3 titel (did you mean title?)",
  ".dgov/sops/one.md:5 applies_to",
];

test("E3 compile, validate and run report the same misspelt keys of a plan and its SOPs", async () => {
  await using repo = await testRepo(files);
  for (const command of ["compile", "validate", "run"]) {
    const { document } = await dgovJson([command, "p"], { cwd: repo.path, env: repo.env });
    const { diagnostics } = document as unknown as { diagnostics: Diagnostic[] };
    expect([command, slips(diagnostics)]).toEqual([command, ofPlan]);
    const text = await dgov([command, "p"], { cwd: repo.path, env: repo.env });
    for (const one of ofPlan) {
      const [place = "", key = ""] = one.split(" ");
      expect(text.stdout + text.stderr).toContain(`--> ${place}:`);
      expect(text.stdout + text.stderr).toContain(`\`${key}\``);
    }
  }
});

test("E3 every command that reads project.toml reports its misspelt keys", async () => {
  await using repo = await testRepo({
    ...files,
    ".dgov/project.toml":
      "[project]\nlangauge = 'python'\nline_length = 'x'\n\n[provders.x]\nbase_url = 1\n\n" +
      "[verify.unit]\ncomand = 'x'\n\n[merge]\nspeculaton = 1\n",
  });
  for (const command of [
    ["compile", "p"],
    ["validate", "p"],
    ["run", "p"],
    ["verify", "list"],
    ["clean"],
  ]) {
    const { document } = await dgovJson(command, { cwd: repo.path, env: repo.env });
    expect(document["code"]).toBe("CONFIG_INVALID");
    const { diagnostics } = document as unknown as { diagnostics: Diagnostic[] };
    expect(slips(diagnostics)).toEqual([
      ".dgov/project.toml:2 project.langauge (did you mean language?)",
      ".dgov/project.toml:3 project.line_length",
      ".dgov/project.toml:5 provders (did you mean providers?)",
      ".dgov/project.toml:8 verify.unit.command",
      ".dgov/project.toml:9 verify.unit.comand (did you mean command?)",
      ".dgov/project.toml:12 merge.speculaton (did you mean speculation?)",
    ]);
  }
});
