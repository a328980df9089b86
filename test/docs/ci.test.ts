/**
 * The examples of docs/ci.md, executed as each CI system does: in a checkout that it makes, with an empty HOME and
 * without a git identity. Releases and the provider are on the loopback.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { dgovCommand } from "../harness/bin.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";
import { packRelease } from "../harness/release.ts";
import { repositoryRoot } from "./pages.ts";

const page = readFileSync(join(repositoryRoot, "docs/ci.md"), "utf8");

/** Code of the page in a language, below a heading. */
function example(heading: string, language: string, at = 0): string {
  const section = page.split(/^## /m).find((text) => text.startsWith(heading)) ?? "";
  const blocks = [...section.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))];
  return blocks[at]?.[1] ?? "";
}

const releases = "https://github.com/dgov/dgov/releases";

let project: TestProject;
let server: ReturnType<typeof Bun.serve>;

beforeAll(async () => {
  project = await testProject({
    files: { "notes.txt": "fine\n" },
    tasks: { a: {} },
    plan: { name: "rate-limiter" },
    config: {
      project: { lint_cmd: "if grep -n bad *.txt; then exit 1; fi" },
      providers: { test: { api_key_env: "MAIN_API_KEY" } },
    },
    script: {
      rules: [
        {
          unit: unit("a"),
          turns: [call("write_file", { path: "a.txt", content: "a\n" }), done("ok")],
        },
      ],
    },
  });
  const { repo } = project;
  await repo.git("mv", ".dgov/plans/p", ".dgov/plans/rate-limiter");
  await repo.git("commit", "-q", "-m", "plan");
  await repo.git("checkout", "-q", "-b", "pr");
  repo.write("notes.txt", "bad\n");
  await repo.git("commit", "-q", "-a", "-m", "a fault");
  await repo.git("checkout", "-q", "main");
  await repo.git("merge", "-q", "--no-ff", "-m", "Merge pr into main", "pr");
  await repo.git("update-ref", "refs/pull/1/merge", "HEAD");
  await repo.git("reset", "-q", "--hard", "HEAD^1");

  const program = dgovCommand()
    .map((word) => `'${word}'`)
    .join(" ");
  const script = `#!/bin/sh\nexec ${program} "$@"\n`;
  const { archive, digest } = packRelease(join(repo.root, "release"), script);
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/latest/download/install.sh") {
        return new Response(readFileSync(join(repositoryRoot, "install.sh")));
      }
      return new Response(pathname.endsWith(".sha256") ? `${digest}  a\n` : archive);
    },
  });
});

afterAll(async () => {
  await server.stop(true);
  await project[Symbol.asyncDispose]();
});

/** A machine of a CI system, with a remote of its own. */
interface Machine {
  folder: string;
  remote: string;
  env: Record<string, string>;
  git(...args: string[]): Promise<string>;
  /** Runs a shell script in the checkout, as a step or line of the example. */
  run(script: string, more?: Record<string, string>): Promise<{ exitCode: number; text: string }>;
  /** Subjects and authors of the commits on the remote's branch, newest first. */
  landed(): Promise<string[]>;
}

