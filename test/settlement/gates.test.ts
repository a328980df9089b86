/** Gates of one shell line each, on real trees. */

import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkGatesRunnable } from "../../src/settlement/gates/run-gates.ts";
import { rejectionText } from "../../src/settlement/rejection.ts";
import { duration } from "../../src/std/text.ts";
import { scaled } from "../harness/limits.ts";
import { statuses, type TestSettlement, testSettlement, verdict } from "./harness.ts";

/** A file outside every tree that gates append lines to. */
function counter(c: TestSettlement, name = "count"): { path: string; lines(): string[] } {
  const path = join(c.git.repo.root, name);
  return {
    path,
    lines: () => (existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : []),
  };
}

/** Time limit of gates that hang, in seconds; enough for the others on a loaded machine. */
const limitS = scaled(1);

describe("gates that cannot judge", () => {
  test.each([
    ["is missing", "no-such-program", "exit code 127"],
    ["is missing in a script", "sh ./check.sh", "exit code 127"],
    ["may not be executed", "./check.sh", "exit code 126"],
    ["crashes", "kill -SEGV $$", "killed by SIGSEGV"],
    ["crashes below a shell", "(sh -c 'kill -ABRT $$'); exit $?", "exit code 134"],
    ["times out", "sleep 3000", `timed out after ${duration(limitS * 1000)}`],
  ])(
    "A4 a gate that %s cannot run, and blames the environment when it cannot run on the base either",
    async (_, command, exit) => {
      await using c = await testSettlement({
        files: { "check.sh": "no-such-program\n" },
        project: { lint_cmd: command, settlement_timeout: limitS },
      });
      const result = await c.judge({ "a.txt": "a\n" });
      expect(verdict(result, "lint")).toMatchObject({
        status: "errored",
        exit,
        blame: "environment",
      });
      expect([result.passed, result.blame]).toEqual([false, "environment"]);
      expect(await checkGatesRunnable(c.context, c.base)).toMatchObject({ ok: false });
    },
  );

  test("A4 a gate that cannot run only with the attempt's change blames the attempt", async () => {
    await using c = await testSettlement({
      files: { "check.sh": "exit 0\n" },
      project: {
        lint_cmd: "sh ./check.sh",
        type_check_cmd: "[ ! -e a.txt ] || sleep 3000",
        settlement_timeout: limitS,
      },
    });
    const result = await c.judge({ "check.sh": null, "a.txt": "a\n" });
    expect(result.passed).toBe(false);
    expect(result.blame).toBe("attempt");
    expect(statuses(result)["types"]).toBe("errored");
  });
});

describe("checkers with much output", () => {
  const lint = (lines: number): string => {
    const known = `seq -f 'old.txt:%.0f: error: a long word that was bad before' 1 ${lines}`;
    return `${known}; cat new.txt; ${known}; exit 1`;
  };
  const judged = async (lines: number, text: string) => {
    await using c = await testSettlement({
      files: { "new.txt": "" },
      project: { lint_cmd: lint(lines) },
    });
    return verdict(await c.judge({ "new.txt": text }), "lint");
  };

  test("A8 a new diagnostic in the middle of long output is charged", async () => {
    expect((await judged(20_000, "fine\n")).status).toBe("passed");
    expect(await judged(20_000, "new.txt:1: error: worse\n")).toMatchObject({
      status: "failed",
      blame: "attempt",
      diagnostics: [{ file: "new.txt", line: 1, message: "worse" }],
    });
  });

  test("A8 output beyond the read limit fails and blames the base", async () => {
    const loud = await judged(100_000, "new.txt:1: error: worse\n");
    expect([loud.status, loud.blame, loud.reason]).toEqual([
      "failed",
      "base",
      "exit code 1: output exceeds 8 MiB; new diagnostics cannot be determined",
    ]);
  });
});

