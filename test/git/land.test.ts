/** Candidates and landings in repositories that the operator is working in. */
import { describe, expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { deflateSync } from "node:zlib";
import { type LandingResult, landCandidate, reconcileLanding } from "../../src/git/landing/land.ts";
import { buildCandidate, type CandidateResult } from "../../src/git/landing/merge.ts";
import { proveLanding } from "../../src/git/landing/proof.ts";
import type { Oid } from "../../src/git/objects.ts";
import { userFilters } from "../../src/git/private-dir.ts";
import { isAncestor } from "../../src/git/refs.ts";
import { openRepository } from "../../src/git/repository.ts";
import { dirtyPaths } from "../../src/git/working-tree.ts";
import { commitChanges } from "../../src/git/worktrees/snapshot.ts";
import { type OpenedRepo, openTestRepo, stamp } from "./harness.ts";

const files = {
  "a.txt": "1\n2\n3\n4\n5\n6\n7\n8\n",
  "dir/b.txt": "b\n",
  "gone.txt": "gone\n",
  ".gitignore": "*.log\n",
};

/** An attempt on HEAD that makes and commits these changes (null deletes). */
async function change(
  g: OpenedRepo,
  edits: Record<string, string | null>,
  base?: Oid,
): Promise<{ base: Oid; commit: Oid }> {
  const t = await g.attempt(undefined, base);
  for (const [path, text] of Object.entries(edits)) {
    const file = join(t.path, path);
    if (text === null) rmSync(file);
    else {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
  }
  const paths = Object.keys(edits);
  const { commit } = await commitChanges(g.r, t, { paths, message: "work", ...stamp });
  return { base: t.base, commit };
}

function candidate(
  g: OpenedRepo,
  o: { base: Oid; commit: Oid; onto: Oid },
): Promise<CandidateResult> {
  const ref = "refs/dgov/candidate/run1/1";
  return buildCandidate(g.r, { ...o, scratch: g.scratch, message: "work", ...stamp, ref });
}

function land(
  g: OpenedRepo,
  from: Oid,
  to: Oid,
  allowed: (path: string) => boolean = () => true,
): Promise<LandingResult> {
  const o = { target: "main", from, to, allowed, scratch: g.scratch, message: "dgov: land" };
  return landCandidate(g.r, o);
}

const tip = (g: OpenedRepo): Promise<Oid> => g.repo.git("rev-parse", "main");
const status = (g: OpenedRepo): Promise<string> => g.repo.git("status", "--porcelain");

describe("buildCandidate", () => {
  test("a candidate on its own base is the attempt's commit, each time it is built", async () => {
    await using g = await openTestRepo(files);
    const c = await change(g, { "a.txt": "x\n" });
    const built = await candidate(g, { ...c, onto: c.base });
    expect(built).toEqual(await candidate(g, { ...c, onto: c.base }));
    expect(built).toEqual({
      kind: "built",
      commit: c.commit,
      tree: await g.repo.git("rev-parse", `${c.commit}^{tree}`),
    });
  });

  test("a candidate on a moved target holds both changes and has the target as its only parent", async () => {
    await using g = await openTestRepo(files);
    const c = await change(g, { "a.txt": "ONE\n2\n3\n4\n5\n6\n7\n8\n", "gone.txt": null });
    g.repo.write("a.txt", "1\n2\n3\n4\n5\n6\n7\nEIGHT\n");
    await g.repo.git("commit", "-qam", "other");
    const onto = await tip(g);
    const built = await candidate(g, { ...c, onto });
    if (built.kind !== "built") throw new Error(built.kind);
    expect(await g.repo.git("show", `${built.commit}:a.txt`)).toBe("ONE\n2\n3\n4\n5\n6\n7\nEIGHT");
    expect(await g.repo.git("rev-parse", `${built.commit}^@`)).toBe(onto);
    expect(await g.repo.git("rev-parse", "refs/dgov/candidate/run1/1")).toBe(built.commit);
    await g.repo.git("fsck", "--strict", "--no-dangling", built.commit);
  });

  test("B1 a conflict reports its paths and git's message, even with merge=union", async () => {
    await using g = await openTestRepo({ ...files, ".gitattributes": "* merge=union\n" });
    const c = await change(g, { "a.txt": "mine\n", "dir/b.txt": null });
    g.repo.write("a.txt", "theirs\n");
    g.repo.write("dir/b.txt", "theirs\n");
    await g.repo.git("commit", "-qam", "other");
    const built = await candidate(g, { ...c, onto: await tip(g) });
    expect(built).toEqual({
      kind: "conflicted",
      paths: [
        { path: "a.txt", type: "CONFLICT (contents)" },
        { path: "dir/b.txt", type: "CONFLICT (modify/delete)" },
      ],
      text: expect.stringContaining("Merge conflict in a.txt"),
    });
  });

  test("a candidate is empty when the target already has its change", async () => {
    await using g = await openTestRepo(files);
    const c = await change(g, { "a.txt": "same\n" });
    g.repo.write("a.txt", "same\n");
    await g.repo.git("commit", "-qam", "other");
    expect(await candidate(g, { ...c, onto: await tip(g) })).toEqual({ kind: "empty" });
  });

  test("B16 a commit that the operator removed from the target does not come back", async () => {
    await using g = await openTestRepo(files);
    g.repo.write("removed.txt", "secret\n");
    await g.repo.git("add", "-A");
    await g.repo.git("commit", "-qm", "to be removed");
    const c = await change(g, { "a.txt": "work\n" });
    await g.repo.git("reset", "-q", "--hard", "HEAD~1");
    const onto = await tip(g);
    const built = await candidate(g, { ...c, onto });
    if (built.kind !== "built") throw new Error(built.kind);
    expect(await g.repo.git("ls-tree", "--name-only", built.commit)).not.toContain("removed");
    expect(await land(g, onto, built.commit)).toEqual({ kind: "landed" });
    expect(existsSync(join(g.repo.path, "removed.txt"))).toBe(false);
    expect(await isAncestor(g.r, c.base, await tip(g))).toBe(false);
  });

  const settings: [string, string][] = [
    ["merge.directoryRenames", "true"],
    ["merge.renames", "true"],
    ["diff.renames", "copies"],
    ["diff.renameLimit", "1"],
    ["merge.conflictStyle", "diff3"],
    ["merge.default", "evil"],
    ["merge.evil.driver", "cp %B %A; true"],
    ["diff.external", "false"],
  ];
  test("C14 a folder renamed on the target moves no new file outside the claims", async () => {
    await using g = await openTestRepo({
      "old/1.txt": "one\n",
      "old/2.txt": "two\n",
      "k.txt": "k\n",
    });
    for (const [key, value] of settings) await g.repo.git("config", key, value);
    const c = await change(g, { "old/new.txt": "new file\n" });
    await g.repo.git("mv", "old", "renamed");
    await g.repo.git("commit", "-qm", "rename");
    const onto = await tip(g);
    const built = await candidate(g, { ...c, onto });
    if (built.kind !== "built") throw new Error(built.kind);
    const landed = await land(g, onto, built.commit, (path) => path.startsWith("old/"));
    expect(landed).toEqual({ kind: "landed" });
    expect(await g.repo.git("diff", "--name-only", "--no-ext-diff", onto, "main")).toBe(
      "old/new.txt",
    );
  });

  test("C14 an edit of a file renamed on the target is refused at landing as unclaimed", async () => {
    const text = Array.from({ length: 50 }, (_, i) => `line ${i}\n`).join("");
    await using g = await openTestRepo({ "old.txt": text, "k.txt": "k\n" });
    for (const [key, value] of settings) await g.repo.git("config", key, value);
    const c = await change(g, { "old.txt": `${text}more\n` });
    await g.repo.git("mv", "old.txt", "renamed.txt");
    await g.repo.git("commit", "-qm", "rename");
    const onto = await tip(g);
    const built = await candidate(g, { ...c, onto });
    if (built.kind !== "built") throw new Error(built.kind);
    const landed = await land(g, onto, built.commit, (path) => path === "old.txt");
    expect(landed).toEqual({
      kind: "proof_failed",
      reason: "renamed.txt is outside the unit's claims",
    });
  });
});

describe("landCandidate", () => {
  test("landCandidate updates branch, index and files together, and keeps the operator's changes", async () => {
    await using g = await openTestRepo(files);
    g.repo.write("dir/b.txt", "operator's\n");
    g.repo.write("untracked", "u\n");
    const c = await change(g, { "a.txt": "x\n", "new/n.txt": "n\n", "gone.txt": null });
    expect(await land(g, c.base, c.commit)).toEqual({ kind: "landed" });
    expect(await tip(g)).toBe(c.commit);
    expect(await status(g)).toBe(" M dir/b.txt\n?? untracked");
    expect([g.repo.read("a.txt"), g.repo.read("new/n.txt")]).toEqual(["x\n", "n\n"]);
    expect(await g.repo.git("reflog", "-1", "--format=%gs")).toBe("dgov: land");
  });

  test.each<[string, Record<string, string>, string[]]>([
    ["a changed file", { "a.txt": "operator's\n" }, ["a.txt"]],
    ["an untracked file", { "new.txt": "operator's\n" }, ["new.txt"]],
    ["B13: an ignored file", { "x.log": "operator's\n" }, ["x.log"]],
    ["B13: an ignored file where a folder goes", { "d.log": "operator's\n" }, ["d.log"]],
    ["a folder where a file goes", { "new.txt/theirs": "operator's\n" }, ["new.txt"]],
  ])("%s in the way blocks the landing, and nothing changes", async (_what, theirs, paths) => {
    await using g = await openTestRepo(files);
    const edits = { "a.txt": "x\n", "new.txt": "n\n", "x.log": "log\n", "d.log/f": "f\n" };
    const c = await change(g, edits);
    for (const [path, text] of Object.entries(theirs)) g.repo.write(path, text);
    const before = await status(g);
    expect(await land(g, c.base, c.commit)).toEqual({
      kind: "blocked_by_checkout",
      paths,
      reason: expect.stringContaining("in the way"),
      watch: [...paths, ".git/HEAD"].map((path) => join(g.repo.path, path)),
    });
    expect([await tip(g), await status(g)]).toEqual([c.base, before]);
    for (const [path, text] of Object.entries(theirs)) expect(g.repo.read(path)).toBe(text);
    expect(existsSync(join(g.repo.path, ".git/index.lock"))).toBe(false);
  });

  test("landCandidate lands a folder that becomes a file, and the reverse", async () => {
    await using g = await openTestRepo(files);
    const t = await change(g, { "dir/b.txt": null, "gone.txt": null });
    expect(await land(g, t.base, t.commit)).toEqual({ kind: "landed" });
    const u = await change(g, { dir: "file\n", "gone.txt/in": "folder\n" });
    expect(await land(g, u.base, u.commit)).toEqual({ kind: "landed" });
    const attempt = await g.attempt();
    rmSync(join(attempt.path, "dir"));
    mkdirSync(join(attempt.path, "dir"));
    writeFileSync(join(attempt.path, "dir/z"), "z\n");
    rmSync(join(attempt.path, "gone.txt"), { recursive: true });
    writeFileSync(join(attempt.path, "gone.txt"), "back\n");
    const paths = ["dir", "dir/z", "gone.txt", "gone.txt/in"];
    const v = await commitChanges(g.r, attempt, { paths, message: "swap", ...stamp });
    const seen: string[] = [];
    const landed = await land(g, attempt.base, v.commit, (path) => seen.push(path) > 0);
    expect(landed).toEqual({ kind: "landed" });
    expect([...new Set(seen)].sort()).toEqual(paths);
    expect([await status(g), g.repo.read("gone.txt")]).toEqual(["", "back\n"]);
  });

  test("an unfinished merge, rebase, am, cherry-pick or revert blocks the landing", async () => {
    await using g = await openTestRepo(files);
    const c = await change(g, { "a.txt": "x\n" });
    for (const [name, operation] of [
      ["MERGE_HEAD", "a merge"],
      ["rebase-merge", "a rebase"],
      ["rebase-apply", "a rebase"],
      ["CHERRY_PICK_HEAD", "a cherry-pick"],
      ["REVERT_HEAD", "a revert"],
    ]) {
      const sign = join(g.repo.path, ".git", name ?? "");
      writeFileSync(sign, c.base);
      expect(await land(g, c.base, c.commit)).toMatchObject({
        kind: "blocked_by_checkout",
        reason: `${operation} is in progress in ${g.repo.path}`,
      });
      expect([await tip(g), await status(g)]).toEqual([c.base, ""]);
      rmSync(sign);
    }
    expect(await land(g, c.base, c.commit)).toEqual({ kind: "landed" });
  });

  test.each([
    ["the checkout", "merge"],
    ["another worktree", "merge"],
    ["the checkout", "apply"],
  ])(
    "B13 a rebase of the branch in %s with the %s backend blocks the landing until it is aborted",
    async (where, backend) => {
      await using g = await openTestRepo(files);
      await g.repo.git("switch", "-q", "-c", "other");
      g.repo.write("dir/b.txt", "theirs\n");
      await g.repo.git("commit", "-qam", "theirs");
      await g.repo.git("switch", "-q", "main");
      g.repo.write("dir/b.txt", "ours\n");
      await g.repo.git("commit", "-qam", "ours");
      const c = await change(g, { "a.txt": "x\n" });
      const linked = join(g.repo.root, "linked");
      if (where !== "the checkout") {
        await g.repo.git("switch", "-q", "--detach");
        await g.repo.git("worktree", "add", "-q", linked, "main");
      }
      const path = where === "the checkout" ? g.repo.path : linked;
      await expect(g.repo.git("-C", path, "rebase", `--${backend}`, "other")).rejects.toThrow();
      expect(await land(g, c.base, c.commit)).toMatchObject({
        kind: "blocked_by_checkout",
        reason: `a rebase of main is in progress in ${path}`,
      });
      await g.repo.git("-C", path, "rebase", "--abort");
      expect(await land(g, c.base, c.commit)).toEqual({ kind: "landed" });
      expect(await tip(g)).toBe(c.commit);
    },
  );

  test.each<[string, string[][], string]>([
    [
      "a split index",
      [
        ["config", "core.splitIndex", "true"],
        ["update-index", "--split-index"],
      ],
      "x\n",
    ],
    ["a sparse checkout", [["sparse-checkout", "set", "dir"]], "x\n"],
    [
      "CRLF line endings",
      [
        ["config", "core.autocrlf", "true"],
        ["rm", "-qr", "--cached", "."],
        ["reset", "-q", "--hard"],
      ],
      "x\r\n",
    ],
  ])("the operator's checkout with %s is clean after a landing", async (_what, commands, text) => {
    await using g = await openTestRepo(files);
    for (const command of commands) await g.repo.git(...command);
    const h = { ...g, r: await openRepository(g.repo.path) };
    expect(await dirtyPaths(h.r)).toEqual([]);
    const c = await change(g, { "a.txt": "x\n", "dir/b.txt": "y\n" });
    expect(await land(h, c.base, c.commit)).toEqual({ kind: "landed" });
    expect([await status(g), g.repo.read("a.txt")]).toEqual(["", text]);
  });

  test("B4 landCandidate reports a moved target and leaves it", async () => {
    await using g = await openTestRepo(files);
    const c = await change(g, { "a.txt": "x\n" });
    await g.repo.git("commit", "-q", "--allow-empty", "-m", "operator's");
    const now = await tip(g);
    expect(await land(g, c.base, c.commit)).toEqual({ kind: "target_moved", tip: now });
    expect(await tip(g)).toBe(now);
  });

  test("B14 landCandidate moves only the target when another branch is checked out", async () => {
    await using g = await openTestRepo(files);
    const c = await change(g, { "a.txt": "x\n" });
    await g.repo.git("checkout", "-q", "-b", "elsewhere");
    expect(await land(g, c.base, c.commit)).toEqual({ kind: "landed" });
    expect(await tip(g)).toBe(c.commit);
    expect(await g.repo.git("rev-parse", "elsewhere")).toBe(c.base);
    expect([await status(g), g.repo.read("a.txt")]).toEqual(["", files["a.txt"]]);
  });

  test("B15 a second worktree of the target is updated with it, or both are refused", async () => {
    await using g = await openTestRepo(files);
    const second = join(g.repo.root, "second tree");
    await g.repo.git("checkout", "-q", "--detach");
    await g.repo.git("worktree", "add", "-q", second, "main");
    await g.repo.git("symbolic-ref", "HEAD", "refs/heads/main");
    const c = await change(g, { "a.txt": "x\n" });
    writeFileSync(join(second, "a.txt"), "operator's\n");
    expect(await land(g, c.base, c.commit)).toMatchObject({
      kind: "blocked_by_checkout",
      paths: ["a.txt"],
    });
    expect([await tip(g), await status(g)]).toEqual([c.base, ""]);
    writeFileSync(join(second, "a.txt"), files["a.txt"]);
    expect(await land(g, c.base, c.commit)).toEqual({ kind: "landed" });
    expect(await status(g)).toBe("");
    expect(await g.repo.git("-C", second, "status", "--porcelain")).toBe("");
    expect(await Bun.file(join(second, "a.txt")).text()).toBe("x\n");
  });

  /** The target in the main checkout and in a second worktree, and a commit to land. */
  async function twoCheckouts(g: OpenedRepo) {
    const second = join(g.repo.root, "second");
    await g.repo.git("checkout", "-q", "--detach");
    await g.repo.git("worktree", "add", "-q", second, "main");
    await g.repo.git("symbolic-ref", "HEAD", "refs/heads/main");
    return { second, ...(await change(g, { "a.txt": "x\n" })) };
  }

  test("B15 a blocked second checkout leaves the files of the first unwritten", async () => {
    await using g = await openTestRepo(files);
    const { second, base, commit } = await twoCheckouts(g);
    writeFileSync(join(second, "a.txt"), "operator's\n");
    const first = join(g.repo.path, "a.txt");
    const old = new Date("2001-02-03T04:05:06Z");
    utimesSync(first, old, old);
    expect(await land(g, base, commit)).toMatchObject({ kind: "blocked_by_checkout" });
    expect(statSync(first).mtimeMs).toBe(old.getTime());
  });

  test("B15 a move that fails at the second checkout puts the first back", async () => {
    await using g = await openTestRepo({ ...files, ".gitattributes": "*.txt filter=fails\n" });
    // Fails for the second new file that it is given, and never for an old one.
    const count = join(g.repo.root, "count");
    const smudge = `t=$(cat); if [ "$t" = x ]; then echo >> '${count}'; [ $(wc -l < '${count}') = 1 ] || exit 1; fi; printf '%s\\n' "$t"`;
    const fails = { clean: "cat", smudge, required: "true" };
    const settings = { ...g.r.settings, filters: { fails } } as NonNullable<typeof g.r.settings>;
    await userFilters({ ...g.r, settings });
    const { second, base, commit } = await twoCheckouts(g);
    expect(await land(g, base, commit)).toMatchObject({
      kind: "blocked_by_checkout",
      reason: expect.stringContaining(`${second} cannot be updated`),
    });
    expect([await tip(g), await status(g), g.repo.read("a.txt")]).toEqual([
      base,
      "",
      files["a.txt"],
    ]);
    expect(await g.repo.git("-C", second, "status", "--porcelain")).toBe("");
  });

  test.each([
    ["released before the last try does not stop the landing", 5, "landed"],
    ["held in all five tries blocks it", 6, "blocked_by_checkout"],
  ])("a lock of the branch that is %s", async (_, releasedAt, kind) => {
    await using g = await openTestRepo(files);
    const { base: from, commit: to } = await change(g, { "a.txt": "x\n" });
    const lock = join(g.repo.path, ".git/refs/heads/main.lock");
    writeFileSync(lock, "");
    let tries = 0;
    const landed = await landCandidate(g.r, {
      ...{ target: "main", from, to, scratch: g.scratch, message: "landing" },
      allowed: () => true,
      onLock() {
        if (++tries === releasedAt) rmSync(lock);
      },
    });
    expect<unknown[]>([landed.kind, tries]).toEqual([kind, 5]);
  });

  test("an index.lock of another process blocks the landing and is kept", async () => {
    await using g = await openTestRepo(files);
    const c = await change(g, { "a.txt": "x\n" });
    const lock = join(g.repo.path, ".git/index.lock");
    writeFileSync(lock, "");
    expect(await land(g, c.base, c.commit)).toMatchObject({ kind: "blocked_by_checkout" });
    expect([existsSync(lock), await tip(g)]).toEqual([true, c.base]);
    expect(await reconcileLanding(g.r, { target: "main", to: c.commit })).toBe("not_landed");
    expect(existsSync(lock)).toBe(true);
  });
});

describe("proof before landing", () => {
  test("P4 a path outside the claims does not land, deleted paths included", async () => {
    await using g = await openTestRepo(files);
    const c = await change(g, { "a.txt": "x\n", "gone.txt": null });
    expect(await land(g, c.base, c.commit, (path) => path === "a.txt")).toEqual({
      kind: "proof_failed",
      reason: "gone.txt is outside the unit's claims",
    });
    expect(await tip(g)).toBe(c.base);
  });

  test("a commit with another parent than the tip does not land", async () => {
    await using g = await openTestRepo(files);
    const c = await change(g, { "a.txt": "x\n" });
    const tree = `${c.commit}^{tree}`;
    const side = await g.repo.git("commit-tree", `${c.base}^{tree}`, "-m", "side");
    const merge = await g.repo.git("commit-tree", tree, "-p", c.base, "-p", side, "-m", "merge");
    const twin = await g.repo.git("commit-tree", `${c.base}^{tree}`, "-m", "no parent");
    const other = await g.repo.git(
      "commit-tree",
      tree,
      "-p",
      twin,
      "-m",
      "parent of the same tree",
    );
    const second = await g.repo.git("commit-tree", tree, "-p", side, "-p", c.base, "-m", "second");
    const later = await g.repo.git("commit-tree", tree, "-p", c.commit, "-m", "two commits");
    for (const bad of [merge, second, side, other, later]) {
      expect(await land(g, c.base, bad)).toEqual({
        kind: "proof_failed",
        reason: `the only parent of candidate ${bad} is not ${c.base}`,
      });
    }
    expect(await tip(g)).toBe(c.base);
  });

  test("a parent that only the message names does not count", async () => {
    await using g = await openTestRepo(files);
    const c = await change(g, { "a.txt": "x\n" });
    const tree = `${c.commit}^{tree}`;
    const bad = await g.repo.git("commit-tree", tree, "-m", `work\n\nparent ${c.base}`);
    expect(await land(g, c.base, bad)).toMatchObject({ kind: "proof_failed" });
    const good = await g.repo.git("commit-tree", tree, "-p", c.base, "-m", "w\n\nparent of it");
    expect(await land(g, c.base, good)).toEqual({ kind: "landed" });
  });

  test("a candidate whose own object was replaced does not land", async () => {
    await using g = await openTestRepo(files);
    const c = await change(g, { "a.txt": "x\n" });
    const tree = `${c.commit}^{tree}`;
    const other = await g.repo.git("commit-tree", tree, "-p", c.base, "-m", "another message");
    const object = (id: string): string =>
      join(g.repo.path, ".git/objects", id.slice(0, 2), id.slice(2));
    rmSync(object(c.commit));
    copyFileSync(object(other), object(c.commit));
    expect(await land(g, c.base, c.commit)).toEqual({
      kind: "proof_failed",
      reason: `the candidate ${c.commit} is damaged`,
    });
  });

  test("E15 a change of a submodule and a name that is not UTF-8 do not land", async () => {
    await using g = await openTestRepo(files);
    const start = await tip(g);
    await g.repo.git("update-index", "--add", "--cacheinfo", `160000,${start},sub`);
    await g.repo.git("commit", "-qm", "a submodule");
    const base = await tip(g);
    const plain = await g.repo.git("rev-parse", `${start}^{tree}`);
    const without = await g.repo.git("commit-tree", plain, "-p", base, "-m", "without it");
    const proof = (to: Oid) =>
      proveLanding(g.r, { from: base, to, allowed: (path) => path !== "dir" });
    expect(await proof(without)).toEqual({ ok: false, reason: "sub is a submodule" });
    const listing = `${await g.repo.git("ls-tree", base)}\n`;
    const blob = await g.repo.git("rev-parse", `${base}:a.txt`);
    const entries = Buffer.concat([
      Buffer.from(`${listing}100644 blob ${blob}\t`),
      Buffer.from([0x62, 0xff, 0x0a]),
    ]);
    const made = Bun.spawnSync(["git", "mktree", "--missing"], {
      cwd: g.repo.path,
      env: g.repo.env,
      stdin: entries,
    });
    const tree = made.stdout.toString().trim();
    const odd = await g.repo.git("commit-tree", tree, "-p", base, "-m", "an odd name");
    expect(await proof(odd)).toMatchObject({
      ok: false,
      reason: expect.stringContaining("is not UTF-8"),
    });
  });

  test.each<[string, "landed" | "proof_failed"]>([
    ["/etc/passwd", "proof_failed"],
    ["../../outside", "proof_failed"],
    ["../.git/config", "proof_failed"],
    ["b.txt/../../../x", "proof_failed"],
    ["../a.txt", "landed"],
  ])("C4 a landing with a link to %s ends as %s", async (target, kind) => {
    await using g = await openTestRepo(files);
    const t = await g.attempt();
    symlinkSync(target, join(t.path, "dir/link"));
    const o = { paths: ["dir/link"], message: "x", ...stamp };
    const { commit } = await commitChanges(g.r, t, o);
    expect((await land(g, t.base, commit)).kind).toBe(kind);
  });

  test("C4 a nested repository does not land", async () => {
    await using g = await openTestRepo(files);
    const base = await tip(g);
    await g.repo.git("update-index", "--add", "--cacheinfo", `160000,${base},nested`);
    const tree = await g.repo.git("write-tree");
    await g.repo.git("reset", "-q");
    const commit = await g.repo.git("commit-tree", tree, "-p", base, "-m", "nested");
    expect(await land(g, base, commit)).toEqual({
      kind: "proof_failed",
      reason: "nested is a nested repository",
    });
  });

  test("content planted in the object store under a valid id does not land", async () => {
    await using g = await openTestRepo(files);
    const good = "good\n";
    const id = await g.repo
      .git("hash-object", "--stdin", "-t", "blob", "/dev/null")
      .catch(() => "");
    expect(id).not.toBe("");
    const t = await g.attempt();
    writeFileSync(join(t.path, "a.txt"), good);
    const name = await g.repo.git("hash-object", join(t.path, "a.txt"));
    const planted = join(g.repo.path, ".git/objects", name.slice(0, 2), name.slice(2));
    mkdirSync(dirname(planted), { recursive: true });
    writeFileSync(planted, deflateSync("blob 5\0evil\n"));
    const { commit } = await commitChanges(g.r, t, { paths: ["a.txt"], message: "x", ...stamp });
    expect(await land(g, t.base, commit)).toEqual({
      kind: "proof_failed",
      reason: "the content of a.txt in the object store does not match its id",
    });
  });
});
