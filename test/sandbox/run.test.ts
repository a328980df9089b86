/** Runs whose commands are confined by namespaces: gates, setup, hooks and the tools of workers. */
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { landlockAbi } from "../../src/process/landlock.ts";
import { type ProjectOptions, testProject, unit } from "../harness/project.ts";

/** True where bubblewrap is installed; the level is proved by the runs, which require it. */
const hasBubblewrap = Bun.which("bwrap") !== null;

/** A command that says in a few words how it sees the machine. */
const probe = [
  'echo "at $(pwd)"',
  'echo "commits $(git log --oneline | wc -l)"',
  'echo "changed $(git status --short | wc -l)"',
  "(: > /usr/x) 2>/dev/null && echo system",
  "(: > /dgov/x) 2>/dev/null && echo root",
  '(: > "$HOME/x") && echo "home $(ls "$HOME")"',
  'echo "interfaces $(grep -c : /proc/net/dev)"',
  'echo "temporary $TMPDIR"',
  '[ "$(ls /proc | grep -c "^[0-9]")" -lt 12 ] && echo processes',
].join("; ");

const seen = (interfaces: number): string[] => [
  "at /dgov/tree",
  "commits 1",
  "changed 0",
  "home x",
  `interfaces ${interfaces}`,
  "temporary /tmp",
  "processes",
];

/** The lines of a command's output that say what it saw. */
function linesOf(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => /^(at|commits|changed|system|root|home|interf|temp|proc)/.test(line));
}

const shell = (command: string) => call("run_bash", { command });

function project(more: Partial<ProjectOptions>): ReturnType<typeof testProject> {
  return testProject({
    tasks: { a: { files: { create: ["a.txt"] } } },
    script: {
      rules: [
        {
          unit: unit("a"),
          turns: [
            shell(`${probe}; echo kept > /tmp/kept`),
            shell("cat /tmp/kept"),
            call("read_file", { path: "/dgov/tree/readme.txt" }),
            call("write_file", { path: "/dgov/tree/a.txt", content: "a\n" }),
            done("ok"),
          ],
        },
      ],
    },
    ...more,
  });
}

test.skipIf(!hasBubblewrap)(
  "C23 every command of a run sees its tree at one path, and neither network nor system beside it",
  async () => {
    const inTree = '[ "$(pwd)" = /dgov/tree ]';
    await using p = await project({
      config: {
        project: {
          ...{ test_cmd: probe, setup_cmd: inTree, review_hooks: [inTree] },
        },
        sandbox: { mode: "require", setup_network: "none" },
      },
    });
    const run = await p.dgov(["run", "p"]);
    expect({ code: run.exitCode, text: run.stderr }).toMatchObject({ code: 0 });
    const results = p.telemetry().filter(({ type }) => type === "result");
    const texts = results.map(({ data }) => String(data["text"]));
    expect(linesOf(texts[0] ?? "")).toEqual(seen(1));
    expect(texts[1]).toStartWith("kept");
    expect(texts[2]).toContain("hello");
    expect(results.map(({ data }) => data["ok"])).toEqual([true, true, true, true, true]);
    const gate = p
      .events()
      .find(({ type, data }) => type === "gate.finished" && data["gate"] === "tests");
    const gateLines = linesOf(String(gate?.data["tail"]));
    expect(gateLines).toEqual(seen(1).map((line) => line.replace("/dgov/tree", ".")));
  },
);

/** A PATH with every program of the machine but bubblewrap. */
function withoutBubblewrap(folder: string): string {
  mkdirSync(folder);
  for (const from of ["/usr/bin", "/bin"]) {
    for (const name of readdirSync(from)) {
      const at = join(folder, name);
      if (name !== "bwrap" && !existsSync(at)) symlinkSync(join(from, name), at);
    }
  }
  const bun = Bun.which("bun");
  if (bun !== null && !existsSync(join(folder, "bun"))) symlinkSync(bun, join(folder, "bun"));
  return folder;
}

