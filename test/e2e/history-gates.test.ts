/** Gates that read the target's history, in real runs. */
import { expect, test } from "bun:test";
import { call, done } from "../../src/demo/script.ts";
import { testProject, unit } from "../harness/project.ts";

const python = Bun.which("python3") !== null;

test.skipIf(!python)(
  "A28 a linter of the files changed since origin/main rejects a change with a syntax error",
  async () => {
    const writes = (content: string) => [
      call("write_file", { path: "new.py", content }),
      done("ok"),
    ];
    await using p = await testProject({
      tasks: {
        bad: { files: ["new.py"] },
        good: { files: ["new.py"], depends_on: ["bad"] },
      },
      plan: { max_retries: 1 },
      config: {
        project: {
          lint_cmd:
            "git diff --name-only --diff-filter=d origin/main -- '*.py' | xargs -r python3 -m py_compile",
          history_gates: ["lint"],
        },
      },
      script: {
        rules: [
          { unit: unit("bad"), attempt: 1, turns: writes("def f(:\n") },
          { unit: unit("bad"), attempt: 2, turns: writes("def f(): pass\n") },
          { unit: unit("good"), turns: writes("def f(): return 1\n") },
        ],
      },
    });
    await p.repo.git("update-ref", "refs/remotes/origin/main", "HEAD");
    const run = await p.dgov(["run", "p"]);
    expect(run.exitCode).toBe(0);
    expect(await p.landed()).toEqual([unit("bad"), unit("good")]);
    const rejected = p.events().filter(({ type }) => type === "attempt.rejected");
    expect(rejected.map(({ attempt, data }) => [attempt, data["reason"]])).toEqual([
      [1, expect.stringContaining("lint failed: exit code 123")],
    ]);
  },
);

test("A28 the base is the parent of each candidate, and the start of the run at its end", async () => {
  const writes = (path: string) => [call("write_file", { path, content: "x\n" }), done("ok")];
  await using p = await testProject({
    tasks: { a: {}, b: {} },
    config: {
      project: {
        lint_cmd:
          'git diff --name-only {base} -- "*.txt" | sort | tr "\\n" " " >> "$HOME/seen"; echo >> "$HOME/seen"',
      },
      run: { jobs: 1 },
    },
    script: {
      rules: ["a", "b"].map((key) => ({ unit: unit(key), turns: writes(`${key}.txt`) })),
    },
  });
  expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
  // The gates of both candidates run at once.
  const seen = p.repo.read("../home/seen").trim().split(/ \n/);
  expect([...seen.slice(0, 2).sort(), ...seen.slice(2)]).toEqual(["a.txt", "b.txt", "a.txt b.txt"]);
});

test("A28 compile and doctor warn about a command that seems to need history and does not ask for it", async () => {
  await using p = await testProject({
    tasks: { a: { test_cmd: "git describe --tags" } },
    config: { project: { lint_cmd: "git diff --name-only origin/main | xargs cat" } },
    script: { rules: [] },
  });
  const compiled = await p.dgov(["compile", "p"]);
  expect(compiled.exitCode).toBe(0);
  const text = compiled.stdout + compiled.stderr;
  expect(text).toContain("the lint gate runs `git diff --name-only origin/main | xargs cat`");
  expect(text).toContain("the tests gate runs `git describe --tags`");
  expect(text).toContain('history_gates = ["lint"]');
  const doctor = await p.dgov(["doctor"]);
  expect(doctor.stdout + doctor.stderr).toContain("the lint gate runs `git diff");
});