test("E19 the tail of a failed test command and the text for the next attempt have the failure", async () => {
  const failure =
    "---- adds stdout ----\n\nthread 'adds' panicked at src/lib.rs:9:9:\nassertion failed: 0 == 4\n";
  const script = `cat failure.txt\nyes 'warning: unused variable' | head -n 3000\n! test -e a.txt\n`;
  await using c = await testSettlement({
    files: { "failure.txt": failure, "check.sh": script },
    project: { test_cmd: "sh check.sh" },
  });
  const { verdicts } = await c.judge({ "a.txt": "a\n" });
  const [tests] = verdicts.filter(({ gate }) => gate === "tests");
  for (const text of [tests?.tail, rejectionText(verdicts)]) {
    expect(text).toContain("panicked at src/lib.rs:9:9:\nassertion failed: 0 == 4\n");
    expect(text?.length).toBeLessThan(9000);
  }
});

describe("files given to gates", () => {
  test("A5 a change of documents runs gates without sources, the task's own command first", async () => {
    await using c = await testSettlement({
      project: {
        format_check_cmd: "false {file}",
        lint_cmd: "false {files}",
        type_check_cmd: "true",
        test_cmd: "echo project",
      },
    });
    const result = await c.judge({ "notes.md": "x\n" }, { testCmd: "echo own" });
    expect(statuses(result)).toEqual({
      format: "not_applicable",
      lint: "not_applicable",
      types: "passed",
      tests: "passed",
    });
    expect(verdict(result, "lint").reason).toBe("no changed file is of its kind");
    expect(verdict(result, "tests").command).toBe("echo own ; echo project");
    expect(result.passed).toBe(true);
  });

  test("recipes run by name, equal commands run once, and an unknown recipe fails", async () => {
    await using c = await testSettlement({
      project: { test_cmd: "echo same" },
      config: { verify: { unit: { command: "echo same" } } },
    });
    const known = await c.judge({ "a.txt": "a\n" }, { testCmd: "verify:unit" });
    expect(verdict(known, "tests").command).toBe("echo same");
    const unknown = await c.judge({ "a.txt": "a\n" }, { testCmd: "verify:unti" });
    expect(unknown.passed).toBe(false);
    expect(verdict(unknown, "tests").tail).toContain("no verify recipe named unti");
  });

  test("A7 gates get no deleted files, and names with quotes, spaces and dashes intact", async () => {
    await using c = await testSettlement({
      files: { "old.txt": "x\n", "gone.txt": "x\n" },
      project: { lint_cmd: 'for f in {files}; do echo "<$f>"; [ -f "$f" ] || exit 1; done' },
    });
    const result = await c.judge({
      "gone.txt": null,
      "it's a b.txt": "x\n",
      "-n.txt": "x\n",
      "old.txt": "y\n",
    });
    expect(verdict(result, "lint").status).toBe("passed");
    expect(verdict(result, "lint").command).not.toContain("gone.txt");
  });

  test("A6 a test runner that finds no tests passes only where the base has none", async () => {
    const noTests = "ls tests/*.txt >/dev/null 2>&1 && exit 0; echo 'collected 0 items'; exit 5";
    await using none = await testSettlement({ project: { test_cmd: noTests } });
    const still = await none.judge({ "a.txt": "a\n" });
    expect(verdict(still, "tests")).toMatchObject({
      status: "not_applicable",
      reason: "there are no tests to run",
    });
    await using some = await testSettlement({
      files: { "tests/t.txt": "t\n" },
      project: { test_cmd: noTests },
    });
    const removed = await some.judge({ "tests/t.txt": null });
    expect(verdict(removed, "tests")).toMatchObject({ status: "failed", blame: "attempt" });
  });

  test(
    "a list of files too long for one command line is split, and every part counts",
    async () => {
      await using c = await testSettlement({
        project: { lint_cmd: "ls {files} | grep -q bad && exit 1 || exit 0" },
      });
      const folder = "d".repeat(200);
      const files = Object.fromEntries(
        Array.from({ length: 600 }, (_, i) => [`${folder}/${i}.txt`, "x\n"]),
      );
      expect((await c.judge({ "a.txt": "x\n" })).passed).toBe(true);
      expect((await c.judge(files)).passed).toBe(true);
      const bad = await c.judge({ ...files, [`${folder}/z-bad.txt`]: "x\n" });
      expect(statuses(bad)).toEqual({ lint: "failed" });
    },
    scaled(60_000),
  );
});

