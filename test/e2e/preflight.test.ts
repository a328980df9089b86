/** `dgov preflight --base`: the gates on the commits of a pull request, in whole and in shallow clones. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { stringify } from "smol-toml";
import {
  coverageBaselineFile,
  coverageBaselineText,
} from "../../src/settlement/coverage/baseline.ts";
import { type DgovRun, dgov } from "../harness/bin.ts";
import { type TestRepo, testRepo } from "../harness/repo.ts";

/** Reports every line that is "bad" as a diagnostic; every line of a notes file that is "x" as covered. */
const project = {
  language: "python",
  source_extensions: [".py", ".txt"],
  lint_cmd: `grep -n '^bad$' *.txt /dev/null | sed 's/:bad$/:1: bad line/'; ! grep -q '^bad$' *.txt`,
  test_cmd: "! grep -q broken *.txt",
  coverage_cmd: `for f in *.txt; do echo SF:$f; awk '{ print "DA:" NR "," ($0 == "x") }' $f; echo end_of_record; done > {output}`,
};

const files = {
  ".dgov/.gitignore": "state.db*\nruntime/\n",
  ".dgov/project.toml": stringify({ project }),
  [coverageBaselineFile]: coverageBaselineText({ command: "", head: "", tree: "", files: [] }),
  "a.py": "def f(x):\n    return x\n",
  "b.py": "from a import f\n\n\ndef g():\n    return f(1)\n",
  "notes.txt": "x\nx\n",
  "old.txt": "bad\n",
};

/** Changes of a pull request; each is a fault of one gate that compares with a base, or a new diagnostic. */
const faults: Record<string, string> = {
  "a.py": "from b import g\n\n\ndef f(x):\n    return g\n",
  "notes.txt": "x\n-\n",
  "old.txt": "bad\nfine\nbad\n",
};

/** A repository whose branch `pr` has the faults, committed, two commits away from `main`. */
async function pullRequest(): Promise<TestRepo> {
  const repo = await testRepo(files);
  const saved = await dgov(["sentrux", "gate-save"], { cwd: repo.path, env: repo.env });
  expect(saved.exitCode).toBe(0);
  await commit(repo, {}, "structural baseline");
  await repo.git("checkout", "-q", "-b", "pr");
  await commit(repo, faults, "faults");
  await commit(repo, { "more.txt": "x\n" }, "more");
  return repo;
}

async function commit(
  repo: TestRepo,
  changes: Record<string, string>,
  message: string,
): Promise<void> {
  for (const [path, text] of Object.entries(changes)) repo.write(path, text);
  await repo.git("add", "-A");
  await repo.git("commit", "-q", "-m", message);
}

function preflight(repo: TestRepo, args: string[], cwd = repo.path): Promise<DgovRun> {
  return dgov(["preflight", "--json", ...args], { cwd, env: repo.env });
}

interface Gate {
  gate: string;
  status: string;
  diagnostics: { file: string; line: number }[];
}

/** Statuses by gate. */
function statuses({ stdout }: DgovRun): Record<string, string> {
  const gates: Gate[] = JSON.parse(stdout).gates;
  return Object.fromEntries(gates.map(({ gate, status }) => [gate, status]));
}

const charged = {
  semantic: "passed",
  structure: "failed",
  lint: "failed",
  tests: "passed",
  coverage: "failed",
};

/** A detached clone of `pr` as a CI system makes it, with `depth` commits and without a git identity. */
async function clone(
  repo: TestRepo,
  depth: number,
): Promise<{ path: string; git: TestRepo["git"] }> {
  const path = join(repo.root, `clone-${depth}`);
  await repo.git("clone", "-q", `--depth=${depth}`, "-b", "pr", `file://${repo.path}`, path);
  const git: TestRepo["git"] = (...args) => repo.git("-C", path, ...args);
  await git("checkout", "-q", "--detach");
  await git("branch", "-q", "-D", "pr");
  return { path, git };
}

