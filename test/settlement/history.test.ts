/** Gates whose commands see the history of the target, and the others, which see a tree only. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SettlementContext } from "../../src/settlement/context.ts";
import {
  checkGatesRunnable,
  type GatesResult,
  runGates,
} from "../../src/settlement/gates/run-gates.ts";
import { statuses, type TestSettlement, testSettlement, verdict } from "./harness.ts";

/** A branch ahead of its remote, a tag, and refs that no gate sees. Returns the tip and the commit of the remote. */
async function addHistory({ git: { repo }, base: remote }: TestSettlement) {
  const { git } = repo;
  await git("tag", "-a", "v1.2.0", "-m", "release");
  await git("update-ref", "refs/remotes/origin/main", remote);
  await git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main");
  await git("commit", "-q", "--allow-empty", "-m", "local work");
  for (const ref of ["refs/heads/other", "refs/stash", "refs/dgov/keep/r/u/1", "refs/notes/x"]) {
    await git("update-ref", ref, "HEAD");
  }
  return { tip: await git("rev-parse", "HEAD"), remote };
}

/** A commit of these files on top of another. */
async function commitOn(c: TestSettlement, parent: string, files: Record<string, string>) {
  const { git, write } = c.git.repo;
  await git("checkout", "-q", "--detach", parent);
  for (const [path, text] of Object.entries(files)) write(path, text);
  await git("add", "-A");
  await git("commit", "-q", "-m", `change ${Object.keys(files).join(" ")}`);
  return git("rev-parse", "HEAD");
}

let runs = 0;

async function judgeCommit(
  c: TestSettlement,
  o: { commit: string; base: string; context?: SettlementContext },
): Promise<GatesResult> {
  return runGates(o.context ?? c.context, {
    unit: "u",
    attempt: 1,
    car: 1,
    tree: await c.git.repo.git("rev-parse", `${o.commit}^{tree}`),
    commit: o.commit,
    base: o.base,
    testCmd: null,
    marker: `history/${process.pid}.${++runs}`,
    signal: c.context.signal,
  });
}

function shell(c: TestSettlement, text: string): string {
  const env = c.git.repo.env;
  return Bun.spawnSync(["sh", "-c", text], { cwd: c.git.repo.path, env }).stdout.toString();
}

const questions = [
  "git describe --tags",
  "git merge-base origin/main HEAD",
  "git merge-base origin HEAD",
  "git symbolic-ref refs/remotes/origin/HEAD",
  "git diff --name-only main...HEAD",
  "git diff --name-only origin/main",
  "git log --format='%H %an %s'",
  "git rev-list --count v1.2.0..HEAD",
  "git status --porcelain",
].join("\n");

test("A28 a gate with history gets the answers of the checkout with the change committed on top", async () => {
  const lint_cmd = `(${questions}) 2>&1; exit 1`;
  await using c = await testSettlement({ project: { lint_cmd, history_gates: ["lint"] } });
  const { tip, remote } = await addHistory(c);
  const commit = await commitOn(c, tip, { "new.txt": "new\n" });
  const answers = shell(c, questions);
  expect(answers).toStartWith(`v1.2.0-2-g${commit.slice(0, 7)}\n${remote}\n${remote}\n`);
  expect(verdict(await judgeCommit(c, { commit, base: tip }), "lint").tail).toBe(answers);
});

test("A28 the snapshot holds the target, tags and remote branches of the start, and nothing else", async () => {
  const lint_cmd = "git for-each-ref --format='%(refname)'; git config user.email; exit 1";
  await using c = await testSettlement({ project: { lint_cmd, history_gates: ["lint"] } });
  const { tip } = await addHistory(c);
  await c.context.refs();
  const commit = await commitOn(c, tip, { "new.txt": "new\n" });
  await c.git.repo.git("tag", "later");
  const { tail } = verdict(await judgeCommit(c, { commit, base: tip }), "lint");
  expect(tail.trim().split("\n")).toEqual([
    "refs/heads/main",
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/tags/v1.2.0",
  ]);
});

test("A28 a gate that does not ask for history sees no ref and no parent", async () => {
  const lint_cmd =
    "git for-each-ref; git rev-list --count HEAD; env | grep -c ^DGOV_B; git rev-parse HEAD; exit 1";
  const type_check_cmd = "git describe --tags";
  const project = { lint_cmd, type_check_cmd, history_gates: ["types"] };
  await using c = await testSettlement({ project });
  const { tip } = await addHistory(c);
  const [one, other] = [
    await commitOn(c, tip, { "new.txt": "new\n" }),
    await commitOn(c, c.base, { "new.txt": "new\n" }),
  ];
  const first = await judgeCommit(c, { commit: one, base: tip });
  const second = await judgeCommit(c, { commit: other, base: c.base });
  expect(verdict(first, "lint").tail).toMatch(/^1\n0\n[0-9a-f]{40}\n$/);
  // The same tree: the commits and their histories differ, and the output does not.
  expect(verdict(second, "lint").tail).toBe(verdict(first, "lint").tail);
  expect(statuses(first)["types"]).toBe("passed");
});

