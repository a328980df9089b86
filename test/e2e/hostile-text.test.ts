/** Control characters in a model's texts and files: they are printed as text and never control the terminal. */
import { describe, expect, test } from "bun:test";
import { call, done } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";
import { dgovOnTerminal, terminalProgram } from "../harness/terminal.ts";

/** A title, a cleared screen, C1, bidirectional text, and an unterminated sequence. */
const hostile = "\u001b]0;owned\u0007\u001b[2J\u009b1A\u202e\rHID \u001b]0;never ends";

/** Characters that control a terminal or reorder text, except newline and tab. */
const steering = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

function hostileProject(): Promise<TestProject> {
  const write = call("write_file", { path: "a.txt", content: `${hostile}\n` });
  return testProject({
    files: {
      "check.sh": "#!/bin/sh\n[ ! -e a.txt ] || { cat a.txt; echo the last word; exit 3; }\n",
    },
    tasks: { a: {} },
    plan: { max_retries: 0 },
    config: { project: { test_cmd: "sh check.sh" } },
    script: {
      rules: [
        {
          unit: unit("a"),
          turns: [
            { ...write, text: `thinking ${hostile}` },
            call(`no\u001b[2Jtool`, { path: hostile }),
            call("read_file", { path: `${hostile}.txt` }),
            done(`finished ${hostile}`),
          ],
        },
      ],
    },
  });
}

describe("hostile texts", () => {
  test.concurrent("control characters of a model reach no output, in text or JSON", async () => {
    await using p = await hostileProject();
    const run = await p.dgov(["run", "p", "--stream"]);
    expect(run.exitCode).toBe(1);
    // Text after the unterminated sequence is still printed.
    expect(run.stderr).toContain("the last word");
    const commands = [
      ["status"],
      ["watch", "--once"],
      ["explain", "a"],
      ["plan", "review", "p"],
      ["plan", "review", "p", "--events", "a"],
      ["runs", "show", p.events()[0]?.run ?? ""],
      ["tools", "audit"],
      ["diagnose"],
    ];
    const shown = [run.stdout, run.stderr];
    for (const command of commands) {
      for (const words of [command, [...command, "--json"]]) {
        const { stdout, stderr } = await p.dgov(words);
        if (words.includes("--json")) JSON.parse(stdout);
        shown.push(stdout, stderr);
      }
    }
    const ndjson = await p.dgov(["watch", "--once", "--ndjson"]);
    for (const line of ndjson.stdout.trimEnd().split("\n")) JSON.parse(line);
    shown.push(ndjson.stdout);
    for (const text of shown) expect(text).not.toMatch(steering);
    const review = await p.dgov(["plan", "review", "p"]);
    expect(review.stdout).toContain("the last word");
  });

  test.concurrent("a diff written to a pipe is unchanged, and the JSON document contains it", async () => {
    await using p = await hostileProject();
    await p.dgov(["run", "p"]);
    const { stdout } = await p.dgov(["plan", "review", "p", "--diff", "a"]);
    expect(stdout).toContain(`+${hostile}\n`);
    const json = await p.dgov(["plan", "review", "p", "--diff", "a", "--json"]);
    expect(JSON.parse(json.stdout).patch).toBe(stdout);
    expect(json.stdout).not.toMatch(steering);
  });

  test.concurrent.skipIf(terminalProgram === null)(
    "control characters are escaped in the live view and in a diff at a terminal",
    async () => {
      await using p = await hostileProject();
      const at = { cwd: p.root, env: p.env, steps: [] };
      const live = await dgovOnTerminal(["run", "p", "--stream"], at);
      const patch = await dgovOnTerminal(["plan", "review", "p", "--diff", "a"], at);
      for (const { stdout } of [live, patch]) {
        expect(stdout).toContain("\\u{1b}]0;owned");
        // The live view's own sequences move up and clear below; all others are errors.
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are searched for
        const own = /\u001b\[(\d+A|0J|[0-9;]*m)|\r\n/g;
        expect(stdout.replace(own, "\n")).not.toMatch(steering);
      }
      expect(live.stdout).toContain("the last word");
    },
  );

  test.concurrent("an error that quotes a file of the repository escapes control characters", async () => {
    await using p = await testProject({
      files: {},
      tasks: { a: {} },
      config: { "tab\u001b]0;owned\u0007le": { "ke\u009by": "x" } },
      script: { rules: [] },
    });
    for (const words of [["doctor"], ["validate", "p"], ["validate", "p", "--json"]]) {
      const { stdout, stderr } = await p.dgov(words);
      expect(stdout + stderr).toContain("owned");
      expect(stdout + stderr).not.toMatch(steering);
    }
  });
});