describe("diagnostics of the base", () => {
  const lint =
    "grep -n BAD *.txt | sed 's/:BAD.*/: error: bad word [bad]/' | grep . && exit 1 || exit 0";
  test.each([
    [
      "an old diagnostic passes",
      "BAD\nmore\n",
      "passed",
      0,
      "fails on the base, too; no new diagnostics",
    ],
    [
      "one more diagnostic of the same kind fails",
      "BAD\nBAD\n",
      "failed",
      1,
      "exit code 1, 1 new: a.txt:2: bad word [bad]",
    ],
  ])("A8 %s", async (_, text, status, charged, reason) => {
    await using c = await testSettlement({
      files: { "a.txt": "BAD\n", "b.txt": "BAD\n" },
      project: { lint_cmd: lint },
    });
    const result = await c.judge({ "a.txt": text });
    expect(verdict(result, "lint").status).toBe(status as "passed");
    expect(verdict(result, "lint").diagnostics).toHaveLength(charged);
    expect(verdict(result, "lint").reason).toBe(reason);
  });

  test.each([
    ["A8 the same output in an unknown format passes", "echo 'all is lost, 3 s'; exit 1", true],
    [
      "A8 other output in an unknown format fails",
      "echo all is lost; cat a.txt 2>&1; exit 1",
      false,
    ],
    ["A8 another exit code fails", "echo all is lost; [ -e a.txt ] && exit 2; exit 1", false],
  ])("%s", async (_, command, passes) => {
    await using c = await testSettlement({ project: { lint_cmd: command } });
    expect((await c.judge({ "a.txt": "a\n" })).passed).toBe(passes);
  });

  test("A8 the same failing tests blame the base, others the attempt", async () => {
    await using c = await testSettlement({
      project: { test_cmd: "echo '(fail) old'; [ ! -e new.txt ] || echo '(fail) new'; exit 1" },
    });
    const same = await c.judge({ "a.txt": "a\n" });
    expect(verdict(same, "tests")).toMatchObject({ status: "failed", blame: "base" });
    expect(same.blame).toBe("base");
    const other = await c.judge({ "new.txt": "a\n" });
    expect(verdict(other, "tests")).toMatchObject({ status: "failed", blame: "attempt" });
    expect(verdict(other, "tests").reason).toContain("new");
  });

  test("A8 the base is checked once for several attempts", async () => {
    await using c = await testSettlement({ project: {}, config: { run: { env: [] } } });
    const { path, lines } = counter(c);
    c.context.config.commands.lint = `[ -e a.txt ] && exit 1; sleep 0.2; echo base >> ${path}; exit 1`;
    await Promise.all(["1", "2", "3"].map((text) => c.judge({ "a.txt": text })));
    expect(lines()).toEqual(["base"]);
  });
});

test("A9 a checker that lists files and exits 0 fails", async () => {
  await using c = await testSettlement({ project: { format_check_cmd: "gofmt -l ." } });
  const bin = join(c.git.repo.root, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "gofmt"), "#!/bin/sh\ngrep -l BAD *.txt 2>/dev/null\nexit 0\n");
  chmodSync(join(bin, "gofmt"), 0o755);
  c.context.environment["PATH"] = `${bin}:${c.context.environment["PATH"]}`;
  expect(statuses(await c.judge({ "a.txt": "good\n" }))).toEqual({ format: "passed" });
  const failed = verdict(await c.judge({ "a.txt": "BAD\n" }), "format");
  expect(failed).toMatchObject({
    status: "failed",
    reason: "exit code 0: a.txt: listed by the command",
    diagnostics: [{ file: "a.txt", message: "listed by the command" }],
  });
});

