/** Kinds of machines: the level that each offers, and commands that share what only one can have. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Config } from "../../src/config/config.ts";
import type { Confine } from "../../src/process/confine.ts";
import { landlockAbi } from "../../src/process/landlock.ts";
import { seccompProgram } from "../../src/process/seccomp.ts";
import { runShell } from "../../src/process/spawn.ts";
import { processStart } from "../../src/process/tree.ts";
import { confinement, openSandbox } from "../../src/sandbox/sandbox.ts";
import { scaled } from "../harness/limits.ts";
import { testProject } from "../harness/project.ts";

const bubblewrap = Bun.which("bwrap") !== null;
const hasLandlock = landlockAbi() >= 6;

/** The row of the sandbox in `dgov doctor` on a machine that the first words of a command line make. */
async function sandboxRow(
  prefix: readonly string[],
  env: Record<string, string> = {},
): Promise<{ state: string; detail: string }> {
  const config = { sandbox: { mode: "auto" } };
  await using p = await testProject({ tasks: { a: {} }, script: { rules: [] }, config, prefix });
  const { stdout } = await p.dgov(["doctor", "--json"], env);
  const { checks } = JSON.parse(stdout) as {
    checks: { check: string; state: string; detail: string }[];
  };
  return checks.find(({ check }) => check === "sandbox") ?? { state: "missing", detail: stdout };
}

const noNamespaces = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"';
const nested = ["unshare", "--user", "--map-root-user", "sh", "-c", noNamespaces, "sh"];
const canNest = bubblewrap && Bun.spawnSync([...nested, "true"]).exitCode === 0;

