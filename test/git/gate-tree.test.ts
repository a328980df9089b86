/** Gate trees: they hold exactly one proven tree, also after changes by an earlier gate. */
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import {
  type GateTree,
  gateTreeDifferences,
  provideGateTree,
  restoreGateTree,
} from "../../src/git/worktrees/gate-tree.ts";
import { gitIn, type OpenedRepo, openTestRepo } from "./harness.ts";

const files = {
  "a.txt": "a\n",
  "src/b.py": "b\n",
  "run.sh": "#!/bin/sh\n",
  ".gitignore": "*.pyc\nnode_modules/\n",
};
const keepFolders = ["node_modules", "packages/x/vendor"];

async function provide(
  g: OpenedRepo,
  treeish = "HEAD",
): Promise<{ gateTree: GateTree; reused: boolean }> {
  const tree = await g.repo.git("rev-parse", `${treeish}^{tree}`);
  const [path, meta] = [join(g.repo.root, "gate"), join(g.repo.root, "gate-meta")];
  return provideGateTree(g.r, { path, meta, tree, keepFolders });
}

describe("provideGateTree", () => {
  test("a gate tree holds exactly its tree and is a clean git repository of its own", async () => {
    await using g = await openTestRepo(files);
    const { gateTree, reused } = await provide(g);
    expect([reused, await gateTreeDifferences(g.r, gateTree, { keepFolders })]).toEqual([
      false,
      [],
    ]);
    expect(await gitIn(g.repo, gateTree.path, "status", "--porcelain")).toBe("");
    expect(await gitIn(g.repo, gateTree.path, "rev-parse", "HEAD^{tree}")).toBe(gateTree.tree);
    expect(await gitIn(g.repo, gateTree.path, "rev-parse", "--show-toplevel")).toBe(gateTree.path);
  });

  test("A19 changes of a gate are named and undone", async () => {
    await using g = await openTestRepo(files);
    const { gateTree } = await provide(g);
    const at = (path: string): string => join(gateTree.path, path);
    const write = (path: string): void => {
      mkdirSync(dirname(at(path)), { recursive: true });
      writeFileSync(at(path), "by a gate\n");
    };
    write("a.txt");
    rmSync(at("src"), { recursive: true });
    symlinkSync(g.repo.path, at("src"));
    chmodSync(at("run.sh"), 0o644);
    for (const path of ["cache/x.pyc", "y.pyc", "node_modules/m/index.js", "packages/x/vendor/v"])
      write(path);
    write("packages/x/other");
    mkdirSync(at("empty"));
    writeFileSync(at(".git"), "gitdir: /tmp/evil\n");
    expect(await gateTreeDifferences(g.r, gateTree, { keepFolders })).toEqual([
      ".git",
      "a.txt",
      "cache/",
      "empty/",
      "packages/x/other",
      "run.sh",
      "src",
      "src/b.py",
      "y.pyc",
    ]);
    await restoreGateTree(g.r, gateTree, { keepFolders });
    expect(await gateTreeDifferences(g.r, gateTree, { keepFolders })).toEqual([]);
    expect([
      existsSync(at("node_modules/m/index.js")),
      existsSync(at("packages/x/vendor/v")),
    ]).toEqual([true, true]);
    expect(g.repo.read("src/b.py")).toBe("b\n");
    expect(await gitIn(g.repo, gateTree.path, "status", "--porcelain", "--ignored=no", "src")).toBe(
      "",
    );
  });

  test("a reused gate tree takes another tree and keeps dependency folders, even when a gate changed it", async () => {
    await using g = await openTestRepo(files);
    const first = await provide(g);
    mkdirSync(join(first.gateTree.path, "node_modules"));
    writeFileSync(join(first.gateTree.path, "node_modules/m"), "m\n");
    writeFileSync(join(first.gateTree.path, "a.txt"), "dirty\n");
    writeFileSync(join(first.gateTree.path, "new.txt"), "in the way\n");
    g.repo.write("new.txt", "tracked now\n");
    await g.repo.git("rm", "-q", "src/b.py");
    await g.repo.git("add", "-A");
    await g.repo.git("commit", "-qm", "two");
    const second = await provide(g);
    expect([
      second.reused,
      await gateTreeDifferences(g.r, second.gateTree, { keepFolders }),
    ]).toEqual([true, []]);
    const at = (path: string): string => readFileSync(join(second.gateTree.path, path), "utf8");
    expect([at("a.txt"), at("new.txt"), at("node_modules/m")]).toEqual([
      "a\n",
      "tracked now\n",
      "m\n",
    ]);
    expect(existsSync(join(second.gateTree.path, "src"))).toBe(false);
  });

  test("a gate tree with a rewritten index is rebuilt", async () => {
    await using g = await openTestRepo(files);
    const { gateTree } = await provide(g);
    const index = join(gateTree.meta, "index");
    writeFileSync(join(gateTree.path, "a.txt"), "poison\n");
    const env = { ...g.repo.env, GIT_INDEX_FILE: index };
    const cwd = gateTree.path;
    expect(Bun.spawnSync(["git", "update-index", "a.txt"], { cwd, env }).exitCode).toBe(0);
    expect(await gateTreeDifferences(g.r, gateTree, { keepFolders })).not.toEqual([]);
    await restoreGateTree(g.r, gateTree, { keepFolders });
    expect(await gateTreeDifferences(g.r, gateTree, { keepFolders })).toEqual([]);
    expect(readFileSync(join(gateTree.path, "a.txt"), "utf8")).toBe("a\n");
    writeFileSync(index, "garbage");
    expect((await provide(g)).reused).toBe(false);
  });
});
