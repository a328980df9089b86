/** Subprocesses, process trees and the run lock, with real processes. */

import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { acquireRunLock, lockHolder, requireNoRun } from "../../src/process/lock.ts";
import { type RunOptions, runProcess, runShell } from "../../src/process/spawn.ts";
import {
  interruptProcess,
  killTree,
  markedProcesses,
  processStart,
} from "../../src/process/tree.ts";
import { scaled } from "../harness/limits.ts";

const env = { PATH: process.env["PATH"] ?? "" };
const defaults = { cwd: tmpdir(), env, timeoutMs: scaled(10_000), outputBytesMax: 100_000 };

function shell(command: string, more: Partial<RunOptions> = {}): ReturnType<typeof runShell> {
  return runShell({ ...defaults, ...more, command });
}

function folder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "dgov-test-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Shell text that leaves its process group in every way that needs no privileges, and writes pids to a file. */
const escapes = (file: string): string => {
  const stay = `echo $$ >>${file}; exec sleep 1000`;
  return [
    `sh -c '${stay}' &`,
    `nohup sh -c '${stay}' >/dev/null 2>&1 &`,
    `setsid sh -c '${stay}' &`,
    `( setsid sh -c '${stay}' & )`,
    `( setsid sh -c "( sh -c '${stay}' & )" & )`,
    `until [ "$(wc -l <${file} 2>/dev/null || echo 0)" -ge 5 ]; do sleep 0.01; done`,
  ].join("\n");
};

describe("runProcess", () => {
  test.each<[string, string, () => Partial<RunOptions>, unknown]>([
    ["an exit code", "exit 3", () => ({}), { kind: "exited", code: 3 }],
    ["a signal", "kill -TERM $$", () => ({}), { kind: "signaled", signal: "SIGTERM" }],
    ["a time limit", "sleep 1000", () => ({ timeoutMs: 50 }), { kind: "timed_out", timeoutMs: 50 }],
    [
      "a cancellation",
      "sleep 1000",
      () => ({ signal: AbortSignal.timeout(50) }),
      { kind: "cancelled" },
    ],
    [
      "a cancellation before the start",
      "true",
      () => ({ signal: AbortSignal.abort() }),
      { kind: "cancelled" },
    ],
    [
      "too much output",
      "yes",
      () => ({ overflow: "fail", outputBytesMax: 100 }),
      { kind: "output_too_large", bytesMax: 100 },
    ],
    [
      "too much output of both streams together",
      "printf %60s; printf %41s >&2; sleep 1000",
      () => ({ overflow: "fail", outputBytesMax: 100 }),
      { kind: "output_too_large", bytesMax: 100 },
    ],
    [
      "output at the limit",
      "printf %60s; printf %40s >&2",
      () => ({ overflow: "fail", outputBytesMax: 100 }),
      { kind: "exited", code: 0 },
    ],
  ])("runProcess reports %s", async (_what, command, more, result) => {
    expect((await shell(command, more())).result as unknown).toEqual(result);
  });

  test("runProcess reports a missing program as an outcome, and throws for a missing folder", async () => {
    using dir = folder();
    const file = join(dir.path, "file");
    writeFileSync(file, "not a program\n", { mode: 0o644 });
    for (const program of ["no-such-program-anywhere", file, join(file, "below")]) {
      const { result } = await runProcess({ ...defaults, argv: [program] });
      expect(result).toEqual({ kind: "not_found", program });
    }
    const argv = ["true"];
    await expect(runProcess({ ...defaults, argv, cwd: join(dir.path, "no") })).rejects.toThrow(
      "does not exist",
    );
    await expect(runProcess({ ...defaults, argv, cwd: file })).rejects.toThrow("is not a folder");
  });

  test("C6 the environment of a child is exactly the given one, and its stdin ends", async () => {
    const run = await shell("env; cat", { stdin: "in\n", env: { ...env, ONLY: "this" } });
    const names = run.stdout
      .match(/^\w+(?==)/gm)
      ?.filter((name) => !["PWD", "_", "SHLVL", "OLDPWD"].includes(name));
    expect([names?.sort(), run.stdout.endsWith("in\n")]).toEqual([["ONLY", "PATH"], true]);
  });

  test("D5 output of megabytes is returned; above the limit, head and tail are kept, in the file as well", async () => {
    const whole = await shell("head -c 3000000 /dev/zero | tr '\\0' x", { outputBytesMax: 4e6 });
    expect([whole.bytes, whole.stdout.length]).toEqual([3e6, 3e6]);
    using dir = folder();
    const tee = join(dir.path, "log");
    const cut = await shell("echo first; yes | head -c 1000000; echo; echo last >&2", {
      outputBytesMax: 1000,
      tee,
    });
    expect(cut.result).toEqual({ kind: "exited", code: 0 });
    expect([cut.bytes > 1e6, cut.combined.length < 1100]).toEqual([true, true]);
    expect(cut.combined).toMatch(/^first\n.*bytes left out.*last\n$/s);
    expect(readFileSync(tee, "utf8")).toMatch(/^first\n.*bytes left out.*last\n$/s);
  });

  test("a descendant that holds the pipes open does not delay the result, and is killed", async () => {
    const run = await shell("sh -c 'sleep 1000' & echo $!");
    expect(run.result.kind).toBe("exited");
    // It was sent SIGKILL; the system may take a moment to end it.
    while (processStart(Number(run.stdout)) !== null) await Bun.sleep(5);
  });
});