describe.if(process.platform === "linux" && hasLandlock)("C23 the level of a machine", () => {
  test.if(canNest)("without user namespaces it is landlock, and the limit is named", async () => {
    const row = await sandboxRow(nested);
    expect(row.detail).toStartWith(
      "landlock: no namespaces: the limit of user namespaces is reached",
    );
  });

  test.if(canNest).each([
    ["2", /^off: .*no Landlock/],
    ["3", /^landlock: .*TCP is not limited.*signalled/],
    ["4", /^landlock: .*with this kernel processes outside can be signalled/],
  ])("with ABI %p of Landlock the level and what it does not hold are named", async (abi, text) => {
    const row = await sandboxRow(nested, { DGOV_LANDLOCK_ABI: abi });
    expect(row.detail).toMatch(text);
    expect(row.state).toBe("warn");
  });

  test.if(bubblewrap)("in a container that refuses unshare and mount it is landlock", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dgov-test-"));
    const arch = process.arch === "arm64" ? "arm64" : "x64";
    const filter = { arch, namespaces: true, network: false, localIpc: false } as const;
    writeFileSync(join(folder, "filter"), seccompProgram(filter));
    const container = "bwrap --dev-bind / / --seccomp 9";
    const prefix = ["sh", "-c", `exec ${container} "$@" 9<"$0"`, join(folder, "filter")];
    try {
      const row = await sandboxRow(prefix);
      expect(row.detail).toStartWith("landlock: no namespaces: ");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** A folder with trees, removed at the end. */
function trees(...names: string[]): { at(name: string): string } & Disposable {
  const root = mkdtempSync(join(tmpdir(), "dgov-test-"));
  for (const name of names) mkdirSync(join(root, name));
  return {
    at: (name) => join(root, name),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Rules for commands of the system in a tree. */
function rules(tree: string, ports: number[] = []): Confine {
  return {
    level: "landlock",
    rules: {
      ...{ abi: 99, hidden: [], unixSockets: false, ports },
      read: ["/usr", "/bin", "/lib", "/lib64", "/etc", "/proc"],
      write: [tree, "/dev/null"],
    },
  };
}

const shell = {
  env: { PATH: "/usr/bin:/bin" },
  timeoutMs: scaled(30_000),
  outputBytesMax: 100_000,
};

/** Text of Python that takes a port, a database and a temporary file for itself, and keeps them until told. */
const exclusive = `
import os, socket, sqlite3, tempfile, time
s = socket.socket(); s.bind(("127.0.0.1", int(os.environ["PORT"]))); s.listen()
d = sqlite3.connect("data.db", timeout=0); d.execute("BEGIN EXCLUSIVE")
os.close(os.open(os.path.join(os.environ.get("TMPDIR", "/tmp"), "same"), os.O_CREAT | os.O_EXCL))
open("ready", "w").close()
while not os.path.exists("go"): time.sleep(0.005)
`;

/** Runs the same command in two trees at the same time; their exit codes. */
async function both(
  at: (name: string) => string,
  confine: (tree: string, index: number) => Confine | undefined,
  env: (tree: string, index: number) => Record<string, string>,
): Promise<unknown[]> {
  const runs = ["a", "b"].map((name, index) => {
    const tree = at(name);
    writeFileSync(join(tree, "take.py"), exclusive);
    return runShell({
      ...{ command: "/usr/bin/python3 take.py", cwd: tree, ...shell },
      env: { ...shell.env, ...env(tree, index) },
      confine: confine(tree, index),
    });
  });
  const done = Promise.all(runs);
  const ready = async (): Promise<void> => {
    while (!["a", "b"].every((name) => existsSync(join(at(name), "ready")))) await Bun.sleep(5);
  };
  await Promise.race([ready(), done]);
  for (const name of ["a", "b"]) writeFileSync(join(at(name), "go"), "");
  return (await done).map(({ result, stderr }) => [result, stderr]);
}

const succeeded = [{ kind: "exited", code: 0 }, ""];

describe.if(process.platform === "linux" && existsSync("/usr/bin/python3"))(
  "two commands at once",
  () => {
    test.if(bubblewrap)(
      "A29 at namespaces hold the same port, database and temporary file",
      async () => {
        using folder = trees("a", "b");
        const keys = {
          ...{ mode: "require", read: [], sockets: [], devices: [], unixSockets: false },
          ...{ memoryGib: null, processes: null, fileGib: null },
        };
        const sandbox = await openSandbox({
          config: { sandbox: keys } as unknown as Pick<Config, "sandbox">,
          ...{ environment: { ...shell.env, HOME: "/root" }, env: process.env, closed: [] },
        });
        const request = {
          ...{ cwd: "", gitDir: null, objects: [], temporary: null, ports: [] },
          network: "none",
        } as const;
        const ended = await both(
          folder.at,
          (root) => confinement(sandbox, { ...request, root }),
          () => ({ PORT: "47123" }),
        );
        expect(ended).toEqual([succeeded, succeeded]);
      },
    );

    test.if(hasLandlock)(
      "A29 at landlock hold those that DGOV_PORT_BASE and TMPDIR name",
      async () => {
        using folder = trees("a", "b");
        const port = (index: number): number => 47_200 + 16 * index;
        const ended = await both(
          folder.at,
          (tree, index) => rules(tree, [port(index)]),
          (tree, index) => ({ PORT: `${port(index)}`, TMPDIR: tree }),
        );
        expect(ended).toEqual([succeeded, succeeded]);
        rmSync(join(folder.at("a"), "same"));
        const other = await both(
          folder.at,
          (tree) => rules(tree, [port(0)]),
          (tree) => ({ PORT: `${port(1)}`, TMPDIR: tree }),
        );
        expect(String(other)).toContain("PermissionError");
      },
    );
  },
);

describe.if(process.platform === "linux" && hasLandlock)("a command at landlock", () => {
  test("C17 leaves no process that forked twice, left its session and cleared its environment", async () => {
    using folder = trees("a");
    const tree = folder.at("a");
    const stay = "echo $$ >pid; while :; do sleep 0.05; done";
    writeFileSync(join(tree, "stay"), stay);
    const command =
      "setsid sh -c '( setsid env -i PATH=/usr/bin:/bin /bin/sh stay & )' </dev/null >/dev/null 2>&1 & until [ -s pid ]; do sleep 0.01; done";
    const run = await runShell({ ...shell, cwd: tree, command, confine: rules(tree) });
    expect(run.result).toEqual({ kind: "exited", code: 0 });
    expect(processStart(Number(readFileSync(join(tree, "pid"), "utf8")))).toBeNull();
  });

  test("C17 a command that kills its supervisor counts as killed", async () => {
    using folder = trees("a");
    const tree = folder.at("a");
    const command = "kill -KILL $PPID; sleep 1000";
    const run = await runShell({
      ...shell,
      cwd: tree,
      command,
      confine: rules(tree),
      marker: "test/landlock",
    });
    expect(run.result).toEqual({ kind: "signaled", signal: "SIGKILL" });
  });

  test("a program that is missing, and rules that the kernel cannot hold, are reported", async () => {
    using folder = trees("a");
    const tree = folder.at("a");
    const missing = await runShell({
      ...shell,
      cwd: tree,
      command: "no-such-program",
      confine: rules(tree),
    });
    expect(missing.result).toEqual({ kind: "exited", code: 127 });
    const confine = rules(tree);
    if (confine.level === "landlock") confine.rules.abi = 2;
    expect(runShell({ ...shell, cwd: tree, command: "true", confine })).rejects.toThrow(
      "the sandbox cannot be set up: the kernel has no Landlock",
    );
  });
});
