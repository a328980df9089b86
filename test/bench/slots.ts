/** Preparing a reused gate slot in a repository of 20,000 files, compared with a cold `git worktree add`. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openRepository } from "../../src/git/repository.ts";
import { gateTreeDifferences, provideGateTree } from "../../src/git/worktrees/gate-tree.ts";
import { testRepo } from "../harness/repo.ts";
import { type Benchmark, interleaved } from "./figure.ts";

const files = 20_000;
const perFolder = 100;
const rounds = 10;

const benchmark: Benchmark = {
  name: "slots",
  async run() {
    await using repo = await testRepo({ "readme.txt": "hello\n" });
    for (let i = 0; i < files; i++) {
      const folder = join(repo.path, `d${Math.floor(i / perFolder)}`);
      if (i % perFolder === 0) mkdirSync(folder);
      writeFileSync(join(folder, `f${i}.txt`), `file ${i}\n`.repeat(20));
    }
    await repo.git("add", "-A");
    await repo.git("commit", "-qm", "many");
    const trees = [await repo.git("rev-parse", "HEAD^{tree}")];
    writeFileSync(join(repo.path, "d7/f700.txt"), "changed\n");
    writeFileSync(join(repo.path, "new.txt"), "new\n");
    await repo.git("add", "-A");
    await repo.git("commit", "-qm", "few");
    trees.push(await repo.git("rev-parse", "HEAD^{tree}"));
    const r = await openRepository(repo.path);
    const slot = { path: join(repo.root, "slot/tree"), meta: join(repo.root, "slot/meta") };
    const cold = join(repo.root, "cold");
    let turn = 0;
    const medians = await interleaved(
      {
        async worktree() {
          await repo.git("worktree", "add", "-q", "--detach", cold, "HEAD");
        },
        // Cleaning up is not measured, but must happen between two rounds.
        async cleanup() {
          rmSync(cold, { recursive: true, force: true });
          await repo.git("worktree", "prune");
        },
        async slot() {
          const tree = trees[turn++ % 2] ?? "";
          const { gateTree } = await provideGateTree(r, { ...slot, tree, keepFolders: [] });
          const wrong = await gateTreeDifferences(r, gateTree, { keepFolders: [] });
          if (wrong.length > 0) throw new Error(`not the tree: ${wrong.join(", ")}`);
        },
      },
      rounds,
    );
    const common = { runs: rounds, ratio_to: null, aim: null };
    return [
      { ...common, name: "cold worktree add, 20,000 files", value: medians.worktree, unit: "ms" },
      { ...common, name: "warm slot, provided and proven", value: medians.slot, unit: "ms" },
      {
        ...common,
        name: "warm slot",
        value: medians.slot / medians.worktree,
        unit: "ratio",
        ratio_to: "cold git worktree add",
        aim: "<= 0.15",
      },
    ];
  },
};

export default benchmark;