test.concurrent("E24 preflight --base charges committed structure, coverage and new diagnostics; without it, it says that nothing was compared", async () => {
  await using repo = await pullRequest();
  const compared = await preflight(repo, ["--base", "main"]);
  expect([compared.exitCode, statuses(compared)]).toEqual([1, charged]);
  const document = JSON.parse(compared.stdout);
  expect(document).toMatchObject({ base: await repo.git("rev-parse", "main"), unchanged: null });
  const lint: Gate = document.gates.find(({ gate }: Gate) => gate === "lint");
  expect(lint.diagnostics.map(({ file, line }) => `${file}:${line}`)).toEqual(["old.txt:3"]);

  // A change cannot remove the baselines that it is judged by.
  await repo.git("rm", "-q", "-r", ".sentrux", ".coverage-baseline");
  await repo.git("commit", "-q", "-m", "no baselines");
  expect(statuses(await preflight(repo, ["--base", "main"]))).toEqual(charged);

  const alone = await preflight(repo, []);
  const words = "the working tree is the same as HEAD: semantic, structure, coverage had no change";
  expect(JSON.parse(alone.stdout).unchanged).toStartWith(words);
  await repo.git("checkout", "-q", "main");
  const onBase = JSON.parse((await preflight(repo, ["--base", "main"])).stdout);
  expect(onBase.unchanged).toContain("the merge base of HEAD and main: semantic");
});

test.concurrent("E24 preflight --base in a shallow detached clone is exit 4 until the history is fetched", async () => {
  await using repo = await pullRequest();
  const shallow = await clone(repo, 1);
  const refused = async (words: RegExp): Promise<void> => {
    const { exitCode, stdout } = await preflight(repo, ["--base", "main"], shallow.path);
    const { message, hint } = JSON.parse(stdout);
    expect([exitCode, hint]).toEqual([4, expect.stringContaining("`fetch-depth: 0`")]);
    expect(message).toMatch(words);
  };
  await refused(/there is no commit main in this shallow clone/);
  await shallow.git("fetch", "-q", "--depth=1", "origin", "main:refs/remotes/origin/main");
  await refused(/shallow clone: the merge base of HEAD and main cannot be determined/);
  // Shallow, but with every commit since the merge base.
  await shallow.git("fetch", "-q", "--depth=3", "origin", "pr");
  const judged = await preflight(repo, ["--base", "main"], shallow.path);
  expect([judged.exitCode, statuses(judged)]).toEqual([1, charged]);
});

test.concurrent("E24 preflight --base in the merge commit of a pull request compares both sides of the merge", async () => {
  await using repo = await testRepo(files);
  await repo.git("checkout", "-q", "-b", "pr");
  await commit(repo, { "c.py": "from a import f\n\n\ndef h():\n    return f(2)\n" }, "uses f");
  await repo.git("checkout", "-q", "main");
  await commit(
    repo,
    {
      "a.py": "def renamed(x):\n    return x\n",
      "b.py": "from a import renamed\n\n\ndef g():\n    return renamed(1)\n",
    },
    "renames f",
  );
  await repo.git("checkout", "-q", "--detach");
  await repo.git("merge", "-q", "--no-ff", "-m", "Merge pr into main", "pr");
  const { exitCode, stdout } = await preflight(repo, ["--base", "main"]);
  const semantic = JSON.parse(stdout).gates.find(({ gate }: Gate) => gate === "semantic");
  expect([exitCode, semantic.status]).toEqual([1, "failed"]);
  expect(semantic.diagnostics[0]).toMatchObject({ file: "c.py" });
});

test.concurrent("E24 preflight --base without such a commit is exit 4, and judges uncommitted changes with the commits", async () => {
  await using repo = await testRepo(files);
  const unknown = await preflight(repo, ["--base", "mian"]);
  expect([unknown.exitCode, JSON.parse(unknown.stdout).message]).toEqual([
    4,
    "there is no commit mian to compare with",
  ]);
  await repo.git("checkout", "-q", "--orphan", "other");
  await repo.git("commit", "-q", "-m", "another root");
  const unrelated = await preflight(repo, ["--base", "main"]);
  expect([unrelated.exitCode, JSON.parse(unrelated.stdout).message]).toEqual([
    4,
    "HEAD and main have no common commit, so there is nothing to compare with",
  ]);
  await repo.git("checkout", "-q", "main");
  repo.write("notes.txt", "x\n-\n");
  expect(statuses(await preflight(repo, ["--base", "main"]))).toMatchObject({ coverage: "failed" });
});
