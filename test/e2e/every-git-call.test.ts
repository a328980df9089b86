/**
 * A git that fails once, at each of its calls in a small run in turn. With DGOV_TEST_LONG=1 every call is tried, and
 * as killed as well; otherwise some of them.
 */
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { scaled } from "../harness/limits.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";

const long = process.env["DGOV_TEST_LONG"] === "1";

const write = (path: string) => call("write_file", { path, content: `${path}\n` });

function project(): Promise<TestProject> {
  return testProject({
    tasks: { a: {}, b: { depends_on: ["a"] }, c: {} },
    config: { project: { test_cmd: "ls *.txt" } },
    script: {
      rules: ["a", "b", "c"].map((key) => ({
        unit: unit(key),
        turns: [write(`${key}.txt`), done("ok")],
      })),
    },
  });
}

/** PATH with a git that fails the call `n`, or a later one when that is not reached in order; exactly one fails. */
function faultyGit(p: TestProject, n: number, fail: string): { path: string; calls(): number } {
  const bin = join(p.repo.root, "bin");
  mkdirSync(bin, { recursive: true });
  const real = Bun.which("git") ?? "/usr/bin/git";
  const [count, once] = [join(bin, "count"), join(bin, "once")];
  rmSync(count, { force: true });
  rmSync(once, { recursive: true, force: true });
  const script = `#!/bin/sh
printf x >> '${count}'
if [ "$(wc -c < '${count}')" -ge ${n} ] && mkdir '${once}' 2>/dev/null; then ${fail}; fi
exec '${real}' "$@"
`;
  writeFileSync(join(bin, "git"), script, { mode: 0o755 });
  const calls = (): number => (existsSync(count) ? readFileSync(count, "utf8").length : 0);
  return { path: `${bin}:${p.env["PATH"]}`, calls };
}

const failures = {
  fails: "echo 'fatal: injected' >&2; exit 128",
  "is killed": "kill -9 $$",
};

const never = 1_000_000;

async function callsOfRun(): Promise<number> {
  await using p = await project();
  const git = faultyGit(p, never, failures.fails);
  expect((await p.dgov(["run", "p"], { PATH: git.path })).exitCode).toBe(0);
  return git.calls();
}

const all = [unit("a"), unit("b"), unit("c")];

/** Problems after the call `n` failed; empty when everything held. */
async function problemsAt(n: number, fail: string): Promise<string[]> {
  await using p = await project();
  const git = faultyGit(p, n, fail);
  const run = await p.dgov(["run", "p"], { PATH: git.path });
  const problems: string[] = [];
  const check = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(`call ${n}: ${problem}\n${run.stderr.slice(-1500)}`);
  };
  const landed = (await p.landed()).sort();
  check([0, 1, 4].includes(run.exitCode), `exit ${run.exitCode}`);
  check(!run.stderr.includes("not installed"), "git is called not installed");
  const started = p.events().some(({ type }) => type === "run.started");
  // A failure of one unit, or after the last landing, is not the others' failure.
  check(!started || landed.length > 0, `nothing landed (exit ${run.exitCode})`);
  check(run.exitCode !== 0 || landed.length === 3, `exit 0 with ${landed}`);
  for (let again = 0; again < 2 && (await p.landed()).length < 3; again++) {
    const next = await p.dgov(["run", "p", "--continue"]);
    check([0, 1].includes(next.exitCode), `--continue gave ${next.exitCode}: ${next.stderr}`);
  }
  check(`${(await p.landed()).sort()}` === `${all}`, `finally landed: ${await p.landed()}`);
  const worktrees = (await p.repo.git("worktree", "list")).split("\n").length;
  check(worktrees === 1, `${worktrees} worktrees are left`);
  check((await p.repo.git("fsck", "--connectivity-only", "--no-dangling")) === "", "fsck");
  return problems;
}

test.each(Object.entries(failures))(
  "B17 one call of git that %s ends no run and loses no other unit",
  async (name, fail) => {
    const calls = await callsOfRun();
    expect(calls).toBeGreaterThan(20);
    const step = long ? 1 : Math.ceil(calls / 8);
    const first = name === "fails" ? 1 : 1 + Math.floor(step / 2);
    const problems: string[] = [];
    for (let n = first; n <= calls; n += step) problems.push(...(await problemsAt(n, fail)));
    if (long) console.log(`${calls} calls of git, ${problems.length} problems`);
    expect(problems).toEqual([]);
  },
  scaled(long ? 3_600_000 : 300_000),
);