test("A4 a test that ends its runner early fails, unless the runner is silent on the base too", async () => {
  await using c = await testSettlement({
    files: { "a.txt": "a\n" },
    project: { test_cmd: "pytest -q" },
  });
  const bin = join(c.git.repo.root, "bin");
  mkdirSync(bin);
  const runner =
    "#!/bin/sh\ngrep -q EXIT *.txt && exit 0\ngrep -q MUTE *.txt || echo 3 passed in 0.1s\n";
  writeFileSync(join(bin, "pytest"), runner);
  chmodSync(join(bin, "pytest"), 0o755);
  c.context.environment["PATH"] = `${bin}:${c.context.environment["PATH"]}`;
  expect(statuses(await c.judge({ "a.txt": "b\n" }))).toEqual({ tests: "passed" });
  expect(verdict(await c.judge({ "b.txt": "EXIT\n" }), "tests")).toMatchObject({
    status: "failed",
    reason: "exit code 0, but the test runner exited before its summary: not all tests ran",
    blame: "attempt",
  });
  await using mute = await testSettlement({
    files: { "a.txt": "MUTE\n" },
    project: { test_cmd: "pytest -qq" },
  });
  mute.context.environment["PATH"] = c.context.environment["PATH"] ?? "";
  expect(statuses(await mute.judge({ "b.txt": "b\n" }))).toEqual({ tests: "passed" });
});

/** A settlement whose pytest exits with 0 before its summary when the word EXIT is in a text file. */
async function withEarlyExits(): Promise<TestSettlement> {
  const c = await testSettlement({
    files: { "a.txt": "a\n" },
    project: { test_cmd: "pytest -q" },
  });
  const bin = join(c.git.repo.root, "bin");
  mkdirSync(bin);
  const log = join(c.git.repo.root, "runs");
  const runner = `#!/bin/sh\necho run >> ${log}\ngrep -q EXIT *.txt && exit 0\necho 3 passed in 0.1s\n`;
  writeFileSync(join(bin, "pytest"), runner, { mode: 0o755 });
  c.context.environment["PATH"] = `${bin}:${c.context.environment["PATH"]}`;
  return c;
}

describe("A20 a pass is remembered only when it is final", () => {
  const early = "exit code 0, but the test runner exited before its summary: not all tests ran";

  test("a runner that exited before its summary fails on the same tree every time", async () => {
    await using c = await withEarlyExits();
    const bad = { "b.txt": "EXIT\n" };
    const moved = await c.git.repo.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "moved");
    const later = c.reopen({ environment: c.context.environment });
    for (const more of [
      {},
      {},
      { base: moved },
      { context: later },
      { context: later, base: moved },
    ]) {
      expect(verdict(await c.judge(bad, more), "tests")).toMatchObject({
        status: "failed",
        reason: early,
        blame: "attempt",
        cached: false,
      });
    }
  });

  test("a pass of the tree is not taken over from another of its gates' commands", async () => {
    await using c = await withEarlyExits();
    const first = verdict(
      await c.judge({ "b.txt": "EXIT\n" }, { testCmd: "pytest -q a" }),
      "tests",
    );
    const second = verdict(
      await c.judge({ "b.txt": "EXIT\n" }, { testCmd: "pytest -q a" }),
      "tests",
    );
    expect([first.status, second.status]).toEqual(["failed", "failed"]);
  });

  test.each([
    ["mocha", "  3 passing (4ms)"],
    ["go", "ok  \texample.com/m\t0.1s"],
    ["pytest", "3 passed in 0.1s"],
    ["cargo", "test result: ok. 3 passed"],
  ])(
    "a runner that the command does not name is known by the base's summary: %s",
    async (_name, summary) => {
      const script = `grep -q EXIT *.txt && exit 0\nprintf '%s\\n' '${summary}'\n`;
      await using c = await testSettlement({
        files: { "a.txt": "a\n", "all.sh": script },
        project: { test_cmd: "sh all.sh" },
      });
      const base = await c.git.repo.git("rev-parse", "HEAD");
      expect(verdict(await c.judge({}, { base }), "tests").status).toBe("passed");
      const bad = verdict(await c.judge({ "b.txt": "EXIT\n" }), "tests");
      expect(bad).toMatchObject({ status: "failed", reason: early, blame: "attempt" });
      expect(verdict(await c.judge({ "b.txt": "b\n" }), "tests").status).toBe("passed");
    },
  );

  test("a base whose runner exits early is not remembered as a pass", async () => {
    await using c = await withEarlyExits();
    const log = join(c.git.repo.root, "runs");
    const early = await c.change({ "c.txt": "EXIT\n" });
    const runs = async (path: string): Promise<number> => {
      const before = existsSync(log) ? readFileSync(log, "utf8").length : 0;
      await c.judge({ "c.txt": "EXIT\n", [path]: "d\n" }, { base: early });
      return (readFileSync(log, "utf8").length - before) / "run\n".length;
    };
    // Each candidate ends early, too, and is compared with a new run on the base.
    expect([await runs("d.txt"), await runs("e.txt")]).toEqual([2, 2]);
  });

  test("a base that fails does not excuse an early exit", async () => {
    await using c = await withEarlyExits();
    const bin = join(c.git.repo.root, "bin");
    const runner =
      "#!/bin/sh\ngrep -q EXIT *.txt && exit 0\necho FAILED t.py::t\necho 1 failed, 3 passed in 0.1s\nexit 1\n";
    writeFileSync(join(bin, "pytest"), runner, { mode: 0o755 });
    expect(verdict(await c.judge({ "b.txt": "EXIT\n" }), "tests")).toMatchObject({ reason: early });
  });
});

