/** self_review: a clean-context reviewer judges the diff before settlement, and is believed when it says no. */
import { expect, test } from "bun:test";
import { call, done } from "../../src/demo/script.ts";
import { testProject, unit } from "../harness/project.ts";

test.concurrent.each([
  ["approves", { approved: true, issues: [] }, 0],
  ["rejects", { approved: false, issues: ["the name is wrong"] }, 1],
  ["cannot be understood", "looks fine to me", 1],
])("A16 a self-reviewer that %s", async (_name, result, exitCode) => {
  await using p = await testProject({
    tasks: { a: { self_review: true } },
    plan: { max_retries: 0 },
    script: {
      rules: [
        { unit: unit("a"), role: "reviewer", turns: [done("read it", { result })] },
        {
          unit: unit("a"),
          turns: [call("write_file", { path: "a.txt", content: "a\n" }), done("ok")],
        },
      ],
    },
  });
  const run = await p.dgov(["run", "p", "--json"]);
  expect([run.exitCode, await p.landed()]).toEqual([exitCode, exitCode === 0 ? [unit("a")] : []]);
  const asked = p.model.requests.filter((r) => r.conversation.role === "reviewer");
  expect(JSON.stringify(asked[0]?.body)).toContain("+a");
  if (exitCode === 1)
    expect(p.events().find((e) => e.type === "attempt.rejected")?.data["verdict"]).toBe(
      "self_review",
    );
});
