/** Workers that reach into the operator's checkout and repository, in real runs. */
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done, type ModelTurn } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";

const write = (path: string, content = "x\n") => call("write_file", { path, content });

/** A project with a good unit `b`, and a unit `a` whose worker runs this shell text with `$REPO`. */
async function hostile(
  shell: string,
  more: Partial<Parameters<typeof testProject>[0]> = {},
): Promise<TestProject> {
  const turns: ModelTurn[] = [
    call("run_bash", { command: `REPO=$(cat "$HOME/place"); ${shell}` }),
    write("a.txt"),
    done("ok"),
  ];
  const p = await testProject({
    tasks: { a: {}, b: { depends_on: ["a"] } },
    plan: { max_retries: 0 },
    script: {
      rules: [
        { unit: unit("a"), turns },
        { unit: unit("b"), turns: [write("b.txt"), done("ok")] },
      ],
    },
    ...more,
  });
  mkdirSync(p.repo.env["HOME"] ?? "", { recursive: true });
  writeFileSync(join(p.repo.env["HOME"] ?? "", "place"), p.repo.path);
  return p;
}

const commit = "git -c user.name=W -c user.email=w@x commit -q -m 'worker was here'";

test.each([
  ["the target", `cd "$REPO" && echo w > w.txt && git add w.txt && ${commit}`, "refs/heads/main"],
  [
    "another branch",
    `cd "$REPO" && git branch side $(git -c user.name=W -c user.email=w@x commit-tree -m 'worker was here' -p HEAD HEAD^{tree})`,
    "refs/heads/side",
  ],
  [
    "a tag",
    `git -C "$REPO" tag v9 $(git -C "$REPO" -c user.name=W -c user.email=w@x commit-tree -m 'worker was here' 'HEAD^{tree}')`,
    "refs/tags/v9",
  ],
  [
    "the target, for a moment,",
    `cd "$REPO" && echo w > w.txt && git add w.txt && ${commit} && git reset -q --hard HEAD~1`,
    "refs/heads/main (moved since)",
  ],
])(
  "C19 a commit of a worker on %s of the operator is listed in summary, review and JSON",
  async (_name, shell, ref) => {
    await using p = await hostile(shell);
    const run = await p.dgov(["run", "p", "--json"]);
    expect(run.exitCode).toBe(0);
    const listed = { ref, subject: "worker was here", author: "W <w@x>", made_from: null };
    expect(JSON.parse(run.stdout).foreign_commits).toEqual([expect.objectContaining(listed)]);
    const review = await p.dgov(["plan", "review", "p", "--json"]);
    expect(JSON.parse(review.stdout).foreign_commits).toMatchObject([listed]);
    const text = (await p.dgov(["plan", "review", "p"])).stdout;
    expect(text).toContain("1 foreign commit, not landed by dgov:");
    expect(text).toContain(`on ${ref}: worker was here (W <w@x>)`);
    expect(await p.landed()).toEqual([unit("a"), unit("b")]);
  },
);

test("C19 a commit on an attempt's work is tampering: nothing lands after it", async () => {
  // The kept work of `a` exists when `b` runs.
  const forge = [
    'REPO=$(cat "$HOME/place")',
    "KEPT=$(git -C $REPO for-each-ref --format='%(objectname)' refs/dgov/keep | head -1)",
    `git -C $REPO update-ref refs/heads/side $(git -C $REPO -c user.name=W -c user.email=w@x commit-tree -m forged -p $KEPT $KEPT^{tree})`,
  ].join("; ");
  await using p = await hostile("true", {
    tasks: { a: {}, b: {} },
    config: { project: { test_cmd: "! test -e a.txt" }, run: { jobs: 1 } },
    script: {
      rules: [
        { unit: unit("a"), turns: [write("a.txt"), done("ok")] },
        {
          unit: unit("b"),
          turns: [call("run_bash", { command: forge }), write("b.txt"), done("ok")],
        },
      ],
    },
  });
  const run = await p.dgov(["run", "p", "--json"]);
  expect(run.exitCode).toBe(4);
  const document = JSON.parse(run.stdout);
  const ref = "refs/heads/side";
  expect(document.foreign_commits).toMatchObject([
    { ref, subject: "forged", made_from: expect.stringContaining("refs/dgov/keep/") },
    { ref, subject: "Kept work of tasks/main.a, attempt 1" },
  ]);
  expect(document.repository_changed).toContain("refs/heads/side: +");
  expect(await p.landed()).toEqual([]);
});

