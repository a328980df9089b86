/** Commands under their supervisor: what survives them, and what passes through it. */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunOptions, runShell } from "../../src/process/spawn.ts";
import { processStart } from "../../src/process/tree.ts";
import { scaled } from "../harness/limits.ts";

const env = { PATH: process.env["PATH"] ?? "" };
const defaults = { cwd: tmpdir(), env, timeoutMs: scaled(20_000), outputBytesMax: 100_000 };
const marker = `test/${process.pid}/supervised`;

function shell(command: string, more: Partial<RunOptions> = {}): ReturnType<typeof runShell> {
  return runShell({ ...defaults, marker, ...more, command });
}

function folder(): { pids: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "dgov-test-"));
  return {
    pids: join(path, "pids"),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Shell text that starts a process without parent, session, environment and output of the command. */
function hide(file: string): string {
  const stay = `echo $$ >>${file}; while :; do sleep 0.05; done`;
  const hidden = `env -i /bin/sh -c "PATH=$PATH; ${stay.replaceAll("$", "\\$")}"`;
  return [
    `setsid sh -c '( setsid ${hidden} & )' </dev/null >/dev/null 2>&1 &`,
    `until [ -s ${file} ]; do sleep 0.01; done`,
  ].join("\n");
}

function pidsIn(file: string): number[] {
  return readFileSync(file, "utf8").trim().split("\n").map(Number);
}

async function untilDead(pid: number): Promise<void> {
  while (processStart(pid) !== null) await Bun.sleep(5);
}

/** Starts a process that runs `command` with `runShell`, as the runner does; it prints the result. */
function runner(
  command: string,
  o: { adopts: boolean },
): Bun.Subprocess<"ignore", "pipe", "inherit"> {
  const from = (file: string): string =>
    JSON.stringify(join(import.meta.dir, "../../src/process", file));
  const code = `import { runShell } from ${from("spawn.ts")};
    import { adoptOrphans } from ${from("orphans.ts")};
    if (${o.adopts}) adoptOrphans();
    const run = await runShell({ ...${JSON.stringify({ ...defaults, marker })}, command: ${JSON.stringify(command)} });
    console.log(JSON.stringify(run.result));`;
  return Bun.spawn([process.execPath, "-e", code], { env, stdin: "ignore", stdout: "pipe" });
}

describe.if(process.platform === "linux")("a supervised command", () => {
  const endings: [string, string, () => Partial<RunOptions>, string][] = [
    ["its end", "", () => ({}), "exited"],
    ["its failure", "exit 3", () => ({}), "exited"],
    ["its death", "kill -KILL $$", () => ({}), "signaled"],
    ["its timeout", "sleep 1000", () => ({ timeoutMs: scaled(500) }), "timed_out"],
    [
      "its cancellation",
      "sleep 1000",
      () => ({ signal: AbortSignal.timeout(scaled(500)) }),
      "cancelled",
    ],
    [
      "too much output",
      "yes",
      () => ({ overflow: "fail", outputBytesMax: 10_000 }),
      "output_too_large",
    ],
  ];
  test.each(endings)(
    "C17 a process that forked twice, left its session and cleared its environment is dead after %s",
    async (_name, last, more, kind) => {
      using dir = folder();
      const run = await shell(`${hide(dir.pids)}\n${last}`, more());
      expect(run.result.kind as string).toBe(kind);
      const pids = pidsIn(dir.pids);
      expect(pids).toHaveLength(1);
      expect(pids.filter((pid) => processStart(pid) !== null)).toEqual([]);
    },
  );

  test("C17 a process that forks and exits without a pause is dead after the command", async () => {
    using dir = folder();
    const hop = `${dir.pids}.sh`;
    await Bun.write(hop, `echo $$ >${dir.pids}\nsetsid /bin/sh ${hop} &\n`);
    await shell(`setsid /bin/sh ${hop} & until [ -s ${dir.pids} ]; do sleep 0.01; done`);
    const last = readFileSync(dir.pids, "utf8");
    // A survivor would have written another pid within the time of many starts.
    await shell("for i in 1 2 3 4 5 6 7 8 9 10; do sh -c true; done");
    expect(readFileSync(dir.pids, "utf8")).toBe(last);
  });

  test("C17 SIGKILL of the runner kills the command and what left it", async () => {
    using dir = folder();
    const child = runner(`echo $$ >${dir.pids}.main\n${hide(dir.pids)}\nsleep 1000`, {
      adopts: true,
    });
    while (!(await Bun.file(dir.pids).exists()) || readFileSync(dir.pids, "utf8") === "") {
      await Bun.sleep(5);
    }
    child.kill("SIGKILL");
    for (const pid of [...pidsIn(dir.pids), ...pidsIn(`${dir.pids}.main`)]) await untilDead(pid);
  });

  test("C17 a command that kills its supervisor counts as killed, and what left it is dead", async () => {
    using dir = folder();
    const child = runner(`${hide(dir.pids)}\nkill -KILL $PPID\nsleep 1000`, { adopts: true });
    const text = await new Response(child.stdout).text();
    expect(JSON.parse(text)).toEqual({ kind: "signaled", signal: "SIGKILL" });
    expect(pidsIn(dir.pids).filter((pid) => processStart(pid) !== null)).toEqual([]);
  });

  test("C17 a command that kills its supervisor ends no other command of the same attempt", async () => {
    using dir = folder();
    const other = shell(`echo $$ >${dir.pids}; until [ -e ${dir.pids}.end ]; do sleep 0.01; done`);
    while (!(await Bun.file(dir.pids).exists())) await Bun.sleep(5);
    const killer = await shell("kill -KILL $PPID; sleep 1000");
    expect(killer.result).toEqual({ kind: "signaled", signal: "SIGKILL" });
    await Bun.write(`${dir.pids}.end`, "");
    expect((await other).result).toEqual({ kind: "exited", code: 0 });
  });

  test("C17 a command that stops its supervisor is dead after its timeout, and what left it", async () => {
    using dir = folder();
    const run = await shell(`${hide(dir.pids)}\nkill -STOP $PPID\nsleep 1000`, {
      timeoutMs: scaled(500),
    });
    expect(run.result.kind).toBe("timed_out");
    expect(pidsIn(dir.pids).filter((pid) => processStart(pid) !== null)).toEqual([]);
  });

  test.each<[string, string, Partial<RunOptions>, unknown, string]>([
    ["an exit code", "exit 130", {}, { kind: "exited", code: 130 }, ""],
    ["a crash", "kill -SEGV $$", {}, { kind: "signaled", signal: "SIGSEGV" }, ""],
    [
      "stdin, stdout and stderr",
      "cat; echo b >&2",
      { stdin: "a\n" },
      { kind: "exited", code: 0 },
      "a\nb\n",
    ],
    [
      "variables that Bun reads",
      "echo $BUN_OPTIONS $BUN_BE_BUN",
      { env: { ...env, BUN_OPTIONS: "--smol", BUN_BE_BUN: "1" } },
      { kind: "exited", code: 0 },
      "--smol 1\n",
    ],
    [
      "a stop and its continuation",
      "sh -c 'kill -STOP $$; echo on' & until grep -q '^State:.T' /proc/$!/status; do sleep 0.01; done; kill -CONT $!; wait",
      {},
      { kind: "exited", code: 0 },
      "on\n",
    ],
    [
      "no descriptors but the three",
      "ls /proc/$$/fd",
      {},
      { kind: "exited", code: 0 },
      "0\n1\n2\n",
    ],
    [
      "no ignored signals",
      "grep SigIgn /proc/$$/status",
      {},
      { kind: "exited", code: 0 },
      "SigIgn:\t0000000000000000\n",
    ],
  ])("the supervisor passes on %s", async (_name, command, more, result, output) => {
    const run = await shell(command, more);
    expect({ result: run.result as unknown, output: run.combined }).toEqual({ result, output });
  });

  test("a program that is missing is reported through the supervisor", async () => {
    const { runProcess } = await import("../../src/process/spawn.ts");
    const argv = ["no-such-program-anywhere"];
    const run = await runProcess({ ...defaults, marker, argv });
    expect(run.result).toEqual({ kind: "not_found", program: argv[0] ?? "" });
  });
});
