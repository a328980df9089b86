/** `dgov runs cancel`: stopping the live run. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { call, done, type ModelScript } from "../../src/demo/script.ts";
import { dgov } from "../harness/bin.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";
import { testRepo } from "../harness/repo.ts";

/** A worker that writes a file, then waits indefinitely. */
function waits(): { script: ModelScript; writing: Promise<void> } {
  const second = Promise.withResolvers<void>();
  const until = (): Promise<never> => {
    second.resolve();
    return new Promise(() => {});
  };
  const turns = [
    call("write_file", { path: "a.txt", content: "half\n" }),
    { ...done("never"), until },
  ];
  return { script: { rules: [{ unit: unit("a"), turns }] }, writing: second.promise };
}

async function cancel(p: TestProject, ...args: string[]): Promise<Record<string, unknown>> {
  const run = await p.dgov(["runs", "cancel", "--json", ...args]);
  return { ...JSON.parse(run.stdout), exitCode: run.exitCode };
}

describe("runs cancel", () => {
  test.concurrent("B3 runs cancel stops the live run like SIGINT: workers ended, work kept, run closed", async () => {
    const { script, writing } = waits();
    await using p = await testProject({ tasks: { a: {} }, script });
    const child = p.spawn(["run", "p"]);
    await writing;
    const answer = await cancel(p);
    const kept = p.events().findLast((e) => e.type === "attempt.kept");
    expect(answer).toEqual({
      schema: "dgov.runs-cancel/1",
      run: String(kept?.run),
      plan: "p",
      pid: child.pid,
      phase: "interrupted",
      exit_code: 130,
      kept: [{ unit: unit("a"), ref: String(kept?.data["ref"]) }],
      exitCode: 0,
    });
    expect(await child.exited).toBe(130);
    expect(await p.repo.git("show", `${kept?.data["ref"]}:a.txt`)).toBe("half");
    expect(await cancel(p)).toMatchObject({
      code: "NOT_FOUND",
      message: "no run is live here",
      exitCode: 1,
    });
  });

  test("E9 runs cancel without a run reports it and creates no file", async () => {
    await using repo = await testRepo({ ".dgov/project.toml": "" });
    const run = await dgov(["runs", "cancel"], { cwd: repo.path, env: repo.env });
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain("no run is live here");
    expect(existsSync(join(repo.path, ".dgov/state.db"))).toBe(false);
    expect(existsSync(join(repo.path, ".git/dgov"))).toBe(false);
  });

  test("runs cancel names a runner that does not end in time, and its process", async () => {
    await using p = await testProject({ tasks: { a: {} }, script: { rules: [] } });
    // A process that holds the lock and ignores SIGINT.
    const lock = join(import.meta.dir, "../../src/process/lock.ts");
    const code = `const { acquireRunLock } = await import(${JSON.stringify(lock)});
      process.on("SIGINT", () => {});
      globalThis.lock = acquireRunLock(${JSON.stringify(join(p.repo.path, ".git"))}, { run: "r9", plan: "p" });
      console.log("held"); setInterval(() => {}, 1000);`;
    const child = Bun.spawn([process.execPath, "-e", code], { stdout: "pipe", env: p.env });
    try {
      await child.stdout.getReader().read();
      expect(await cancel(p, "--wait", "0")).toMatchObject({
        code: "REFUSED",
        message: `run r9 of p (pid ${child.pid}) has not ended in 0 s`,
        exitCode: 1,
      });
    } finally {
      child.kill("SIGKILL");
    }
  });
});