describe("A21 verdicts that are not served again", () => {
  test.each([
    ["a gate that could not start", { lint_cmd: "[ ! -e b.txt ] || no-such-linter" }, "lint"],
    ["a gate that was killed", { lint_cmd: "[ ! -e b.txt ] || kill -9 $$" }, "lint"],
    ["failed tests", { test_cmd: "[ ! -e b.txt ]" }, "tests"],
  ])("%s runs again on the same tree", async (_, project, gate) => {
    await using c = await testSettlement({ files: { "a.txt": "a\n" }, project });
    for (const _round of [1, 2]) {
      const again = verdict(await c.judge({ "b.txt": "b\n" }), gate);
      expect([again.cached, again.status === "passed"]).toEqual([false, false]);
    }
  });

  test("tests that failed because of the machine pass when they run again", async () => {
    await using c = await testSettlement({
      files: { "a.txt": "a\n" },
      project: { test_cmd: "[ ! -e b.txt ] || [ -e $HOME/up ]" },
    });
    const up = join(c.context.environment["HOME"] ?? "", "up");
    expect(verdict(await c.judge({ "b.txt": "b\n" }), "tests").status).toBe("failed");
    writeFileSync(up, "");
    expect(verdict(await c.judge({ "b.txt": "b\n" }), "tests").status).toBe("passed");
  });

  test("a failure of a checker is served again", async () => {
    await using c = await testSettlement({
      files: { "a.txt": "a\n" },
      project: { lint_cmd: "[ ! -e b.txt ]" },
    });
    expect(verdict(await c.judge({ "b.txt": "b\n" }), "lint").cached).toBe(false);
    expect(verdict(await c.judge({ "b.txt": "b\n" }), "lint").cached).toBe(true);
  });
});

test("E1 a rejection lists the diagnostics of the base separately", async () => {
  await using c = await testSettlement({
    files: { "a.txt": "a\n" },
    project: { lint_cmd: "echo 'a.txt:1: error: bad'; exit 1" },
  });
  const { verdicts } = await c.judge({});
  expect(rejectionText(verdicts)).toContain("Already on the base:\n  a.txt:1: bad\n");
});

