/** Attempts of a confined command to reach something outside (C23), at each level and for each ABI of Landlock. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Confine } from "../../src/process/confine.ts";
import { landlockAbi } from "../../src/process/landlock.ts";
import { runProcess } from "../../src/process/spawn.ts";
import { scaled } from "../harness/limits.ts";
import { testRepo } from "../harness/repo.ts";
import { attackLimits, attempted, plantAttack } from "./attack.ts";
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
 * Attempts that can fail without a sandbox: nothing is left open for an unconfined command, and the kernel may have
 * no such sockets or calls.
 */
const unproven = new Set([
  ...["inherited-descriptors", "hypervisor", "mptcp", "tcp-ipv6", "tcp-fast-open", "foreign-calls"],
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

test("C23 the table in docs/security.md lists every attempt with what stops it", () => {
  const page = readFileSync(join(import.meta.dir, "../../docs/security.md"), "utf8");
  const lines = page.split("\n");
  const start = lines.findIndex((line) => line.startsWith("| attempt |"));
  const end = lines.findIndex((line, at) => at > start && !line.startsWith("|"));
  expect(lines.slice(start, end)).toEqual(securityTable());
});
