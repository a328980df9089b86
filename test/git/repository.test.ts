/** The operator's repository: opening it, dgov's own commits, landed units, and shared git state. */
import { describe, expect, test } from "bun:test";
import { appendFileSync, chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bootstrapCommit, commitOperatorFiles } from "../../src/git/bookkeeping.ts";
import { scanLanded, scanLandedWork } from "../../src/git/landing/landed.ts";
import { removeAbandonedGitDirs } from "../../src/git/private-dir.ts";
import {
  branchTip,
  createBranch,
  encodeRefPart,
  headOf,
  isAncestor,
  keepRef,
  resolveCommit,
} from "../../src/git/refs.ts";
import { configuredIdentity, gitVersion, openRepository } from "../../src/git/repository.ts";
import {
  describeFingerprintChange,
  repositoryFingerprint,
} from "../../src/git/repository-fingerprint.ts";
import { dirtyPaths } from "../../src/git/working-tree.ts";
import { processStart } from "../../src/process/tree.ts";
import { testRepo } from "../harness/repo.ts";
import { openTestRepo } from "./harness.ts";

const files = { "a.txt": "a\n", "sub/dir/b.txt": "b\n", ".gitignore": "*.log\n" };

describe("openRepository", () => {
  test("E15 openRepository works from a subdirectory, with spaces and unicode in the path", async () => {
    await using g = await openTestRepo(files, { name: "ein répo" });
    const r = await openRepository(join(g.repo.path, "sub/dir"));
    expect(r).toEqual(g.r);
    expect([r.topLevel, r.commonDir, r.objectFormat, r.shallow]).toEqual([
      g.repo.path,
      join(g.repo.path, ".git"),
      "sha1",
      false,
    ]);
    expect(r.id).toMatch(/^[0-9a-f]{16}$/);
  });

  test("openRepository in a linked worktree gives the same repository with another git dir", async () => {
    await using g = await openTestRepo(files);
    const linked = join(g.repo.root, "linked");
    await g.repo.git("worktree", "add", "-q", linked);
    const r = await openRepository(linked);
    expect([r.id, r.topLevel]).toEqual([g.r.id, linked]);
    expect(r.gitDir).toBe(join(g.repo.path, ".git/worktrees/linked"));
  });

  test("openRepository rejects a folder without a repository, a bare one and a partial clone", async () => {
    await using g = await openTestRepo(files);
    await expect(openRepository(g.repo.root)).rejects.toMatchObject({ code: "NOT_A_REPOSITORY" });
    const bare = join(g.repo.root, "bare.git");
    await g.repo.git("clone", "-q", "--bare", ".", bare);
    await expect(openRepository(bare)).rejects.toMatchObject({ code: "NOT_A_REPOSITORY" });
    await expect(openRepository(bare)).rejects.toThrow("the repository is bare");
    await g.repo.git("config", "remote.origin.promisor", "true");
    await expect(openRepository(g.repo.path)).rejects.toThrow("partial clone");
  });

  test("openRepository recognises a shallow clone", async () => {
    await using g = await openTestRepo(files);
    await g.repo.git("commit", "-q", "--allow-empty", "-m", "two");
    const path = join(g.repo.root, "shallow");
    await g.repo.git("clone", "-q", "--depth=1", `file://${g.repo.path}`, path);
    expect((await openRepository(path)).shallow).toBe(true);
  });

  test("gitVersion reads the version of the installed git", async () => {
    expect(await gitVersion()).toMatch(/^\d+\.\d+/);
  });
});

