/** Runs whose commands are confined by namespaces: gates, setup, hooks and the tools of workers. */
import { expect, test } from "bun:test";
import { call, done } from "../../src/demo/script.ts";
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
