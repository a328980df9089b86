/** `dgov doctor`: the conditions of a run, each judged as the run judges it. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ErrorCode, errorCodes } from "../../src/error.ts";
import { acquireRunLock } from "../../src/process/lock.ts";
import { dgov, dgovJson } from "../harness/bin.ts";
import { type ProjectOptions, type TestProject, testProject } from "../harness/project.ts";
import { testRepo } from "../harness/repo.ts";

interface Row {
  check: string;
  state: string;
  detail: string;
  next: string | null;
}

interface Place {
  cwd?: string;
  env?: Record<string, string>;
  end?(): void;
}

interface Case {
  name: string;
  project?: Partial<ProjectOptions>;
  /** Makes the condition false. */
  spoil(p: TestProject): Promise<Place> | Place;
  /** Name of the row. */
  row: string;
  /** Default `fail`. */
  state?: string;
  /** Set where the row has a remedy of its own; by default it is the run's hint. */
  next?: string;
}

type ExitCode4 = {
  [Code in ErrorCode]: (typeof errorCodes)[Code]["exit"] extends 4 ? Code : never;
}[ErrorCode];

/** PATH whose git has another version; null for none at all. */
function withGit(p: TestProject, version: string | null): Place {
  const bin = join(p.repo.root, "bin");
  mkdirSync(bin);
  if (version === null) return { env: { PATH: bin } };
  const real = Bun.which("git") ?? "/usr/bin/git";
  const script = `#!/bin/sh\n[ "$1" != --version ] || { echo 'git version ${version}'; exit; }\nexec '${real}' "$@"\n`;
  writeFileSync(join(bin, "git"), script, { mode: 0o755 });
  return { env: { PATH: `${bin}:${p.env["PATH"]}` } };
}

async function git(p: TestProject, ...args: string[]): Promise<Place> {
  await p.repo.git(...args);
  return {};
}

function state(p: TestProject): string {
  return join(p.root, ".dgov/state.db");
}

/** Conditions without which `dgov run` exits with 4, by error code; a text says why doctor cannot know. */
const cases: Record<ExitCode4, Case[] | string> = {
  GIT_TOO_OLD: [
    { name: "an old git", spoil: (p) => withGit(p, "2.37.9"), row: "git" },
    { name: "no git", spoil: (p) => withGit(p, null), row: "git" },
  ],
  NOT_A_REPOSITORY: [
    {
      name: "a partial clone",
      spoil: (p) => git(p, "config", "remote.origin.promisor", "true"),
      row: "repository",
    },
  ],
  NOT_INITIALISED: [
    {
      name: "no .dgov",
      async spoil(p) {
        await p.repo.git("rm", "-q", "-r", ".dgov");
        rmSync(join(p.root, ".dgov"), { recursive: true, force: true });
        return git(p, "commit", "-q", "-m", "none");
      },
      row: "project",
    },
  ],
  WORKTREE_DIRTY: [
    {
      name: "uncommitted changes",
      spoil(p) {
        for (const name of ["one.txt", "two.txt"]) p.repo.write(name, "new\n");
        return {};
      },
      row: "checkout",
    },
    {
      name: "no commits",
      spoil: (p) => git(p, "update-ref", "-d", "HEAD"),
      row: "commits",
    },
  ],
  TARGET_MISSING: [
    { name: "a detached HEAD", spoil: (p) => git(p, "checkout", "-q", "--detach"), row: "target" },
  ],
  TARGET_CHANGED: [
    {
      name: "a plan of another branch",
      project: { plan: { max_retries: 0 }, config: { run: { crash_retries: 0 } } },
      async spoil(p) {
        expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
        return git(p, "checkout", "-q", "-b", "other");
      },
      row: "plan",
      // Other plans may run.
      state: "warn",
    },
  ],
  RUN_LOCKED: [
    {
      name: "another run",
      spoil(p) {
        const lock = acquireRunLock(join(p.repo.path, ".git"), { run: "r1", plan: "other" });
        return { end: () => lock.release() };
      },
      row: "lock",
    },
  ],
  KEY_MISSING: [{ name: "no key", spoil: () => ({ env: { TEST_KEY: "" } }), row: "key" }],
  PROVIDER_UNTRUSTED: [
    { name: "trust", spoil: () => ({ env: { DGOV_TRUST_PROVIDERS: "" } }), row: "trust" },
  ],
  PROVIDER_PLACEHOLDER: [
    {
      name: "placeholders of init",
      project: { config: { providers: { test: { base_url: "https://provider.example.com/v1" } } } },
      spoil: () => ({}),
      row: "endpoint",
    },
  ],
  GATE_UNRUNNABLE: [
    {
      name: "a missing program",
      project: { config: { project: { lint_cmd: "cd . && MODE=strict no-such-linter ." } } },
      spoil: () => ({}),
      row: "lint command",
      next: "install no-such-linter",
    },
  ],
  REPOSITORY_CHANGED: "it is about a change during a run",
  LOG_NEWER: [
    {
      name: "a newer log",
      spoil(p) {
        using log = new Database(state(p), { create: true });
        log.exec("PRAGMA user_version = 9999; CREATE TABLE schema_info (version INTEGER)");
        return {};
      },
      row: "log",
    },
  ],
  LOG_UNUSABLE: [
    {
      name: "a damaged log",
      spoil(p) {
        writeFileSync(state(p), "not a database, but long enough for a header ".repeat(40));
        return {};
      },
      row: "log",
    },
  ],
  ENVIRONMENT: [
    {
      name: "no identity",
      async spoil(p) {
        await p.repo.git("config", "--unset", "user.email");
        return { env: { GIT_AUTHOR_NAME: "", GIT_AUTHOR_EMAIL: "" } };
      },
      row: "identity",
    },
    {
      name: "a shallow clone",
      async spoil(p) {
        const cwd = join(p.repo.root, "shallow");
        await p.repo.git("commit", "-q", "--allow-empty", "-m", "more");
        await p.repo.git("clone", "-q", "--depth=1", `file://${p.repo.path}`, cwd);
        return { cwd };
      },
      row: "history",
    },
    {
      name: "no folder for worktrees",
      spoil: () => ({ env: { XDG_CACHE_HOME: "/dev/null" } }),
      row: "worktrees",
    },
    {
      name: "no external sensor",
      project: { config: { sentrux: { engine: "external" } } },
      spoil: () => ({}),
      row: "structure",
    },
  ],
};

