/** Dependency folders of gate trees: copies, results of setup, and the trees that may reuse them. */
import { describe, expect, test } from "bun:test";
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { findEscape, prepareDependencies } from "../../src/settlement/trees/dependencies.ts";
import { statuses, type TestSettlement, testSettlement, verdict } from "./harness.ts";

function put(c: TestSettlement, path: string, text: string): string {
  const full = join(c.git.repo.path, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
  return full;
}

const ignored = { ".gitignore": "node_modules/\n.venv/\nvendor/\ngen/\n" };

async function prepared(c: TestSettlement): Promise<string> {
  const { path } = await c.git.attempt();
  const { signal } = new AbortController();
  const done = await prepareDependencies(c.context, {
    path,
    tree: { root: path, gitDirs: [] },
    marker: "m",
    signal,
  });
  expect(done.ok).toBe(true);
  return path;
}

describe("copied dependency folders", () => {
  test("copied dependency folders keep relative links, share no inodes, and include those of workspaces", async () => {
    await using c = await testSettlement({ files: { ...ignored, "packages/a/index.txt": "a\n" } });
    const file = put(c, "node_modules/dep/x", "x\n");
    put(c, "packages/a/node_modules/y", "y\n");
    symlinkSync("../packages/a", join(c.git.repo.path, "node_modules/a"));
    linkSync(file, join(c.git.repo.path, "node_modules/dep/second"));
    const path = await prepared(c);
    expect(readFileSync(join(path, "packages/a/node_modules/y"), "utf8")).toBe("y\n");
    expect(statSync(join(path, "node_modules/dep/x")).ino).not.toBe(statSync(file).ino);
    expect(lstatSync(join(path, "node_modules/a")).isSymbolicLink()).toBe(true);
    writeFileSync(join(path, "packages/a/index.txt"), "of the copy\n");
    expect(readFileSync(join(path, "node_modules/a/index.txt"), "utf8")).toBe("of the copy\n");
  });

  test("dependency folders are copied only for the same lockfile, and never over files of the tree", async () => {
    await using c = await testSettlement({ files: { "vendor/own": "tree\n", "bun.lock": "1\n" } });
    put(c, "node_modules/dep/x", "x\n");
    put(c, "vendor/own", "operator\n");
    expect(readFileSync(join(await prepared(c), "vendor/own"), "utf8")).toBe("tree\n");
    expect(existsSync(join(await prepared(c), "node_modules/dep/x"))).toBe(true);
    put(c, "bun.lock", "2\n");
    expect(existsSync(join(await prepared(c), "node_modules"))).toBe(false);
  });
});

/** A settlement with a dependency, whose first `cp` is this script; later ones copy. */
async function withFirstCopy(script: string): Promise<TestSettlement> {
  const c = await testSettlement({
    files: ignored,
    project: { test_cmd: "[ -e node_modules/dep/x ]" },
  });
  put(c, "node_modules/dep/x", "x\n");
  const bin = join(c.git.repo.root, "bin");
  mkdirSync(bin, { recursive: true });
  const once = `mkdir '${bin}/once' 2>/dev/null && { ${script}; }`;
  writeFileSync(join(bin, "cp"), `#!/bin/sh\n${once}\nexec /bin/cp "$@"\n`, { mode: 0o755 });
  c.context.environment["PATH"] = `${bin}:${c.context.environment["PATH"]}`;
  return c;
}

describe("B17 dependencies that could not be copied", () => {
  test("a copy that was cancelled leaves no gate tree that counts as prepared", async () => {
    await using c = await withFirstCopy('touch "$0.started"; sleep 300');
    const started = join(c.git.repo.root, "bin/cp.started");
    const abort = new AbortController();
    const cancelled = c.judge({ "a.txt": "1\n" }, { signal: abort.signal });
    while (!existsSync(started)) await Bun.sleep(5);
    abort.abort();
    expect((await cancelled).passed).toBe(false);
    for (const text of ["2\n", "3\n"]) {
      expect(statuses(await c.judge({ "a.txt": text }))).toEqual({ tests: "passed" });
    }
  });

  test("a copy that fails is a fault of the environment, and later trees are copied again", async () => {
    await using c = await withFirstCopy('touch "$0.failed"; exit 1');
    const bin = join(c.git.repo.root, "bin");
    // Every attempt of the first copy fails, with and without reflinks.
    const fails = `#!/bin/sh\n[ -e '${bin}/works' ] || exit 1\nexec /bin/cp "$@"\n`;
    writeFileSync(join(bin, "cp"), fails, { mode: 0o755 });
    const failed = verdict(await c.judge({ "a.txt": "1\n" }), "tests");
    expect(failed).toMatchObject({
      status: "errored",
      blame: "environment",
      reason: "the tree has no dependencies: node_modules could not be copied: exit code 1",
    });
    writeFileSync(join(bin, "works"), "");
    expect(statuses(await c.judge({ "a.txt": "1\n" }))).toEqual({ tests: "passed" });
  });
});

describe("folders that lead back into the operator's checkout", () => {
  test.each([
    [
      "an absolute link",
      (c: TestSettlement, at: string) => symlinkSync(c.git.repo.path, join(at, "me")),
    ],
    [
      "a link out of the repository",
      (_: TestSettlement, at: string) => symlinkSync("../../x", join(at, "me")),
    ],
    [
      "a path file",
      (c: TestSettlement, at: string) =>
        writeFileSync(join(at, "x.pth"), `${c.git.repo.path}/src\n`),
    ],
    [
      "an egg link",
      (c: TestSettlement, at: string) => writeFileSync(join(at, "x.egg-link"), c.git.repo.path),
    ],
    [
      "an editable finder",
      (c: TestSettlement, at: string) =>
        writeFileSync(
          join(at, "__editable___x_finder.py"),
          `MAPPING = {'x': '${c.git.repo.path}'}`,
        ),
    ],
    [
      "a script of the virtual environment",
      (c: TestSettlement, at: string) => {
        mkdirSync(join(at, "bin"));
        writeFileSync(join(at, "pyvenv.cfg"), "home = /usr/bin\n");
        writeFileSync(join(at, "bin/pytest"), `#!${c.git.repo.path}/.venv/bin/python\n`);
      },
    ],
  ])("A18 a dependency folder is not copied when it contains %s", async (_, make) => {
    await using c = await testSettlement({
      files: ignored,
      config: { worktree: { copy: ["node_modules", ".venv"] } },
    });
    put(c, "node_modules/dep/x", "x\n");
    put(c, ".venv/lib/x", "x\n");
    make(c, join(c.git.repo.path, ".venv"));
    const path = await prepared(c);
    expect(await findEscape(join(c.git.repo.path, ".venv"), c.git.repo.path)).not.toBeNull();
    expect([existsSync(join(path, "node_modules/dep/x")), existsSync(join(path, ".venv"))]).toEqual(
      [true, false],
    );
  });

  test("programs of the checkout on PATH are replaced by those of the gate tree", async () => {
    await using c = await testSettlement({ files: ignored, project: { test_cmd: "tool" } });
    const tool = put(c, ".venv/bin/tool", "#!/bin/sh\necho operator\nexit 0\n");
    Bun.spawnSync(["chmod", "+x", tool]);
    c.context.environment["PATH"] = `${dirname(tool)}:${c.context.environment["PATH"]}`;
    expect(statuses(await c.judge({ "a.txt": "a\n" }))).toEqual({ tests: "errored" });
    c.context.config.worktree.setup =
      "mkdir -p .venv/bin && printf '#!/bin/sh\\ngrep -q good a.txt\\n' > .venv/bin/tool && chmod +x .venv/bin/tool";
    expect(statuses(await c.judge({ "a.txt": "good\n" }))["tests"]).toBe("passed");
    expect(statuses(await c.judge({ "a.txt": "bad\n" }))["tests"]).toBe("failed");
  });
});

describe("setup", () => {
  const count = (c: TestSettlement): number => {
    const path = join(c.git.repo.root, "setups");
    return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n").length : 0;
  };
  const counted = (c: TestSettlement, command: string): void => {
    c.context.config.worktree.setup = `echo x >> ${join(c.git.repo.root, "setups")}; ${command}`;
  };

  test("setup runs once for all trees of one lockfile, and again for another", async () => {
    await using c = await testSettlement({
      files: { ...ignored, "bun.lock": "1\n" },
      project: { test_cmd: "test -e node_modules/made" },
    });
    counted(c, "mkdir -p node_modules && touch node_modules/made");
    expect((await c.judge({ "a.txt": "1\n" })).passed).toBe(true);
    const second = await c.judge({ "a.txt": "2\n" });
    expect([second.passed, count(c), verdict(second, "setup").cached]).toEqual([true, 1, true]);
    expect((await c.judge({ "bun.lock": "2\n" })).passed).toBe(true);
    expect(count(c)).toBe(2);
  });

  test("setup output made from files of a tree serves that tree only", async () => {
    await using c = await testSettlement({
      files: ignored,
      project: { test_cmd: "cmp a.txt gen/a.txt" },
    });
    counted(c, "mkdir -p gen && cp a.txt gen/ 2>/dev/null || true");
    expect((await c.judge({ "a.txt": "1\n" })).passed).toBe(true);
    expect((await c.judge({ "a.txt": "2\n" })).passed).toBe(true);
    expect(count(c)).toBe(2);
  });

  test("A18 an environment that contains a copy of the project serves that tree only", async () => {
    await using c = await testSettlement({
      files: ignored,
      project: { test_cmd: "grep -q good .venv/lib/python3.12/site-packages/p.txt" },
    });
    const site = ".venv/lib/python3.12/site-packages";
    counted(
      c,
      `mkdir -p ${site}/p-1.dist-info && cp a.txt ${site}/p.txt && echo '{"url": "file:///x", "dir_info": {}}' > ${site}/p-1.dist-info/direct_url.json`,
    );
    expect((await c.judge({ "a.txt": "good\n" })).passed).toBe(true);
    expect((await c.judge({ "a.txt": "broken\n" })).passed).toBe(false);
  });

  test("setup runs again after a gate changed its folders", async () => {
    await using c = await testSettlement({
      files: ignored,
      project: {
        lint_cmd: "echo spoilt > node_modules/made",
        test_cmd: "grep -q sound node_modules/made",
      },
    });
    counted(c, "mkdir -p node_modules && echo sound > node_modules/made");
    expect((await c.judge({ "a.txt": "1\n" })).passed).toBe(true);
    expect(count(c)).toBe(2);
  });

  test("no gate runs after a failed setup, and its output reaches the attempt", async () => {
    await using c = await testSettlement({ files: ignored, project: { test_cmd: "true" } });
    counted(c, "[ ! -e a.txt ] || { echo no such package; exit 1; }");
    const result = await c.judge({ "a.txt": "1\n" });
    expect(statuses(result)).toEqual({ setup: "failed" });
    expect([result.passed, result.blame]).toEqual([false, "attempt"]);
    expect(result.reason).toContain("no such package");
  });

  test("changes of setup to tracked files are undone", async () => {
    await using c = await testSettlement({
      files: { ...ignored, "f.txt": "f\n" },
      project: { test_cmd: "grep -qx f f.txt" },
    });
    counted(c, "echo changed > f.txt");
    expect((await c.judge({ "a.txt": "1\n" })).passed).toBe(true);
  });
});
