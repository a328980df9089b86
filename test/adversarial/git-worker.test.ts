/**
 * A worker that attacks git through its worktree, its own git dir, the shared git dir or $HOME. The
 * parent must execute none of it, see every change, and land only the claimed paths.
 *
 * Each trick is given a command that leaves a marker when it runs. After the whole life of an attempt
 * (changes, commit, candidate, landing, keeping, removal) the marker must be absent, and the target
 * must hold exactly the claimed change.
 */
import { describe, expect, test } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { landCandidate } from "../../src/git/landing/land.ts";
import { buildCandidate } from "../../src/git/landing/merge.ts";
import { openRepository, type Repository } from "../../src/git/repository.ts";
import { dirtyPaths } from "../../src/git/working-tree.ts";
import { attemptChanges, detectTampering } from "../../src/git/worktrees/changes.ts";
import { gateTreeDifferences, provideGateTree } from "../../src/git/worktrees/gate-tree.ts";
import { removeWorktree } from "../../src/git/worktrees/keep.ts";
import { commitChanges, diffText } from "../../src/git/worktrees/snapshot.ts";
import { createWorktree } from "../../src/git/worktrees/worktree.ts";
import type { Worktree } from "../../src/git/worktrees/worktree-files.ts";
import { gitIn, identity, type OpenedRepo, openTestRepo, stamp } from "../git/harness.ts";

const files = {
  "claimed.txt": "before\n",
  "other.txt": "other\n",
  "dir/file.txt": "file\n",
};

/** One attack; it acts before dgov opens the repository, or while the worker runs. */
interface Trick {
  name: string;
  /** Files of the repository that the operator cloned. */
  hostileFiles?: Record<string, string>;
  /** Acts as the attempt's worker could. `mark` is a command that leaves the marker. */
  act?(g: OpenedRepo, t: Worktree, mark: string): Promise<void> | void;
  /** Acts on the repository before it is opened. */
  before?(g: OpenedRepo, mark: string): Promise<void>;
  /** Paths besides the claimed one that the review must see. */
  seen?: string[];
  tampering?: string;
  /** Result of the landing; default "landed". */
  ends?: string;
}

const config = (g: OpenedRepo, ...args: string[]): Promise<string> => g.repo.git("config", ...args);

function hook(g: OpenedRepo, mark: string): void {
  const names = ["post-index-change", "reference-transaction", "post-checkout", "pre-commit"];
  for (const name of [...names, "post-commit", "post-merge", "pre-auto-gc"]) {
    const path = join(g.repo.path, ".git/hooks", name);
    mkdirSync(join(g.repo.path, ".git/hooks"), { recursive: true });
    writeFileSync(path, `#!/bin/sh\n${mark}\n`);
    chmodSync(path, 0o755);
  }
}

async function filter(g: OpenedRepo, mark: string): Promise<void> {
  for (const kind of ["clean", "smudge"]) await config(g, `filter.evil.${kind}`, `${mark}; cat`);
  await config(g, "filter.evil.required", "true");
}

