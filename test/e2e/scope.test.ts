/** Claims: no unclaimed change lands at any stage, and claims have the same meaning everywhere. */
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done, type ModelRule, type ModelTurn } from "../../src/demo/script.ts";
import { type ProjectOptions, type TestProject, testProject, unit } from "../harness/project.ts";

function one(rules: ModelRule[], more: Partial<ProjectOptions> = {}): Promise<TestProject> {
  return testProject({
    tasks: { a: {} },
    script: { rules: rules.map((rule) => ({ unit: unit("a"), ...rule })) },
    ...more,
  });
}

const shell = (command: string): ModelTurn => call("run_bash", { command });
const strays = "echo x > outside.txt; echo a > a.txt";

function verdicts(p: TestProject): unknown[] {
  return p
    .events()
    .filter((e) => e.type === "attempt.rejected")
    .map((e) => e.data["verdict"]);
}

describe("unclaimed changes", () => {
  test.concurrent("C3 an unclaimed change of a retry is rejected", async () => {
    await using p = await one(
      [
        { attempt: 1, turns: [shell("echo BAD > a.txt"), done("ok")] },
        { turns: [shell(strays), done("ok")] },
      ],
      {
        plan: { max_retries: 1 },
        config: { project: { lint_cmd: "! grep -q BAD *.txt" } },
      },
    );
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    expect(verdicts(p)).toEqual(["gate_failed", "scope_violation"]);
    expect(await p.landed()).toEqual([]);
  });

  test.concurrent("C3 an unclaimed change before or in the last fork is rejected", async () => {
    const forked = (first: string, second: string): Promise<TestProject> =>
      one(
        [
          { fork: 0, turns: [shell(first), shell("true"), shell("ls")] },
          { fork: 1, turns: [shell(second), done("ok")] },
        ],
        {
          tasks: { a: { iteration_budget: 2, max_fork_depth: 1 } },
          plan: { max_retries: 0 },
        },
      );
    await using before = await forked(strays, "true");
    await using within = await forked("echo half > a.txt", strays);
    await using fine = await forked("echo half > a.txt", "echo a > a.txt");
    const [b, w, f] = await Promise.all([before, within, fine].map((p) => p.dgov(["run", "p"])));
    expect([b?.exitCode, w?.exitCode, f?.exitCode]).toEqual([1, 1, 0]);
    expect([verdicts(before), verdicts(within)]).toEqual([
      ["scope_violation"],
      ["scope_violation"],
    ]);
    expect(fine.repo.read("a.txt")).toBe("a\n");
  });

  test.concurrent("C3 an unclaimed change made for a self-reviewer is rejected", async () => {
    const answers = [{ approved: false, issues: ["write outside.txt too"] }];
    const yes = { approved: true, issues: [] };
    await using p = await one(
      [
        { role: "reviewer", turns: [() => done("read it", { result: answers.shift() ?? yes })] },
        { attempt: 1, turns: [shell("echo a > a.txt"), done("ok")] },
        { turns: [shell(strays), done("ok")] },
      ],
      { tasks: { a: { self_review: true } }, plan: { max_retries: 1 } },
    );
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    expect(verdicts(p)).toEqual(["self_review", "scope_violation"]);
    expect(await p.landed()).toEqual([]);
  });

  test.concurrent("C3 an unclaimed change in continued work is rejected again", async () => {
    await using p = await one(
      [
        { attempt: 1, turns: [shell(strays), done("ok", { status: "incomplete" })] },
        { turns: [done("it was all there")] },
      ],
      { plan: { max_retries: 1 } },
    );
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    expect(verdicts(p)).toEqual(["incomplete", "scope_violation"]);
    expect(await p.landed()).toEqual([]);
  });

  test.concurrent("C3 an unclaimed manual change is rejected by land, and lands after its removal", async () => {
    await using p = await one([{ turns: [shell(strays), done("ok")] }], {
      plan: { max_retries: 0 },
    });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    const taken = JSON.parse((await p.dgov(["take", "a", "--json"])).stdout);
    writeFileSync(join(taken.path, "more.txt"), "more\n");
    const refused = await p.dgov(["land", "a"]);
    expect(refused.exitCode).toBe(1);
    expect(refused.stdout + refused.stderr).toContain("more.txt");
    expect(await p.landed()).toEqual([]);
    for (const name of ["more.txt", "outside.txt"]) await Bun.file(join(taken.path, name)).delete();
    expect((await p.dgov(["land", "a"])).exitCode).toBe(0);
    expect(await p.repo.git("show", "--format=", "--name-only", "HEAD^")).toBe("a.txt");
  });
});

