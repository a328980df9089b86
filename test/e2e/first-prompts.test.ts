/** Contents of the first prompt of each role. */
import { expect, test } from "bun:test";
import { call, done } from "../../src/demo/script.ts";
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