describe("flaky tests", () => {
  const flaky = (path: string): string =>
    `[ ! -e a.txt ] || [ -e ${path} ] || { touch ${path}; exit 1; }`;
  test.each([
    ["pass", "flaky", true],
    ["fail", "failed", false],
  ])(
    "A17 a test that passes on its second run with flaky = %s is %s",
    async (mode, status, passes) => {
      await using c = await testSettlement({ config: { merge: { flaky: mode } } });
      c.context.config.commands.test = flaky(counter(c).path);
      const result = await c.judge({ "a.txt": "a\n" });
      expect(verdict(result, "tests").status).toBe(status as "flaky");
      expect(result.passed).toBe(passes);
    },
  );

  test("A17 only tests are run again, and not after a timeout", async () => {
    await using c = await testSettlement({ project: { settlement_timeout: limitS } });
    const { path, lines } = counter(c);
    c.context.config.commands.lint = `[ ! -e a.txt ] || { echo lint >> ${path}; exit 1; }`;
    c.context.config.commands.test = `[ ! -e a.txt ] || { echo test >> ${path}; sleep 3000; }`;
    expect((await c.judge({ "a.txt": "a\n" })).passed).toBe(false);
    expect(lines()).toEqual(["lint", "test"]);
  });
});

describe("side effects of gates", () => {
  test("A19 files that a gate leaves are named, removed, and absent for the next gate and tree", async () => {
    const clean = "[ ! -e left ] && [ ! -e $TMPDIR/left ] && [ ! -e node_modules/left ]";
    await using c = await testSettlement({
      files: { ".gitignore": "node_modules/\n" },
      project: {
        lint_cmd:
          "echo spoilt > a.txt; touch left $TMPDIR/left node_modules/left; mkdir -p node_modules/.cache/x",
        type_check_cmd: `${clean} && grep -qx fine a.txt && [ -e node_modules/dep ] && [ ! -e node_modules/.cache ]`,
        test_cmd: "echo 2 > node_modules/dep; true",
      },
    });
    mkdirSync(join(c.git.repo.path, "node_modules"));
    writeFileSync(join(c.git.repo.path, "node_modules/dep"), "1\n");
    const first = await c.judge({ "a.txt": "fine\n" });
    expect(statuses(first)).toEqual({ lint: "passed", types: "passed", tests: "passed" });
    expect(verdict(first, "lint").changedPaths.sort()).toEqual([
      "a.txt",
      "left",
      "node_modules/.cache",
      "node_modules/left",
    ]);
    expect(verdict(first, "tests").changedPaths).toEqual(["node_modules/dep"]);
    c.context.config.commands.lint = "grep -qx 1 node_modules/dep";
    expect(statuses(await c.judge({ "a.txt": "fine\n", "b.txt": "b\n" }))["lint"]).toBe("passed");
  });

  test("A19 processes of a gate are dead before the next gate starts", async () => {
    await using c = await testSettlement({ project: { test_cmd: "true" } });
    const { path, lines } = counter(c);
    c.context.config.commands.lint = `setsid sh -c 'sleep 1; echo alive >> ${path}' >/dev/null 2>&1 &`;
    c.context.config.commands.test = `sleep 1.5; [ ! -e ${path} ]`;
    expect((await c.judge({ "a.txt": "a\n" })).passed).toBe(true);
    expect(lines()).toEqual([]);
  });
});