const tricks: Trick[] = [
  {
    name: "C2 core.fsmonitor in the shared configuration",
    act: (g, _t, mark) => void config(g, "core.fsmonitor", mark),
  },
  { name: "C2 C15 hooks in the shared git dir", act: (g, _t, mark) => hook(g, mark) },
  {
    name: "C2 core.hooksPath in the shared configuration",
    async act(g, _t, mark) {
      hook(g, mark);
      await config(g, "core.hooksPath", join(g.repo.path, ".git/hooks"));
    },
  },
  {
    name: "C2 a filter in the shared configuration and .gitattributes in the worktree",
    async act(g, t, mark) {
      await filter(g, mark);
      writeFileSync(join(t.path, ".gitattributes"), "* filter=evil\n");
      appendFileSync(join(g.repo.path, ".git/info/attributes"), "* filter=evil\n");
    },
    seen: [".gitattributes"],
  },
  {
    name: "C2 a process filter named by a committed .gitattributes",
    hostileFiles: { ".gitattributes": "*.txt filter=evil diff=evil merge=evil\n" },
    async act(g, _t, mark) {
      await config(g, "filter.evil.process", mark);
      await config(g, "diff.evil.command", mark);
      await config(g, "diff.evil.textconv", mark);
      await config(g, "merge.evil.driver", `${mark}; true`);
      await config(g, "merge.default", "evil");
    },
  },
  {
    name: "C15 diff, pager, signing and ssh programs",
    async act(g, _t, mark) {
      for (const key of ["diff.external", "core.pager", "gpg.program", "core.sshCommand"]) {
        await config(g, key, mark);
      }
      await config(g, "commit.gpgsign", "true");
      await config(g, "log.showSignature", "true");
      await config(g, "alias.status", `!${mark}`);
      await config(g, "core.editor", mark);
    },
  },
  {
    name: "C2 includes and per-worktree configuration",
    async act(g, _t, mark) {
      writeFileSync(join(g.repo.path, ".git/evil"), `[core]\n\tfsmonitor = ${mark}\n`);
      await config(g, "include.path", join(g.repo.path, ".git/evil"));
      await config(g, "extensions.worktreeConfig", "true");
      writeFileSync(join(g.repo.path, ".git/config.worktree"), `[core]\n\tfsmonitor = ${mark}\n`);
    },
  },
  {
    name: "C2 a promisor remote that is a command",
    async act(g, _t, mark) {
      await config(g, "remote.evil.url", `ext::sh -c "${mark}"`);
      await config(g, "remote.evil.promisor", "true");
      await config(g, "remote.evil.uploadpack", mark);
      await config(g, "protocol.ext.allow", "always");
    },
  },
  {
    name: "C2 a .git file that names a planted git dir with an fsmonitor",
    async act(g, t, mark) {
      const evil = join(g.repo.root, "evil");
      await g.repo.git("clone", "-q", "--bare", ".", evil);
      await g.repo.git(`--git-dir=${evil}`, "config", "core.fsmonitor", mark);
      writeFileSync(join(t.path, ".git"), `gitdir: ${evil}\n`);
    },
    tampering: "its .git file was rewritten",
  },
  {
    name: "C2 a directory in place of the .git file",
    async act(_g, t, mark) {
      rmSync(join(t.path, ".git"));
      await gitIn(_g.repo, t.path, "init", "-q");
      await gitIn(_g.repo, t.path, "config", "core.fsmonitor", mark);
      await gitIn(_g.repo, t.path, "add", "-A");
    },
    tampering: "its .git file was replaced by something else",
  },
  {
    name: "C2 the worker's own git dir with hooks, filters and an fsmonitor",
    async act(g, t, mark) {
      const own = join(t.meta, "worker");
      mkdirSync(join(own, "hooks"));
      writeFileSync(join(own, "hooks/post-index-change"), `#!/bin/sh\n${mark}\n`);
      chmodSync(join(own, "hooks/post-index-change"), 0o755);
      await gitIn(g.repo, t.path, "config", "core.fsmonitor", mark);
      await gitIn(g.repo, t.path, "config", "filter.evil.clean", mark);
      writeFileSync(join(own, "info/attributes"), "* filter=evil\n");
    },
  },
  {
    name: "C2 the parent's folder of the attempt, including its index",
    async act(g, t, mark) {
      mkdirSync(join(t.meta, "git"));
      writeFileSync(join(t.meta, "git/config"), `[core]\n\tfsmonitor = ${mark}\n`);
      const run = { cwd: t.path, env: { ...g.repo.env, GIT_INDEX_FILE: join(t.meta, "index") } };
      Bun.spawnSync(["git", "rm", "-q", "--cached", "other.txt"], run);
    },
    ends: "landed or refused",
  },
  {
    name: "C2 a nested repository with its own configuration",
    async act(g, t, mark) {
      const nested = join(t.path, "nested");
      mkdirSync(nested);
      await gitIn(g.repo, nested, "init", "-q");
      writeFileSync(join(nested, "x.txt"), "x\n");
      await gitIn(g.repo, nested, "add", "-A");
      await gitIn(g.repo, nested, "commit", "-q", "-m", "nested");
      await gitIn(g.repo, nested, "config", "core.fsmonitor", mark);
    },
    seen: ["nested"],
  },
  {
    name: "C2 an added submodule",
    async act(g, t, mark) {
      const add = [
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        g.repo.path,
        "sub",
      ];
      await gitIn(g.repo, t.path, ...add);
      await gitIn(g.repo, join(t.path, "sub"), "config", "core.fsmonitor", mark);
      writeFileSync(
        join(t.path, ".gitmodules"),
        `[submodule "sub"]\n\tpath = sub\n\turl = .\n\tupdate = !${mark}\n`,
      );
    },
    seen: [".gitmodules", "sub"],
  },
  {
    name: "C2 refs/replace, grafts and moved branches",
    async act(g, t) {
      const tree = await g.repo.git("rev-parse", "HEAD^{tree}");
      const fake = await g.repo.git("commit-tree", tree, "-m", "fake");
      await g.repo.git("replace", "-f", t.base, fake);
      writeFileSync(join(g.repo.path, ".git/info/grafts"), `${t.base}\n`);
      await g.repo.git("branch", "-f", "moved", t.base);
      await g.repo.git("symbolic-ref", "refs/dgov/candidate/r/1", "refs/heads/moved");
    },
  },
  {
    name: "C2 locks, index bits and sparse settings that hide changes from git",
    async act(g, t) {
      await config(g, "core.fileMode", "false");
      await config(g, "core.sparseCheckout", "true");
      await config(g, "core.ignoreCase", "true");
      await config(g, "core.untrackedCache", "true");
      await config(g, "core.splitIndex", "true");
      await gitIn(g.repo, t.path, "update-index", "--assume-unchanged", "claimed.txt");
      await gitIn(g.repo, t.path, "update-index", "--skip-worktree", "other.txt");
      writeFileSync(join(t.meta, "worker/index.lock"), "");
    },
  },
  {
    name: "C12 C15 a cloned repository with hostile configuration from the start",
    hostileFiles: {
      ".gitattributes": "*.txt filter=undefined merge=union diff=evil\n",
      "bunfig.toml": 'preload = ["./evil.ts"]\n',
      "evil.ts": 'require("fs").writeFileSync("/tmp/dgov-evil-preload", "")\n',
      ".env": "GIT_DIR=/tmp/evil\nGIT_TRACE=/tmp/dgov-evil-trace\n",
    },
    async before(g, mark) {
      hook(g, mark);
      await config(g, "core.fsmonitor", mark);
      await config(g, "core.hooksPath", join(g.repo.path, ".git/hooks"));
      await config(g, "diff.evil.command", mark);
      await config(g, "diff.external", mark);
      await config(g, "merge.default", "evil");
      await config(g, "merge.evil.driver", mark);
      await config(g, "core.pager", mark);
      await config(g, "gc.auto", "1");
    },
  },
  {
    name: "C1 unclaimed content committed and amended on the operator's branch name",
    async act(g, t) {
      writeFileSync(join(t.path, "unclaimed.txt"), "u\n");
      await gitIn(g.repo, t.path, "checkout", "-q", "-b", "main");
      await gitIn(g.repo, t.path, "add", "-A");
      await gitIn(g.repo, t.path, "commit", "-q", "-m", "mine");
      await gitIn(g.repo, t.path, "commit", "-q", "--amend", "-m", "mine too");
      await gitIn(g.repo, t.path, "rebase", "-q", "HEAD");
      await gitIn(g.repo, t.path, "gc", "-q", "--prune=now");
    },
    seen: ["unclaimed.txt"],
  },
  {
    name: "C4 links, pipes and names that differ in case",
    async act(g, t) {
      symlinkSync("/etc/passwd", join(t.path, "passwd"));
      symlinkSync(g.repo.path, join(t.path, "checkout"));
      renameSync(join(t.path, "dir"), join(t.path, "moved"));
      symlinkSync("../../outside", join(t.path, "dir"));
      writeFileSync(join(t.path, "CLAIMED.txt"), "case\n");
      await Bun.$`mkfifo ${join(t.path, "pipe")}`.quiet();
    },
    seen: ["CLAIMED.txt", "checkout", "dir", "dir/file.txt", "moved/file.txt", "passwd"],
  },
];