test("C19 the operator's own commits during a run are listed and land beside the units", async () => {
  await using p = await hostile(`cd "$REPO" && echo o > o.txt && git add o.txt && ${commit}`);
  const run = await p.dgov(["run", "p"]);
  expect(run.exitCode).toBe(0);
  expect(run.stdout).toContain("1 foreign commit, not landed by dgov:");
  expect(await p.repo.git("log", "--format=%s", "main")).toContain("worker was here");
});

test("C19 with restrict_run_bash a command of a worker that enters the operator's repository is refused", async () => {
  await using p = await hostile('git -C "$HOME/../repo" branch side', {
    config: { tool_policy: { restrict_run_bash: true } },
  });
  expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
  expect(await p.repo.git("branch", "--list", "side")).toBe("");
  const results = p.telemetry().filter(({ type, data }) => {
    return type === "result" && data["tool"] === "run_bash";
  });
  expect(results.map(({ data }) => data["text"])).toEqual([expect.stringContaining(p.repo.path)]);
});

test("C19 no identity variable reaches a worker's tools or a gate, not even a configured one", async () => {
  const report = 'env | grep -E "^GIT_(AUTHOR|COMMITTER)|^EMAIL=" >> "$HOME/seen"; true';
  const names = ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_AUTHOR_DATE"];
  await using p = await hostile(report, {
    config: { project: { test_cmd: report, setup_cmd: report }, run: { env: names } },
  });
  expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
  expect(p.repo.read("../home/seen")).toBe("");
});

test("C18 a worker that changes the operator's dependencies stops landings with a message", async () => {
  await using p = await hostile('echo evil > "$REPO/node_modules/dep/index.js"', {
    files: { ".gitignore": "node_modules/\n" },
    tasks: { a: {}, b: {} },
    config: { project: { test_cmd: "test -f node_modules/dep/index.js" }, run: { jobs: 1 } },
  });
  mkdirSync(join(p.repo.path, "node_modules/dep"), { recursive: true });
  writeFileSync(join(p.repo.path, "node_modules/dep/index.js"), "fine\n");
  const run = await p.dgov(["run", "p", "--json"]);
  expect(run.exitCode).toBe(4);
  expect(JSON.parse(run.stdout).repository_changed).toContain(
    "node_modules/dep/index.js: changed in the operator's checkout",
  );
  expect(await p.landed()).not.toContain(unit("b"));
});

test("C18 a worker that installs into the environment on PATH stops landings with a message", async () => {
  await using p = await hostile('echo x > "$(dirname "$REPO")/venv/new.py"', {
    tasks: { a: {}, b: {} },
    config: { project: { test_cmd: "true" }, run: { jobs: 1 } },
  });
  const environment = join(p.repo.root, "venv");
  mkdirSync(join(environment, "bin"), { recursive: true });
  writeFileSync(join(environment, "pyvenv.cfg"), "");
  const PATH = `${environment}/bin:${p.repo.env["PATH"]}`;
  const run = await p.dgov(["run", "p", "--json"], { PATH });
  expect(run.exitCode).toBe(4);
  expect(JSON.parse(run.stdout).repository_changed).toContain(
    `venv/new.py: changed in the environment ${environment}`,
  );
  expect(await p.landed()).toEqual([]);
});

/** Shell texts that put links to the operator's checkout in place of dgov's folders; `$TOP` is the attempt's folder. */
const links = {
  worktree: 'cd "$TOP" && mv tree tree.away && ln -s "$REPO" tree',
  "run folder": 'cd "$TOP/../.." && R=$(ls) && mv "$R" "$R.away" && ln -s "$REPO" "$R"',
  scratch: 'cd "$TOP/.." && rm -rf scratch && ln -s "$REPO" scratch',
  slots: 'cd "$TOP/../../.." && rm -rf slots && ln -s "$REPO" slots',
  "gate tree":
    'cd "$TOP/../../../slots" && for s in *; do rm -rf $s/tree; ln -s "$REPO" $s/tree; done',
};

test.each(Object.entries(links))(
  "C21 a worker that links the %s to the operator's checkout changes nothing there",
  async (name, shell) => {
    await using p = await hostile(`TOP=$(dirname "$PWD"); ${shell}`, {
      tasks: { a: {}, b: {} },
      config: { project: { test_cmd: "test -f readme.txt" }, run: { jobs: 1 } },
    });
    mkdirSync(join(p.repo.path, "tree"));
    writeFileSync(join(p.repo.path, ".git/info/exclude"), "/tree/\n");
    writeFileSync(join(p.repo.path, "tree/precious"), "mine\n");
    const run = await p.dgov(["run", "p"]);
    expect(await p.repo.git("status", "--porcelain", "--", ":!.dgov")).toBe("");
    expect(p.repo.read("tree/precious")).toBe("mine\n");
    if (name === "gate tree") {
      expect((await p.landed()).sort()).toEqual([unit("a"), unit("b")]);
    } else {
      expect(run.exitCode).not.toBe(0);
      expect(run.stdout + run.stderr).toContain("was replaced by a link");
    }
  },
);

