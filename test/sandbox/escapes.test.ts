/** Attempts of a confined command to reach something outside (C23), at each level and for each ABI of Landlock. */
import { describe, expect, test } from "bun:test";
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { openEventLogForReading } from "../../src/log/event-log.ts";
import type { Confine } from "../../src/process/confine.ts";
import { landlockAbi } from "../../src/process/landlock.ts";
import { runProcess } from "../../src/process/spawn.ts";
import { dgovCommand, spawnDgov } from "../harness/bin.ts";
import { scaled } from "../harness/limits.ts";
import { testProject, unit } from "../harness/project.ts";
import { testRepo } from "../harness/repo.ts";
import {
  attackLimits,
  attempted,
  giveTo,
  normalUser,
  plantAttack,
  secretEnvironment,
} from "./attack.ts";
import { type Attempt, attempts, securityTable } from "./attempts.ts";

const root = process.getuid?.() === 0;

/** The interpreter itself, which a program on PATH may only stand for, and its folder; null where there is none. */
const python = (() => {
  const named = Bun.which("python3");
  if (named === null) return null;
  const code = "import sys; print(sys.executable); print(sys.base_prefix)";
  const [program = "", folder = ""] = `${Bun.spawnSync([named, "-c", code]).stdout}`.split("\n");
  return { program, folder };
})();

/** Attempts that must succeed at a level of confinement, because the documentation says that it does not stop them. */
function open(level: "namespaces" | "landlock", o: { abi: number; root: boolean }): string[] {
  const isOpen = (attempt: Attempt): boolean => {
    if (attempt.root && !o.root) return false;
    if (level === "landlock" && o.abi < (attempt.abi ?? 0)) return true;
    if (level === "landlock" && attempt.heldForRoot && o.root) return false;
    return "open" in attempt[level];
  };
  return attempts
    .filter(isOpen)
    .map(({ name }) => name)
    .sort();
}

const all = attempts.map(({ name }) => name).sort();

/** Makes all attempts in one command; the names of those that succeeded. */
async function attack(
  level: string,
  confine: (tree: string) => Confine | undefined,
): Promise<string[]> {
  await using repo = await testRepo({ "readme.txt": "hello\n" });
  const [outside, tree] = [join(repo.root, "outside"), join(repo.root, "tree")];
  for (const folder of [outside, tree, join(repo.path, ".dgov")]) mkdirSync(folder);
  writeFileSync(join(repo.path, ".dgov/state.db"), "log");
  await using planted = await plantAttack({
    ...{ outside, checkout: repo.path, home: join(repo.root, "home") },
    ...{ dgov: process.execPath, user: process.getuid?.() ?? 0 },
  });
  writeFileSync(join(tree, "attack.py"), planted.program({ level }));
  const run = await runProcess({
    argv: [python?.program ?? "", "attack.py"],
    cwd: tree,
    env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", HOME: tree },
    timeoutMs: scaled(60_000),
    outputBytesMax: 10_000_000,
    confine: confine(tree),
  });
  expect({ result: run.result, stderr: run.stderr }).toEqual({
    result: { kind: "exited", code: 0 },
    stderr: "",
  });
  expect(attempted(run.stdout)).toEqual(all);
  return await planted.escaped([run.stdout]);
}

/** Rules for Python in a tree, with nothing else. */
function rulesFor(tree: string, abi: number): Confine {
  return {
    level: "landlock",
    limits: { memoryGib: null, ...attackLimits },
    rules: {
      abi,
      read: [
        "/usr",
        "/bin",
        "/lib",
        "/lib64",
        "/etc",
        "/opt",
        "/proc",
        "/sys",
        python?.folder ?? "",
      ],
      write: [tree, "/dev/null", "/dev/shm"],
      hidden: ["/etc/shadow", "/etc/gshadow"],
      ports: [40_000],
      unixSockets: false,
    },
  };
}

/**
 * Attempts that can fail without a sandbox: nothing is left open for an unconfined command, a program that runs cannot
 * be written, and the kernel may have no such sockets or calls.
 */
const unproven = new Set([
  ...[
    "write-dgov",
    "inherited-descriptors",
    "hypervisor",
    "mptcp",
    "tcp-ipv6",
    "tcp-fast-open",
    "foreign-calls",
  ],
  ...["read-by-handle", "open-device", "write-terminal", "raw-packets", "message-queue", "keyring"],
]);

describe.if(process.platform === "linux" && python !== null)("C23 without bubblewrap", () => {
  test.if(root)("every attempt succeeds where nothing confines the command", async () => {
    const escaped = new Set([...(await attack("off", () => undefined)), ...unproven]);
    expect([...escaped].sort()).toEqual(all);
  });

  test.if(landlockAbi() >= 3).each([3, 4, 99])(
    "at landlock with ABI %p a command reaches what the documentation says, and nothing else",
    async (abi) => {
      const effective = Math.min(abi, landlockAbi());
      const escaped = await attack("landlock", (tree) => rulesFor(tree, abi));
      const known = open("landlock", { abi: effective, root });
      // Attempts that the kernel may refuse to everyone.
      expect(escaped.filter((name) => !known.includes(name))).toEqual([]);
      expect(known.filter((name) => !escaped.includes(name) && !unproven.has(name))).toEqual([]);
    },
  );
});

/** Attempts of commands whose output is not kept; what they reach outside shows itself. */
const silent = "write-checkout write-profile signal-process unix-socket outlive-command";

