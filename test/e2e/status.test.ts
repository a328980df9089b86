/** `status` during and after runs, `--restart`, and scratch files. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";

interface Status {
  status: string;
  runs: { phase: string; units: { unit: string; phase: string; reason: string }[] }[];
}

async function status(p: TestProject): Promise<Status> {
  return JSON.parse((await p.dgov(["status", "--json"])).stdout) as Status;
}

const phases = (of: Status): Record<string, string> =>
  Object.fromEntries((of.runs[0]?.units ?? []).map((one) => [one.unit, one.phase]));

const writes = (key: string, text: string) => ({
  unit: unit(key),
  turns: [call("write_file", { path: `${key}.txt`, content: `${text}\n` }), done("ok")],
});

describe("status during and after a run", () => {
  test.concurrent("E10 status reports running until the end, then failed and skipped units", async () => {
    const signs = mkdtempSync(join(tmpdir(), "dgov-signs-"));
    const go = join(signs, "go");
    await using p = await testProject({
      tasks: { a: {}, b: { depends_on: ["a"] }, c: {} },
      plan: { max_retries: 0 },
      config: {
        project: {
          test_cmd: `[ ! -e a.txt ] || while [ ! -e ${go} ]; do sleep 0.05; done; ! grep -q wrong *.txt`,
        },
      },
      script: { rules: [writes("a", "wrong"), writes("c", "right")] },
    });
    const child = p.spawn(["run", "p"]);
    const words = new Set<string>();
    let settled = false;
    for (;;) {
      const now = await status(p);
      const phase = now.runs[0]?.phase ?? "";
      // A status after the recorded end does not describe settling.
      if (["complete", "partial", "failed"].includes(phase) || child.exitCode !== null) break;
      if (phase !== "") words.add(`${phase}: ${now.status}`);
      settled ||= phases(now)[unit("a")] === "validating";
      if (settled) writeFileSync(go, "");
    }
    rmSync(signs, { recursive: true });
    expect([settled, [...words]]).toEqual([true, ["running: running"]]);
    await child.exited;
    const end = await status(p);
    expect([end.status, end.runs[0]?.phase, phases(end)]).toEqual([
      "needs_attention",
      "partial",
      { [unit("a")]: "failed", [unit("b")]: "skipped", [unit("c")]: "landed" },
    ]);
    for (const command of [["status"], ["plan", "status", "p"], ["plan", "review", "p"]]) {
      const { stdout } = await p.dgov(command);
      expect(stdout).toMatch(/failed\b.*main\.a|main\.a\b.*failed/);
      expect(stdout).toMatch(/skipped\b.*main\.b|main\.b\b.*skipped/);
    }
  });

  test.concurrent("E10 status lists units that never started", async () => {
    const writing = Promise.withResolvers<void>();
    const until = (): Promise<never> => {
      writing.resolve();
      return new Promise(() => {});
    };
    await using p = await testProject({
      tasks: { a: {}, b: {}, c: { depends_on: ["b"] } },
      config: { run: { jobs: 1 } },
      script: { rules: [{ unit: unit("a"), turns: [{ ...done("never"), until }] }] },
    });
    const child = p.spawn(["run", "p"]);
    await writing.promise;
    expect((await status(p)).status).toBe("running");
    await p.dgov(["runs", "cancel"]);
    expect(await child.exited).toBe(130);
    const end = await status(p);
    expect(end.status).toBe("needs_attention");
    expect(Object.keys(phases(end))).toEqual([unit("a"), unit("b"), unit("c")]);
    expect(Object.values(phases(end))).not.toContain("landed");
    for (const command of [["status"], ["plan", "status", "p"], ["plan", "review", "p"]]) {
      const { stdout } = await p.dgov(command);
      for (const key of ["a", "b", "c"]) expect(stdout).toContain(unit(key));
    }
  });
});

describe("restart", () => {
  test.concurrent("B7 --restart keeps history, kept work and the earlier run's events", async () => {
    await using p = await testProject({
      tasks: { a: {} },
      plan: { max_retries: 0 },
      config: { project: { test_cmd: "! grep -q wrong *.txt" } },
      script: { rules: [writes("a", "wrong")] },
    });
    await p.dgov(["run", "p"]);
    const first = p.events();
    const kept = String(first.find((event) => event.type === "attempt.kept")?.data["ref"]);
    const commit = await p.repo.git("rev-parse", kept);
    await p.dgov(["run", "p", "--restart"]);
    expect(p.events().slice(0, first.length)).toEqual(first);
    expect(await p.repo.git("rev-parse", kept)).toBe(commit);
    const { runs } = JSON.parse((await p.dgov(["runs", "list", "--json"])).stdout);
    expect(runs.map((run: { phase: string }) => run.phase)).toEqual(["failed", "failed"]);
    expect(new Set(p.events().map(({ run }) => run)).size).toBe(2);
  });
});

describe("removed scratch files", () => {
  test.concurrent.each([
    ["a created and removed file", "echo x > scratch; rm scratch"],
    ["a created and removed folder", "mkdir -p tmp/deep && echo x > tmp/deep/x && rm -r tmp"],
    ["a changed and restored file", "echo more >> readme.txt; echo hello > readme.txt"],
    ["a file moved away and back", "mv readme.txt elsewhere && mv elsewhere readme.txt"],
    ["an empty folder", "mkdir left-behind"],
  ])("D12 %s in the worktree does not fail a task", async (_, command) => {
    await using p = await testProject({
      tasks: { a: {} },
      script: {
        rules: [
          {
            unit: unit("a"),
            turns: [call("run_bash", { command: `${command}; echo a > a.txt` }), done("ok")],
          },
        ],
      },
    });
    const run = await p.dgov(["run", "p"]);
    expect([run.exitCode, await p.landed()]).toEqual([0, [unit("a")]]);
  });
});