const rows = Object.entries(cases).flatMap(([code, list]) =>
  typeof list === "string" ? [] : list.map((one): [string, string, Case] => [one.name, code, one]),
);

test.concurrent.each(rows)(
  "E22 run with %s exits with 4 (%s), and doctor has a row with the same remedy",
  async (_, code, o) => {
    await using p = await testProject({ tasks: { a: {} }, script: { rules: [] }, ...o.project });
    const { cwd = p.root, env = {}, end } = await o.spoil(p);
    try {
      const at = { cwd, env: { ...p.env, ...env } };
      const run = await dgovJson(["run", "p"], at);
      expect([run.exitCode, run.document["code"]]).toEqual([4, code]);
      const doctor = await dgovJson(["doctor"], at);
      const checks = doctor.document["checks"] as Row[];
      const row = checks.find(({ check }) => check === o.row);
      const { state = "fail", next = (run.document["hint"] as string | undefined) ?? null } = o;
      expect(row).toMatchObject({ state, next });
      expect([doctor.document["ready"], doctor.exitCode]).toEqual(
        state === "fail" ? [false, 1] : [true, 0],
      );
      // Nothing else is wrong.
      expect(checks.filter((one) => one.state === "fail" && one !== row)).toEqual([]);
      const [first = ""] = String(run.document["message"]).split("\n");
      if (o.next === undefined) expect(row?.detail).toStartWith(first);
    } finally {
      end?.();
    }
  },
);

/** Variables that hide or replace the user's git configuration. */
const standIns = ["GIT_CONFIG_GLOBAL", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "XDG_CONFIG_HOME"];

test.concurrent.each([".gitconfig", ".config/git/config"])(
  "doctor reads the user from ~/%s",
  async (file) => {
    await using repo = await testRepo({ "readme.txt": "hello\n" });
    const home = join(repo.root, "home");
    const env: Record<string, string> = { ...repo.env, HOME: home };
    for (const name of standIns) delete env[name];
    await Bun.write(join(home, file), "[user]\n\tname = Grace\n\temail = grace@example.com\n");
    expect(await rowsOf({ cwd: repo.path, env })).toContainEqual({
      check: "identity",
      state: "ok",
      detail: "Grace <grace@example.com>",
      next: null,
    });
  },
);

async function rowsOf(at: { cwd: string; env: Record<string, string> }): Promise<Row[]> {
  return (await dgovJson(["doctor"], at)).document["checks"] as Row[];
}

