/** Ctrl-C and SIGTERM at every stage of a run, and while a question waits. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { call, done, type ModelTurn } from "../../src/demo/script.ts";
import { processStart } from "../../src/process/tree.ts";
import { type TestProject, testProject, unit } from "../harness/project.ts";
import { dgovOnTerminal, keys, terminalProgram } from "../harness/terminal.ts";

const script = {
  rules: [{ turns: [call("run_bash", { command: "echo a >a.txt" }), done("made a")] }],
};

const sop = readFileSync(resolve(import.meta.dir, "../../src/assets/sops/testing.md"), "utf8");

/** A program that writes its pid to `pid` and then waits for an hour, e.g. for a passphrase. */
function waits(): { path: string; program: string; pid(): number } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "dgov-test-"));
  const program = join(path, "wait");
  const file = join(path, "pid");
  writeFileSync(program, `#!/bin/sh\necho $$ >${file}\nexec sleep 3600\n`, { mode: 0o755 });
  return {
    path,
    program,
    pid: () => (existsSync(file) ? Number(readFileSync(file, "utf8")) : 0),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(5);
}

/** A request to the model that is never answered. */
function unanswered(onRequest: () => void): ModelTurn {
  const until = (): Promise<never> => {
    onRequest();
    return new Promise(() => {});
  };
  return { ...done("never"), until };
}

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