describe("cached and cancelled verdicts", () => {
  test("C20 verdicts are reused within a settlement, no later one believes them, and they depend on command and tree", async () => {
    await using c = await testSettlement({});
    const { path, lines } = counter(c);
    c.context.config.commands.lint = `echo run >> ${path}; ! grep -q BAD a.txt`;
    await c.judge({ "a.txt": "good\n" });
    expect(verdict(await c.judge({ "a.txt": "good\n" }), "lint").cached).toBe(true);
    expect(lines()).toHaveLength(1);
    const later = c.reopen({ config: c.context.config });
    expect(verdict(await c.judge({ "a.txt": "good\n" }, { context: later }), "lint").cached).toBe(
      false,
    );
    expect(lines()).toHaveLength(2);
    await c.judge({ "a.txt": "BAD\n" });
    const failed = lines().length;
    await c.judge({ "a.txt": "BAD\n" });
    expect(lines()).toHaveLength(failed);
    await c.judge({ "a.txt": "BAD\n" }, { context: c.reopen({ config: c.context.config }) });
    expect(lines().length).toBeGreaterThan(failed);
    const otherwise = c.reopen({ environment: { ...c.context.environment, NAME: "x" } });
    otherwise.config.commands.lint = c.context.config.commands.lint;
    const before = lines().length;
    await c.judge({ "a.txt": "good\n" }, { context: otherwise });
    expect(lines()).toHaveLength(before + 1);
  });

  test("a passed verdict is reused for another base, a flaky one is not", async () => {
    await using c = await testSettlement({ project: { source_extensions: [".txt"] } });
    const { path, lines } = counter(c);
    const lint = `echo run >> ${path}`;
    const tests = `echo run >> ${path}; [ -e $HOME/again ] || { touch $HOME/again; exit 1; }`;
    const other = await c.change({ "other.txt": "x\n" });
    for (const [commands, runs] of [
      [{ lint, test: null }, 0],
      [{ lint: null, test: tests }, 1],
    ] as const) {
      Object.assign(c.context.config.commands, commands);
      await c.judge({ "a.txt": "good\n" });
      const before = lines().length;
      const result = await c.judge({ "a.txt": "good\n" }, { base: other });
      expect([result.passed, lines().length - before]).toEqual([true, runs]);
    }
  });

  test("D1 a cancelled gate ends at once without a verdict", async () => {
    await using c = await testSettlement({ project: { lint_cmd: "sleep 3000" } });
    const abort = new AbortController();
    const running = c.judge({ "a.txt": "a\n" }, { signal: abort.signal });
    while (!c.progress.some((one) => one.kind === "started")) await Bun.sleep(5);
    abort.abort();
    const result = await running;
    expect(result).toMatchObject({ passed: false, reason: "cancelled" });
    expect(statuses(result)).toEqual({});
    c.context.config.commands.lint = "true";
    expect((await c.judge({ "a.txt": "a\n" })).passed).toBe(true);
  });

  test("D1 cancelling ends the wait for a gate tree", async () => {
    await using c = await testSettlement({ config: { run: { jobs: 1, max_gates: 1 } } });
    const gate = join(c.git.repo.root, "open");
    c.context.config.commands.lint = `while [ ! -e ${gate} ]; do sleep 0.05; done`;
    const holders = ["1", "2"].map((text) => c.judge({ "a.txt": text }));
    while (c.progress.filter((one) => one.kind === "started").length < 2) await Bun.sleep(5);
    const abort = new AbortController();
    const waiting = c.judge({ "a.txt": "3" }, { signal: abort.signal });
    const settled = waiting.then(() => true);
    // By then the attempt waits for a gate tree that the two holders occupy.
    expect(await Promise.race([settled, Bun.sleep(300)])).toBeUndefined();
    abort.abort();
    expect((await waiting).reason).toBe("cancelled");
    writeFileSync(gate, "");
    expect((await Promise.all(holders)).map((r) => r.passed)).toEqual([true, true]);
  });

  test("E1 a rejection contains command, exit, diagnostics and output of each failing gate", async () => {
    await using c = await testSettlement({
      project: {
        lint_cmd: "[ ! -e a.txt ] || { echo 'a.txt:1:1: error: bad word [bad]'; exit 3; }",
        type_check_cmd: "true",
        test_cmd: "[ ! -e a.txt ] || { echo assertion 17; exit 4; }",
      },
    });
    const text = rejectionText((await c.judge({ "a.txt": "a\n" })).verdicts);
    for (const part of [
      "The lint gate failed: exit code 3",
      "a.txt:1:1: bad word [bad]",
      "The tests gate failed: exit code 4",
      "$ [ ! -e a.txt ] || { echo assertion 17; exit 4; }",
      "assertion 17",
      "Passed: semantic, types",
    ]) {
      expect(text).toContain(part);
    }
  });
});

test("the check before a run starts every gate on the base, reports failures, and fills {file} with real files", async () => {
  await using c = await testSettlement({
    files: { "a.txt": "a\n" },
    project: { lint_cmd: "test -f {file} && exit 1", test_cmd: "true" },
  });
  const checked = await checkGatesRunnable(c.context, c.base);
  expect(checked).toMatchObject({ ok: true, red: [{ gate: "lint", blame: "base" }] });
});