async function machine(): Promise<Machine> {
  const root = mkdtempSync(join(project.repo.root, "machine-"));
  const [folder, remote, temp] = ["checkout", "remote.git", "temp"].map((name) => join(root, name));
  if (folder === undefined || remote === undefined || temp === undefined) throw new Error(root);
  for (const made of [folder, temp, join(root, "home")]) mkdirSync(made);
  await project.repo.git("clone", "-q", "--mirror", project.repo.path, remote);
  const base = server.url.href.replace(/\/$/, "");
  const env: Record<string, string> = {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    HOME: join(root, "home"),
    TMPDIR: temp,
    RUNNER_TEMP: temp,
    GITHUB_OUTPUT: join(temp, "output"),
    GITHUB_PATH: join(temp, "path"),
    DGOV_BASE_URL: base,
    MAIN_API_KEY: "sk-test-3c9a51f07e",
  };
  const git: Machine["git"] = (...args) => project.repo.git("-C", folder, ...args);
  await git("init", "-q");
  await git("remote", "add", "origin", `file://${remote}`);
  return {
    folder,
    remote,
    env,
    git,
    async run(script, more) {
      const file = join(temp, `${Bun.hash(script)}.sh`);
      const local = script
        .replaceAll(releases, base)
        .replaceAll(" PLAN ", " rate-limiter ")
        .replace(/ PLAN$/gm, " rate-limiter");
      writeFileSync(file, local);
      const child = Bun.spawn(["sh", "-e", file], {
        cwd: folder,
        env: { ...env, ...more },
        stdio: ["ignore", "pipe", "pipe"],
      });
      const [stdout, stderr, exitCode] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      return { exitCode, text: stdout + stderr };
    },
    async landed() {
      const log = await project.repo.git("-C", remote, "log", "--format=%s, %an <%ae>", "main");
      return log.split("\n").filter((line) => line.startsWith("feat"));
    },
  };
}

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, string>;
  env?: Record<string, string>;
}

type Workflow = { jobs: Record<string, { steps: Step[] }> };

interface Action {
  inputs: Record<string, { default: string }>;
  runs: { steps: { run: string; env: Record<string, string> }[] };
}

const action = Bun.YAML.parse(readFileSync(join(repositoryRoot, "action.yml"), "utf8")) as Action;

/** Performs the steps of a GitHub workflow after its checkout, until one fails. */
async function workflow(
  m: Machine,
  text: string,
  values: Record<string, string>,
): Promise<{ exitCode: number; text: string }> {
  const filled = (expression: string, inputs: Record<string, string> = {}): string =>
    expression.replace(/\$\{\{ ([\w.-]+) \}\}/g, (_, name: string) => {
      const value = { ...values, ...inputs }[name];
      if (value === undefined) throw new Error(`no value of ${name}`);
      return value;
    });
  let last = { exitCode: 0, text: "" };
  const { jobs } = Bun.YAML.parse(text) as Workflow;
  for (const step of Object.values(jobs).flatMap(({ steps }) => steps)) {
    if (step.uses?.startsWith("actions/checkout")) continue;
    const given = Object.entries({ ...defaultInputs(), ...step.with });
    const inputs = Object.fromEntries(given.map(([name, v]) => [`inputs.${name}`, filled(v)]));
    const scripts = step.run === undefined ? action.runs.steps : [{ run: step.run, env: {} }];
    for (const { run, env } of scripts) {
      const all = Object.entries({ ...step.env, ...env });
      const more = Object.fromEntries(all.map(([name, v]) => [name, filled(v, inputs)]));
      last = await m.run(run, more);
      if (last.exitCode !== 0) return last;
    }
  }
  return last;
}

function defaultInputs(): Record<string, string> {
  const inputs = Object.entries(action.inputs).map(([name, { default: value }]) => [name, value]);
  return Object.fromEntries(inputs);
}

const context = {
  "github.action_path": repositoryRoot,
  "github.base_ref": "main",
  "secrets.MAIN_API_KEY": "sk-test-3c9a51f07e",
};

/** The examples for other systems download install.sh with curl. */
function withCurl(name: string, run: () => Promise<void>): void {
  test.concurrent.skipIf(Bun.which("curl") === null)(`${name} (skipped without curl)`, run);
}

test.concurrent("E24 the workflow of docs/ci.md lands a plan on a runner without a git identity", async () => {
  const m = await machine();
  await m.git("fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*");
  await m.git("checkout", "-q", "-B", "main", "origin/main");
  const { exitCode, text } = await workflow(m, example("GitHub Actions", "yaml"), context);
  expect([exitCode, text]).toEqual([0, expect.anything()]);
  expect(await m.landed()).toEqual([
    "feat: a, github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>",
  ]);
});