async function ended(child: ReturnType<TestProject["spawn"]>): Promise<Ended> {
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

describe("an interrupt before the first unit", () => {
  test.concurrent.each([
    ["SIGINT", "test_cmd", 130],
    ["SIGTERM", "test_cmd", 143],
    ["SIGINT", "lint_cmd", 130],
  ] as const)("D15 %s during %s of the base check ends the run", async (signal, key, code) => {
    using slow = waits();
    await using p = await testProject({
      tasks: { a: {} },
      config: { project: { [key]: slow.program } },
      script,
    });
    const child = p.spawn(["run", "p", "--json"]);
    await until(() => slow.pid() > 0);
    child.kill(signal);
    const run = await ended(child);
    expect({ code: run.code, ...JSON.parse(run.stdout) }).toMatchObject({
      code,
      schema: "dgov.run/1",
      status: "interrupted",
      units: [],
    });
    expect(processStart(slow.pid())).toBeNull();
    expect(p.events()).toEqual([]);
    expect(p.model.requests).toEqual([]);
  });

  test.concurrent("D15 SIGTERM during the first git call of a run ends it", async () => {
    await using p = await testProject({ tasks: { a: {} }, script });
    const bin = join(p.repo.root, "bin");
    mkdirSync(bin);
    const once = `mkdir '${bin}/called' 2>/dev/null && kill -TERM $PPID`;
    const text = `#!/bin/sh\n${once}\nexec '${Bun.which("git")}' "$@"\n`;
    writeFileSync(join(bin, "git"), text, { mode: 0o755 });
    const path = `${bin}:${p.repo.env["PATH"]}`;
    const run = await ended(p.spawn(["run", "p"], { PATH: path }));
    expect([run.code, run.stdout]).toEqual([143, "p: interrupted before any unit started\n"]);
  });

  test.concurrent("D15 an interrupt during the setup command of the base check ends the run", async () => {
    using slow = waits();
    await using p = await testProject({
      tasks: { a: {} },
      config: { worktree: { setup: slow.program }, project: { test_cmd: "true" } },
      script,
    });
    const child = p.spawn(["run", "p"]);
    await until(() => slow.pid() > 0);
    child.kill("SIGINT");
    const run = await ended(child);
    expect([run.code, run.stdout]).toEqual([130, "p: interrupted before any unit started\n"]);
    expect(processStart(slow.pid())).toBeNull();
  });

  test.concurrent("D15 an interrupt while a model chooses the SOPs ends the run", async () => {
    const asked = Promise.withResolvers<void>();
    const turn = unanswered(asked.resolve);
    await using p = await testProject({
      tasks: { a: {} },
      files: { ".dgov/sops/testing.md": sop },
      config: { sops: { picker: "model" } },
      script: { rules: [{ turns: [turn] }] },
    });
    const child = p.spawn(["run", "p"]);
    await Promise.race([asked.promise, child.exited]);
    child.kill("SIGINT");
    const run = await ended(child);
    expect([run.code, run.stdout]).toEqual([130, "p: interrupted before any unit started\n"]);
  });
});

describe("an interrupt of a run", () => {
  test.concurrent("D15 an interrupt while a signing program waits ends the run and that program, and keeps the work", async () => {
    using slow = waits();
    await using p = await testProject({
      tasks: { a: {} },
      config: { merge: { sign: true } },
      script,
    });
    await p.repo.git("config", "gpg.program", slow.program);
    const child = p.spawn(["run", "p"]);
    await until(() => slow.pid() > 0);
    child.kill("SIGINT");
    const run = await ended(child);
    expect({ code: run.code, stderr: run.code === 130 ? "" : run.stderr }).toEqual({
      code: 130,
      stderr: "",
    });
    expect(processStart(slow.pid())).toBeNull();
    expect(p.events().filter((e) => e.type === "run.finished")).toMatchObject([
      { data: { status: "interrupted", exit_code: 130 } },
    ]);
    const kept = p.events().findLast((e) => e.type === "attempt.kept");
    expect(await p.repo.git("show", `${kept?.data["ref"]}:a.txt`)).toBe("a");
  });

  test.concurrent("D15 an interrupt of 200 units starts none afterwards and counts those that never started", async () => {
    const names = Array.from({ length: 200 }, (_, i) => `u${i}`);
    const asked = Promise.withResolvers<void>();
    const turn = unanswered(asked.resolve);
    await using p = await testProject({
      tasks: Object.fromEntries(names.map((name) => [name, {}])),
      script: { rules: [{ turns: [turn] }] },
    });
    const child = p.spawn(["run", "p", "--jobs", "4"]);
    await asked.promise;
    child.kill("SIGINT");
    const run = await ended(child);
    expect(run.code).toBe(130);
    const events = p.events();
    const at = events.findIndex((e) => e.type === "run.interrupted");
    const later = events
      .slice(at)
      .filter((e) => ["attempt.prepared", "worker.started"].includes(e.type));
    expect(later).toEqual([]);
    const started = new Set(events.filter((e) => (e.attempt ?? 0) > 0).map((e) => e.unit));
    const idle = names.length - started.size;
    expect(run.stdout).toContain(`\n  ${idle} units not started\n`);
    for (const name of names) {
      const listed = (run.stdout + run.stderr).includes(`${unit(name)}:`);
      expect([name, listed]).toEqual([name, started.has(unit(name))]);
    }
    const status = await p.dgov(["status"]);
    expect(status.stdout).toContain(`${idle} not started`);
  });

  test.concurrent("D15 a second interrupt ends the run at once; it is shown as interrupted, and the next run keeps its work", async () => {
    using slow = waits();
    const asked = Promise.withResolvers<void>();
    const turns = [call("run_bash", { command: "echo half >a.txt" }), unanswered(asked.resolve)];
    await using p = await testProject({ tasks: { a: {} }, script: { rules: [{ turns }] } });
    // A git that hangs once the flag exists, so that the run cannot end in order.
    const [flag, git] = [join(slow.path, "flag"), join(slow.path, "git")];
    const real = Bun.which("git");
    writeFileSync(git, `#!/bin/sh\n[ -e ${flag} ] && exec ${slow.program}\nexec ${real} "$@"\n`, {
      mode: 0o755,
    });
    const child = p.spawn(["run", "p"], { PATH: `${slow.path}:${p.env["PATH"]}` });
    await asked.promise;
    writeFileSync(flag, "");
    child.kill("SIGINT");
    await until(() => slow.pid() > 0);
    child.kill("SIGINT");
    expect((await ended(child)).code).toBe(130);
    const status = JSON.parse((await p.dgov(["status", "--json"])).stdout);
    expect(status.runs).toMatchObject([{ phase: "interrupted" }]);
    const runs = JSON.parse((await p.dgov(["runs", "list", "--json"])).stdout);
    expect(runs.runs).toMatchObject([{ phase: "interrupted" }]);
    const again = await p.dgov(["run", "p"]);
    expect(again.stderr).toContain("recovered interrupted run");
    const kept = p.events().findLast((e) => e.type === "attempt.kept");
    expect(await p.repo.git("show", `${kept?.data["ref"]}:a.txt`)).toBe("half");
  });

  test.concurrent("D15 an interrupt of the verification after the last landing ends the run as interrupted, and calls no branch red", async () => {
    using slow = waits();
    const writes = (key: string) => ({
      unit: unit(key),
      turns: [call("write_file", { path: `${key}.txt`, content: `${key}\n` }), done("ok")],
    });
    await using p = await testProject({
      tasks: { a: {}, b: { depends_on: ["a"] } },
      // Only the verification compares the work of both units with the start of the run.
      files: {
        "check.sh": `[ -e b.txt ] || exit 0\ngit cat-file -e "$1:a.txt" 2>/dev/null && exit 0\nexec ${slow.program}\n`,
      },
      config: { project: { test_cmd: "sh check.sh {base}" } },
      script: { rules: [writes("a"), writes("b")] },
    });
    const child = p.spawn(["run", "p"]);
    await until(() => slow.pid() > 0 || child.exitCode !== null);
    child.kill("SIGINT");
    const run = await ended(child);
    expect(run.code).toBe(130);
    expect(run.stdout).toStartWith("p: interrupted, 2 of 2 units landed");
    const reason = "the verification was cancelled";
    expect(run.stdout).toContain(`warning: the branch was not verified: ${reason}\n`);
    expect(run.stdout).not.toContain("red");
    const { data } = p.events().findLast((e) => e.type === "run.finished") ?? {};
    const verification = { status: "skipped", reason };
    expect(data).toMatchObject({ status: "interrupted", exit_code: 130, verification });
    const status = JSON.parse((await p.dgov(["status", "--json"])).stdout);
    expect(status.runs).toMatchObject([{ phase: "interrupted" }]);
    const review = await p.dgov(["plan", "review", "p"]);
    expect(review.stdout).toContain(`final branch: skipped: ${reason}`);
    // The plan is where it was; the next run archives it.
    expect(existsSync(join(p.root, ".dgov/plans/p"))).toBe(true);
    expect((await p.dgov(["run", "p", "--continue"])).exitCode).toBe(0);
    expect(existsSync(join(p.root, ".dgov/plans/p"))).toBe(false);
  });
});

describe.skipIf(terminalProgram === null)("questions", () => {
  const questions = { kind: "questions", questions: ["Which limit?"] };
  const plan = {
    name: "limits",
    summary: "Limits",
    sections: [
      {
        name: "tasks",
        tasks: [
          {
            key: "a",
            summary: "Do a",
            prompt: "Orient:\nRead readme.txt.\n\nEdit:\nWrite a.txt.\n\nVerify:\nLook again.\n",
            commit_message: "feat: a",
            files: { create: ["a.txt"] },
          },
        ],
      },
    ],
  };

  test.concurrent("D15 SIGTERM while a question waits ends plan create at once", async () => {
    await using p = await testProject({
      tasks: { old: {} },
      script: { rules: [{ role: "planner", turns: [done("a question", { result: questions })] }] },
    });
    const run = await dgovOnTerminal(["plan", "create", "Limit"], {
      cwd: p.root,
      env: p.env,
      steps: [["Which limit?", "", 15]],
    });
    expect([run.exitCode, run.stdout.includes("internal error")]).toEqual([143, false]);
  });

  test.concurrent("C22 text typed before a question appears does not answer it", async () => {
    await using p = await testProject({
      tasks: { old: {} },
      script: {
        rules: [
          { role: "planner", attempt: 1, turns: [done("a question", { result: questions })] },
          { role: "planner", attempt: 2, turns: [done("the plan", { result: plan })] },
        ],
      },
    });
    const run = await dgovOnTerminal(["plan", "create", "Limit"], {
      cwd: p.root,
      env: p.env,
      early: `early${keys.enter}${keys.enter}y`,
      steps: [
        ["Which limit?", `late${keys.enter}`],
        ["Accept this plan?", keys.enter],
      ],
    });
    expect({ code: run.exitCode, stdout: run.exitCode === 0 ? "" : run.stdout }).toEqual({
      code: 0,
      stdout: "",
    });
    const second = JSON.stringify(
      p.model.requests.find(({ conversation }) => conversation.attempt === 2)?.body,
    );
    expect([second.includes("late"), second.includes("early")]).toEqual([true, false]);
  });

  test.concurrent.each([
    ["an Enter", keys.enter, "y", true],
    ["a y", "y", "n", false],
    ["an Enter and a y", `${keys.enter}y`, `${keys.enter}`, false],
  ])(
    "C22 %s pressed before a question about an endpoint does not answer it",
    async (_name, early, answer, agreed) => {
      await using p = await testProject({ tasks: { a: {} }, script });
      const { DGOV_TRUST_PROVIDERS: _, ...env } = p.env;
      const run = await dgovOnTerminal(["run", "p"], {
        cwd: p.root,
        env,
        early,
        steps: [["Trust it?", `${answer}${answer === "n" ? keys.enter : ""}`]],
      });
      expect([run.exitCode === 0, p.model.requests.length > 0]).toEqual([agreed, agreed]);
    },
  );
});
