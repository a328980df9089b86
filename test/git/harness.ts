/** Shared by the git tests: a repository opened by dgov, and attempts in it. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { keepRef } from "../../src/git/refs.ts";
import { openRepository, type Repository } from "../../src/git/repository.ts";
import { keepWork } from "../../src/git/worktrees/keep.ts";
import { createWorktree } from "../../src/git/worktrees/worktree.ts";
import type { Worktree } from "../../src/git/worktrees/worktree-files.ts";
import { type TestRepo, type TestRepoOptions, testRepo } from "../harness/repo.ts";

export const identity = { name: "Ada", email: "ada@example.com" };
export const date = "2026-02-03T04:05:06.000Z";
export const stamp = { identity, date };

export interface OpenedRepo extends AsyncDisposable {
  repo: TestRepo;
  r: Repository;
  scratch: string;
  /** Creates an attempt on a commit (default: HEAD). */
  attempt(name?: string, base?: string): Promise<Worktree>;
  /** Keeps everything in an attempt; returns the ref. */
  keep(t: Worktree, bytesMax?: number): Promise<{ ref: string; omitted: string[] }>;
}

/** Commits these files in a new repository and opens it. */
export async function openTestRepo(
  files: Record<string, string>,
  options: TestRepoOptions = {},
): Promise<OpenedRepo> {
  const repo = await testRepo(files, options);
  const r = await openRepository(repo.path);
  const scratch = join(repo.root, "scratch");
  mkdirSync(scratch);
  let attempts = 0;
  return {
    repo,
    r,
    scratch,
    async attempt(name = `a${++attempts}`, base) {
      return createWorktree(r, {
        path: join(repo.root, "trees", name),
        meta: join(repo.root, "meta", name),
        base: base ?? (await repo.git("rev-parse", "HEAD")),
        identity,
      });
    },
    async keep(t, bytesMax = 1_000_000) {
      const ref = keepRef("run1", t.path, 1);
      const { omitted } = await keepWork(r, t, { ref, message: "kept", ...stamp, bytesMax });
      return { ref, omitted };
    },
    [Symbol.asyncDispose]: () => repo[Symbol.asyncDispose](),
  };
}

/** Runs git in a worktree as its worker would: with the test's environment, by discovery. */
export async function gitIn(repo: TestRepo, cwd: string, ...args: string[]): Promise<string> {
  const child = Bun.spawn(["git", ...args], { cwd, env: repo.env, stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if ((await child.exited) !== 0) throw new Error(`git ${args.join(" ")}: ${err}`);
  return out.trimEnd();
}
