/** The base of a run in the sandbox: a tree that an earlier run judged is not judged again. */
import { expect, test } from "bun:test";
import { call, done } from "../../src/demo/script.ts";
import { findLevel } from "../../src/sandbox/levels.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";

const { level } = await findLevel();

/** The gates that judged the base of each run, and the run whose verdicts were taken instead. */
function bases(p: TestProject): { ran: unknown[]; by: unknown }[] {
  return p.events().flatMap(({ type, data }) => {
    if (type !== "base.checked") return [];
    const gates = data["gates"] as { gate: string; cached: boolean }[];
    const ran = gates.filter(({ cached }) => !cached).map(({ gate }) => gate);
    return [{ ran: ran.includes("tests") ? ["tests"] : [], by: data["judged_by"] ?? null }];
  });
}

// Without a sandbox every base is judged.
test.skipIf(level === "off")(
  "F10 in the sandbox the tree that the last run landed is not judged again, and a fix runs each gate once",
  async () => {
    const writes = (key: string, text: string) => ({
      unit: key,
      turns: [call("write_file", { path: "a.txt", content: text }), done("ok")],
    });
    await using p = await testProject({
      files: { "a.txt": "0\n", "check.sh": "test -s a.txt\n" },
      tasks: { a: { files: { edit: ["a.txt"] } } },
      config: { project: { test_cmd: "sh check.sh" }, sandbox: { mode: "require" } },
      script: { rules: [writes(unit("a"), "1\n"), writes("fix/main.apply", "2\n")] },
    });
    expect((await p.dgov(["run", "p"])).exitCode).toBe(0);
    const [first] = p.events();
    const fix = await p.dgov(["fix", "Correct the comment", "-f", "a.txt"]);
    expect([fix.exitCode, fix.stderr]).toEqual([
      0,
      expect.stringContaining(`base check skipped: ${first?.run} judged this tree`),
    ]);
    const second = p.events().at(-1)?.run;
    const started = p
      .events()
      .filter(
        ({ run, type, data }) =>
          run === second && type === "gate.started" && data["gate"] === "tests",
      );
    expect(started).toHaveLength(1);
    p.repo.write("a.txt", "by hand\n");
    await p.repo.git("commit", "-qam", "by hand");
    expect((await p.dgov(["fix", "Correct it", "-f", "a.txt", "--name", "again"])).exitCode).toBe(
      0,
    );
    expect(bases(p)).toEqual([
      { ran: ["tests"], by: null },
      { ran: [], by: first?.run ?? "" },
      { ran: ["tests"], by: null },
    ]);
  },
);