test.each([
  'git diff --name-only {base} -- "*.txt" | sed s/^/in:/; exit 1',
  'git diff --name-only "$DGOV_BASE" | sed s/^/in:/; exit 1',
])(
  "A28 the base of a command is the candidate's parent, behind other cars the car ahead: %s",
  async (lint_cmd) => {
    await using c = await testSettlement({ project: { lint_cmd } });
    const { tip } = await addHistory(c);
    const ahead = await commitOn(c, tip, { "ahead.txt": "x\n" });
    const commit = await commitOn(c, ahead, { "new.txt": "x\n" });
    const candidate = await judgeCommit(c, { commit, base: ahead });
    expect(verdict(candidate, "lint").tail).toBe("in:new.txt\n");
    const whole = await judgeCommit(c, { commit, base: tip });
    expect(verdict(whole, "lint").tail).toBe("in:ahead.txt\nin:new.txt\n");
    const onBase = await checkGatesRunnable(c.context, tip);
    expect(onBase).toMatchObject({ ok: true, red: [] });
    const lint = onBase.verdicts.find(({ gate }) => gate === "lint");
    expect(lint).toMatchObject({
      status: "not_applicable",
      reason: expect.stringContaining("{base}"),
    });
  },
);

test("A28 a diagnostic of the base is not charged by a command that checks the files changed since {base}", async () => {
  const lint_cmd =
    "git diff --name-only --diff-filter=d {base} -- '*.txt' | xargs -r grep -Hn bad && exit 1 || exit 0";
  await using c = await testSettlement({ project: { lint_cmd }, files: { "old.txt": "bad\n" } });
  const same = await commitOn(c, c.base, { "old.txt": "bad\nfine\n" });
  const more = await commitOn(c, c.base, { "old.txt": "bad\n", "new.txt": "bad\n" });
  const untouched = await commitOn(c, c.base, { "other.txt": "fine\n" });
  const results = await Promise.all(
    [same, more, untouched].map(async (commit) =>
      statuses(await judgeCommit(c, { commit, base: c.base })),
    ),
  );
  expect(results).toEqual([{ lint: "passed" }, { lint: "failed" }, { lint: "passed" }]);
});

test("A28 a verdict with history depends on base, commit and snapshot; one without on the tree", async () => {
  const lint_cmd = 'echo lint >> "$HOME/runs"';
  const type_check_cmd = 'echo types >> "$HOME/runs"';
  const project = { lint_cmd, type_check_cmd, history_gates: ["lint"] };
  await using c = await testSettlement({ project });
  const { tip } = await addHistory(c);
  const one = await commitOn(c, tip, { "new.txt": "new\n" });
  const other = await commitOn(c, one, { "new.txt": "new\n", "more.txt": "x\n" });
  const moved = await c.git.repo.git(
    "commit-tree",
    "-p",
    tip,
    "-m",
    "same tree",
    `${other}^{tree}`,
  );
  // Refs are read once for each context; the verdicts are remembered across these.
  const { cache } = c.context;
  const seen = async (commit: string, base: string): Promise<string[]> => {
    const context = { ...c.reopen(), cache };
    const file = join(c.git.repo.env["HOME"] ?? "", "runs");
    const before = existsSync(file) ? readFileSync(file, "utf8") : "";
    expect((await judgeCommit(c, { commit, base, context })).passed).toBe(true);
    return readFileSync(file, "utf8").slice(before.length).split("\n").filter(Boolean);
  };
  expect(await seen(other, one)).toEqual(["lint", "types"]);
  expect(await seen(other, one)).toEqual([]);
  expect(await seen(moved, one)).toEqual(["lint"]);
  expect(await seen(other, tip)).toEqual(["lint"]);
  await c.git.repo.git("tag", "v2.0.0", tip);
  expect(await seen(other, one)).toEqual(["lint"]);
});

test("A28 a gate that writes into its git dir changes neither the repository nor the next gate", async () => {
  const lint_cmd = [
    "git tag -f v1.2.0 HEAD",
    "git update-ref refs/heads/main HEAD",
    "git -c user.name=x -c user.email=x commit -q --allow-empty -m x",
    "git config alias.describe '!echo fooled'",
    "git gc -q --prune=now",
    "git stash clear",
    'rm -rf "$(git rev-parse --absolute-git-dir)/refs"',
  ].join(" && ");
  const type_check_cmd =
    "git describe --tags; git config alias.describe; git log -1 --format=%s; exit 1";
  const project = { lint_cmd, type_check_cmd, history_gates: ["lint", "types"] };
  await using c = await testSettlement({ project });
  const { tip } = await addHistory(c);
  const commit = await commitOn(c, tip, { "new.txt": "new\n" });
  const state = () =>
    shell(c, "git for-each-ref; find .git -type f ! -name index | sort | xargs md5sum");
  const before = state();
  const result = await judgeCommit(c, { commit, base: tip });
  expect(statuses(result)["lint"]).toBe("passed");
  expect(verdict(result, "types").tail).toBe(`v1.2.0-2-g${commit.slice(0, 7)}\nchange new.txt\n`);
  expect(state()).toBe(before);
});
