/** A unit whose worktree or gate tree is destroyed, beside a good unit: only that unit fails, and `--continue` works. */
import { expect, test } from "bun:test";
import { call, done, type ModelTurn } from "../../src/demo/script.ts";
import { type ProjectOptions, type TestProject, testProject, unit } from "../harness/project.ts";
import { unprivileged } from "../harness/unprivileged.ts";

const write = (path: string): ModelTurn => call("write_file", { path, content: `${path}\n` });
const shell = (command: string): ModelTurn => call("run_bash", { command });

/** A project whose unit `a` takes these turns in its first conversation, and works well in later ones. */
function project(first: ModelTurn[], more: Partial<ProjectOptions> = {}): Promise<TestProject> {
  let conversations = 0;
  return testProject({
    tasks: { a: {}, b: {} },
    plan: { max_retries: 0 },
    prefix: unprivileged ?? [],
    script: {
      rules: [
        {
          unit: unit("a"),
          when: ({ turn }) => (turn === 1 ? conversations++ === 0 : conversations === 1),
          turns: first,
        },
        { unit: unit("a"), turns: [write("a.txt"), done("ok")] },
        { unit: unit("b"), turns: [write("b.txt"), done("ok")] },
      ],
    },
    ...more,
  });
}

async function onlyOneUnitFails(p: TestProject): Promise<void> {
  const run = await p.dgov(["run", "p"]);
  expect([run.exitCode <= 1, run.stderr.includes("not installed")]).toEqual([true, false]);
  expect(await p.landed()).toContain(unit("b"));
  if (run.exitCode === 1) expect((await p.dgov(["run", "p", "--continue"])).exitCode).toBe(0);
  expect((await p.landed()).sort()).toEqual([unit("a"), unit("b")]);
  expect((await p.repo.git("worktree", "list")).split("\n")).toHaveLength(1);
  expect(await p.repo.git("status", "--porcelain")).toBe("");
}

test.concurrent.each<[string, string]>([
  ["replaces its worktree by a file", 'W="$PWD"; cd ..; rm -rf "$W"; echo x > "$W"'],
  ["removes its worktree", 'W="$PWD"; cd ..; rm -rf "$W"'],
  ["moves its worktree away", 'W="$PWD"; cd ..; mv "$W" "$W.away"'],
  ["removes the folder of its run", 'W="$PWD"; cd /; rm -rf "$(dirname "$W")"'],
  ["removes the folder of the index", 'rm -rf "$(git rev-parse --git-dir)"'],
])("B17 a worker that %s fails its attempt only", async (_, command) => {
  await using p = await project([write("a.txt"), shell(command), done("ok")]);
  await onlyOneUnitFails(p);
});

test.concurrent.each<[string, string]>([
  ["removes everything in its worktree", "rm -rf ./* ./.[!.]*"],
  ["replaces its worktree by an empty folder", 'W="$PWD"; cd ..; rm -rf "$W"; mkdir "$W"'],
  ["replaces its worktree by a file", 'W="$PWD"; cd ..; rm -rf "$W"; echo x > "$W"'],
  ["replaces its worktree by another project", "rm -rf ./* ./.[!.]*; echo x > other.txt"],
])(
  "B17 a worker that %s does not decide on deletions: the next attempt starts from kept work",
  async (_, command) => {
    const attempts: ModelTurn[][] = [
      [write("a.txt"), write("more.txt"), done("ok")],
      [shell(command), done("ok")],
      [shell("echo good > more.txt; cat readme.txt"), done("ok")],
    ];
    await using p = await testProject({
      tasks: { a: { files: { touch: ["a.txt", "more.txt"] } } },
      plan: { max_retries: 1 },
      config: { project: { test_cmd: "! [ -e more.txt ] || grep -q good more.txt" } },
      script: {
        rules: attempts.map((turns, n) => ({ unit: unit("a"), attempt: n + 1, turns })),
      },
    });
    const run = await p.dgov(["run", "p"]);
    expect({ code: run.exitCode, text: run.stderr }).toMatchObject({ code: 0 });
    const exits = p.events().filter(({ type }) => type === "worker.exited");
    expect(exits.map(({ data }) => data["outcome"])).toEqual(["complete", "crashed", "complete"]);
    expect(String(exits[1]?.data["reason"])).toContain("the worktree was destroyed");
    const changed = await p.repo.git("show", "--format=", "--name-status", ":/^feat");
    expect(changed).toBe("A\ta.txt\nA\tmore.txt");
    const prompts = p.model.requests.map(({ body }) => JSON.stringify(body));
    expect(prompts.at(-1)).toContain("the worktree was destroyed");
  },
);