describe("repository queries", () => {
  test("head, branches, commits and ancestry are read", async () => {
    await using g = await openTestRepo(files);
    const first = await g.repo.git("rev-parse", "HEAD");
    expect(await headOf(g.r)).toEqual({ kind: "branch", branch: "main", commit: first });
    await createBranch(g.r, "feature/x", first);
    expect(await branchTip(g.r, "feature/x")).toBe(first);
    await expect(createBranch(g.r, "feature/x", first)).rejects.toThrow("feature/x");
    expect(await branchTip(g.r, "nope")).toBeNull();
    expect(await resolveCommit(g.r, "--all")).toBeNull();
    expect(await resolveCommit(g.r, first.slice(0, 10))).toBe(first);
    await g.repo.git("checkout", "-q", "--detach");
    await g.repo.git("commit", "-q", "--allow-empty", "-m", "next");
    const second = await g.repo.git("rev-parse", "HEAD");
    expect(await headOf(g.r)).toEqual({ kind: "detached", commit: second });
    expect([await isAncestor(g.r, first, second), await isAncestor(g.r, second, first)]).toEqual([
      true,
      false,
    ]);
  });

  test("dirtyPaths reports staged, changed, untracked and deleted paths, ignored ones not, and writes nothing", async () => {
    await using g = await openTestRepo({ ...files, "gone.txt": "g\n" });
    writeFileSync(join(g.repo.path, ".git/info/exclude"), "private\n");
    g.repo.write("a.txt", "changed\n");
    g.repo.write("staged.txt", "s\n");
    await g.repo.git("add", "staged.txt");
    g.repo.write("new dir/ü.txt", "u\n");
    g.repo.write("x.log", "ignored\n");
    g.repo.write("private", "ignored\n");
    rmSync(join(g.repo.path, "gone.txt"));
    const index = await Bun.file(join(g.repo.path, ".git/index")).bytes();
    expect(await dirtyPaths(await openRepository(g.repo.path))).toEqual([
      { status: " M", path: "a.txt" },
      { status: " D", path: "gone.txt" },
      { status: "A ", path: "staged.txt" },
      { status: "??", path: "new dir/ü.txt" },
    ]);
    expect(await Bun.file(join(g.repo.path, ".git/index")).bytes()).toEqual(index);
  });

  test("configuredIdentity reads the git configuration; without a name it is null", async () => {
    await using g = await openTestRepo(files);
    expect(await configuredIdentity(g.r)).toBeNull();
    await g.repo.git("config", "user.name", "Grace <H>");
    await g.repo.git("config", "user.email", "grace@example.com");
    expect(await configuredIdentity(g.r)).toEqual({ name: "Grace H", email: "grace@example.com" });
  });

  test.each([
    ["a/b.c", "a%2Fb%2Ec"],
    ["ü..lock", "%C3%BC%2E%2Elock"],
    ["A-z_9", "A-z_9"],
  ])("the unit id %s is encoded as %s in a ref", (text, part) => {
    expect(encodeRefPart(text)).toBe(part);
    expect(keepRef("r", text, 2)).toBe(`refs/dgov/keep/r/${part}/2`);
  });
});

describe("private git dirs", () => {
  test("removeAbandonedGitDirs removes those of processes that have ended, known by pid and start", () => {
    const folder = process.env["XDG_RUNTIME_DIR"] ?? "/dev/shm";
    const start = (processStart(process.pid) ?? "").replaceAll(/[^0-9A-Za-z]/g, "");
    const [ended, tag] = [2 ** 22 + 1, `${process.pid}`.padStart(16, "0")];
    const made = {
      mine: `dgov-git-${process.pid}-${start}-${tag}`,
      otherStart: `dgov-git-${process.pid}-${start}0-${tag}`,
      ended: `dgov-git-${ended}-${start}-${tag}`,
      noTag: `dgov-git-${ended}-${start}-${tag}0`,
      file: `dgov-git-${ended}-1-${tag}`,
    };
    const at = (name: string): string => join(folder, name);
    try {
      for (const name of Object.values(made)) {
        if (name === made.file) writeFileSync(at(name), "");
        else mkdirSync(at(name));
      }
      const found = removeAbandonedGitDirs({ dry: true });
      expect(Object.values(made).filter((name) => found.includes(at(name)))).toEqual([
        made.otherStart,
        made.ended,
      ]);
      expect(Object.values(made).every((name) => existsSync(at(name)))).toBe(true);
    } finally {
      for (const name of Object.values(made)) rmSync(at(name), { recursive: true, force: true });
    }
  });
});