describe("meaning of claims", () => {
  test.concurrent.each([
    [
      ["src/", "./docs", ".config/"],
      ["src/a.txt", "src/deep/b.txt", "src/.hidden", "docs/a.txt", ".config/x.txt", ".config/.y"],
      ["srcs/a.txt", "src/.gitignore", "docs.txt", "a/docs/a.txt", "config/x.txt", ".config.txt"],
    ],
    [
      [".github/workflows/ci.yml", "lib/**/x.txt", "*.txt"],
      [".github/workflows/ci.yml", "lib/x.txt", "lib/a/b/x.txt", "a.txt", ".b.txt"],
      [".github/workflows/cd.yml", "lib/y.txt", "c.md", "d/e.txt"],
    ],
  ])(
    "C8 at compile, write, review and scope status, %j cover %j and not %j",
    async (claims, covered, uncovered) => {
      const write = (paths: string[]): ModelTurn => ({
        calls: paths.map((path) => ({ tool: "write_file", args: { path, content: "x\n" } })),
      });
      const all = [...covered, ...uncovered].map((path) => `"${path}"`).join(" ");
      const strayed = `for f in ${all}; do mkdir -p "$(dirname "$f")"; echo x > "$f"; done`;
      await using p = await testProject({
        tasks: {
          a: { files: { touch: claims } },
          b: { files: { touch: claims }, depends_on: ["a"] },
        },
        plan: { max_retries: 0 },
        script: {
          rules: [
            { unit: unit("a"), turns: [write([...covered, ...uncovered]), done("ok")] },
            { unit: unit("b"), turns: [shell(`${strayed}; echo y > "${covered[0]}"`), done("ok")] },
          ],
        },
      });
      expect((await p.dgov(["validate", "p"])).exitCode).toBe(0);
      expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
      // At write time: the tool rejected exactly the uncovered paths, and the others landed.
      expect(await p.landed()).toEqual([unit("a")]);
      const [landing] = p.events().filter((e) => e.type === "landing.finished");
      const commit = String(landing?.data["commit"]);
      const names = await p.repo.git("show", "--format=", "--name-only", commit);
      expect(names.split("\n").sort()).toEqual([...covered].sort());
      // In review: exactly the uncovered paths are named.
      const rejected = p.events().find((e) => e.type === "attempt.rejected");
      expect(rejected?.data["verdict"]).toBe("scope_violation");
      const named = String(rejected?.data["reason"]).matchAll(/(\S+) \(not claimed\)/g);
      expect([...named].map(([, path]) => path).sort()).toEqual([...uncovered].sort());
      // In the operator's working tree.
      const status = async () =>
        (
          await p.dgov([
            "scope",
            "status",
            ...claims.flatMap((claim) => ["--claim", claim]),
            "--json",
          ])
        ).stdout;
      for (const path of covered) p.repo.write(path, "z\n");
      expect(JSON.parse(await status())).toMatchObject({ passed: true });
      for (const path of uncovered) p.repo.write(path, "z\n");
      const document = JSON.parse(await status());
      expect(document).toMatchObject({ passed: false, verdict: "scope_violation" });
      for (const path of uncovered) expect(JSON.stringify(document)).toContain(path);
    },
  );
});

describe("reserved paths", () => {
  test.concurrent.each([
    [
      [
        ".dgov/project.toml",
        ".DGOV/x.toml",
        ".sentrux/baseline.json",
        ".sentrux/dgov-baseline.json",
        ".coverage-baseline/coverage.json",
        ".gitattributes",
        ".gitmodules",
        "sub/.gitattributes",
      ],
      "reserved_path",
      /reserved/,
    ],
    [[".gitignore", "sub/.gitignore"], "scope_violation", /not claimed/],
    [[".github/workflows/ci.yml"], null, /wrote|created/i],
  ])("C9 %j of a worker is judged as %p, even when claimed", async (paths, verdict, pattern) => {
    await using p = await one(
      [
        {
          turns: [
            {
              calls: paths.map((path) => ({
                tool: "write_file",
                args: { path, content: "*.x\n" },
              })),
            },
            shell(
              `for f in ${paths.join(" ")}; do mkdir -p "$(dirname $f)"; echo '*.x' > $f; done; echo a > a.txt`,
            ),
            done("ok"),
          ],
        },
      ],
      { tasks: { a: { files: { touch: ["**"] } } }, plan: { max_retries: 0 } },
    );
    const before = await p.repo.git("rev-parse", "main");
    await p.dgov(["run", "p"]);
    expect(verdicts(p)).toEqual(verdict === null ? [] : [verdict]);
    if (verdict === null) expect(await p.landed()).toEqual([unit("a")]);
    else expect(await p.repo.git("rev-parse", "main")).toBe(before);
    const reason = p.events().find((e) => e.type === "attempt.rejected")?.data["reason"];
    if (verdict !== null) for (const path of paths) expect(reason).toContain(`${path} (`);
    // The write tool rejected each path before the review.
    const answers = p.model.requests.at(1)?.conversation.messages.filter((m) => m.role === "tool");
    expect(answers).toHaveLength(paths.length);
    for (const answer of answers ?? []) expect(String(answer.content)).toMatch(pattern);
  });
});

