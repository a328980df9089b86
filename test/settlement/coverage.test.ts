/** The coverage gate, with commands that count lines of text files: `x` is covered, `-` is not. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "smol-toml";
import {
  coverageBaselineFile,
  coverageBaselineText,
  parseCoverageBaseline,
} from "../../src/settlement/coverage/baseline.ts";
import { checkGatesRunnable } from "../../src/settlement/gates/run-gates.ts";
import { dgovJson } from "../harness/bin.ts";
import { type TestRepo, testRepo } from "../harness/repo.ts";
import { type TestSettlement, testSettlement, verdict } from "./harness.ts";

/** Records its run, then reports every file of src/. */
const whole = `echo run >> "$HOME/count"
for f in src/*.txt; do
  echo SF:$f; awk '{ print "DA:" NR "," ($0 == "x") }' $f; echo end_of_record
done > {output}`;

/** Reports those lines of src/ as run that the given tests name, like `# src/a.py:1`. */
const selecting = `echo run >> "$HOME/count"; sh cover.sh {output} {files}`;
const coverSh = `out=$1; shift; find "$@" -name 'test_*' | xargs cat > $TMPDIR/hit
for f in src/*; do
  echo SF:$f; n=0
  while read -r line; do
    n=$((n + 1)); grep -qx "# $f:$n" $TMPDIR/hit && echo DA:$n,1 || echo DA:$n,0
  done < $f
  echo end_of_record
done > $out
`;

const wanted = {
  [coverageBaselineFile]: coverageBaselineText({ command: "", head: "", tree: "", files: [] }),
};

interface Options {
  command?: string;
  project?: Record<string, unknown>;
  baseline?: Record<string, string>;
}

/** A project with a baseline, so that the coverage gate applies. */
async function project(
  files: Record<string, string>,
  { command = whole, project: more, baseline = wanted }: Options = {},
): Promise<TestSettlement & { runs(): number }> {
  const c = await testSettlement({
    files: { ...baseline, ...files },
    project: { coverage_cmd: command, ...more },
  });
  const count = join(c.git.repo.root, "home/count");
  const runs = (): number =>
    existsSync(count) ? readFileSync(count, "utf8").trim().split("\n").length : 0;
  return Object.assign(c, { runs });
}

describe("coverage of changed files", () => {
  test("A10 a drop of a file's coverage above the threshold fails, with file and figures", async () => {
    await using c = await project({ "src/a.txt": "x\nx\nx\nx\n", "src/b.txt": "-\n" });
    const result = await c.judge({ "src/a.txt": "x\nx\nx\n-\n" });
    const words = "100.0 % (4 of 4) before, now 75.0 % (3 of 4)";
    expect(verdict(result, "coverage")).toMatchObject({
      status: "failed",
      blame: "attempt",
      reason: `coverage dropped by more than 2 points: src/a.txt: ${words}`,
      diagnostics: [
        { file: "src/a.txt", line: null, code: "coverage", message: `coverage ${words}` },
      ],
      changedPaths: [],
    });
    expect([result.passed, result.blame]).toEqual([false, "attempt"]);
  });

  test("A10 coverage that was as low on the base is not charged", async () => {
    await using c = await project({ "src/a.txt": "x\n-\n" });
    const result = await c.judge({ "src/a.txt": "x\n-\nx\n-\n" });
    expect(verdict(result, "coverage")).toMatchObject({ status: "passed", reason: "" });
    expect(result.passed).toBe(true);
  });

  test.each([
    [25, "passed"],
    [24.9, "failed"],
  ])("A10 a drop of 25 points with a threshold of %d has %s", async (threshold, status) => {
    await using c = await project(
      { "src/a.txt": "x\nx\nx\nx\n" },
      { project: { coverage_threshold: threshold } },
    );
    const result = await c.judge({ "src/a.txt": "x\nx\nx\n-\n" });
    expect(verdict(result, "coverage").status).toBe(status as never);
  });

  test("A10 a changed file that disappears from the report counts as uncovered", async () => {
    await using c = await project(
      { "src/a.txt": "x\n", "src/b.txt": "x\n" },
      {
        command: whole.replace("src/*.txt", "$(grep -L untested src/*.txt)"),
      },
    );
    const result = await c.judge({ "src/a.txt": "untested\n" });
    expect(verdict(result, "coverage")).toMatchObject({
      status: "failed",
      diagnostics: [{ message: "coverage 100.0 % (1 of 1) before, now not in the report" }],
    });
  });

  test("A10 new, deleted and unchanged files cannot lose coverage", async () => {
    await using c = await project({ "src/a.txt": "x\n", "src/b.txt": "x\n", "src/c.txt": "x\n" });
    const result = await c.judge({ "src/a.txt": "x\nx\n", "src/b.txt": null, "src/n.txt": "-\n" });
    expect(verdict(result, "coverage").status).toBe("passed");
    const only = await c.judge({ "src/n.txt": "-\n" });
    expect(verdict(only, "coverage")).toMatchObject({
      status: "not_applicable",
      reason: "no changed file exists in the base",
    });
  });
});

