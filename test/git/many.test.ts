/** Creating many attempt worktrees at once (D10). `DGOV_TEST_LONG=1` creates ten times as many. */

import { expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { removeWorktree } from "../../src/git/worktrees/keep.ts";
import { scaled } from "../harness/limits.ts";
import { openTestRepo } from "./harness.ts";

const count = process.env["DGOV_TEST_LONG"] === "1" ? 10_000 : 1000;

test(
  `D10 10 callers at once create ${count} attempt directories beside git's own worktrees without a failure`,
  async () => {
    await using g = await openTestRepo({ "a.txt": "a\n" });
    const base = await g.repo.git("rev-parse", "HEAD");
    const made: string[] = [];
    const caller = async (n: number): Promise<void> => {
      for (let i = n; i < count; i += 10) {
        // All paths have the same last part, as attempts of different units do.
        const t = await g.attempt(`unit-${i}/1`, base);
        made.push(t.path);
        if (i % 3 === 0) await removeWorktree(g.r, t, {});
      }
    };
    const beside = async (): Promise<void> => {
      for (let i = 0; i < 10; i++) {
        const path = join(g.repo.root, `mine-${i}`);
        await untilDone(() => g.repo.git("worktree", "add", "-q", "--detach", path));
        await untilDone(() => g.repo.git("worktree", "prune"));
      }
    };
    await Promise.all([...Array.from({ length: 10 }, (_, n) => caller(n)), beside()]);
    expect(new Set(made).size).toBe(count);
    const left = Array.from({ length: count }, (_, i) => i).filter((i) => i % 3 !== 0).length;
    const listed = (await g.repo.git("worktree", "list", "--porcelain")).split("\n");
    const paths = listed.filter((line) => line.startsWith("worktree "));
    expect(paths).toHaveLength(1 + 10 + left);
    expect(listed.filter((line) => line.startsWith("prunable"))).toEqual([]);
    expect(paths.every((line) => existsSync(line.slice("worktree ".length)))).toBe(true);
    expect(readdirSync(join(g.repo.path, ".git/worktrees"))).toHaveLength(10 + left);
  },
  scaled(count * 100),
);

/** Retries a git command that failed because a worktree disappeared while git listed them. */
async function untilDone(command: () => Promise<string>): Promise<void> {
  for (;;) {
    try {
      await command();
      return;
    } catch (error) {
      if (!/Invalid path .*\/worktrees\//.test(String(error))) throw error;
    }
  }
}
