/** Commits that appear on refs, read from a repository. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { newCommits, operatorRefs } from "../../src/git/foreign-commits.ts";
import { openTestRepo } from "./harness.ts";

test("C19 new commits are found on every kind of ref, beside refs that are broken or name no commit", async () => {
  await using g = await openTestRepo({ "a.txt": "a\n" });
  const { git } = g.repo;
  const make = (subject: string, parent = "HEAD") =>
    git("commit-tree", "-p", parent, "-m", subject, "HEAD^{tree}");
  await git("update-ref", "refs/tags/blob", "HEAD:a.txt");
  writeFileSync(join(g.r.commonDir, "refs/heads/broken"), `${"1".repeat(40)}\n`);
  const before = await operatorRefs(g.r);
  expect(await newCommits(g.r, before, before, new Set())).toEqual([]);

  const refs = ["refs/heads/side", "refs/tags/light", "refs/remotes/origin/x", "refs/stash"];
  for (const ref of refs) await git("update-ref", ref, await make(`on ${ref}`));
  await git("tag", "-a", "annotated", "-m", "t", await make("on refs/tags/annotated"));
  await git("update-ref", "refs/dgov/keep/r/u/1", await make("on refs/dgov"));
  await git("update-ref", "refs/tags/tree", "HEAD^{tree}");
  writeFileSync(join(g.r.commonDir, "refs/heads/torn"), `${"2".repeat(40)}\n`);
  const first = await make("first");
  await git("update-ref", "refs/heads/long", await make("second", first));
  const landed = await make("landed");
  await git("update-ref", "refs/heads/landed", landed);
  await git("checkout", "-q", "--detach", await make("on HEAD"));

  const found = await newCommits(g.r, before, await operatorRefs(g.r), new Set([landed]));
  expect(Object.fromEntries(found.map(({ subject, ref }) => [subject, ref]))).toEqual({
    ...Object.fromEntries(refs.map((ref) => [`on ${ref}`, ref])),
    "on refs/tags/annotated": "refs/tags/annotated",
    first: "refs/heads/long",
    second: "refs/heads/long",
    "on HEAD": "HEAD",
  });
});

test("C19 new commits that a ref named in between are found in its log", async () => {
  await using g = await openTestRepo({ "a.txt": "a\n" });
  const { git } = g.repo;
  const make = (subject: string) => git("commit-tree", "-p", "HEAD", "-m", subject, "HEAD^{tree}");
  await git("branch", "side");
  await git("commit", "-q", "--allow-empty", "-m", "dropped earlier");
  await git("reset", "-q", "--hard", "HEAD~1");
  const start = await git("rev-parse", "HEAD");
  const before = await operatorRefs(g.r);

  await git("commit", "-q", "--allow-empty", "-m", "dropped");
  await git("reset", "-q", "--hard", start);
  await git("update-ref", "refs/heads/side", await make("replaced"));
  await git("update-ref", "refs/heads/side", await make("stays"));
  await git("checkout", "-q", "--detach", await make("on a detached HEAD"));
  await git("checkout", "-q", "main");
  const landed = await make("landed");
  await git("update-ref", "refs/heads/main", landed);
  await git("update-ref", "refs/heads/main", start);
  const now = await operatorRefs(g.r);

  const found = await newCommits(g.r, before, now, new Set([landed]));
  expect(Object.fromEntries(found.map(({ subject, ref }) => [subject, ref]))).toEqual({
    dropped: "refs/heads/main (moved since)",
    replaced: "refs/heads/side (moved since)",
    stays: "refs/heads/side",
    "on a detached HEAD": "HEAD (moved since)",
  });
  expect(found).toHaveLength(4);
  await git("reflog", "expire", "--expire=all", "--all");
  expect(await newCommits(g.r, now, await operatorRefs(g.r), new Set())).toEqual([]);
});