describe("coverage of the base", () => {
  test("A10 the base is measured once by the same command for all attempts, and later runs reuse it", async () => {
    await using c = await project({ "src/a.txt": "x\nx\n" });
    await Promise.all([c.judge({ "src/a.txt": "x\nx\nx\n" }), c.judge({ "src/a.txt": "x\n" })]);
    expect(c.runs()).toBe(3);
    const later = c.reopen();
    expect(
      verdict(await c.judge({ "src/a.txt": "x\n-\n" }, { context: later }), "coverage").status,
    ).toBe("failed");
    expect(c.runs()).toBe(4);
  });

  test("A10 the check before a run measures the base for the gates", async () => {
    await using c = await project({ "src/a.txt": "x\nx\n" });
    expect(await checkGatesRunnable(c.context, c.base)).toMatchObject({ ok: true, red: [] });
    expect(c.runs()).toBe(1);
    await c.judge({ "src/a.txt": "x\n" });
    expect(c.runs()).toBe(2);
  });

  test("A10 the baseline's figures are used when sources and command are the same", async () => {
    const text = (tree: string, command = whole): string =>
      coverageBaselineText({
        command,
        head: tree,
        tree,
        files: [{ path: "src/a.txt", covered: 1, total: 2 }],
      });
    await using c = await project({ "src/a.txt": "x\nx\n" });
    const tree = await c.git.repo.git("rev-parse", "HEAD^{tree}");
    const change = { "src/a.txt": "x\n-\n" };
    const status = async (baseline: string): Promise<string> => {
      c.git.repo.write(coverageBaselineFile, baseline);
      return verdict(await c.judge(change, { context: c.reopen() }), "coverage").status;
    };
    expect(await status(text(tree))).toBe("passed");
    expect(c.runs()).toBe(1);
    expect(await status(text("0".repeat(40)))).toBe("failed");
    expect(await status(text(tree, "another"))).toBe("failed");
  });

  describe("a command that selects tests", () => {
    const lines = (...numbers: number[]): string =>
      numbers.map((n) => `# src/a.py:${n}\n`).join("");
    const one = (...numbers: number[]): string => `import src.a\n${lines(...numbers)}`;
    // All of a.py is covered, but the selected test covers only a quarter.
    const files = {
      "cover.sh": coverSh,
      "src/a.py": "a = 1\nb = 2\nc = 3\nd = 4\n",
      "src/b.py": "b = 1\n",
      "tests/test_one.py": one(1),
      "tests/test_other.py": lines(1, 2, 3, 4),
    };
    const all = `echo run >> "$HOME/count"; sh cover.sh {output} 'tests'`;
    const selected = (more: Record<string, string> = {}) =>
      project(
        { ...files, ...more },
        { command: selecting, project: { source_extensions: [".py"] } },
      );
    const edited = { "src/a.py": "a = 1\nb = 2\nc = 3\nd = 5\n" };

    test("A10 coverage of selected tests is compared with the same selection on the base", async () => {
      await using c = await selected();
      const command = `echo run >> "$HOME/count"; sh cover.sh {output} 'tests/test_one.py'`;
      const same = await c.judge({ ...edited, "tests/test_one.py": one(2) });
      expect(verdict(same, "coverage")).toMatchObject({ status: "passed", command });
      const less = await c.judge({ ...edited, "tests/test_one.py": one() });
      expect(verdict(less, "coverage")).toMatchObject({
        status: "failed",
        command,
        diagnostics: [{ message: "coverage 25.0 % (1 of 4) before, now 0.0 % (0 of 4)" }],
      });
      // Three runs: the base's coverage of the selection is measured once.
      expect(c.runs()).toBe(3);
    });

    test("A10 a removed test makes the coverage gate run the whole command", async () => {
      // The remaining test alone would show no loss.
      await using c = await selected({ "tests/test_two.py": one(2), "tests/test_other.py": "" });
      const result = await c.judge({ ...edited, "tests/test_one.py": null });
      expect(verdict(result, "coverage")).toMatchObject({
        status: "failed",
        command: all,
        diagnostics: [{ message: "coverage 50.0 % (2 of 4) before, now 25.0 % (1 of 4)" }],
      });
    });

    test("A10 a selection without tests on the base makes the coverage gate run the whole command", async () => {
      await using c = await selected();
      const result = await c.judge({
        "src/b.py": "b = 2\n",
        "tests/test_new.py": "import src.b\n# src/b.py:1\n",
      });
      expect(verdict(result, "coverage")).toMatchObject({ status: "passed", command: all });
    });
  });
});