describe("process trees", () => {
  const ways: [string, string, number][] = [
    ["its end", "", scaled(10_000)],
    ["its timeout", "\nsleep 1000", scaled(1500)],
  ];
  test.each(ways)(
    "B3 D14 setsid, nohup, orphaned and double-forked processes are dead after %s",
    async (_way, last, timeoutMs) => {
      using dir = folder();
      const pids = join(dir.path, "pids");
      const marker = `test/${process.pid}/${timeoutMs}`;
      await shell(escapes(pids) + last, { marker, timeoutMs });
      const all = readFileSync(pids, "utf8").trim().split("\n").map(Number);
      expect(all).toHaveLength(5);
      expect(all.filter((pid) => processStart(pid) !== null)).toEqual([]);
      expect(markedProcesses(marker)).toEqual([]);
    },
  );

  test("the end of one child does not end another of the same attempt", async () => {
    const marker = `test/${process.pid}/shared`;
    const long = shell("sleep 0.5; echo done", { marker });
    await shell("true", { marker });
    expect((await long).stdout).toBe("done\n");
    const other = shell("sleep 1000", { marker });
    while (markedProcesses(marker).length === 0) await Bun.sleep(1);
    expect(await killTree({ marker })).toEqual({ survivors: [] });
    expect((await other).result).toEqual({ kind: "signaled", signal: "SIGKILL" });
  });

  test("B3 the end of an attempt ends no attempt or gates whose names it begins", async () => {
    const marker = `test/${process.pid}/1`;
    const start = (name: string): Bun.Subprocess =>
      Bun.spawn(["sleep", "1000"], { env: { ...env, DGOV_ATTEMPT: name }, detached: true });
    const [own, child, longer] = [marker, `${marker}#7.1`, `${marker}0`].map(start);
    const other = start(`other/${marker}`);
    const marked = (): number => markedProcesses(marker).length;
    while (marked() < 3) await Bun.sleep(1);
    expect(markedProcesses(marker)).not.toContain(other.pid);
    expect(await killTree({ marker })).toEqual({ survivors: [] });
    await Promise.all([own?.exited, child?.exited]);
    expect(markedProcesses(marker)).toEqual([longer?.pid ?? 0]);
    longer?.kill("SIGKILL");
    other.kill("SIGKILL");
  });

  test("interruptProcess signals a process of that pid and start, and no other of the same pid", async () => {
    const child = Bun.spawn(["sleep", "1000"], { env });
    const start = processStart(child.pid) ?? "";
    expect(await interruptProcess({ pid: child.pid, start: `${start}0` }, 0)).toBe(true);
    // A signal would have arrived before the answer to a later one.
    child.kill("SIGCONT");
    expect([processStart(child.pid), child.signalCode]).toEqual([start, null]);
    expect(await interruptProcess({ pid: child.pid, start }, scaled(10_000))).toBe(true);
    await child.exited;
    expect(child.signalCode).toBe("SIGINT");
    expect(await interruptProcess({ pid: child.pid, start }, 0)).toBe(true);
  });

  test("killTree by pid kills living descendants; by marker it kills all", async () => {
    using dir = folder();
    const pids = join(dir.path, "pids");
    const marker = `test/${process.pid}/kill`;
    const start = (): Bun.Subprocess =>
      Bun.spawn(["/bin/sh", "-c", `${escapes(pids)}\necho ready\nsleep 1000`], {
        env: { ...env, DGOV_ATTEMPT: marker },
        stdout: "pipe",
        stderr: "ignore",
        detached: true,
      });
    const child = start();
    await (child.stdout as ReadableStream<Uint8Array>).getReader().read();
    expect(markedProcesses(`test/${process.pid}/`).length).toBeGreaterThanOrEqual(6);
    expect(await killTree({ pid: child.pid })).toEqual({ survivors: [] });
    await child.exited;
    expect(await killTree({ marker })).toEqual({ survivors: [] });
    expect(markedProcesses(marker)).toEqual([]);
  });

  test("processStart identifies a process, and is null for a dead one", async () => {
    const child = Bun.spawn(["sleep", "1000"], { env });
    const start = processStart(child.pid);
    expect([start !== null, processStart(child.pid) === start]).toEqual([true, true]);
    expect(processStart(process.pid)).not.toBe(start);
    child.kill("SIGKILL");
    await child.exited;
    expect(processStart(child.pid)).toBeNull();
  });

  test("processStart is null for a zombie", async () => {
    // The shell's child ends at once; exec leaves a program that never reaps it.
    const child = Bun.spawn(["sh", "-c", "sh -c 'echo $$' & exec sleep 1000"], {
      env,
      stdout: "pipe",
    });
    const { value } = await child.stdout.getReader().read();
    const pid = Number(new TextDecoder().decode(value));
    while (processStart(pid) !== null) await Bun.sleep(1);
    expect(existsSync(`/proc/${pid}`)).toBe(process.platform === "linux");
    child.kill("SIGKILL");
    await child.exited;
  });
});