test.concurrent.each<[string, string]>([
  ["deletes its working directory", 'rm -rf "$PWD"'],
  ["replaces its working directory by a file", 'W="$PWD"; cd ..; rm -rf "$W"; echo x > "$W"'],
  [
    "leaves folders behind that forbid everything",
    "mkdir -p ro/in; echo x > ro/in/f; chmod 000 ro/in ro",
  ],
  [
    "leaves a tree 400 folders deep behind",
    "i=0; while [ $i -lt 400 ]; do mkdir d && cd d; i=$((i+1)); done",
  ],
  ["makes its working directory unreadable", 'chmod 000 "$PWD"'],
  ["makes a tracked folder read-only", "echo x > in/f.txt; chmod 555 in"],
  ["makes the temporary folder unreadable", 'chmod 000 "$TMPDIR"'],
  ["removes the temporary folder", 'rm -rf "$TMPDIR"'],
])("B17 a test that %s fails its gate at most", async (_, command) => {
  await using p = await project([write("a.txt"), done("ok")], {
    files: { "in/f.txt": "f\n" },
    config: { project: { test_cmd: `if [ -e a.txt ]; then ${command}; fi; true` } },
  });
  await onlyOneUnitFails(p);
});

test.concurrent("B17 a file 2,000 folders deep below a claimed folder fails its unit at most", async () => {
  const deep =
    "i=0; while [ $i -lt 2000 ]; do mkdir d && cd d || exit 0; i=$((i+1)); done; echo x > f";
  await using p = await project([write("a.txt"), shell(deep), done("ok")], {
    tasks: { a: { files: { touch: ["a.txt", "d/"] } }, b: {} },
  });
  await onlyOneUnitFails(p);
});

test.concurrent("B17 a cache that is removed during the run costs attempts, not the run", async () => {
  await using p = await project([
    write("a.txt"),
    shell(
      'W="$PWD"; while [ "$(basename "$W")" != dgov ] && [ "$W" != / ]; do W=$(dirname "$W"); done; cd /; [ "$W" = / ] || rm -rf "$W"',
    ),
    done("ok"),
  ]);
  const run = await p.dgov(["run", "p"]);
  expect(run.exitCode <= 1).toBe(true);
  if (run.exitCode === 1) expect((await p.dgov(["run", "p", "--continue"])).exitCode).toBe(0);
  expect((await p.landed()).sort()).toEqual([unit("a"), unit("b")]);
});

test("B17 an attempt that recovery cannot keep stops neither recovery nor the next run", async () => {
  let crashed = false;
  let kill = (): void => {};
  const crash = (): ModelTurn => {
    kill();
    return done("ok");
  };
  const replace = shell('W="$PWD"; cd ..; rm -rf "$W"; echo x > "$W"');
  await using p = await testProject({
    tasks: { a: {}, b: { depends_on: ["a"] } },
    script: {
      rules: [
        { unit: unit("a"), when: () => !crashed, turns: [write("a.txt"), replace, crash] },
        { unit: unit("a"), turns: [write("a.txt"), done("ok")] },
        { unit: unit("b"), turns: [write("b.txt"), done("ok")] },
      ],
    },
  });

  const child = p.spawn(["run", "p"]);
  kill = () => child.kill("SIGKILL");
  await child.exited;
  crashed = true;
  const next = await p.dgov(["run", "p", "--continue"]);
  expect({ code: next.exitCode, text: next.stderr }).toMatchObject({ code: 0 });
  expect((await p.landed()).sort()).toEqual([unit("a"), unit("b")]);
  const warnings = p.telemetry().filter(({ type }) => type === "warning");
  expect(warnings.map(({ data }) => String(data["text"])).join("\n")).toContain("recovery left");
});