describe("invalid measurements", () => {
  test("A10 without a coverage baseline the gate does not apply and runs nothing", async () => {
    await using c = await project({ "src/a.txt": "x\n" }, { baseline: {} });
    expect(verdict(await c.judge({ "src/a.txt": "-\n" }), "coverage")).toMatchObject({
      status: "not_applicable",
      reason: "no coverage baseline (dgov coverage-baseline)",
    });
    expect(c.runs()).toBe(0);
  });

  test.each([
    [
      "an invalid baseline",
      { baseline: { [coverageBaselineFile]: '{"files":{}}' } },
      "is not a baseline",
    ],
    ["a command without {output}", { command: "true" }, "has no {output}"],
  ])("A10 the coverage gate cannot run with %s", async (_, options, reason) => {
    await using c = await project({ "src/a.txt": "x\n" }, options);
    expect(verdict(await c.judge({ "src/a.txt": "-\n" }), "coverage")).toMatchObject({
      status: "errored",
      blame: "environment",
      reason: expect.stringContaining(reason),
    });
  });

  test("A10 a report that the change itself contains is not used", async () => {
    // The change breaks the command, and adds reports of full coverage in likely places.
    await using c = await project(
      { "src/a.txt": "x\nx\n", "run.sh": `${whole.replace("{output}", '"$1"')}` },
      { command: "sh run.sh {output}" },
    );
    const planted = "SF:src/a.txt\nDA:1,1\nDA:2,1\nend_of_record\n";
    const silent = await c.judge({
      "src/a.txt": "-\n-\n",
      "run.sh": "exit 0\n",
      coverage: planted,
      "lcov.info": planted,
    });
    expect(verdict(silent, "coverage")).toMatchObject({
      status: "errored",
      blame: "attempt",
      reason: "the coverage report cannot be used: the command wrote nothing to {output}",
    });
    const failing = await c.judge({
      "src/a.txt": "-\n-\n",
      "run.sh": `printf '${planted.replaceAll("\n", "\\n")}' > "$1"; exit 1\n`,
    });
    expect(verdict(failing, "coverage")).toMatchObject({
      status: "failed",
      blame: "attempt",
      reason: "the command fails (exit code 1)",
    });
    expect(failing.passed).toBe(false);
  });

  test("A10 a report of an earlier run is not used", async () => {
    await using c = await project(
      { "src/a.txt": "x\n" },
      { command: `grep -q quiet src/a.txt || { ${whole}\n}` },
    );
    expect(verdict(await c.judge({ "src/a.txt": "x\nx\n" }), "coverage").status).toBe("passed");
    expect(verdict(await c.judge({ "src/a.txt": "quiet\n" }), "coverage")).toMatchObject({
      status: "errored",
      reason: "the coverage report cannot be used: the command wrote nothing to {output}",
    });
  });

  test.each([
    ["unreadable output", "echo 3 passed > {output}", "its format is not lcov"],
    [
      "a truncated report",
      "printf 'SF:src/a.txt\\nDA:1,1\\n' > {output}",
      "the record of src/a.txt has no end_of_record",
    ],
    ["a pipe", "mkfifo {output}", "wrote none of"],
    ["an empty folder", "mkdir {output}", "wrote none of lcov.info"],
  ])(
    "A10 the coverage gate cannot run with %s, on the base and on the tree",
    async (_, command, reason) => {
      await using c = await project({ "src/a.txt": "x\n" }, { command });
      expect(verdict(await c.judge({ "src/a.txt": "-\n" }), "coverage")).toMatchObject({
        status: "errored",
        blame: "environment",
        reason: expect.stringContaining(reason),
      });
      expect(await checkGatesRunnable(c.context, c.base)).toMatchObject({ ok: false });
    },
  );

  test("A10 reports in a folder {output} are found by their usual names", async () => {
    const into = `mkdir {output}; { ${whole.replace("> {output}", "> {output}/lcov.info")}\n}`;
    await using c = await project({ "src/a.txt": "x\n" }, { command: into });
    expect(verdict(await c.judge({ "src/a.txt": "-\n" }), "coverage").status).toBe("failed");
  });
});

describe("failing base", () => {
  const red = `${whole}; ! grep -q broken src/a.txt`;

  test("A10 a coverage command that fails on the base is reported and not charged", async () => {
    await using c = await project({ "src/a.txt": "broken\n" }, { command: red });
    const result = await c.judge({ "src/a.txt": "x\nbroken\n" });
    expect(verdict(result, "coverage")).toMatchObject({
      status: "failed",
      blame: "base",
      reason: "base is red: the command fails (exit code 1) without the change, too",
    });
    expect([result.passed, result.blame]).toEqual([false, "base"]);
    const { ok, red: announced } = (await checkGatesRunnable(c.context, c.base)) as never as {
      ok: boolean;
      red: { gate: string }[];
    };
    expect([ok, announced.map(({ gate }) => gate)]).toEqual([true, ["coverage"]]);
  });

  test("A10 an attempt may fix a coverage command that fails on the base", async () => {
    await using c = await project({ "src/a.txt": "broken\n" }, { command: red });
    const result = await c.judge({ "src/a.txt": "x\n" });
    expect(verdict(result, "coverage")).toMatchObject({
      status: "not_applicable",
      reason:
        "base is red: the command fails there (exit code 1), so there are no figures to compare with",
    });
    expect(result.passed).toBe(true);
  });
});

