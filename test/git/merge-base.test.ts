/** Merge bases in shallow clones. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { mergeBase } from "../../src/git/merge-base.ts";
import { openRepository } from "../../src/git/repository.ts";
import { openTestRepo } from "./harness.ts";

test("E24 mergeBase gives no older ancestor where the history of one side is cut off", async () => {
  await using g = await openTestRepo({ "a.txt": "a\n" });
  const { git } = g.repo;
  const made = async (...args: string[]): Promise<string> => {
    await git(...args);
    return git("rev-parse", "HEAD");
  };
  const commit = (message: string): Promise<string> =>
    made("commit", "-q", "--allow-empty", "-m", message);
  const first = await git("rev-parse", "HEAD");
  const base = await commit("base");
  const tip = await commit("tip");
  const merged = await made("checkout", "-q", "--detach", base).then(() => commit("merged"));
  await git("checkout", "-q", "--detach", first);
  await commit("side");
  const head = await made("merge", "-q", "-m", "merge", merged);
  expect(await mergeBase(g.r, head, tip)).toEqual({ kind: "found", commit: base });

  const shallow = async (...cut: string[]) => {
    writeFileSync(join(g.r.commonDir, "shallow"), cut.map((id) => `${id}\n`).join(""));
    return openRepository(g.repo.path);
  };
  // Without the parents of `merged`, git takes `first` for the merge base.
  const misleading = await shallow(merged);
  expect(await git("merge-base", head, tip)).toBe(first);
  expect(await mergeBase(misleading, head, tip)).toEqual({ kind: "cut_off" });
  expect(await mergeBase(await shallow(base), head, tip)).toEqual({ kind: "found", commit: base });
  expect(await mergeBase(await shallow(tip), head, tip)).toEqual({ kind: "cut_off" });
});

test("mergeBase tells unrelated histories from missing ones", async () => {
  await using g = await openTestRepo({ "a.txt": "a\n" });
  const { git } = g.repo;
  const one = await git("rev-parse", "HEAD");
  await git("checkout", "-q", "--orphan", "other");
  await git("commit", "-q", "-m", "other");
  expect(await mergeBase(g.r, one, await git("rev-parse", "HEAD"))).toEqual({ kind: "none" });
});
