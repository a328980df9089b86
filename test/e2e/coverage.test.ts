/** Refreshing the coverage baseline in the bookkeeping of a complete run. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import {
  coverageBaselineFile,
  coverageBaselineText,
  parseCoverageBaseline,
} from "../../src/settlement/coverage/baseline.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";
import { defaultSandbox } from "../harness/sandbox.ts";

/** Records its run and reports the lines of src/: `x` is covered, `-` is not. Fails with a file called red. */
const command = `echo run >> "$HOME/count"; [ ! -e src/red.txt ] || exit 1
for f in src/*.txt; do
  echo SF:$f; awk '{ print "DA:" NR "," ($0 == "x") }' $f; echo end_of_record
done > {output}`;

/** A project whose plan writes one file. */
async function lands(path: string, more: { tracked?: boolean } = {}): Promise<TestProject> {
  const p = await testProject({
    files: {
      "src/a.txt": "-\n",
      ...(more.tracked === false
        ? { ".gitignore": ".coverage-baseline/\n" }
        : {
            [coverageBaselineFile]: coverageBaselineText({
              command: "",
              head: "",
              tree: "",
              files: [],
            }),
          }),
    },
    tasks: { a: { files: [path] } },
    config: { project: { coverage_cmd: command } },
    script: {
      rules: [
        { unit: unit("a"), turns: [call("write_file", { path, content: "x\nx\n" }), done("ok")] },
      ],
    },
  });
  if (more.tracked === false) {
    p.repo.write(
      coverageBaselineFile,
      coverageBaselineText({ command: "", head: "", tree: "", files: [] }),
    );
  }
  return p;
}

function runs(p: TestProject): number {
  const count = join(p.env["HOME"] ?? "", "count");
  return existsSync(count) ? readFileSync(count, "utf8").trim().split("\n").length : 0;
}

test.concurrent("A10 bookkeeping refreshes the coverage baseline with the figures that the gates measured", async () => {
  await using p = await lands("src/a.txt");
  const run = JSON.parse((await p.dgov(["run", "p", "--json"])).stdout);
  expect(run).toMatchObject({ exit_code: 0, warnings: [] });
  const head = await p.repo.git("log", "-1", "--format=%s", "--", coverageBaselineFile);
  expect(head).toStartWith("chore: dgov bookkeeping");
  const tip = await p.repo.git("rev-parse", "main~1");
  expect(parseCoverageBaseline(await p.repo.git("show", `main:${coverageBaselineFile}`))).toEqual({
    command,
    head: tip,
    tree: await p.repo.git("rev-parse", `${tip}^{tree}`),
    files: [{ path: "src/a.txt", covered: 2, total: 2 }],
  });
  // One run on the base, one on the change. A command in a sandbox cannot count them outside its tree.
  if (defaultSandbox === "off") expect(runs(p)).toBe(2);
  expect(await p.repo.git("status", "--porcelain")).toBe("");
});

test.concurrent("a coverage command that fails on the landed tree leaves the baseline unchanged, with a warning", async () => {
  await using p = await lands("src/red.txt");
  const before = p.repo.read(coverageBaselineFile);
  const run = JSON.parse((await p.dgov(["run", "p", "--json"])).stdout);
  expect(run.exit_code).toBe(0);
  expect(run.warnings).toEqual([
    "the coverage baseline was not refreshed: coverage_cmd failed: exit code 1",
  ]);
  expect(p.repo.read(coverageBaselineFile)).toBe(before);
});

test.concurrent("an untracked coverage baseline is not refreshed", async () => {
  await using p = await lands("src/a.txt", { tracked: false });
  const before = p.repo.read(coverageBaselineFile);
  expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
  expect(p.repo.read(coverageBaselineFile)).toBe(before);
});
