/** Attacks by a worker, run through the real program: nothing unclaimed lands, nothing runs in the parent. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import {
  type ProjectOptions,
  type TestProject,
  testKey,
  testProject,
  unit,
} from "../harness/project.ts";

/** A project with one worker that writes its file, runs `command`, and reports done. */
function hostile(command: string, more: Partial<ProjectOptions> = {}): Promise<TestProject> {
  return testProject({
    tasks: { a: {} },
    plan: { max_retries: 0 },
    script: {
      rules: [
        {
          unit: unit("a"),
          turns: [
            call("write_file", { path: "a.txt", content: "a\n" }),
            call("run_bash", { command }),
            done("ok"),
          ],
        },
      ],
    },
    ...more,
  });
}

function verdicts(p: TestProject): unknown[] {
  return p
    .events()
    .filter((e) => e.type === "attempt.rejected")
    .map((e) => e.data["verdict"]);
}

describe("hostile worker", () => {
  test.concurrent.each([
    ["commits", "echo x > other.txt; git add -A; git commit -qm x"],
    ["amends", "echo x > other.txt; git add -A; git commit -q --amend -m x"],
    ["edits an unclaimed file", "echo x >> readme.txt"],
    ["deletes an unclaimed file", "rm readme.txt"],
    ["renames an unclaimed file to an unclaimed path", "git mv readme.txt a2.txt"],
  ])("C1 a worker that %s lands nothing", async (_name, command) => {
    await using p = await hostile(command);
    const run = await p.dgov(["run", "p"]);
    expect(verdicts(p)).toEqual(["scope_violation"]);
    expect(await p.landed()).toEqual([]);
    expect(run.exitCode).toBe(1);
  });

  test.concurrent("C1 a worker that stashes its work lands nothing and leaves the operator's stash unchanged", async () => {
    await using p = await hostile("git stash -u");
    await p.dgov(["run", "p"]);
    expect(verdicts(p)).toEqual(["empty_diff"]);
    expect(await p.repo.git("stash", "list")).toBe("");
  });

  test.concurrent("C2 a worker that rewrites its .git file is rejected for tampering", async () => {
    await using p = await hostile(
      "mkdir -p evil/objects evil/refs; printf 'ref: refs/heads/x\\n' > evil/HEAD; " +
        "printf '[core]\\nrepositoryformatversion=0\\nfsmonitor=touch %s/ran\\n' \"$PWD\" > evil/config; " +
        "rm -f .git; printf 'gitdir: evil\\n' > .git",
    );
    const run = await p.dgov(["run", "p"]);
    expect(run.exitCode).toBe(1);
    expect(await p.landed()).toEqual([]);
    expect(verdicts(p)).toEqual(["tampering"]);
  });

  test.concurrent("C2 a change of the operator's git configuration stops the run, and the change is shown", async () => {
    let config = "";
    await using p = await testProject({
      tasks: { a: {} },
      plan: { max_retries: 0 },
      script: {
        rules: [
          {
            unit: unit("a"),
            turns: [
              call("write_file", { path: "a.txt", content: "a\n" }),
              () =>
                call("run_bash", {
                  command: `git config --file '${config}' core.fsmonitor /bin/false`,
                }),
              done("ok"),
            ],
          },
        ],
      },
    });
    config = join(p.repo.path, ".git/config");
    const run = await p.dgov(["run", "p", "--json"]);
    expect(run.exitCode).toBe(4);
    expect(run.stdout).toContain("fsmonitor");
    expect(await p.landed()).toEqual([]);
  });

  test.concurrent("C4 planted links and pipes land nothing and block nothing", async () => {
    await using p = await hostile(
      "ln -s /etc/passwd link; rm a.txt; ln -s ../../../../etc/hostname a.txt; mkfifo pipe",
    );
    const run = await p.dgov(["run", "p"]);
    expect(run.exitCode).toBe(1);
    expect(await p.landed()).toEqual([]);
  });

  test.concurrent("C6 the API key is in no environment, argument, file, log or event that a worker can reach", async () => {
    const look =
      "env; cat /proc/self/environ /proc/$PPID/environ 2>/dev/null; " +
      "cat /proc/[0-9]*/cmdline 2>/dev/null; grep -ra sk-test . 2>/dev/null; true";
    await using p = await hostile(`( ${look} ) > a.txt 2>&1`, {
      files: { "check.sh": "#!/bin/sh\nenv\ncat /proc/self/environ\nexit 0\n" },
      // Named by the project, and denied all the same.
      config: { project: { test_cmd: "sh check.sh" }, run: { env: ["TEST_KEY", "NAMED"] } },
      env: { NAMED: "named by the project" },
    });
    const run = await p.dgov(["run", "p", "--stream"]);
    expect(run.exitCode).toBe(0);
    expect(p.repo.read("a.txt")).toContain("NAMED=named by the project");
    expect(p.model.requests[0]?.headers["authorization"]).toBe(`Bearer ${testKey}`);
    expect(p.repo.read("a.txt")).not.toContain(testKey);
    expect(run.stdout + run.stderr).not.toContain(testKey);
    const leaks = filesBelow(join(p.root, ".dgov")).filter((f) =>
      readFileSync(f).includes(testKey),
    );
    expect(leaks).toEqual([]);
  });

  test.concurrent("D14 B3 processes that a tool left running are dead when the run ends", async () => {
    await using p = await hostile(
      "setsid sh -c 'while :; do sleep 0.05; done' >/dev/null 2>&1 & " +
        "nohup sh -c 'while :; do sleep 0.05; done' >/dev/null 2>&1 & echo a > a.txt",
    );
    await p.dgov(["run", "p"]);
    const run = p.events()[0]?.run ?? "";
    expect(run).not.toBe("");
    expect(marked(`DGOV_ATTEMPT=${run}/`)).toEqual([]);
  });
});

function marked(text: string): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`).includes(text);
    } catch {
      return false;
    }
  });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
