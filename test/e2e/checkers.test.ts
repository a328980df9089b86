/** Attempts to defeat gates, end to end, with real checkers from node_modules. */

import { describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { call, done, type ModelTurn } from "../../src/demo/script.ts";
import { scaled } from "../harness/limits.ts";
import { type ProjectOptions, type TestProject, testProject, unit } from "../harness/project.ts";

const programs = resolve(import.meta.dir, "../../node_modules/.bin");

function one(turns: ModelTurn[], more: Partial<ProjectOptions> = {}): Promise<TestProject> {
  return testProject({
    tasks: { a: {} },
    plan: { max_retries: 0 },
    script: { rules: [{ unit: unit("a"), turns }] },
    ...more,
  });
}

const shell = (command: string): ModelTurn[] => [call("run_bash", { command }), done("ok")];

/** The last result of a gate for the unit's change. */
function lastResult(p: TestProject, gate: string): Record<string, unknown> | undefined {
  return p.events().findLast((e) => e.type === "gate.finished" && e.unit && e.data["gate"] === gate)
    ?.data;
}

describe("gates disabled by the change", () => {
  test.concurrent.each([
    ["deletes its script", "rm check.sh"],
    ["makes it not executable", "chmod -x check.sh"],
    ["breaks its interpreter", "printf '#!/no/such/program\\n' > check.sh"],
    ["makes it hang", "printf '#!/bin/sh\\nsleep 3000\\n' > check.sh"],
    ["makes it kill itself", "printf '#!/bin/sh\\nkill -9 $$\\n' > check.sh"],
  ])("A4 a gate does not pass when the change %s", async (_what, command) => {
    await using p = await one(shell(`${command}; echo a > a.txt`), {
      files: { "check.sh": "#!/bin/sh\nexit 0\n" },
      tasks: { a: { files: { touch: ["a.txt", "check.sh"] } } },
      config: { project: { lint_cmd: "./check.sh", settlement_timeout: scaled(2) } },
    });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    expect(await p.landed()).toEqual([]);
    expect(lastResult(p, "lint")).toMatchObject({ status: "errored" });
  });

  test.concurrent.each([
    ["names a program that is missing", "no-such-program-anywhere", /no-such-program-anywhere/],
    ["names an unknown recipe", "verify:unti", /there is no recipe unti|unti/],
  ])("A4 a task's own test_cmd that %s does not pass", async (_what, test_cmd, words) => {
    await using p = await one(shell("echo a > a.txt"), { tasks: { a: { test_cmd } } });
    const run = await p.dgov(["run", "p"]);
    expect(run.exitCode).not.toBe(0);
    expect(run.stdout + run.stderr).toMatch(words);
    expect(await p.landed()).toEqual([]);
  });

  test.concurrent("a gate that does not apply is recorded with its reason", async () => {
    await using p = await one(shell("echo a > a.md"), {
      tasks: { a: { files: { create: ["a.md"] } } },
      config: { project: { lint_cmd: "false {files}", test_cmd: "true" } },
    });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    expect(lastResult(p, "lint")).toMatchObject({
      status: "not_applicable",
      reason: "no changed file is of its kind",
    });
  });
});

test.concurrent.each([
  ["deleted", "rm tests/old.test.ts"],
  ["renamed", "mv tests/old.test.ts tests/new.test.ts"],
  ["moved with its folder", "mkdir tests/more && mv tests/old.test.ts tests/more/"],
])("A7 gates accept a test file that is %s, and the other tests run", async (_what, command) => {
  const names = 'for f in {files}; do [ -f "$f" ] || { echo "no $f"; exit 1; }; done';
  await using p = await one(shell(`${command}; echo a > a.txt`), {
    files: {
      "tests/old.test.ts": 'require("bun:test").test("old", () => {});\n',
      "tests/kept.test.ts": 'require("bun:test").test("kept", () => {});\n',
    },
    tasks: { a: { files: { touch: ["a.txt", "tests/"] } } },
    config: {
      project: {
        lint_cmd: names,
        format_check_cmd: names,
        test_cmd: `'${process.execPath}' test {test_dir}`,
        test_dir: "tests/",
      },
    },
  });
  expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
  expect(lastResult(p, "lint")).toMatchObject({ status: "passed" });
  expect(lastResult(p, "tests")).toMatchObject({ status: "passed" });
  expect(lastResult(p, "tests")?.["tail"]).toContain("kept");
});

describe("diagnostics of the base", () => {
  const bad = "const n: number = 'x';\nexport { n };\n";
  const files = {
    "biome.json": '{ "files": { "includes": ["src/**"] } }\n',
    "tsconfig.json":
      '{ "compilerOptions": { "strict": true, "noEmit": true, "types": [] }, "include": ["src"] }\n',
    "src/a.ts": `debugger;\n${bad}`,
    "src/b.ts": `debugger;\n${bad}`,
  };
  const tsc = { type_check_cmd: `'${programs}/tsc' -p .` };
  const biome = { lint_cmd: `'${programs}/biome' lint {files}` };
  const before = files["src/a.ts"];
  test.concurrent.each([
    ["tsc passes moved diagnostics", "types", tsc, `export const one = 1;\n\n${before}`, null],
    [
      "tsc fails on one more diagnostic",
      "types",
      tsc,
      `${before}const m: number = 'x';\nexport { m };\n`,
      4,
    ],
    ["biome passes moved diagnostics", "lint", biome, `export const one = 1;\n\n${before}`, null],
    ["biome fails on one more diagnostic", "lint", biome, `${before}debugger;\n`, 4],
  ])("A8 %s", async (_what, gate, project, content, line) => {
    await using p = await one([call("write_file", { path: "src/a.ts", content }), done("ok")], {
      files,
      tasks: { a: { files: ["src/a.ts"] } },
      config: { project },
    });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(line === null ? 0 : 1);
    expect(await p.landed()).toEqual(line === null ? [unit("a")] : []);
    expect(lastResult(p, gate)).toMatchObject(
      line === null ? { status: "passed" } : { status: "failed", diagnostics: [{ line }] },
    );
  });
});

test.concurrent.each([["gofmt -l {files}"]])(
  "A9 `%s`, which exits 0 and lists files, fails when it lists one",
  async (command) => {
    const [program = ""] = command.split(" ");
    const p0 = (content: string): Promise<TestProject> =>
      one([call("write_file", { path: "a.txt", content }), done("ok")], {
        config: { project: { format_check_cmd: command } },
      });
    await using good = await p0("good\n");
    await using bad = await p0("BAD\n");
    for (const p of [good, bad]) {
      const folder = join(p.repo.root, "bin");
      mkdirSync(folder);
      writeFileSync(join(folder, program), "#!/bin/sh\ngrep -l BAD *.txt 2>/dev/null\nexit 0\n");
      chmodSync(join(folder, program), 0o755);
      p.env["PATH"] = `${folder}:${p.env["PATH"]}`;
    }
    const [fine, failed] = await Promise.all([good.dgov(["run", "p"]), bad.dgov(["run", "p"])]);
    expect([fine.exitCode, failed.exitCode]).toEqual([0, 1]);
    expect(lastResult(bad, "format")).toMatchObject({ status: "failed" });
  },
);