describe("dgov's own commits", () => {
  const plain = {
    identity: { name: "N", email: "n@example.com" },
    policy: { sign: false, signoff: false },
  };

  test("bootstrapCommit creates the first commit of an empty repository with a matching index", async () => {
    await using repo = await testRepo({}, { commit: false });
    repo.write(".dgov/project.toml", "x\n");
    repo.write(".dgov/.gitignore", "state.db*\n");
    repo.write(".dgov/state.db", "db\n");
    repo.write("mine.txt", "m\n");
    const r = await openRepository(repo.path);
    expect(await headOf(r)).toEqual({ kind: "branch", branch: "main", commit: null });
    const commit = await bootstrapCommit(r, [".dgov"], { message: "dgov: set up", ...plain });
    expect(await repo.git("log", "--format=%H %s", "--name-only")).toBe(
      `${commit} dgov: set up\n\n.dgov/.gitignore\n.dgov/project.toml`,
    );
    expect(await repo.git("status", "--porcelain")).toBe("?? mine.txt");
    await expect(bootstrapCommit(r, "all", { message: "again", ...plain })).rejects.toThrow(
      "already has a commit",
    );
  });

  test("bootstrapCommit commits all files on request", async () => {
    await using repo = await testRepo(files, { commit: false });
    const r = await openRepository(repo.path);
    await bootstrapCommit(r, "all", { message: "all", ...plain });
    expect(await repo.git("status", "--porcelain")).toBe("");
    expect((await repo.git("ls-files")).split("\n").sort()).toEqual(Object.keys(files).sort());
  });

  const more = { ...plain, allowedPrefixes: [".dgov", ".sentrux"] };
  test("commitOperatorFiles commits exactly the given paths and leaves other dirty and staged files", async () => {
    await using g = await openTestRepo({
      ...files,
      ".dgov/plans/p/_root.toml": "p\n",
      ".dgov/x": "x\n",
    });
    g.repo.write("a.txt", "dirty\n");
    g.repo.write("staged.txt", "s\n");
    await g.repo.git("add", "staged.txt");
    mkdirSync(join(g.repo.path, ".dgov/plans/archive"));
    await Bun.$`mv ${join(g.repo.path, ".dgov/plans/p")} ${join(g.repo.path, ".dgov/plans/archive/p")}`;
    g.repo.write(".dgov/x", "changed but not named\n");
    const parent = await g.repo.git("rev-parse", "HEAD");
    const o = { branch: "main", parent, message: "dgov: archive p", ...more };
    const commit = await commitOperatorFiles(g.r, { ...o, paths: [".dgov/plans"] });
    expect(await g.repo.git("rev-parse", "main")).toBe(String(commit));
    expect(await g.repo.git("diff", "--name-status", "--no-renames", parent, "main")).toBe(
      "A\t.dgov/plans/archive/p/_root.toml\nD\t.dgov/plans/p/_root.toml",
    );
    expect(await g.repo.git("status", "--porcelain")).toBe(" M .dgov/x\n M a.txt\nA  staged.txt");
    const again = { ...o, parent: String(commit), paths: [".dgov/plans"] };
    expect(await commitOperatorFiles(g.r, again)).toBeNull();
  });

  test("commitOperatorFiles commits nothing without paths, whatever is untracked", async () => {
    await using g = await openTestRepo({ ...files, ".dgov/x": "x\n" });
    const parent = await g.repo.git("rev-parse", "HEAD");
    g.repo.write("notes.txt", "mine\n");
    g.repo.write(".dgov/notes.txt", "mine\n");
    const o = { branch: "main", parent, message: "m", ...more, paths: [] };
    expect(await commitOperatorFiles(g.r, o)).toBeNull();
    expect(await g.repo.git("rev-parse", "main")).toBe(parent);
  });

  test("commitOperatorFiles refuses paths outside its folders and a moved target", async () => {
    await using g = await openTestRepo({ ...files, ".dgov/x": "x\n" });
    const parent = await g.repo.git("rev-parse", "HEAD");
    const o = { branch: "main", parent, message: "m", ...more };
    g.repo.write("a.txt", "changed\n");
    await expect(commitOperatorFiles(g.r, { ...o, paths: ["a.txt"] })).rejects.toThrow(
      "would change a.txt",
    );
    g.repo.write("a.txt", files["a.txt"]);
    chmodSync(join(g.repo.path, "a.txt"), 0o755);
    await expect(commitOperatorFiles(g.r, { ...o, paths: ["a.txt"] })).rejects.toThrow(
      "would change a.txt",
    );
    g.repo.write(".dgovernor/x", "x\n");
    await expect(commitOperatorFiles(g.r, { ...o, paths: [".dgovernor"] })).rejects.toThrow(
      "would change .dgovernor/x",
    );
    rmSync(join(g.repo.path, ".dgovernor"), { recursive: true });
    chmodSync(join(g.repo.path, "a.txt"), 0o644);
    g.repo.write("a.txt", "changed\n");
    g.repo.write(".dgov/x", "changed\n");
    await g.repo.git("commit", "-q", "--allow-empty", "-m", "operator's");
    await expect(commitOperatorFiles(g.r, { ...o, paths: [".dgov/x"] })).rejects.toThrow(
      "main has moved",
    );
    expect(await g.repo.git("status", "--porcelain")).toBe(" M .dgov/x\n M a.txt");
  });
});

