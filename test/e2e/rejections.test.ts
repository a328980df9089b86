/** Reasons of rejections in every output, and in the prompt of the retry. */
import { expect, test } from "bun:test";
import { call, contentText, done, type ModelTurn } from "../../src/demo/script.ts";
import { testProject, unit } from "../harness/project.ts";

const write = call("write_file", { path: "a.txt", content: "wrong\n" });

/** Name, turns of the first attempt, its verdict, and words of the reason. */
const rejections: [string, ModelTurn[], string, string[]][] = [
  [
    "a failing gate",
    [write, done("ok")],
    "gate_failed",
    ["tests", "sh check.sh", "exit code 3", "assertion of a failed: 17"],
  ],
  ["an empty diff", [done("all good")], "empty_diff", ["nothing"]],
  [
    "work reported incomplete",
    [done("ran out of ideas", { status: "incomplete" })],
    "incomplete",
    ["ran out of ideas"],
  ],
  [
    "a file outside the claims",
    [call("run_bash", { command: "echo x > outside.txt; echo a > a.txt" }), done("ok")],
    "scope_violation",
    ["outside.txt"],
  ],
];

test.concurrent.each(rejections)(
  "E1 the reason for %s is in run, watch, review, their JSON, and the retry",
  async (_, turns, verdict, words) => {
    await using p = await testProject({
      files: {
        "check.sh":
          "#!/bin/sh\n! grep -q wrong a.txt || { echo 'assertion of a failed: 17'; exit 3; }\n",
      },
      tasks: { a: {} },
      plan: { max_retries: 1 },
      config: { project: { test_cmd: "sh check.sh" } },
      script: {
        rules: [
          { unit: unit("a"), attempt: 1, turns },
          { unit: unit("a"), turns: [done("no way", { status: "blocked" })] },
        ],
      },
    });
    const run = await p.dgov(["run", "p", "--json"]);
    const [rejected] = p.events().filter((event) => event.type === "attempt.rejected");
    const reason = String(rejected?.data["reason"]);
    expect(rejected?.data["verdict"]).toBe(verdict);
    const json = async (...args: string[]): Promise<string> => {
      const { stdout } = await p.dgov([...args, "--json"]);
      return strings(JSON.parse(stdout));
    };
    const outputs = {
      run: run.stderr,
      "run --json": strings(JSON.parse(run.stdout)),
      watch: (await p.dgov(["watch", "--once"])).stdout,
      "watch --json": await json("watch", "--once"),
      review: (await p.dgov(["plan", "review", "p"])).stdout,
      "review --json": await json("plan", "review", "p"),
    };
    for (const [where, text] of Object.entries(outputs)) {
      const missing = [reason, ...words].filter((word) => !text.includes(word));
      expect([where, missing]).toEqual([where, []]);
    }
    // Some verdicts end the unit in this run; the next run retries it.
    const firstTurns = () => p.model.requests.filter(({ conversation }) => conversation.turn === 1);
    if (firstTurns().length === 1) await p.dgov(["run", "p", "--continue"]);
    const retry = (firstTurns()[1]?.conversation.messages ?? [])
      .map((message) => contentText(message.content))
      .join("\n");
    for (const word of words) expect(retry).toContain(word);
  },
);

/** Every string of a document, one per line. */
function strings(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return "";
  return Object.values(value).map(strings).join("\n");
}
