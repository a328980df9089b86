/** Contents of the first prompt of each role. */
import { expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { present } from "../../src/std/assert.ts";
import { testProject, unit } from "../harness/project.ts";

const approved = done("read it", { result: { approved: true, issues: [] } });

test.concurrent("E2 first prompts of every role have ledger entries, failures of the base, results and changes", async () => {
  await using p = await testProject({
    files: { "old.txt": "fault\n" },
    config: { project: { lint_cmd: "! grep -n fault *.txt" } },
    tasks: {
      r: { role: "researcher", files: { read: ["a.txt"] } },
      a: { depends_on: ["r"] },
      v: { role: "reviewer", depends_on: ["a"], files: { read: ["a.txt"] } },
    },
    script: {
      rules: [
        { unit: unit("r"), turns: [done("read", { result: { answer: "use blue" } })] },
        {
          unit: unit("a"),
          turns: [call("write_file", { path: "a.txt", content: "blue\n" }), done("ok")],
        },
        { unit: unit("v"), turns: [approved] },
      ],
    },
  });
  await p.dgov(["ledger", "add", "rule", "Say it kindly", "--path", "a.txt"]);
  await p.dgov(["ledger", "add", "rule", "Of no concern", "--path", "z.txt"]);
  const run = await p.dgov(["run", "p", "--note", "a", "Mind the gap"]);
  expect([run.exitCode, run.stderr]).toEqual([0, expect.any(String)]);
  const promptOf = (key: string): string => {
    const of = p.model.requests.find(({ conversation }) => conversation.unit === unit(key));
    expect(of?.conversation.attempt).toBe(1);
    return JSON.stringify(of?.body["messages"]);
  };
  for (const key of ["r", "a", "v"]) {
    expect(promptOf(key)).toContain("- rule (a.txt): Say it kindly");
    expect(promptOf(key)).not.toContain("Of no concern");
    expect(promptOf(key)).toContain("failing before your change, not charged");
    expect(promptOf(key)).toContain("1:fault");
  }
  expect(promptOf("a")).toContain("use blue");
  expect(promptOf("a")).toContain("Mind the gap");
  expect(promptOf("v")).toContain("change landed by tasks/main.a");
  expect(promptOf("v")).toContain("+blue");
});

test.concurrent("E2 compile --show prints what the endpoint receives first: messages, tools and model", async () => {
  await using p = await testProject({
    dir: "app",
    files: {
      "other/b.ts": "export const outside = 1;\n",
      "app/src/a.ts": "\uFEFFexport const first = 1;\nexport const second = 2;\n",
      "app/src/binary.ts": "export const hidden = 1;\n\0",
    },
    config: {
      project: { test_cmd: "true", src_dir: "src/" },
      conventions: { naming: "Short names" },
      verify: { all: { command: "true" } },
      agents: { small: "vendor/small-1" },
      tool_policy: { restrict_run_bash: true, deny_shell_commands: ["curl"] },
    },
    tasks: {
      a: { agent: "small", iteration_budget: 9, files: ["a.txt"] },
      r: { role: "researcher", files: { read: ["src"] } },
    },
    script: {
      rules: [
        { unit: unit("r"), turns: [done("read", { result: { answer: "x" } })] },
        { turns: [call("write_file", { path: "a.txt", content: "a\n" }), done("ok")] },
      ],
    },
  });
  symlinkSync("a.ts", join(p.root, "src/link.ts"));
  await p.repo.git("add", "-A");
  await p.repo.git("commit", "-q", "-m", "a link");
  // Files that are not committed are in no worktree.
  await p.dgov(["init-plan", "draft"]);
  await p.dgov(["ledger", "add", "rule", "Say it kindly", "--path", "a.txt"]);
  const show = async (key: string) => {
    const shown = await p.dgov(["compile", "p", "--show", key, "--json"]);
    return JSON.parse(shown.stdout).show as Record<string, unknown>;
  };
  const shown = { a: await show("a"), r: await show("r") };
  const text = (await p.dgov(["compile", "p", "--show", "a"])).stdout;
  const run = await p.dgov(["run", "p"]);
  expect([run.exitCode, run.stderr]).toEqual([0, expect.any(String)]);
  for (const key of ["a", "r"] as const) {
    const first = p.model.requests.find(({ conversation }) => conversation.unit === unit(key));
    const { model, messages, tools } = present(first, key).body;
    expect(shown[key]).toMatchObject({ model, messages, tools } as never);
  }
  const [system, user] = shown.a["messages"] as { content: string }[];
  expect(text).toContain(`--- system message ---\n${system?.content}\n`);
  expect(text).toContain(`--- user message ---\n${user?.content}\n`);
  expect(system?.content).toContain("src/a.ts: first, second\nsrc/binary.ts\nsrc/link.ts\n");
  const { sizes } = shown.a as { sizes: Record<string, number> };
  expect(sizes["system_message"]).toBe(Buffer.byteLength(system?.content ?? ""));
  expect(text).toContain(
    `in total: ${sizes["total"]} bytes, about ${sizes["estimated_tokens"]} tokens`,
  );
});