describe("git attacks", () => {
  test.concurrent.each(tricks.map((trick) => [trick.name, trick] as const))(
    "%s: the parent executes nothing planted and lands only the claimed file",
    async (_name, trick) => {
      await using g = await openTestRepo({ ...files, ...trick.hostileFiles });
      const marks = join(g.repo.root, "MARK");
      const command = join(g.repo.root, "mark.sh");
      writeFileSync(command, `#!/bin/sh\necho "$0 $*" >>${marks}\nexit 0\n`);
      chmodSync(command, 0o755);
      await trick.before?.(g, command);
      const r = await openRepository(g.repo.path);
      const t = await createWorktree(r, {
        path: join(g.repo.root, "attempt"),
        meta: join(g.repo.root, "attempt-meta"),
        base: await g.repo.git("rev-parse", "main"),
        identity,
      });
      writeFileSync(join(t.path, "claimed.txt"), "after\n");
      const refs = async (): Promise<string> => g.repo.git("rev-parse", "main");
      const before = await refs();
      await trick.act?.(g, t, command);
      // The worker's own git may execute what it planted; the test checks what the parent executes.
      rmSync(marks, { force: true });

      await live(g, r, t, trick);
      expect(existsSync(marks) ? readFileSync(marks, "utf8") : "").toBe("");
      if (trick.ends === undefined) {
        const names = await bare(
          g,
          "diff-tree",
          "-r",
          "--name-only",
          "--no-commit-id",
          before,
          "main",
        );
        expect(names).toBe("claimed.txt");
        expect(await bare(g, "cat-file", "blob", "main:claimed.txt")).toBe("after");
        expect(readFileSync(join(g.repo.path, "claimed.txt"), "utf8")).toBe("after\n");
      }
    },
  );
});