test.each([
  [
    "a line of a unit that never ran",
    `echo '{"plan":"q","unit":"tasks/main.a","sha":"'$(git -C "$REPO" rev-parse HEAD)'"}' >> "$REPO/.dgov/plans/deployed.jsonl"`,
  ],
  [
    "a link to a file elsewhere",
    `echo out > "$HOME/out"; rm -f "$REPO/.dgov/plans/deployed.jsonl"; ln -s "$HOME/out" "$REPO/.dgov/plans/deployed.jsonl"`,
  ],
  [
    "an empty folder",
    `rm -f "$REPO/.dgov/plans/deployed.jsonl"; mkdir "$REPO/.dgov/plans/deployed.jsonl"`,
  ],
])(
  "C19 a worker that writes %s into the history of landings changes nothing",
  async (_name, shell) => {
    await using p = await hostile(shell);
    const run = await p.dgov(["run", "p", "--json"]);
    expect(run.exitCode).toBe(0);
    expect(run.stdout).toContain("it was put back");
    const lines = (await p.repo.git("show", "main:.dgov/plans/deployed.jsonl")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).unit)).toEqual([unit("a"), unit("b")]);
    expect(await p.repo.git("ls-tree", "main", ".dgov/plans/deployed.jsonl")).toStartWith("100644");
    expect(p.repo.read(".dgov/plans/deployed.jsonl").trim().split("\n")).toEqual(lines);
    const out = join(p.repo.env["HOME"] ?? "", "out");
    if (existsSync(out)) expect(readFileSync(out, "utf8")).toBe("out\n");
  },
);

test.each([
  [
    "beside other archived plans",
    'mkdir -p "$REPO/.dgov/plans/archive/evil" && echo x > "$REPO/.dgov/plans/archive/evil/evil.sh"',
    true,
  ],
  ["in the folder of the plan", 'echo x > "$REPO/.dgov/plans/p/evil.sh"', false],
  ["as a link in the folder of the plan", 'ln -s /etc/passwd "$REPO/.dgov/plans/p/link"', false],
])("C19 a file that a worker leaves %s is not committed", async (_name, shell, archives) => {
  await using p = await hostile(shell);
  const run = await p.dgov(["run", "p", "--json"]);
  expect(run.exitCode).toBe(0);
  expect(await p.landed()).toEqual([unit("a"), unit("b")]);
  const files = await p.repo.git("ls-tree", "-r", "--name-only", "main", ".dgov/plans");
  expect(files).not.toMatch(/evil|link/);
  expect(files.includes("archive/p/")).toBe(archives);
  expect(run.stdout.includes("was changed during the run")).toBe(!archives);
});

const foreignLine = '{"plan":"q","unit":"u","sha":"0","ts":""}';
const commitHistory = `echo '${foreignLine}' >> .dgov/plans/deployed.jsonl && git add -f .dgov/plans/deployed.jsonl && ${commit}`;

test("C19 a history that a commit on the target changes during a run stays as committed", async () => {
  await using p = await hostile(`cd "$REPO" && ${commitHistory}`);
  const run = await p.dgov(["run", "p", "--json"]);
  expect(run.exitCode).toBe(0);
  expect(run.stdout).not.toContain("it was put back");
  const lines = (await p.repo.git("show", "main:.dgov/plans/deployed.jsonl")).trim().split("\n");
  expect(lines[0]).toBe(foreignLine);
  expect(lines.slice(1).map((line) => JSON.parse(line).unit)).toEqual([unit("a"), unit("b")]);
});

test("C19 the history of a branch that is checked out during a run is left alone", async () => {
  await using p = await hostile(`cd "$REPO" && git checkout -q -b other && ${commitHistory}`);
  const run = await p.dgov(["run", "p", "--json"]);
  expect(run.stdout).not.toContain("it was put back");
  expect(await p.repo.git("branch", "--show-current")).toBe("other");
  expect(p.repo.read(".dgov/plans/deployed.jsonl")).toBe(`${foreignLine}\n`);
  expect(await p.repo.git("status", "--porcelain")).toBe("");
});