describe("scanLanded", () => {
  const trailers = (unit: string, digest = "d1", plan = "p"): string =>
    `work\n\nDgov-Plan: ${plan}\nDgov-Unit: ${unit}\nDgov-Run: r1\nDgov-Digest: ${digest}\n`;

  test("B9 scanLanded counts a unit only with plan, unit and digest", async () => {
    await using g = await openTestRepo(files);
    const sets = {
      whole: "Dgov-Plan: p\nDgov-Unit: whole\nDgov-Digest: d",
      "other-plan": "Dgov-Plan: pp\nDgov-Unit: other-plan\nDgov-Digest: d",
      "no-plan": "Dgov-Unit: no-plan\nDgov-Digest: d",
      "no-digest": "Dgov-Plan: p\nDgov-Unit: no-digest",
      "no-unit": "Dgov-Plan: p\nDgov-Unit: \nDgov-Digest: d",
      "a-fix": "Dgov-Plan: p\nDgov-Fixes: a-fix\nDgov-Digest: d",
    };
    for (const [name, trailers] of Object.entries(sets)) {
      await g.repo.git("commit", "-q", "--allow-empty", "-m", `${name}\n\n${trailers}\n`);
    }
    const tip = await g.repo.git("rev-parse", "HEAD");
    const landed = await scanLanded(g.r, { tip, plan: "p" });
    expect(landed.map(({ unit, digest }) => [unit, digest])).toEqual([["whole", "d"]]);
    const work = await scanLandedWork(g.r, tip);
    expect(work.map(({ plan, unit, fixes }) => [plan, unit, fixes])).toEqual([
      ["p", "whole", []],
      ["pp", "other-plan", []],
      ["p", null, ["a-fix"]],
    ]);
  });

  test("B9 scanLanded counts trailers, removes reverted units, restores re-reverted ones, and reads squashes", async () => {
    await using g = await openTestRepo(files);
    const commit = async (message: string): Promise<string> => {
      await g.repo.git("commit", "-q", "--allow-empty", "-m", message);
      return g.repo.git("rev-parse", "HEAD");
    };
    const units = async (since?: Parameters<typeof scanLanded>[1]["since"]): Promise<string[]> => {
      const tip = await g.repo.git("rev-parse", "HEAD");
      const o = since === undefined ? { tip, plan: "p" } : { tip, plan: "p", since };
      return (await scanLanded(g.r, o)).map((l) => `${l.unit} ${l.digest} ${l.run}`);
    };
    const one = await commit(trailers("s/one"));
    await commit(trailers("s/other", "d1", "another plan"));
    await commit("quoted\n\n  Dgov-Plan: p\n  Dgov-Unit: s/quoted\n  Dgov-Digest: d\n");
    await commit(`squash\n\n${trailers("s/two")}\n${trailers("s/three", "d3")}`);
    expect(await units()).toEqual(["s/one d1 r1", "s/two d1 r1", "s/three d3 r1"]);

    const since = {
      tip: await g.repo.git("rev-parse", "HEAD"),
      landed: await scanLanded(g.r, { tip: await g.repo.git("rev-parse", "HEAD"), plan: "p" }),
    };
    const revert = await commit(`Revert "work"\n\nThis reverts commit ${one}.\n`);
    expect([await units(), await units(since)]).toEqual([
      ["s/two d1 r1", "s/three d3 r1"],
      ["s/two d1 r1", "s/three d3 r1"],
    ]);
    const reverted = {
      tip: await g.repo.git("rev-parse", "HEAD"),
      landed: since.landed.filter((l) => l.unit !== "s/one"),
    };
    await commit(`Revert "Revert"\n\nThis reverts commit ${revert}.\n`);
    expect((await units(reverted)).sort()).toEqual((await units()).sort());
    expect(await units()).toContain("s/one d1 r1");
    await g.repo.git("reset", "-q", "--hard", `${one}~1`);
    expect(await units(since)).toEqual([]);
  });
});

