/** Submodules in worktrees and gate trees: provided from local objects, and moved only by a claim (F1). */
import { afterAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { proveLanding } from "../../src/git/landing/proof.ts";
import { openRepository } from "../../src/git/repository.ts";
import { listSubmodules } from "../../src/git/submodules.ts";
import { attemptChanges } from "../../src/git/worktrees/changes.ts";
import {
  gateTreeDifferences,
  provideGateTree,
  renewGitDir,
  restoreGateTree,
} from "../../src/git/worktrees/gate-tree.ts";
import { removeWorktree } from "../../src/git/worktrees/keep.ts";
import { commitChanges } from "../../src/git/worktrees/snapshot.ts";
import { recordPreparedSubmodules } from "../../src/git/worktrees/submodules.ts";
import { replayWork } from "../../src/git/worktrees/worktree.ts";
import { once } from "../../src/std/once.ts";
import { gitIn, type OpenedRepo, openTestRepo, stamp } from "./harness.ts";

const allowFile = ["-c", "protocol.file.allow=always"];

/** Made once and copied by every test. */
const template = once(async () => {
  const inner = await openTestRepo({ "d.txt": "deep\n" });
  const lib = await openTestRepo({ "l.txt": "one\n", ".gitignore": "*.o\n" });
  await lib.repo.git(...allowFile, "submodule", "add", "-q", inner.repo.path, "deep");
  await lib.repo.git("commit", "-qam", "deep");
  const first = await lib.repo.git("rev-parse", "HEAD");
  writeFileSync(join(lib.repo.path, "l.txt"), "two\n");
  await lib.repo.git("commit", "-qam", "two");
  const second = await lib.repo.git("rev-parse", "HEAD");
  const g = await openTestRepo({ "a.txt": "a\n" });
  const add = ["submodule", "add", "-q", "--name", "the lib", lib.repo.path, "lib"];
  await g.repo.git(...allowFile, ...add);
  await g.repo.git("-C", "lib", "checkout", "-q", first);
  await g.repo.git("add", "lib");
  await g.repo.git(...allowFile, "submodule", "update", "-q", "--init", "--recursive");
  await g.repo.git("commit", "-qam", "lib");
  return { opened: [g, lib, inner], path: g.repo.path, first, second };
});

afterAll(async () => {
  for (const one of (await template()).opened) await one[Symbol.asyncDispose]();
});

/** A repository with the submodule `lib`, which has the submodule `deep`; `lib` has two commits. */
async function withSubmodules(): Promise<OpenedRepo & { first: string; second: string }> {
  const { path, first, second } = await template();
  const g = await openTestRepo({});
  rmSync(g.repo.path, { recursive: true });
  await gitIn(g.repo, "/", "-c", `alias.copy=!cp -a "${path}"`, "copy", g.repo.path);
  return { ...g, first, second };
}

async function gate(g: OpenedRepo, treeish = "HEAD") {
  const tree = await g.repo.git("rev-parse", `${treeish}^{tree}`);
  const [path, meta] = [join(g.repo.root, "gate"), join(g.repo.root, "gate-meta")];
  const keepFolders = ["lib/node_modules"];
  const { gateTree, reused } = await provideGateTree(g.r, { path, meta, tree, keepFolders });
  const differences = () => gateTreeDifferences(g.r, gateTree, { keepFolders });
  const restore = () => restoreGateTree(g.r, gateTree, { keepFolders });
  return { gateTree, reused, differences, restore, at: (name: string) => join(path, name) };
}

describe("gate trees", () => {
  test("F1 a gate tree has its submodules, nested ones too, and git in them sees their commits", async () => {
    await using g = await withSubmodules();
    const { gateTree, differences, at } = await gate(g);
    renewGitDir(g.r, gateTree, null);
    expect(readFileSync(at("lib/l.txt"), "utf8")).toBe("one\n");
    expect(readFileSync(at("lib/deep/d.txt"), "utf8")).toBe("deep\n");
    expect(await differences()).toEqual([]);
    expect(await gitIn(g.repo, at("lib"), "rev-parse", "HEAD")).toBe(g.first);
    for (const folder of ["", "lib", "lib/deep"]) {
      expect(await gitIn(g.repo, at(folder), "status", "--porcelain")).toBe("");
    }
  });

  test("F1 what a gate changes in a submodule is named and undone, kept folders apart", async () => {
    await using g = await withSubmodules();
    const { differences, restore, at } = await gate(g);
    mkdirSync(at("lib/node_modules"));
    writeFileSync(at("lib/node_modules/x.js"), "kept\n");
    writeFileSync(at("lib/l.txt"), "by a gate\n");
    writeFileSync(at("lib/x.o"), "ignored\n");
    rmSync(at("lib/deep"), { recursive: true });
    symlinkSync("/etc", at("lib/deep"));
    const found = await differences();
    expect(found).toEqual(expect.arrayContaining(["lib/l.txt", "lib/x.o", "lib/deep"]));
    await restore();
    expect(await differences()).toEqual([]);
    expect(readFileSync(at("lib/deep/d.txt"), "utf8")).toBe("deep\n");
    expect(readFileSync(at("lib/node_modules/x.js"), "utf8")).toBe("kept\n");
    expect(existsSync("/etc/d.txt")).toBe(false);
  });

  test.each([
    ["a link", (path: string) => symlinkSync("/etc", path)],
    ["a file", (path: string) => writeFileSync(path, "x")],
    ["nothing", () => {}],
    ["another repository", (path: string) => renameSync(join(path, "../mine"), path)],
  ])("F1 a submodule that a gate replaced by %s is provided again", async (_what, replace) => {
    await using g = await withSubmodules();
    const { differences, restore, at } = await gate(g);
    await gitIn(g.repo, at(""), "init", "-q", "mine");
    await gitIn(g.repo, at("mine"), "config", "core.fsmonitor", `touch ${at("fired")}; :`);
    rmSync(at("lib"), { recursive: true });
    replace(at("lib"));
    expect(await differences()).not.toEqual([]);
    await restore();
    expect(await differences()).toEqual([]);
    expect(readFileSync(at("lib/deep/d.txt"), "utf8")).toBe("deep\n");
    expect(existsSync(at("fired"))).toBe(false);
  });

  test("F1 a gate tree that is reused follows a submodule that moved or went", async () => {
    await using g = await withSubmodules();
    await gate(g);
    await g.repo.git("-C", "lib", "checkout", "-q", g.second);
    await g.repo.git("commit", "-qam", "moved");
    const moved = await gate(g);
    expect([moved.reused, readFileSync(moved.at("lib/l.txt"), "utf8")]).toEqual([true, "two\n"]);
    expect(await moved.differences()).toEqual([]);
    await g.repo.git("rm", "-q", "lib");
    await g.repo.git("commit", "-qm", "gone");
    const gone = await gate(g);
    expect([existsSync(gone.at("lib/l.txt")), await gone.differences()]).toEqual([false, []]);
  });
});

describe("worktrees", () => {
  test("F1 an attempt has its submodules, and what setup left in them is not its change", async () => {
    await using g = await withSubmodules();
    const t = await g.attempt();
    const at = (name: string): string => join(t.path, name);
    expect(readFileSync(at("lib/deep/d.txt"), "utf8")).toBe("deep\n");
    expect(await gitIn(g.repo, t.path, "status", "--porcelain")).toBe("");
    mkdirSync(at("lib/build"));
    writeFileSync(at("lib/build/a.so"), "built\n");
    writeFileSync(at("lib/l.txt"), "patched\n");
    await recordPreparedSubmodules(g.r, t);
    writeFileSync(at("lib/build/b.so"), "built by a test\n");
    writeFileSync(at("lib/x.o"), "ignored\n");
    expect(await attemptChanges(g.r, t)).toEqual([]);
    writeFileSync(at("lib/deep/d.txt"), "mine\n");
    expect(await attemptChanges(g.r, t)).toMatchObject([{ path: "lib/deep", kind: "gitlink" }]);
    await g.keep(t);
  });

  test("F1 another known commit in a submodule moves the link, is kept and replayed", async () => {
    await using g = await withSubmodules();
    const t = await g.attempt();
    await gitIn(g.repo, join(t.path, "lib"), "checkout", "-q", "--detach", "origin/main");
    expect(await attemptChanges(g.r, t)).toMatchObject([{ path: "lib", movedTo: g.second }]);
    const { commit } = await commitChanges(g.r, t, { paths: ["lib"], message: "x", ...stamp });
    const to = await g.repo.git("rev-parse", `${commit}:lib`);
    expect(to).toBe(g.second);
    const prove = (exact: boolean) =>
      proveLanding(g.r, {
        from: t.base,
        to: commit,
        allowed: (_, kind) => exact || kind === "file",
      });
    expect(await prove(true)).toMatchObject({ ok: true });
    expect(await prove(false)).toEqual({ ok: false, reason: "lib is a submodule" });

    const { ref, omitted } = await g.keep(t);
    expect(omitted).toEqual([]);
    const again = await g.attempt();
    const work = await g.repo.git("rev-parse", ref);
    await replayWork(g.r, again, { work, workBase: t.base });
    expect(readFileSync(join(again.path, "lib/l.txt"), "utf8")).toBe("two\n");
    expect(await attemptChanges(g.r, again)).toMatchObject([{ path: "lib", movedTo: g.second }]);
    await removeWorktree(g.r, t, { keptRef: ref });
    expect(existsSync(t.path)).toBe(false);
  });

  test("F1 a commit that only the worker has, or files beside the move, cannot land", async () => {
    await using g = await withSubmodules();
    const own = await g.attempt();
    const lib = join(own.path, "lib");
    writeFileSync(join(lib, "l.txt"), "mine\n");
    await gitIn(g.repo, lib, "commit", "-qam", "mine");
    const [change] = await attemptChanges(g.r, own);
    expect([change?.path, change?.movedTo]).toEqual(["lib", undefined]);

    const edited = await g.attempt();
    await gitIn(g.repo, join(edited.path, "lib"), "checkout", "-q", g.second);
    writeFileSync(join(edited.path, "lib/new.txt"), "mine\n");
    const [other] = await attemptChanges(g.r, edited);
    expect([other?.path, other?.movedTo]).toEqual(["lib", undefined]);
  });

  test("F1 a moved link whose commit is in no module's objects is not proven", async () => {
    await using g = await withSubmodules();
    const from = await g.repo.git("rev-parse", "HEAD");
    await g.repo.git("update-index", "--cacheinfo", `160000,${from},lib`);
    const tree = await g.repo.git("write-tree");
    const to = await g.repo.git("commit-tree", tree, "-p", from, "-m", "x");
    const proof = await proveLanding(g.r, { from, to, allowed: () => true });
    expect(proof).toMatchObject({ ok: false });
    expect(proof.ok ? "" : proof.reason).toContain("is not a commit of it");
  });

  test("F1 the worker's configuration of a submodule's git runs nothing in the parent", async () => {
    await using g = await withSubmodules();
    const t = await g.attempt();
    const [lib, fired] = [join(t.path, "lib"), join(g.repo.root, "fired")];
    await gitIn(g.repo, lib, "config", "core.fsmonitor", `touch ${fired}; :`);
    await gitIn(g.repo, lib, "config", "filter.x.clean", `touch ${fired}; cat`);
    writeFileSync(join(lib, ".gitattributes"), "* filter=x\n");
    writeFileSync(join(lib, "l.txt"), "mine\n");
    rmSync(fired, { force: true });
    expect(await attemptChanges(g.r, t)).toMatchObject([{ path: "lib", kind: "gitlink" }]);
    expect(existsSync(fired)).toBe(false);
  });
});

describe("hostile repositories", () => {
  /** A repository whose `lib` is a link to a commit of a module, with this `.gitmodules`. */
  const withGitmodules = async (text: string) => {
    const g = await withSubmodules();
    writeFileSync(join(g.repo.path, ".gitmodules"), text);
    await g.repo.git("commit", "-qam", "hostile");
    return g;
  };

  test.each([
    ["a name that leaves the modules", '[submodule "../modules/the lib"]\n\tpath = lib\n'],
    ["an absolute name", '[submodule "/lib"]\n\tpath = lib\n'],
    ["a path that leaves the repository", '[submodule "the lib"]\n\tpath = ../lib\n'],
    ["a file that is no configuration", '[submodule "the lib\n'],
    ["an include", "[include]\n\tpath = /etc/passwd\n"],
  ])("F1 %s selects no objects", async (_what, text) => {
    await using g = await withGitmodules(text);
    const found = await listSubmodules(await openRepository(g.repo.path), "HEAD");
    expect(found.map(({ path, module }) => [path, module])).toEqual([["lib", null]]);
    const { at, differences } = await gate(g);
    expect(existsSync(at("lib/l.txt"))).toBe(false);
    expect(await differences()).toEqual([]);
  });

  test("F1 an update command and a url in .gitmodules are not run", async () => {
    await using g = await withGitmodules(
      '[submodule "the lib"]\n\tpath = lib\n\tupdate = !touch fired\n\turl = ext::sh -c "touch fired"\n',
    );
    const { at } = await gate(g);
    expect(readFileSync(at("lib/l.txt"), "utf8")).toBe("one\n");
    expect([at("fired"), at("lib/fired"), join(g.repo.path, "fired")].some(existsSync)).toBe(false);
  });

  test("F1 a module's own configuration and hooks are not run", async () => {
    await using g = await withSubmodules();
    const module = join(g.r.commonDir, "modules/the lib");
    const fired = join(g.repo.root, "fired");
    await g.repo.git("-C", "lib", "config", "filter.x.smudge", `touch ${fired}; cat`);
    await g.repo.git("-C", "lib", "config", "core.fsmonitor", `touch ${fired}; :`);
    mkdirSync(join(module, "info"), { recursive: true });
    writeFileSync(join(module, "info/attributes"), "* filter=x\n");
    rmSync(fired, { force: true });
    const { at, differences } = await gate(g);
    await g.attempt();
    expect(readFileSync(at("lib/l.txt"), "utf8")).toBe("one\n");
    expect(await differences()).toEqual([]);
    expect(existsSync(fired)).toBe(false);
  });

  test("F1 a folder of modules that is a link is not read", async () => {
    await using g = await withSubmodules();
    const modules = join(g.r.commonDir, "modules");
    renameSync(modules, join(g.repo.root, "elsewhere"));
    symlinkSync(join(g.repo.root, "elsewhere"), modules);
    const found = await listSubmodules(await openRepository(g.repo.path), "HEAD");
    expect(found.map(({ path, module }) => [path, module])).toEqual([["lib", null]]);
  });
});
