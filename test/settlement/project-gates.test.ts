/** The gates of `[[gates]]`: where they run, what they get, and how their failures are judged. */
import { expect, test } from "bun:test";
import { statuses, testSettlement, verdict } from "./harness.ts";

const files = {
  "packages/a/src.txt": "a\n",
  "packages/b/src.txt": "b\n",
  "docs/x.txt": "d\n",
};

const gate = (name: string, more: Record<string, unknown> = {}) => ({
  name,
  command: 'echo "$PWD" | sed "s#.*/packages#packages#"',
  paths: [`packages/${name}`],
  cwd: `packages/${name}`,
  ...more,
});

test("F6 a gate runs in its folder where one of its paths changed, and the gates of [project] always do", async () => {
  await using c = await testSettlement({
    files,
    project: { test_cmd: "true" },
    gates: [gate("a"), gate("b"), gate("all", { paths: [], cwd: "." })],
  });
  const inA = await c.judge({ "packages/a/src.txt": "x\n" });
  expect(statuses(inA)).toEqual({
    a: "passed",
    b: "not_applicable",
    all: "passed",
    tests: "passed",
  });
  expect(verdict(inA, "a")).toMatchObject({
    tail: "packages/a\n",
    command: expect.stringMatching(/^cd packages\/a && \(/),
  });
  expect(verdict(inA, "b").reason).toBe("no changed path is one of its paths");
  expect(inA.passed).toBe(true);
  const outside = await c.judge({ "docs/x.txt": "x\n" });
  expect(statuses(outside)).toEqual({
    a: "not_applicable",
    b: "not_applicable",
    all: "passed",
    tests: "passed",
  });
  const deleted = await c.judge({ "packages/b/new.txt": "x\n", "packages/a/src.txt": null });
  expect(statuses(deleted)).toMatchObject({ a: "not_applicable", b: "passed" });
  expect(verdict(deleted, "a").reason).toBe("its folder packages/a is not in the tree");
});

test("F6 every gate runs on a tree that is its own base, as in the check before a run", async () => {
  await using c = await testSettlement({ files, gates: [gate("a"), gate("b")] });
  expect(statuses(await c.judge({}, { files: "sample" }))).toEqual({ a: "passed", b: "passed" });
});

test("F6 {files} are the changed files of the gate's paths below its folder, relative to it", async () => {
  const command = "echo {files}";
  await using c = await testSettlement({
    files,
    gates: [
      gate("a", { command, paths: ["packages/a", "packages/b"] }),
      gate("scripts", { command, paths: ["**/*.sh"], cwd: "." }),
      gate("whole", { command, paths: ["packages/b"], cwd: "." }),
    ],
  });
  const result = await c.judge({
    "packages/a/deep/new.txt": "x\n",
    "packages/a/deep/new.md": "x\n",
    "packages/b/src.txt": "x\n",
    "packages/b/run.sh": "x\n",
  });
  expect(verdict(result, "a").tail).toBe("deep/new.txt\n");
  expect(verdict(result, "scripts").tail).toBe("packages/b/run.sh\n");
  expect(verdict(result, "whole").tail).toBe("packages/b/src.txt\n");
  const other = await c.judge({ "packages/b/run.sh": "y\n" });
  expect(statuses(other)).toEqual({
    a: "not_applicable",
    scripts: "passed",
    whole: "not_applicable",
  });
});

/** Prints a diagnostic for each line `bad` of the files in the folder. */
const linter =
  "! grep -Hn bad *.txt | sed -E 's/^([^:]+:[0-9]+):.*/\\1:1: error: bad line/' | grep .";
/** Prints a failing test for each line `bad` of the files in the folder. */
const runner = "! grep -h bad *.txt | sed 's/^/(fail) /' | grep .";
const base = { ...files, "packages/a/src.txt": "bad one\n" };

test("F6 the kind of a gate chooses how a failure is compared with the base", async () => {
  const kinds = ["lint", "format", "typecheck", "check"].map((kind) =>
    gate(`${kind}-own`, { kind, command: linter, cwd: "packages/a", paths: ["packages/a"] }),
  );
  const tests = ["test", "check"].map((kind) =>
    gate(`${kind}-tests`, { kind, command: runner, cwd: "packages/a", paths: ["packages/a"] }),
  );
  await using c = await testSettlement({ files: base, gates: [...kinds, ...tests] });
  const same = await c.judge({ "packages/a/new.txt": "good\n" });
  for (const { name } of kinds) {
    expect(verdict(same, name)).toMatchObject({
      status: "passed",
      reason: "fails on the base, too; no new diagnostics",
    });
  }
  for (const { name } of tests) {
    expect(verdict(same, name)).toMatchObject({
      status: "failed",
      blame: "base",
      reason: expect.stringMatching(/^base is red: it fails in the same way without the change/),
    });
  }
  const worse = await c.judge({ "packages/a/new.txt": "bad two\n" });
  for (const { name } of kinds) {
    expect(verdict(worse, name)).toMatchObject({
      status: "failed",
      blame: "attempt",
      reason: "exit code 1, 1 new: packages/a/new.txt:1: bad line",
      diagnostics: [{ file: "packages/a/new.txt", line: 1 }],
    });
  }
  for (const { name } of tests) {
    expect(verdict(worse, name)).toMatchObject({ status: "failed", blame: "attempt" });
    expect(verdict(worse, name).reason).toContain("bad two");
  }
});

test("F6 a package that the change adds is judged without a base", async () => {
  await using c = await testSettlement({ files, gates: [gate("new", { command: linter })] });
  const good = await c.judge({ "packages/new/x.txt": "x\n" });
  expect(statuses(good)).toEqual({ new: "passed" });
  const bad = await c.judge({ "packages/new/x.txt": "bad\n" });
  expect(verdict(bad, "new")).toMatchObject({ status: "failed", blame: "attempt" });
});

test("F6 no part of a command runs outside its folder, whatever operators it has", async () => {
  const command = "pwd >> $HOME/seen; false || pwd >> $HOME/seen # a comment";
  await using c = await testSettlement({
    files: { ...files, "it's/x.txt": "x\n" },
    gates: [gate("a", { command }), gate("odd", { command, paths: ["it's"], cwd: "it's" })],
  });
  const result = await c.judge({ "packages/a/src.txt": "x\n", "it's/x.txt": "y\n" });
  expect(statuses(result)).toEqual({ a: "passed", odd: "passed" });
  const seen = (await Bun.file(`${c.git.repo.env["HOME"]}/seen`).text()).trim().split("\n");
  expect(seen.map((path) => path.split("/").slice(-1)[0])).toEqual(["a", "a", "it's", "it's"]);
});

test("F6 a gate's verdict is reused for the same tree and base, and not after a change of its kind", async () => {
  const counted = 'echo run >> "$HOME/runs"; ';
  const options = (kind: string) => [gate("a", { kind, command: `${counted}${linter}` })];
  await using c = await testSettlement({ files: base, gates: options("lint") });
  const runs = async (): Promise<number> =>
    (await Bun.file(`${c.git.repo.env["HOME"]}/runs`).text()).trim().split("\n").length;
  const change = { "packages/a/new.txt": "bad two\n" };
  await c.judge(change);
  const first = await runs();
  expect(verdict(await c.judge(change), "a")).toMatchObject({ status: "failed", cached: true });
  expect(await runs()).toBe(first);
  const [one] = c.context.config.gates;
  if (one === undefined) throw new Error("a gate");
  const context = c.reopen({ config: { ...c.context.config, gates: [{ ...one, kind: "check" }] } });
  expect(verdict(await c.judge(change, { context }), "a").cached).toBe(false);
});

test("F6 timeout_s limits the command of a gate", async () => {
  await using c = await testSettlement({
    files,
    gates: [gate("a", { command: "[ ! -e new.txt ] || sleep 60", timeout_s: 1 })],
  });
  const result = await c.judge({ "packages/a/new.txt": "x\n" });
  expect(verdict(result, "a")).toMatchObject({ status: "errored" });
  expect(verdict(result, "a").reason).toContain("timed out");
});

test("F6 a test gate gets the affected tests of its package, and all of its tests where none is affected", async () => {
  const pkg = (name: string) => ({
    [`packages/${name}/package.json`]: `{ "name": "@x/${name}" }\n`,
    [`packages/${name}/src/one.ts`]: "export const one = 1;\n",
    [`packages/${name}/tests/one.test.ts`]: 'import "../src/one.ts";\n',
    [`packages/${name}/tests/two.test.ts`]: "export {};\n",
  });
  const command = "echo {test_dir}";
  await using c = await testSettlement({
    files: { ...pkg("a"), ...pkg("b") },
    project: { source_extensions: [".ts"], test_dir: "tests/" },
    gates: [
      gate("a", { kind: "test", command }),
      gate("b", { kind: "test", command, paths: ["packages/b", "packages/a"] }),
    ],
  });
  const result = await c.judge({ "packages/a/src/one.ts": "export const one = 2;\n" });
  expect(verdict(result, "a").tail).toBe("tests/one.test.ts\n");
  expect(verdict(result, "b").tail).toBe("tests\n");
});
