/** `dgov fix`: one change as a plan of one task. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { type TestProject, testProject } from "../harness/project.ts";

const unit = "fix/main.apply";
const writes = (path: string, content = "fixed\n") => ({
  rules: [{ unit, turns: [call("write_file", { path, content }), done("ok")] }],
});

function fixPlans(p: TestProject, folder = ""): string[] {
  const at = join(p.root, ".dgov/runtime/fix-plans", folder);
  return existsSync(at) ? readdirSync(at).sort() : [];
}

describe("fix", () => {
  test.concurrent("fix lands a change and archives its plan, which can be reviewed and listed", async () => {
    await using p = await testProject({
      files: { "src/page.ts": "export const page = 1;\n" },
      tasks: { a: {} },
      script: writes("src/page.ts", "export const page = 0;\n"),
    });
    const run = await p.dgov([
      "-C",
      "src",
      "fix",
      'Repair "it"\nin src/page.ts',
      "-f",
      "page.ts",
      "--commit-message",
      "fix: pages begin at 0",
      "--json",
    ]);
    expect(JSON.parse(run.stdout)).toMatchObject({
      schema: "dgov.run/1",
      plan: "fix-repair-it",
      status: "complete",
      units: [{ unit, phase: "landed" }],
    });
    expect(run.exitCode).toBe(0);
    expect(p.repo.read("src/page.ts")).toBe("export const page = 0;\n");
    expect(await p.repo.git("log", "-1", "--format=%s", "main~1")).toBe("fix: pages begin at 0");
    expect(fixPlans(p)).toEqual(["archive"]);
    expect(fixPlans(p, "archive")).toEqual(["fix-repair-it"]);

    const list = JSON.parse((await p.dgov(["plan", "list", "--archived", "--json"])).stdout);
    expect(list.plans).toMatchObject([{ name: "fix-repair-it", kind: "fix", status: "landed" }]);
    const status = JSON.parse((await p.dgov(["plan", "status", "fix-repair-it", "--json"])).stdout);
    expect(status.units).toMatchObject([{ unit, state: "landed" }]);
    const review = await p.dgov(["plan", "review", "fix-repair-it"]);
    expect(review.stdout).toContain(unit);

    expect((await p.dgov(["clean"])).stdout).toContain("archived fix plan fix-repair-it");
    expect(fixPlans(p, "archive")).toEqual([]);
  });

  test.concurrent("the same fix runs again under a new name", async () => {
    await using p = await testProject({ tasks: { a: {} }, script: writes("new.txt") });
    const args = ["fix", "Write it", "-f", "new.txt", "--name", "w", "--json"];
    expect(JSON.parse((await p.dgov(args)).stdout)).toMatchObject({ plan: "w", exit_code: 0 });
    await p.dgov(["clean"]);
    await p.repo.git("rm", "-q", "new.txt");
    await p.repo.git("commit", "-q", "-m", "gone");
    expect(JSON.parse((await p.dgov(args)).stdout)).toMatchObject({
      plan: "w-2",
      units: [{ unit, phase: "landed" }],
    });
    expect(p.repo.read("new.txt")).toBe("fixed\n");
  });

  test.concurrent("a failed fix keeps its plan and can be continued", async () => {
    await using p = await testProject({
      files: { "check.sh": "#!/bin/sh\n[ ! -e new.txt ]\n" },
      tasks: { a: {} },
      script: writes("new.txt"),
    });
    const args = ["fix", "Write it", "-f", "new.txt", "--name", "w", "--test-cmd", "sh check.sh"];
    const run = await p.dgov(args);
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toContain("dgov run w --continue");
    expect(fixPlans(p)).toEqual(["w"]);
    p.repo.write("check.sh", "#!/bin/sh\ntrue\n");
    await p.repo.git("commit", "-qam", "calm");
    expect((await p.dgov(["run", "w", "--continue"])).exitCode).toBe(0);
    expect(fixPlans(p, "archive")).toEqual(["w"]);
  });

  test.concurrent("P4 C10 fix lands only files that -f names", async () => {
    await using p = await testProject({
      tasks: { a: {} },
      script: {
        rules: [{ unit, turns: [call("run_bash", { command: "echo x > other.txt" }), done("ok")] }],
      },
    });
    const run = await p.dgov(["fix", "Write it", "-f", "new.txt"]);
    expect(run.exitCode).toBe(1);
    expect(await p.landed()).toEqual([]);
  });

  test.concurrent("fix rejects a dirty tree and leaves no plan", async () => {
    await using p = await testProject({ tasks: { a: {} }, script: writes("new.txt") });
    p.repo.write("readme.txt", "edited\n");
    const run = await p.dgov(["fix", "Write it", "-f", "new.txt"]);
    expect({ exitCode: run.exitCode, says: run.stderr.includes("readme.txt") }).toEqual({
      exitCode: 4,
      says: true,
    });
    expect(fixPlans(p)).toEqual([]);
  });

  test("C10 fix rejects invalid arguments and writes nothing", async () => {
    await using p = await testProject({ tasks: { a: {} }, script: writes("new.txt") });
    symlinkSync(p.repo.root, join(p.root, "out"));
    mkdirSync(join(p.root, "sub"));
    const cases: [string[], string][] = [
      [["Write", "-f", "../../etc/passwd"], "is outside the project"],
      [["Write", "-f", "/etc/passwd"], "is outside the project"],
      [["Write", "-f", "out/home/x"], "is outside the project"],
      [["Write", "-f", "."], "is the whole project"],
      [["Write", "-f", "a,b{c,d}"], "uses braces"],
      [["Write"], "fix needs the files that it may change"],
      [["  ", "-f", "a.txt"], "the prompt is empty"],
      [["Write", "-f", "a.txt", "--name", "../esc"], "invalid plan name"],
      [["Write", "-f", "a.txt", "--name", "archive"], "invalid plan name"],
      [["Write", "-f", "a.txt", "--nmae", "x"], "unknown flag --nmae"],
    ];
    for (const [args, message] of cases) {
      const run = await p.dgov(["fix", ...args]);
      expect([args, run.exitCode, run.stderr.includes(message)]).toEqual([args, 2, true]);
    }
    expect((await p.dgov(["fix", "Write", "-f", ".dgov/project.toml"])).exitCode).toBe(3);
    expect(fixPlans(p)).toEqual([]);
  });
});