describe("the run lock", () => {
  const script = join(import.meta.dir, "lock-child.ts");
  const start = (dir: string, run: string): Bun.Subprocess<"ignore", "pipe", "inherit"> =>
    Bun.spawn([process.execPath, script, dir, run], { env, stdin: "ignore", stdout: "pipe" });
  const firstLine = async (child: Bun.Subprocess<"ignore", "pipe", "inherit">): Promise<string> => {
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    return new TextDecoder().decode(value).trim();
  };

  test("D4 a second run lock is refused at once with the first holder's name; SIGKILL of the holder frees it", async () => {
    using dir = folder();
    const first = start(dir.path, "run-1");
    expect(await firstLine(first)).toBe("held");
    expect(lockHolder(dir.path)).toMatchObject({ pid: first.pid, run: "run-1", plan: "p" });

    expect(() => acquireRunLock(dir.path, { run: "run-2", plan: "q" })).toThrow(
      new RegExp(`run run-1 of plan p \\(pid ${first.pid} on `),
    );
    const second = start(dir.path, "run-2");
    expect(await firstLine(second)).toContain("run run-1 of plan p");
    await second.exited;

    first.kill("SIGKILL");
    await first.exited;
    expect(lockHolder(dir.path)).toBeNull();
    requireNoRun(dir.path);
    const lock = acquireRunLock(dir.path, { run: "run-3", plan: "p" });
    expect(lockHolder(dir.path)?.run).toBe("run-3");
    expect(() => acquireRunLock(dir.path, { run: "run-4", plan: "p" })).toThrow("run run-3");
    expect(() => requireNoRun(dir.path)).toThrow("run run-3");
    lock.release();
    lock.release();
    expect(lockHolder(dir.path)).toBeNull();
    acquireRunLock(dir.path, { run: "run-5", plan: "p" }).release();
  });

  const holder = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
    pid: process.pid,
    start: processStart(process.pid),
    run: "r1",
    host: hostname(),
    plan: "p",
    since: "2026-01-01T00:00:00.000Z",
    ...more,
  });
  const ended = { pid: 2 ** 22 + 1, start: "1-1" };
  test.each<[string, Record<string, unknown>, boolean]>([
    ["this process", {}, true],
    ["another process of the same pid", { start: "1-1" }, false],
    ["a process that has ended", ended, false],
    ["a process on another host, which cannot be looked up", { ...ended, host: "elsewhere" }, true],
    ["a process of this pid on another host", { start: "1-1", host: "elsewhere" }, true],
    ["a record without a pid", { pid: undefined }, false],
    ["a record without a start", { start: undefined, host: "elsewhere" }, false],
    ["a record without a run", { run: undefined }, false],
    ["a record without a host", { host: undefined }, false],
    ["a record without a plan", { plan: undefined }, false],
    ["a record without a time", { since: undefined }, false],
  ])("D4 %s holds the run lock: %p", (_what, more, holds) => {
    using dir = folder();
    mkdirSync(join(dir.path, "dgov"));
    writeFileSync(join(dir.path, "dgov/runner.json"), JSON.stringify(holder(more)));
    expect(lockHolder(dir.path)).toEqual(holds ? (holder(more) as never) : null);
    if (holds) expect(() => requireNoRun(dir.path)).toThrow("run r1 of plan p");
    else requireNoRun(dir.path);
  });

  test("D4 a command that holds the run lock is named as such", () => {
    using dir = folder();
    const lock = acquireRunLock(dir.path, { run: "clean", plan: "clean", command: "clean" });
    expect(() => requireNoRun(dir.path)).toThrow(/^dgov clean \(pid /);
    lock.release();
    expect(existsSync(join(dir.path, "dgov/runner.json"))).toBe(false);
  });

  test("D4 exactly one of many concurrent callers gets the run lock", async () => {
    using dir = folder();
    const racers = Array.from({ length: 8 }, (_, i) => start(dir.path, `run-${i}`));
    const words = await Promise.all(racers.map(firstLine));
    expect(words.filter((word) => word === "held")).toHaveLength(1);
    expect(words.filter((word) => word.includes("holds this repository"))).toHaveLength(7);
    for (const racer of racers) racer.kill("SIGKILL");
    await Promise.all(racers.map((racer) => racer.exited));
  });
});