/** The word that replaces the program under test by a copy which every user can start. */
async function copyOfProgram(folder: string): Promise<string[]> {
  const [program = "", entry] = dgovCommand();
  const copy = join(folder, "program");
  await Bun.write(copy, Bun.file(program));
  chmodSync(copy, 0o755);
  if (entry !== undefined) accessSync(entry, constants.R_OK);
  return ["/bin/sh", "-c", 'shift; exec "$0" "$@"', copy];
}

/** A run whose setup, worker, hook and gate attack; the level that it chose and the attempts that succeeded. */
async function attackedRun(o: {
  level: "namespaces" | "landlock";
  user: number;
}): Promise<{ exitCode: number; stderr: string; escaped: string[]; attempts: string[][] }> {
  const command = "python3 attack.py";
  await using p = await testProject({
    tasks: { a: {} },
    config: {
      // Gates of the base may fill the user's stores.
      project: { test_cmd: `[ ! -e a.txt ] || ${command}`, review_hooks: [`${command} ${silent}`] },
      worktree: { setup: `${command} ${silent}` },
      sandbox: {
        mode: "require",
        file_gib: attackLimits.fileGib,
        processes: attackLimits.processes,
      },
    },
    script: {
      rules: [
        {
          unit: unit("a"),
          turns: [
            call("run_bash", { command }),
            call("run_bash", { command: "echo a >a.txt" }),
            done("made a"),
          ],
        },
      ],
    },
  });
  const outside = join(p.repo.root, "outside");
  mkdirSync(outside);
  const own = o.user === process.getuid?.();
  if (!own) chownSync(p.repo.root, o.user, o.user);
  const copied = own ? [] : await copyOfProgram(p.repo.root);
  const dgov = copied.at(-1) ?? dgovCommand()[0] ?? "";
  await using planted = await plantAttack({
    ...{ outside, checkout: p.repo.path, home: join(p.repo.root, "home"), dgov, user: o.user },
  });
  p.repo.write("attack.py", planted.program({ level: o.level }));
  await p.repo.git("-c", "safe.directory=*", "add", "attack.py");
  await p.repo.git("-c", "safe.directory=*", "commit", "-q", "-m", "attack");
  const hidden = 'mount --bind /dev/null "$(command -v bwrap)"; exec "$@"';
  const prefix = [
    ...(o.level === "landlock" && bubblewrap ? ["unshare", "-m", "sh", "-c", hidden, "sh"] : []),
    ...(own ? [] : ["setpriv", `--reuid=${o.user}`, `--regid=${o.user}`, "--clear-groups"]),
    ...copied,
  ];
  if (!own) giveTo(o.user, [p.repo.root]);
  const path = own ? `${dirname(python?.program ?? "")}:${p.env["PATH"]}` : "/usr/bin:/bin";
  const child = spawnDgov(["run", "p"], {
    ...{ cwd: p.root, prefix },
    env: { ...p.env, ...secretEnvironment, PATH: path },
  });
  child.stdin.end();
  const [, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  using log = openEventLogForReading(p.root);
  const blobs = p
    .events()
    .flatMap(({ type, data }) => (type === "gate.finished" ? [data["output"]] : []))
    .map((blob) => `${log?.getBlob(String(blob)) ?? ""}`);
  const messages = p.model.requests.flatMap(
    ({ body }) => (body as { messages: unknown[] }).messages,
  );
  const tools = messages.map((message) => String((message as { content: unknown }).content));
  const outputs = [...blobs, ...tools].filter((text) => attempted(text).length > 0);
  return {
    ...{ exitCode, stderr, escaped: await planted.escaped(outputs) },
    attempts: outputs.map(attempted),
  };
}

const bubblewrap = Bun.which("bwrap") !== null;
const users = root ? [0, normalUser] : [process.getuid?.() ?? 0];

describe.if(process.platform === "linux" && python !== null)("C23 in a run", () => {
  const cases = (["namespaces", "landlock"] as const).flatMap((level) =>
    users.map((user) => ({ level, user, name: user === 0 ? "root" : "a normal user" })),
  );
  const possible = cases.filter(({ level }) =>
    level === "namespaces" ? bubblewrap : landlockAbi() >= 3 && (root || !bubblewrap),
  );
  test.each(possible)(
    "at $level as $name a worker, setup, hook and gate reach what the documentation says, and nothing else",
    async ({ level, user }) => {
      const run = await attackedRun({ level, user });
      expect({ exitCode: run.exitCode, stderr: run.exitCode === 0 ? "" : run.stderr }).toEqual({
        exitCode: 0,
        stderr: "",
      });
      // The worker's tool and the gate, each with every attempt.
      expect(run.attempts.slice(0, 2)).toEqual([all, all]);
      const known = open(level, { abi: landlockAbi(), root: user === 0 });
      expect(run.escaped.filter((name) => !known.includes(name))).toEqual([]);
      expect(known.filter((name) => !run.escaped.includes(name))).toEqual([]);
    },
  );
});

test("C23 the table in docs/security.md lists every attempt with what stops it", () => {
  const page = readFileSync(join(import.meta.dir, "../../docs/security.md"), "utf8");
  const lines = page.split("\n");
  const start = lines.findIndex((line) => line.startsWith("| attempt |"));
  const end = lines.findIndex((line, at) => at > start && !line.startsWith("|"));
  expect(lines.slice(start, end)).toEqual(securityTable());
});