describe("dgov coverage-baseline", () => {
  const files = {
    "src/a.txt": "x\nx\n-\n-\n",
    "src/b.txt": "x\n",
    "tests/test_all.txt": "# src/a.txt:1\n",
  };
  const repo = (command: string | null, more: Record<string, string> = {}): Promise<TestRepo> =>
    testRepo({
      ".dgov/project.toml": stringify({
        project: {
          source_extensions: [".txt"],
          ...(command === null ? {} : { coverage_cmd: command }),
        },
      }),
      ...files,
      ...more,
    });
  const save = (r: TestRepo) => dgovJson(["coverage-baseline"], { cwd: r.path, env: r.env });

  test("A10 coverage-baseline writes the coverage of HEAD, and the gate uses it", async () => {
    await using r = await repo(`echo words; ${whole}`);
    const { document, exitCode, stderr } = await save(r);
    const head = await r.git("rev-parse", "HEAD");
    expect(document).toEqual({
      schema: "dgov.coverage-baseline/1",
      path: coverageBaselineFile,
      head,
      command: `echo words; ${whole}`,
      covered: 3,
      total: 5,
      files: [
        { path: "src/a.txt", covered: 2, total: 4, percent: 50 },
        { path: "src/b.txt", covered: 1, total: 1, percent: 100 },
      ],
    });
    expect(exitCode).toBe(0);
    expect(stderr).toContain("\nwords\n");
    expect(parseCoverageBaseline(r.read(coverageBaselineFile))).toEqual({
      command: `echo words; ${whole}`,
      head,
      tree: await r.git("rev-parse", "HEAD^{tree}"),
      files: [
        { path: "src/a.txt", covered: 2, total: 4 },
        { path: "src/b.txt", covered: 1, total: 1 },
      ],
    });
    r.write("src/b.txt", "-\n");
    const preflight = await dgovJson(["preflight"], { cwd: r.path, env: r.env });
    const { gates } = preflight.document as { gates: { gate: string }[] };
    expect(gates.find(({ gate }) => gate === "coverage")).toMatchObject({
      status: "failed",
      diagnostics: [{ file: "src/b.txt" }],
    });
    expect(preflight.exitCode).toBe(1);
  });

  test("coverage-baseline replaces a baseline, and runs a selecting command for all tests", async () => {
    await using r = await repo(selecting, { "cover.sh": coverSh, [coverageBaselineFile]: "{}" });
    expect((await save(r)).document).toMatchObject({
      command: `echo run >> "$HOME/count"; sh cover.sh {output} 'tests'`,
      covered: 1,
    });
    expect(await r.git("status", "--porcelain")).toBe(` M ${coverageBaselineFile}`);
  });

  test.each([
    ["no command", null, "no coverage_cmd is configured", 1],
    ["a command without {output}", "true", "coverage_cmd has no {output}", 1],
    ["a command that fails", `${whole}; exit 3`, "coverage_cmd failed: exit code 3", 1],
    ["an empty report", "touch {output}", "the coverage report cannot be used: it is empty", 1],
  ])("coverage-baseline rejects %s and writes nothing", async (_, command, message, code) => {
    await using r = await repo(command);
    const { document, exitCode } = await save(r);
    expect([exitCode, document]).toMatchObject([code, { schema: "dgov.error/1", message }]);
    expect(existsSync(join(r.path, ".coverage-baseline"))).toBe(false);
  });

  test("coverage-baseline rejects uncommitted changes by name", async () => {
    await using r = await repo(whole);
    r.write("src/a.txt", "x\n");
    expect(await save(r)).toMatchObject({
      exitCode: 4,
      document: { code: "WORKTREE_DIRTY", message: expect.stringContaining("src/a.txt") },
    });
  });

  test("C9 coverage-baseline does not write through a folder that is a link", async () => {
    await using r = await repo(whole);
    mkdirSync(join(r.root, "elsewhere"));
    symlinkSync(join(r.root, "elsewhere"), join(r.path, ".coverage-baseline"));
    await r.git("add", "-A");
    await r.git("commit", "-qm", "link");
    expect((await save(r)).exitCode).toBe(1);
    expect(existsSync(join(r.root, "elsewhere/coverage.json"))).toBe(false);
  });
});
