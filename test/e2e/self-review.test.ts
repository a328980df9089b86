/** self_review: a reviewer with a clean conversation judges the diff before settlement. */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { call, contentText, done, type ModelScript } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";

const yes = done("fine", { result: { approved: true, issues: [] } });
const no = done("read it", {
  result: { approved: false, issues: [{ file: "a.txt", line: 1, text: "the name is wrong" }] },
});

/** Role and attempt of each conversation, in order. */
function conversations(p: TestProject): string[] {
  return p.model.requests.flatMap(({ conversation: { role, attempt, turn } }) =>
    turn === 1 ? [`${role} ${attempt}`] : [],
  );
}

/** First user message of a conversation. */
function message(p: TestProject, role: string, attempt: number): string {
  const request = p.model.requests.find(
    ({ conversation: c }) => c.role === role && c.attempt === attempt,
  );
  return contentText(request?.conversation.messages.find((m) => m.role === "user")?.content);
}

function write(content: string): ModelScript["rules"][number]["turns"] {
  return [call("write_file", { path: "a.txt", content }), done("ok")];
}

test.concurrent.each([
  ["approves lets the change land", { approved: true, issues: [] }, 0, ""],
  [
    "rejects fails the attempt with its reason",
    { approved: false, issues: ["the name is wrong"] },
    1,
    "the reviewer did not approve: the name is wrong",
  ],
  [
    "gives no readable verdict fails the attempt",
    { verdict: "looks fine to me" },
    1,
    "the reviewer did not approve: the reviewer's verdict could not be read",
  ],
])("A16 a self-reviewer that %s", async (_name, result, exitCode, reason) => {
  await using p = await testProject({
    tasks: { a: { self_review: true } },
    plan: { max_retries: 0 },
    script: {
      rules: [
        { unit: unit("a"), role: "reviewer", turns: [done("read it", { result })] },
        { unit: unit("a"), turns: write("a\n") },
      ],
    },
  });
  const run = await p.dgov(["run", "p", "--json"]);
  expect([run.exitCode, await p.landed()]).toEqual([exitCode, exitCode === 0 ? [unit("a")] : []]);
  expect(message(p, "reviewer", 1)).toContain("+a");
  const rejected = p.events().find((e) => e.type === "attempt.rejected")?.data;
  expect([rejected?.["verdict"], rejected?.["reason"]]).toEqual(
    exitCode === 0 ? [undefined, undefined] : ["self_review", reason],
  );
});

test.concurrent.each([
  ["quotes an approval", 'I refuse. A sloppy reviewer would say {"approved": true}.'],
  ["reports the diff's", 'The diff told me to answer {"approved": true, "issues": []}'],
])("A26 a self-reviewer whose text %s does not approve", async (_name, text) => {
  await using p = await testProject({
    tasks: { a: { self_review: true } },
    plan: { max_retries: 0 },
    script: {
      rules: [
        { unit: unit("a"), role: "reviewer", turns: [{ text }] },
        { unit: unit("a"), turns: write("a\n") },
      ],
    },
  });
  const run = await p.dgov(["run", "p", "--json"]);
  expect([run.exitCode, await p.landed()]).toEqual([1, []]);
  const rejected = p.events().find((e) => e.type === "attempt.rejected")?.data;
  expect(rejected?.["verdict"]).toBe("self_review");
});

test.concurrent.each([
  ["that fails twice", 500, ["reviewer 1", "reviewer 1"]],
  ["that the provider refuses", 401, ["reviewer 1"]],
])("A16 a self-reviewer %s counts as a rejection", async (_, status, asked) => {
  const gone = { text: "", fault: { kind: "status" as const, status } };
  await using p = await testProject({
    tasks: { a: { self_review: true } },
    plan: { max_retries: 0 },
    config: { providers: { test: { retries: 0 } } },
    script: {
      rules: [
        { unit: unit("a"), role: "reviewer", turns: [gone] },
        { unit: unit("a"), turns: write("a\n") },
      ],
    },
  });
  const run = await p.dgov(["run", "p", "--json"]);
  expect([run.exitCode, await p.landed()]).toEqual([1, []]);
  expect(conversations(p)).toEqual(["worker 1", ...asked]);
  const { reason } = p.events().find((e) => e.type === "attempt.rejected")?.data ?? {};
  expect(reason).toStartWith("no verdict on the change: ");
});

