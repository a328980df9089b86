/** Forks: new conversations that continue an exhausted one with a summary of its work. */
import { expect, test } from "bun:test";
import { call, contentText, done, type ModelTurn } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";

/** First user message of a fork. */
function message(p: TestProject, fork: number): string {
  const request = p.model.requests.find(({ conversation: c }) => c.fork === fork);
  return contentText(request?.conversation.messages.find((m) => m.role === "user")?.content);
}

/** Forks in the order they started. */
function forks(p: TestProject): number[] {
  return p.model.requests.flatMap(({ conversation: { fork, turn } }) => (turn === 1 ? [fork] : []));
}

function write(path: string, content: string): ModelTurn {
  return call("write_file", { path, content });
}

test.concurrent("E13 a fork starts a clean conversation with the task, a summary, and every kind of change", async () => {
  await using p = await testProject({
    files: { "gone.txt": "gone\n", "old.txt": "moved\n" },
    tasks: {
      a: {
        iteration_budget: 3,
        files: ["**", ".config/**"],
        prompt: "Orient\nMake a.\nEdit\nVerify",
      },
    },
    script: {
      rules: [
        {
          unit: unit("a"),
          fork: 0,
          turns: [
            {
              text: "First I clear away what is old.",
              calls: [
                { tool: "write_file", args: { path: "new.txt", content: "new\n" } },
                { tool: "write_file", args: { path: ".config/dot.txt", content: "dotted\n" } },
                { tool: "delete_file", args: { path: "gone.txt" } },
                { tool: "move_file", args: { from: "old.txt", to: "moved.txt" } },
              ],
            },
            call("read_file", { path: "nowhere.txt" }),
            write("half.txt", "half\n"),
          ],
        },
        {
          unit: unit("a"),
          fork: 1,
          turns: [
            call("edit_file", { path: "half.txt", old_text: "half", new_text: "whole" }),
            done("ok"),
          ],
        },
      ],
    },
  });
  const run = await p.dgov(["run", "p", "--json"]);
  expect([run.exitCode, p.repo.read("half.txt"), p.repo.read("new.txt")]).toEqual([
    0,
    "whole\n",
    "new\n",
  ]);
  expect(forks(p)).toEqual([0, 1]);
  const prompt = message(p, 1);
  expect(prompt).toContain("Orient\nMake a.\nEdit\nVerify");
  const [, summary = "", diff = ""] = prompt.split(/<<<BEGIN (?:what it did|its changes)>>>\n/);
  expect(summary.split("\n<<<END")[0]).toBe(
    [
      "3 turns, 6 tool calls:",
      "- write_file new.txt: ok",
      "- write_file .config/dot.txt: ok",
      "- delete_file gone.txt: ok",
      "- move_file old.txt moved.txt: ok",
      "- read_file nowhere.txt: not_found",
      "- write_file half.txt: ok",
      "",
      "Last message: First I clear away what is old.",
    ].join("\n"),
  );
  const heads = [...diff.matchAll(/^diff --git a\/(\S+) b\/\S+\n(\w+)/gm)];
  expect(heads.map(([, path, what]) => [path, what])).toEqual([
    [".config/dot.txt", "new"],
    ["gone.txt", "deleted"],
    ["half.txt", "new"],
    ["moved.txt", "new"],
    ["new.txt", "new"],
    ["old.txt", "deleted"],
  ]);
  // The messages are those of a new conversation.
  const first = p.model.requests.find(({ conversation: c }) => c.fork === 1);
  expect(first?.conversation.messages.map(({ role }) => role)).toEqual(["system", "user"]);
});

test.concurrent("D11 forks stop at max_fork_depth, and the totals include the tokens of all forks", async () => {
  const usage = { prompt: 1000, cached: 0, completion: 10 };
  let wrote = 0;
  await using p = await testProject({
    tasks: { a: { iteration_budget: 2, max_fork_depth: 2 } },
    plan: { max_retries: 0 },
    script: {
      rules: [
        {
          unit: unit("a"),
          turns: [() => ({ ...write("a.txt", `${wrote++}\n`), usage })],
        },
      ],
    },
  });
  const run = await p.dgov(["run", "p", "--json"]);
  expect([run.exitCode, await p.landed()]).toEqual([1, []]);
  expect(forks(p)).toEqual([0, 1, 2]);
  const exits = p.events().filter((e) => e.type === "worker.exited");
  expect(exits.map(({ data }) => [data["fork"], data["outcome"]])).toEqual([
    [0, "exhausted"],
    [1, "exhausted"],
    [2, "exhausted"],
  ]);
  // The summary covers all earlier forks.
  expect(message(p, 2)).toContain("4 turns, 4 tool calls:");
  expect(JSON.parse(run.stdout)).toMatchObject({ prompt_tokens: 6000, completion_tokens: 60 });
});

test.concurrent("max_fork_depth = 0 starts no fork", async () => {
  await using p = await testProject({
    tasks: { a: { iteration_budget: 1, max_fork_depth: 0 } },
    plan: { max_retries: 0 },
    script: { rules: [{ unit: unit("a"), turns: [write("a.txt", "a\n")] }] },
  });
  expect((await p.dgov(["run", "p", "--json"])).exitCode).toBe(1);
  expect(forks(p)).toEqual([0]);
});

test.concurrent("C3 changes of every fork are scope-checked at the end", async () => {
  await using p = await testProject({
    tasks: { a: { iteration_budget: 2 } },
    script: {
      rules: [
        {
          unit: unit("a"),
          fork: 0,
          turns: [call("run_bash", { command: "echo sly > other.txt" }), call("list_dir", {})],
        },
        { unit: unit("a"), fork: 1, turns: [write("a.txt", "a\n"), done("ok")] },
      ],
    },
  });
  const run = await p.dgov(["run", "p", "--json"]);
  expect([run.exitCode, await p.landed()]).toEqual([1, []]);
  const { verdict } = p.events().find((e) => e.type === "attempt.rejected")?.data ?? {};
  expect(verdict).toBe("scope_violation");
  expect(message(p, 1)).toContain("+++ b/other.txt");
});

test.concurrent("a researcher's fork gets the list of files read, and no diff", async () => {
  await using p = await testProject({
    tasks: { r: { role: "researcher", iteration_budget: 2 } },
    script: {
      rules: [
        {
          unit: unit("r"),
          fork: 0,
          turns: [call("read_file", { path: "readme.txt" }), call("list_dir", {})],
        },
        { unit: unit("r"), fork: 1, turns: [done("read", { result: { answer: "hello" } })] },
      ],
    },
  });
  expect((await p.dgov(["run", "p", "--json"])).exitCode).toBe(0);
  expect(message(p, 1)).toContain("- read_file readme.txt: ok");
  expect(message(p, 1)).not.toContain("changed no files");
});