test.concurrent("E22 doctor has a row for each configured command, and warns about a broken program and a check that reads nothing", async () => {
  await using p = await testProject({
    files: { "tools/lint.sh": "#!/bin/sh\ntouch started\n", "plain.sh": "exit 0\n" },
    tasks: { a: {} },
    config: {
      project: {
        format_check_cmd: "test -f readme.txt",
        lint_cmd: "cd tools && ./lint.sh",
        lint_fix_cmd: "sh gone.sh",
        format_cmd: "./plain.sh {files}",
        type_check_cmd: "STRICT=1 broken-checker .",
        test_cmd: "true",
        coverage_cmd: "pytest --cov-report=lcov:{output}",
        setup_cmd: "",
        review_hooks: ["works readme.txt"],
      },
    },
    script: { rules: [] },
  });
  const bin = join(p.repo.root, "bin");
  mkdirSync(bin);
  const program = (name: string, text: string): void =>
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  program(
    "broken-checker",
    "echo starting; echo first >&2; echo 'no toolchain is chosen' >&2; exit 3",
  );
  program("works", "echo works 1.2");
  program("pytest", "echo pytest 8");
  const checks = await rowsOf({ cwd: p.root, env: { ...p.env, PATH: `${bin}:${p.env["PATH"]}` } });
  const commands = checks.filter(({ check }) => /command|hook/.test(check));
  expect(commands.map((row) => [row.check, row.state, row.detail])).toEqual([
    ["test command", "warn", "it reads no file of the project, so it judges nothing"],
    ["lint command", "ok", "./lint.sh exists"],
    ["lint fix command", "fail", "gone.sh does not exist"],
    ["format command", "fail", "./plain.sh is not executable"],
    ["format check command", "ok", "test -f readme.txt (shell builtins)"],
    ["type check command", "warn", "broken-checker --version: exit code 3: no toolchain is chosen"],
    [
      "coverage command",
      "warn",
      "pytest reads .py, .pyi files, and none is committed in the project",
    ],
    ["review hook", "ok", "works: works 1.2"],
  ]);
  // A script of the project is not started.
  expect(await p.repo.git("status", "--porcelain")).toBe("");
});

test.concurrent("E23 run and doctor say that the target is behind its upstream as of the last fetch", async () => {
  await using p = await testProject({ tasks: { a: {} }, script: { rules: [] } });
  await p.repo.git("clone", "-q", "--bare", ".", "../origin.git");
  await p.repo.git("remote", "add", "origin", "../origin.git");
  const commit = (text: string) => p.repo.git("commit", "-q", "--allow-empty", "-m", text);
  await commit("theirs");
  await commit("theirs, too");
  await p.repo.git("push", "-q", "-u", "origin", "main");
  const upstream = async (): Promise<Row | undefined> =>
    (await rowsOf({ cwd: p.root, env: p.env })).find(({ check }) => check === "upstream");
  expect(await upstream()).toBeUndefined();
  await p.repo.git("reset", "-q", "--hard", "HEAD~2");
  const behind = "main is 2 commits behind origin/main, as of the last fetch";
  const row = await upstream();
  expect(row).toMatchObject({ state: "warn", detail: behind });
  const run = await p.dgov(["run", "p"]);
  expect(run.stderr).toContain(`${behind}; ${row?.next}`);
  await commit("ours");
  expect((await upstream())?.detail).toBe(
    "main is 2 commits behind and 1 ahead of origin/main, as of the last fetch",
  );
});

test.concurrent("doctor names the schemas that a clone does not have, and init writes them there", async () => {
  await using repo = await testRepo({ "readme.txt": "hello\n" });
  await dgov(["init", "-y"], { cwd: repo.path, env: repo.env });
  await repo.git("add", "-A");
  await repo.git("commit", "-q", "-m", "dgov");
  const cwd = join(repo.root, "clone");
  await repo.git("clone", "-q", ".", cwd);
  const schema = async (): Promise<Row | undefined> =>
    (await rowsOf({ cwd, env: repo.env })).find(({ check }) => check === "schema");
  expect(await schema()).toMatchObject({ state: "warn", next: "dgov init" });
  expect((await dgov(["init", "-y"], { cwd, env: repo.env })).exitCode).toBe(0);
  expect(await schema()).toBeUndefined();
});

test.concurrent("init --preflight exits with 1 when a row fails, and prints the answer", async () => {
  await using repo = await testRepo({ "readme.txt": "hello\n" });
  const at = { cwd: repo.path, env: repo.env };
  const { document, exitCode } = await dgovJson(["init", "-y", "--preflight"], at);
  expect([exitCode, document["ready"]]).toEqual([1, false]);
  expect(document["created"]).toContain(".dgov/project.toml");
});

test.concurrent("doctor --config prints the folders of worktrees and of copied dependencies that are in force", async () => {
  await using p = await testProject({
    files: { ".gitignore": "node_modules/\n" },
    tasks: { a: {} },
    script: { rules: [] },
  });
  mkdirSync(join(p.root, "node_modules"));
  const { document } = await dgovJson(["doctor", "--config"], { cwd: p.root, env: p.env });
  const settings = document["settings"] as { key: string; value: unknown; source: string }[];
  const found = settings.filter(({ key }) => /^worktree\.(root|copy)$/.test(key));
  expect(found).toEqual([
    { key: "worktree.root", value: join(p.env["XDG_CACHE_HOME"] ?? "", "dgov"), source: "default" },
    { key: "worktree.copy", value: ["node_modules"], source: "default" },
  ]);
});