test.concurrent("E24 the pull request workflow of docs/ci.md judges the commits in the merge commit that GitHub checks out", async () => {
  const m = await machine();
  const refs = [
    "+refs/heads/*:refs/remotes/origin/*",
    "+refs/pull/1/merge:refs/remotes/pull/1/merge",
  ];
  await m.git("fetch", "-q", "origin", ...refs);
  await m.git("checkout", "-q", "--detach", "refs/remotes/pull/1/merge");
  const { exitCode, text } = await workflow(m, example("GitHub Actions", "yaml", 1), context);
  expect([exitCode, text]).toEqual([1, expect.stringContaining('"gate":"lint","status":"failed"')]);
  expect(text).toContain(`"base":"${await m.git("rev-parse", "origin/main")}"`);
});

withCurl("E24 the GitLab jobs of docs/ci.md run in its detached checkout", async () => {
  const m = await machine();
  const jobs = Bun.YAML.parse(example("GitLab CI", "yaml")) as Record<
    string,
    { before_script: string[]; script: string[]; variables?: Record<string, string> }
  >;
  const job = (name: string, variables: Record<string, string>) => {
    const lines = [...(jobs["default"]?.before_script ?? []), ...(jobs[name]?.script ?? [])];
    return m.run(lines.join("\n"), { ...variables, ...jobs[name]?.variables });
  };
  await m.git("fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*");
  await m.git("checkout", "-q", "--detach", "origin/pr");
  const base = await m.git("rev-parse", "origin/main");
  const judged = await job("preflight", { CI_MERGE_REQUEST_DIFF_BASE_SHA: base });
  expect([judged.exitCode, judged.text]).toEqual([1, expect.stringContaining("lint: failed")]);

  await m.git("checkout", "-q", "--detach", "origin/main");
  const run = await job("plan", { CI_COMMIT_BRANCH: "main", PUSH_URL: `file://${m.remote}` });
  expect([run.exitCode, run.text]).toEqual([0, expect.anything()]);
  expect(await m.landed()).toEqual(["feat: a, dgov <dgov@example.com>"]);
});

withCurl("E24 the Jenkins stages of docs/ci.md run in its detached checkout", async () => {
  const m = await machine();
  const [install = "", preflight = "", plan = ""] = example("Jenkins", "groovy")
    .split(/stage\('/)
    .slice(1)
    .map((stage) => [...stage.matchAll(/^ *sh '(.*)'$/gm)].map(([, line]) => line).join("\n"));
  const environment = [...example("Jenkins", "groovy").matchAll(/^ *([A-Z_]+) = '(.*)'$/gm)];
  const variables = Object.fromEntries(environment.map(([, name, value]) => [name, value]));
  expect((await m.run(install)).exitCode).toBe(0);
  await m.git("fetch", "-q", "origin", "+refs/heads/pr:refs/remotes/origin/pr");
  await m.git("checkout", "-q", "--detach", "origin/pr");
  const judged = await m.run(preflight, { CHANGE_TARGET: "main" });
  expect([judged.exitCode, judged.text]).toEqual([1, expect.stringContaining("lint: failed")]);

  await m.git("checkout", "-q", "--detach", "origin/main");
  const run = await m.run(plan, { BRANCH_NAME: "main", ...variables });
  expect([run.exitCode, run.text]).toEqual([0, expect.anything()]);
  expect(await m.landed()).toEqual(["feat: a, dgov <dgov@example.com>"]);
});

withCurl(
  "E24 the commands for other CI systems in docs/ci.md land a plan, after a doctor that finds the machine ready",
  async () => {
    const m = await machine();
    await m.git("fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*");
    await m.git("checkout", "-q", "-B", "main", "origin/main");
    const { exitCode, text } = await m.run(example("Other CI systems", "sh"));
    expect([exitCode, text]).toEqual([0, expect.stringMatching(/^ok +identity +dgov/m)]);
    expect(await m.landed()).toEqual(["feat: a, dgov <dgov@example.com>"]);
  },
);