describe("repositoryFingerprint", () => {
  test.each<[string, (git: string) => void, string]>([
    ["config", (git) => appendFileSync(join(git, "config"), "[x]\n\ty = 1\n"), "config: +[x]"],
    [
      "config.worktree",
      (git) => writeFileSync(join(git, "config.worktree"), "[x]\n"),
      "config.worktree: +[x]",
    ],
    ["shallow", (git) => writeFileSync(join(git, "shallow"), "1\n"), "shallow: +1"],
    [
      "alternates",
      (git) => writeFileSync(join(git, "objects/info/alternates"), "/x\n"),
      "objects/info/alternates: +/x",
    ],
    ["info", (git) => writeFileSync(join(git, "info/grafts"), "1 2\n"), "info/grafts: +1 2"],
    ["a hook", (git) => writeFileSync(join(git, "hooks/pre-commit"), ""), "hooks/pre-commit: +"],
    ["a hook's mode", (git) => chmodSync(join(git, "hooks/old"), 0o755), "hooks/old: +mode 755"],
    [
      "a hook's text",
      (git) => writeFileSync(join(git, "hooks/old"), "2\n"),
      "hooks/old: +mode 644",
    ],
    ["a removed hook", (git) => rmSync(join(git, "hooks/old")), "hooks/old: -mode 644"],
    [
      "a packed replacement",
      (git) =>
        writeFileSync(
          join(git, "packed-refs"),
          `${"1".repeat(40)} refs/replace/${"2".repeat(40)}\n`,
        ),
      "packed refs/replace: +1111",
    ],
    [
      "a commit-graph that does not agree with the commits",
      (git) => writeFileSync(join(git, "objects/info/commit-graph"), "x"),
      "objects/info/commit-graph: +it does not agree",
    ],
    ["an example of a hook", (git) => writeFileSync(join(git, "hooks/x.sample"), "x"), ""],
    ["a branch in packed-refs", (git) => writeFileSync(join(git, "packed-refs"), "# x\n"), ""],
  ])("C2 of %s shows the change", async (_what, change, words) => {
    await using g = await openTestRepo(files);
    const git = join(g.repo.path, ".git");
    mkdirSync(join(git, "hooks"), { recursive: true });
    mkdirSync(join(git, "info"), { recursive: true });
    writeFileSync(join(git, "hooks/old"), "1\n", { mode: 0o644 });
    const before = await repositoryFingerprint(g.r);
    change(git);
    const text = describeFingerprintChange(before, await repositoryFingerprint(g.r, before));
    expect(words === "" ? text : text.includes(words)).toBe(words === "" ? "" : true);
  });

  test("C2 git's own maintenance by the operator changes no fingerprint", async () => {
    await using g = await openTestRepo(files);
    const before = await repositoryFingerprint(g.r);
    await g.repo.git("gc", "-q");
    await g.repo.git("update-server-info");
    await g.repo.git("pack-refs", "--all");
    await g.repo.git("maintenance", "run", "--task=commit-graph", "--task=incremental-repack");
    expect(describeFingerprintChange(before, await repositoryFingerprint(g.r, before))).toBe("");
  });

  test("C2 describeFingerprintChange reports config, hooks, info, alternates and replace refs, but not branches and stashes", async () => {
    await using g = await openTestRepo(files);
    const before = await repositoryFingerprint(g.r);
    await g.repo.git("branch", "mine");
    await g.repo.git("tag", "v1");
    g.repo.write("a.txt", "x\n");
    await g.repo.git("stash", "-q");
    expect(describeFingerprintChange(before, await repositoryFingerprint(g.r))).toBe("");

    await g.repo.git("config", "core.hooksPath", "/tmp/evil");
    await g.repo.git("config", "http.https://h/.extraheader", "Authorization: s3cr3t");
    await g.repo.git("config", "remote.origin.url", "https://user:s3cr3t@h/x");
    g.repo.write(".git/hooks/pre-push", "#!/bin/sh\n");
    g.repo.write(".git/info/attributes", "* filter=evil\n");
    g.repo.write(".git/objects/info/alternates", "/tmp/evil\n");
    const head = await g.repo.git("rev-parse", "HEAD");
    const tree = await g.repo.git("rev-parse", "HEAD^{tree}");
    await g.repo.git("replace", head, await g.repo.git("commit-tree", tree, "-m", "fake"));
    const words = describeFingerprintChange(before, await repositoryFingerprint(g.r));
    for (const part of [
      "hooksPath",
      "hooks/pre-push",
      "* filter=evil",
      "/tmp/evil",
      "refs/replace",
    ]) {
      expect(words).toContain(part);
    }
    expect(words).not.toContain("s3cr3t");
    expect(existsSync(join(g.repo.path, ".git/config"))).toBe(true);
  });
});