test("without bubblewrap a run and doctor name the level, the reason and the remedy", async () => {
  const inTree = 'pwd; cat "$HOME/secret" 2>&1; (: > "$HOME/written") 2>&1; true';
  await using p = await project({
    config: { project: { test_cmd: inTree }, sandbox: { mode: "auto" } },
    script: {
      rules: [
        {
          unit: unit("a"),
          turns: [shell(inTree), call("write_file", { path: "a.txt", content: "a\n" }), done("ok")],
        },
      ],
    },
  });
  const home = p.env["HOME"] ?? "";
  writeFileSync(join(home, "secret"), "SECRET\n");
  const PATH = withoutBubblewrap(join(p.repo.root, "programs"));
  const run = await p.dgov(["run", "p"], { PATH });
  expect({ code: run.exitCode, text: run.stderr }).toMatchObject({ code: 0 });
  const level = landlockAbi() >= 3 ? "landlock" : "off";
  expect(run.stderr).toContain(`sandbox: ${level}: no namespaces: bubblewrap is not installed`);
  const started = p.events().find(({ type }) => type === "run.started");
  expect(started?.data["sandbox"]).toMatchObject({ level, exceptions: [] });
  const [worker] = p.telemetry().filter(({ type }) => type === "result");
  const gate = p.events().find(({ data }) => data["gate"] === "tests" && "tail" in data);
  for (const output of [String(worker?.data["text"]), String(gate?.data["tail"])]) {
    expect(output.includes("SECRET")).toBe(level === "off");
  }
  expect(existsSync(join(home, "written"))).toBe(level === "off");
  const doctor = await p.dgov(["doctor", "--json"], { PATH });
  const row = JSON.parse(doctor.stdout).checks.find(
    (one: { check: string }) => one.check === "sandbox",
  );
  expect(row).toMatchObject({ state: "warn", next: "apt install bubblewrap" });
  expect(row.detail).toStartWith(`${level}: no namespaces: bubblewrap is not installed`);
  expect((await p.dgov(["plan", "review", "p"], { PATH })).stdout).toContain(`sandbox: ${level} (`);
});

test("without any level a run that requires a sandbox ends with exit code 4", async () => {
  await using p = await project({ config: { sandbox: { mode: "require" } } });
  const PATH = withoutBubblewrap(join(p.repo.root, "programs"));
  const run = await p.dgov(["run", "p"], { PATH, DGOV_SANDBOX_WITHOUT: "landlock" });
  expect(run.exitCode).toBe(4);
  expect(run.stderr).toContain('[sandbox] mode is "require" and there is no sandbox');
  expect(run.stderr).toContain("apt install bubblewrap");
  expect(p.events()).toEqual([]);
});

test.skipIf(!hasBubblewrap)(
  "C23 exceptions of the project are recorded, and shown in the review",
  async () => {
    await using p = await project({
      config: {
        project: { test_cmd: probe, lint_cmd: "pwd" },
        sandbox: { mode: "auto", network_gates: ["tests"], off_gates: ["lint"] },
      },
    });
    const run = await p.dgov(["run", "p"]);
    expect({ code: run.exitCode, text: run.stderr }).toMatchObject({ code: 0 });
    const tail = (name: string): string => {
      const of = ({ type, data }: { type: string; data: Record<string, unknown> }): boolean =>
        type === "gate.finished" && data["gate"] === name;
      return String(p.events().find(of)?.data["tail"]);
    };
    expect(tail("tests")).not.toContain("interfaces 1\n");
    expect(tail("lint").trim()).not.toBe("/dgov/tree");
    const exceptions = ["lint runs outside the sandbox", "tests uses the machine's network"];
    const started = p.events().find(({ type }) => type === "run.started");
    expect(started?.data["sandbox"]).toMatchObject({ level: "namespaces", exceptions });
    const review = await p.dgov(["plan", "review", "p"]);
    for (const text of exceptions) expect(review.stdout).toContain(text);
  },
);