describe("departments", () => {
  test.concurrent.each([
    ["of a dot-path", "Do a", "department_violation"],
    ["named only as part of another word", "Do devops", "department_violation"],
    ["named in the summary", "Do a, with ops", null],
  ])("C11 a claim of a department %s is judged", async (_what, summary, verdict) => {
    await using p = await one(
      [{ turns: [shell("mkdir -p .ci/x; echo a > .ci/x/run.txt"), done("ok")] }],
      {
        tasks: { a: { summary, files: { touch: ["**"] } } },
        plan: { max_retries: 0 },
        config: { departments: { ops: [".ci/**"] } },
      },
    );
    await p.dgov(["run", "p"]);
    expect(verdicts(p)).toEqual(verdict === null ? [] : [verdict]);
    expect(await p.landed()).toEqual(verdict === null ? [unit("a")] : []);
  });

  test.concurrent("C11 a string in place of a department's list is an error before any request", async () => {
    await using p = await one([{ turns: [done("ok")] }], {
      config: { departments: { ops: ".ci/**" } },
    });
    const run = await p.dgov(["run", "p", "--json"]);
    expect(run.exitCode).not.toBe(0);
    expect(run.stdout).toContain('`departments.ops` must be a list of strings, not \\".ci/**\\"');
    expect(p.model.requests).toEqual([]);
  });
});

describe("scope status", () => {
  test.concurrent.each([
    ["a nested repository", "mkdir lib && cd lib && git init -q && echo x > x.txt"],
    ["a pipe", "mkdir lib && mkfifo lib/pipe"],
    ["a link that leads out", "mkdir lib && ln -s /etc/hosts lib/hosts"],
    ["a file with two names", "mkdir lib && echo x > lib/x.txt && ln lib/x.txt lib/y.txt"],
    [
      "a reserved path",
      "mkdir -p lib .sentrux && echo x > lib/x && echo x > .sentrux/baseline.json",
    ],
    ["nothing", "true"],
  ])("C4 scope status gives the verdict and reason of the review for %s", async (_, made) => {
    await using p = await one([{ turns: [shell(made), done("ok")] }], {
      tasks: { a: { files: { touch: ["lib/"] } } },
      plan: { max_retries: 0 },
    });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(1);
    const rejected = p.events().find((e) => e.type === "attempt.rejected")?.data;
    Bun.spawnSync(["/bin/sh", "-c", made], { cwd: p.repo.path, env: p.repo.env });
    const { stdout } = await p.dgov(["scope", "status", "--task", "a", "--json"]);
    const { verdict, reason } = JSON.parse(stdout);
    expect({ verdict, reason }).toEqual({
      verdict: rejected?.["verdict"],
      reason: rejected?.["reason"],
    });
  });

  test("scope status reports a submodule at another commit, but not untracked files in it", async () => {
    await using p = await one([]);
    const git = (...args: string[]) => p.repo.git("-c", "protocol.file.allow=always", ...args);
    await git("submodule", "add", "-q", p.repo.path, "sub");
    await git("commit", "-qam", "a submodule");
    p.repo.write("a.txt", "a\n");
    const status = async () =>
      JSON.parse((await p.dgov(["scope", "status", "--claim", "a.txt", "--json"])).stdout);
    p.repo.write("sub/untracked.txt", "x\n");
    expect(await status()).toMatchObject({ passed: true });
    await git("-C", "sub", "commit", "-q", "--allow-empty", "-m", "elsewhere");
    expect(await status()).toMatchObject({ passed: false, verdict: "unsafe_path" });
  });

  test("scope status adds --claim and --read to the task's claims", async () => {
    await using p = await one([]);
    for (const name of ["a.txt", "b.txt"]) p.repo.write(name, "x\n");
    const status = async (...more: string[]) =>
      JSON.parse((await p.dgov(["scope", "status", "--task", "a", "--json", ...more])).stdout);
    expect(await status()).toMatchObject({ verdict: "scope_violation" });
    expect(await status("--read", "b.txt")).toMatchObject({ verdict: "read_scope_violation" });
    expect(await status("--claim", "b.txt")).toMatchObject({ passed: true });
  });
});