test("plain git executes the planted commands, so the markers are effective", async () => {
  await using g = await openTestRepo({ ...files, ".gitattributes": "*.txt filter=evil\n" });
  const marks = join(g.repo.root, "MARK");
  const command = `echo ran >>${marks}`;
  const runs = async (...args: string[]): Promise<boolean> => {
    rmSync(marks, { force: true });
    await g.repo.git(...args);
    return existsSync(marks);
  };
  await config(g, "core.fsmonitor", `${command}; true`);
  expect(await runs("status")).toBe(true);
  await config(g, "--unset", "core.fsmonitor");
  await filter(g, command);
  g.repo.write("claimed.txt", "after\n");
  expect(await runs("add", "claimed.txt")).toBe(true);
  await config(g, "--remove-section", "filter.evil");
  hook(g, command);
  expect(await runs("update-ref", "refs/heads/x", "HEAD")).toBe(true);
});

/** Performs every git step of an attempt as the parent does. */
async function live(g: OpenedRepo, r: Repository, t: Worktree, trick: Trick): Promise<void> {
  expect(await detectTampering(t)).toBe(trick.tampering ?? null);
  const seen = (await attemptChanges(r, t)).map((change) => change.path);
  expect(seen.sort()).toEqual([...(trick.seen ?? []), "claimed.txt"].sort());
  await diffText(r, t, { bytesMax: 100_000 });
  await dirtyPaths(r);

  const paths = ["claimed.txt"];
  const made = await commitChanges(r, t, { paths, message: "work", ...stamp });
  const scratch = g.scratch;
  const ref = "refs/dgov/candidate/r/1";
  const o = { base: t.base, commit: made.commit, onto: t.base, scratch, message: "work", ...stamp };
  const built = await buildCandidate(r, { ...o, ref });
  if (built.kind !== "built") throw new Error(built.kind);
  const [path, meta] = [join(g.repo.root, "gate"), join(g.repo.root, "gate-meta")];
  const gate = await provideGateTree(r, { path, meta, tree: built.tree, keepFolders: [] });
  expect(await gateTreeDifferences(r, gate.gateTree, { keepFolders: [] })).toEqual([]);

  const land = { target: "main", from: t.base, to: built.commit, scratch, message: "land" };
  const landing = await landCandidate(r, { ...land, allowed: (p) => p === "claimed.txt" });
  if (trick.ends === undefined) expect(landing).toEqual({ kind: "landed" });
  const { ref: keptRef } = await g.keep(t);
  await removeWorktree(r, t, { keptRef });
  expect(existsSync(t.path)).toBe(false);
}

