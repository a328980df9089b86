/** Processes of workers and gates that replace folders of dgov, or change files that all worktrees share. */
import { describe, expect, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { isOwnFolder } from "../../src/git/own-folder.ts";
import {
  describeFingerprintChange,
  repositoryFingerprint,
} from "../../src/git/repository-fingerprint.ts";
import {
  gateTreeDifferences,
  provideGateTree,
  restoreGateTree,
} from "../../src/git/worktrees/gate-tree.ts";
import { removeWorktree } from "../../src/git/worktrees/keep.ts";
import { commitChanges } from "../../src/git/worktrees/snapshot.ts";
import { cleanRuns } from "../../src/runner/operator/clean.ts";
import { runPaths, scratchFolder } from "../../src/runner/paths.ts";
import { type OpenedRepo, openTestRepo } from "../git/harness.ts";
import { statuses, testSettlement, verdict } from "../settlement/harness.ts";

/** Moves a folder aside and puts a link to another one in its place. */
function replaceByLink(path: string, target: string): void {
  renameSync(path, `${path}.away`);
  symlinkSync(target, path);
}

/** A folder with files that must survive. */
function victimOf({ repo }: OpenedRepo): { path: string; intact(): void } {
  const path = join(repo.root, "victim");
  for (const name of [".git", "git", "tree", "meta", "tmp", "src", "scratch"]) {
    mkdirSync(join(path, name), { recursive: true });
    writeFileSync(join(path, name, "precious"), "p");
  }
  const before = readdirSync(path, { recursive: true }).sort();
  return {
    path,
    intact: () => expect(readdirSync(path, { recursive: true }).sort()).toEqual(before),
  };
}

describe("folders that were replaced by a link", () => {
  test("C21 a gate tree that a gate replaced is named, rebuilt and not followed", async () => {
    await using g = await openTestRepo({ "src/a.txt": "a\n" });
    const victim = victimOf(g);
    const tree = await g.repo.git("rev-parse", "HEAD^{tree}");
    const [path, meta] = [join(g.repo.root, "slot/tree"), join(g.repo.root, "slot/meta")];
    const { gateTree } = await provideGateTree(g.r, { path, meta, tree, keepFolders: [] });
    replaceByLink(path, victim.path);
    expect(await gateTreeDifferences(g.r, gateTree, { keepFolders: [] })).toEqual([
      "(the folder of the gate tree)",
    ]);
    await restoreGateTree(g.r, gateTree, { keepFolders: [] });
    expect(isOwnFolder(path)).toBe(true);
    expect(await gateTreeDifferences(g.r, gateTree, { keepFolders: [] })).toEqual([]);
    replaceByLink(meta, victim.path);
    await provideGateTree(g.r, { path, meta, tree, keepFolders: [] });
    expect([isOwnFolder(meta), isOwnFolder(path)]).toEqual([true, true]);
    victim.intact();
  });

  test("C21 a slot that was replaced is refused with its path", async () => {
    await using g = await openTestRepo({ "src/a.txt": "a\n" });
    const victim = victimOf(g);
    const tree = await g.repo.git("rev-parse", "HEAD^{tree}");
    const slot = join(g.repo.root, "slot");
    const of = { path: join(slot, "tree"), meta: join(slot, "meta"), tree, keepFolders: [] };
    await provideGateTree(g.r, of);
    replaceByLink(slot, victim.path);
    await expect(provideGateTree(g.r, of)).rejects.toThrow(`${slot} was replaced by a link`);
    victim.intact();
  });

  test("C21 a folder of the tree that a gate replaced is restored, and the entries of its target survive", async () => {
    await using g = await openTestRepo({ "src/a.txt": "a\n", ".gitignore": "node_modules/\n" });
    const victim = victimOf(g);
    const tree = await g.repo.git("rev-parse", "HEAD^{tree}");
    const [path, meta] = [join(g.repo.root, "slot/tree"), join(g.repo.root, "slot/meta")];
    const keepFolders = ["src/node_modules", "lib/node_modules"];
    const { gateTree } = await provideGateTree(g.r, { path, meta, tree, keepFolders });
    replaceByLink(join(path, "src"), victim.path);
    symlinkSync(victim.path, join(path, "lib"));
    await restoreGateTree(g.r, gateTree, { keepFolders });
    expect(await gateTreeDifferences(g.r, gateTree, { keepFolders })).toEqual([]);
    victim.intact();
  });

  test("C21 a gate that links its tree to the operator's checkout harms neither it nor the next gate", async () => {
    const lint_cmd = 'cd .. && mv tree away && ln -s "$OPERATOR" tree';
    await using c = await testSettlement({
      project: { lint_cmd, type_check_cmd: "test -f a.txt && ! test -e untracked.txt" },
      environment: { OPERATOR: "PLACE" },
    });
    const { repo } = c.git;
    repo.write("untracked.txt", "mine\n");
    const context = c.reopen({ environment: { ...repo.env, OPERATOR: repo.path } });
    const result = await c.judge({ "a.txt": "a\n" }, { context });
    expect(statuses(result)).toEqual({ lint: "passed", types: "passed" });
    expect(verdict(result, "lint").changedPaths).toEqual(["(the folder of the gate tree)"]);
    expect(repo.read("untracked.txt")).toBe("mine\n");
    expect(await repo.git("status", "--porcelain")).toBe("?? untracked.txt");
  });

  test("C21 a worktree that its worker replaced is neither read nor removed through the link", async () => {
    await using g = await openTestRepo({ "src/a.txt": "a\n" });
    const victim = victimOf(g);
    const t = await g.attempt();
    writeFileSync(join(t.path, "work.txt"), "w");
    replaceByLink(t.path, victim.path);
    const fields = {
      message: "m\n",
      identity: { name: "A", email: "a@x" },
      date: "2026-01-01T00:00:00Z",
    };
    const refused = `${t.path} was replaced by a link`;
    await expect(commitChanges(g.r, t, { ...fields, paths: ["src/a.txt"] })).rejects.toThrow(
      refused,
    );
    await expect(g.keep(t)).rejects.toThrow(refused);
    await expect(removeWorktree(g.r, t, {})).rejects.toThrow(refused);
    victim.intact();
  });

  test.each(["runs", "runs/r", "runs/r/scratch"])(
    "C21 a scratch folder is not created through a link at %s",
    async (name) => {
      await using g = await openTestRepo({});
      const victim = victimOf(g);
      const env = { XDG_CACHE_HOME: join(g.repo.root, "cache") };
      const paths = runPaths({ repositoryId: "id", configured: null, env });
      scratchFolder(paths, "r");
      replaceByLink(join(paths.root, name), victim.path);
      expect(() => scratchFolder(paths, "r")).toThrow("was replaced by a link");
      victim.intact();
    },
  );

  test("C21 a cache that the user keeps behind a link is used at its real path", async () => {
    await using g = await openTestRepo({});
    mkdirSync(join(g.repo.root, "disk"));
    symlinkSync(join(g.repo.root, "disk"), join(g.repo.root, "cache"));
    const env = { XDG_CACHE_HOME: join(g.repo.root, "cache") };
    const paths = runPaths({ repositoryId: "id", configured: null, env });
    expect(scratchFolder(paths, "r")).toBe(join(g.repo.root, "disk/dgov/id/runs/r/scratch"));
  });

  test("C21 clean removes links in place of dgov's folders, and nothing behind them", async () => {
    await using g = await openTestRepo({});
    const victim = victimOf(g);
    const env = { XDG_CACHE_HOME: join(g.repo.root, "cache") };
    const paths = runPaths({ repositoryId: "id", configured: null, env });
    for (const folder of ["runs/r", "slots/1", "planner/x"]) {
      mkdirSync(join(paths.root, folder), { recursive: true });
    }
    replaceByLink(join(paths.root, "slots"), victim.path);
    replaceByLink(join(paths.root, "planner"), victim.path);
    replaceByLink(join(paths.root, "runs/r"), victim.path);
    const of = {
      repository: g.r,
      projectRoot: g.repo.path,
      paths,
      log: null,
      env: {},
      layers: false,
    };
    const links = ["runs/r", "slots", "planner"].map((name) => `link ${join(paths.root, name)}`);
    const dry = await cleanRuns({ ...of, dry: true });
    expect(dry.removed).toEqual(expect.arrayContaining(links));
    const cleaned = await cleanRuns({ ...of, dry: false });
    expect(cleaned.removed).toEqual(expect.arrayContaining(links));
    for (const name of ["runs/r", "slots", "planner"]) {
      expect(existsSync(join(paths.root, name))).toBe(false);
    }
    victim.intact();
  });
});

describe("the fingerprint of the repository", () => {
  test("C21 a boundary of a shallow clone that appears is a change", async () => {
    await using g = await openTestRepo({});
    const before = await repositoryFingerprint(g.r);
    writeFileSync(join(g.r.commonDir, "shallow"), `${await g.repo.git("rev-parse", "HEAD")}\n`);
    const after = await repositoryFingerprint(g.r, before);
    expect(describeFingerprintChange(before, after)).toMatch(/^shallow: \+[0-9a-f]{40}/m);
  });

  test.each([[[]], [["--split"]]])(
    "C21 a commit-graph that git rewrites is no change, and a forged one is (%j)",
    async (options) => {
      await using g = await openTestRepo({});
      const write = () => g.repo.git("commit-graph", "write", "--reachable", ...options);
      const commit = () => g.repo.git("commit", "-q", "--allow-empty", "-m", "x");
      const first = await repositoryFingerprint(g.r);
      await commit();
      await write();
      expect(await repositoryFingerprint(g.r, first)).toBe(first);
      const before = await repositoryFingerprint(g.r);
      await commit();
      await write();
      expect(await repositoryFingerprint(g.r, before)).toBe(before);

      const forger = `${g.repo.path}.forger`;
      cpSync(g.repo.path, forger, { recursive: true });
      forge(join(forger, ".git/objects/info"), join(g.r.commonDir, "objects/info"));
      const after = await repositoryFingerprint(g.r, before);
      expect(describeFingerprintChange(before, after)).toContain("does not agree with the commits");
    },
  );
});

/** Copies the commit-graph with another tree in its first record. */
function forge(from: string, to: string): void {
  const names = existsSync(join(from, "commit-graph"))
    ? ["commit-graph"]
    : readdirSync(join(from, "commit-graphs")).map((name) => join("commit-graphs", name));
  for (const name of names.filter((one) => !one.endsWith("chain"))) {
    const bytes = readFileSync(join(from, name));
    // The chunk table begins at byte 8; CDAT holds a tree id at the start of each record.
    const at = bytes.indexOf("CDAT");
    const offset = Number(bytes.readBigUInt64BE(at + 4));
    bytes[offset] = (bytes[offset] ?? 0) ^ 0xff;
    const file = join(to, name);
    mkdirSync(dirname(file), { recursive: true });
    Bun.spawnSync(["chmod", "-R", "u+w", dirname(file)]);
    writeFileSync(file, bytes);
  }
}