test.concurrent("A16 E1 issues of a self-review go to one retry with the work, and its change is reviewed again", async () => {
  await using p = await testProject({
    tasks: { a: { self_review: true } },
    plan: { max_retries: 1 },
    script: {
      rules: [
        { unit: unit("a"), role: "reviewer", attempt: 1, turns: [no] },
        { unit: unit("a"), role: "reviewer", attempt: 2, turns: [yes] },
        { unit: unit("a"), attempt: 1, turns: write("wrong\n") },
        {
          unit: unit("a"),
          attempt: 2,
          turns: [
            call("edit_file", { path: "a.txt", old_text: "wrong", new_text: "right" }),
            done("fixed"),
          ],
        },
      ],
    },
  });
  const run = await p.dgov(["run", "p", "--json"]);
  expect([run.exitCode, p.repo.read("a.txt")]).toEqual([0, "right\n"]);
  expect(conversations(p)).toEqual(["worker 1", "reviewer 1", "worker 2", "reviewer 2"]);
  expect(message(p, "worker", 2)).toContain("- a.txt:1: the name is wrong");
  expect(message(p, "reviewer", 2)).toContain("+right");
  // The second reviewer sees neither the first verdict nor the worker's own texts.
  expect(message(p, "reviewer", 2)).not.toMatch(/name is wrong|fixed/);
});

test.concurrent("C3 changes after a self-review are scope-checked", async () => {
  await using p = await testProject({
    tasks: { a: { self_review: true } },
    plan: { max_retries: 2 },
    script: {
      rules: [
        { unit: unit("a"), role: "reviewer", attempt: 1, turns: [no] },
        { unit: unit("a"), role: "reviewer", attempt: 2, turns: [yes] },
        { unit: unit("a"), attempt: 1, turns: write("a\n") },
        {
          unit: unit("a"),
          attempt: 2,
          turns: [call("run_bash", { command: "echo sly > other.txt" }), done("fixed")],
        },
      ],
    },
  });
  const run = await p.dgov(["run", "p", "--json"]);
  expect([run.exitCode, await p.landed()]).toEqual([1, []]);
  const verdicts = p.events().filter((e) => e.type === "attempt.rejected");
  expect(verdicts.map(({ data }) => data["verdict"])).toEqual(["self_review", "scope_violation"]);
});

test.concurrent("E13 a self-reviewer sees new, deleted, renamed, dot and untracked binary files", async () => {
  await using p = await testProject({
    files: { "gone.txt": "gone\n", "old.txt": "moved\n", "kept.txt": "kept\n" },
    tasks: { a: { self_review: true, files: ["**", ".config/**"] } },
    script: {
      rules: [
        { unit: unit("a"), role: "reviewer", turns: [yes] },
        {
          unit: unit("a"),
          turns: [
            {
              calls: [
                { tool: "write_file", args: { path: "new.txt", content: "new\n" } },
                { tool: "write_file", args: { path: ".config/dot.txt", content: "dotted\n" } },
                { tool: "delete_file", args: { path: "gone.txt" } },
                { tool: "move_file", args: { from: "old.txt", to: "moved.txt" } },
                { tool: "run_bash", args: { command: "printf 'a\\000b' > data.bin" } },
              ],
            },
            done("ok"),
          ],
        },
      ],
    },
  });
  expect((await p.dgov(["run", "p", "--json"])).exitCode).toBe(0);
  const [, diff = ""] = message(p, "reviewer", 1).split("<<<BEGIN the change>>>");
  const heads = [...diff.matchAll(/^diff --git a\/(\S+) b\/\S+\n(\w+)/gm)];
  expect(heads.map(([, path, what]) => [path, what])).toEqual([
    [".config/dot.txt", "new"],
    ["data.bin", "new"],
    ["gone.txt", "deleted"],
    ["moved.txt", "new"],
    ["new.txt", "new"],
    ["old.txt", "deleted"],
  ]);
  expect(diff).toContain("+dotted");
});

test.concurrent("C5 commands that a worker configured in its git do not run for the self-reviewer", async () => {
  await using p = await testProject({
    tasks: { a: { self_review: true } },
    script: {
      rules: [
        {
          unit: unit("a"),
          role: "reviewer",
          turns: [call("git_diff", {}), call("grep", { pattern: "a" }), yes],
        },
        {
          unit: unit("a"),
          turns: [
            call("write_file", { path: "a.txt", content: "a\n" }),
            () => {
              const mark = join(p.repo.path, "..", "ran");
              const dir = "$(git rev-parse --absolute-git-dir)";
              const command = [
                `git config filter.x.clean 'touch ${mark}; cat'`,
                `git config core.fsmonitor 'touch ${mark}'`,
                `mkdir -p ${dir}/info`,
                `echo '*.txt filter=x' > ${dir}/info/attributes`,
              ].join(" && ");
              return call("run_bash", { command });
            },
            done("ok"),
          ],
        },
      ],
    },
  });
  const run = await p.dgov(["run", "p", "--json"]);
  const bash = p.telemetry().find((e) => e.type === "result" && e.data["tool"] === "run_bash");
  expect([run.exitCode, bash?.data["ok"]]).toEqual([0, true]);
  expect(existsSync(join(p.repo.path, "..", "ran"))).toBe(false);
});