/** Git without the repository's configuration, so that the test's own queries do not trigger the attack. */
async function bare(g: OpenedRepo, ...args: string[]): Promise<string> {
  const settings = ["core.fsmonitor=false", "core.hooksPath=/dev/null", "diff.external="];
  const argv = settings.flatMap((setting) => ["-c", setting]);
  return g.repo.git("--no-replace-objects", ...argv, ...args);
}

describe("filters", () => {
  test("C2 a filter that HEAD's attributes name and only the repository's configuration defines is refused by name", async () => {
    const { userFilters } = await import("../../src/git/private-dir.ts");
    await using g = await openTestRepo({ ...files, ".gitattributes": "*.bin filter=mine -text\n" });
    await config(g, "filter.mine.clean", "cat");
    const r = await openRepository(g.repo.path);
    await expect(userFilters(r)).rejects.toThrow(
      "the git filter mine is defined only in the repository's own",
    );
  });

  test("E15 a filter of the user's configuration, such as LFS, works through the whole life of an attempt", async () => {
    const { createPrivateGit, userFilters } = await import("../../src/git/private-dir.ts");
    await using g = await openTestRepo(files);
    const r: Repository = {
      ...g.r,
      settings: {
        core: {},
        excludes: "",
        localFilters: [],
        filters: { upper: { clean: "tr a-z A-Z", smudge: "tr A-Z a-z", required: "true" } },
      },
    };
    g.repo.write("dir/.gitattributes", "*.bin filter=upper -text\n");
    g.repo.write("dir/x.bin", "STORED\n");
    await g.repo.git("add", "-A");
    await g.repo.git("commit", "-qm", "filtered");
    const filters = await userFilters(r);
    expect(filters).toEqual(r.settings?.filters ?? {});
    const base = await g.repo.git("rev-parse", "main");
    const [path, meta] = [join(g.repo.root, "t"), join(g.repo.root, "m")];
    const t = await createWorktree(r, { path, meta, base, identity, filters });
    expect(readFileSync(join(t.path, "dir/x.bin"), "utf8")).toBe("stored\n");
    expect(await attemptChanges(r, t)).toEqual([]);
    writeFileSync(join(t.path, "dir/x.bin"), "changed\n");
    const o = { paths: ["dir/x.bin"], message: "x", ...stamp };
    const { commit } = await commitChanges(r, t, o);
    expect(await g.repo.git("cat-file", "blob", `${commit}:dir/x.bin`)).toBe("CHANGED");
    expect(createPrivateGit(r, { dir: join(g.scratch, "g"), workTree: t.path, filters }).dir).toBe(
      join(g.scratch, "g"),
    );
  });
});
