/** Attempt worktrees: creating, reading, committing, keeping and removing them. */
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { listRefs } from "../../src/git/refs.ts";
import { repositoryFingerprint } from "../../src/git/repository-fingerprint.ts";
import { commitStats, readBlobAt } from "../../src/git/trees.ts";
import { attemptChanges, detectTampering } from "../../src/git/worktrees/changes.ts";
import { keepWork, removeWorktree } from "../../src/git/worktrees/keep.ts";
import { commitChanges, diffText } from "../../src/git/worktrees/snapshot.ts";
import { pruneRegistrations, replayWork } from "../../src/git/worktrees/worktree.ts";
import { gitIn, identity, openTestRepo, stamp } from "./harness.ts";

const files = {
  "a.txt": "a\n",
  "src/b.txt": "b\n",
  "src/c.sh": "#!/bin/sh\n",
  ".gitignore": "*.log\n",
};

describe("createWorktree", () => {
  test("an attempt's worktree is listed, holds the base, and shares no git directory with the operator", async () => {
    await using g = await openTestRepo(files);
    const t = await g.attempt();
    expect(await g.repo.git("worktree", "list", "--porcelain")).toContain(t.path);
    expect(readFileSync(join(t.path, "src/c.sh"), "utf8")).toBe("#!/bin/sh\n");
    expect(await gitIn(g.repo, t.path, "status", "--porcelain")).toBe("");
    expect(await gitIn(g.repo, t.path, "config", "user.name")).toBe(identity.name);

    const refs = await g.repo.git("for-each-ref");
    const state = await repositoryFingerprint(g.r);
    writeFileSync(join(t.path, "a.txt"), "changed\n");
    await gitIn(g.repo, t.path, "stash");
    await gitIn(g.repo, t.path, "config", "core.hooksPath", "evil");
    await gitIn(g.repo, t.path, "checkout", "-q", "-b", "mine");
    await gitIn(g.repo, t.path, "commit", "-q", "--allow-empty", "-m", "mine");
    await gitIn(g.repo, t.path, "gc", "-q", "--prune=now");
    await gitIn(g.repo, t.path, "tag", "v1");
    expect(await g.repo.git("for-each-ref")).toBe(refs);
    expect(await repositoryFingerprint(g.r)).toBe(state);
  });

  test("attempts work with spaces, unicode and quotes in paths", async () => {
    await using g = await openTestRepo({ 'ä/ö "x".txt': "1\n" }, { name: "my répo 'x'" });
    const t = await g.attempt('weird "näme" %41');
    writeFileSync(join(t.path, 'ä/ö "x".txt'), "2\n");
    expect((await attemptChanges(g.r, t)).map((c) => c.path)).toEqual(['ä/ö "x".txt']);
    expect(await gitIn(g.repo, t.path, "rev-parse", "--show-toplevel")).toBe(t.path);
    const { ref } = await g.keep(t);
    await removeWorktree(g.r, t, { keptRef: ref });
    expect([existsSync(t.path), existsSync(t.meta)]).toEqual([false, false]);
  });

  test("attempts work in a SHA-256 repository", async () => {
    await using g = await openTestRepo(files, { init: ["--object-format=sha256"] });
    const t = await g.attempt();
    writeFileSync(join(t.path, "a.txt"), "2\n");
    const done = await commitChanges(g.r, t, { paths: ["a.txt"], message: "x", ...stamp });
    expect(done.commit).toHaveLength(64);
    expect(await g.repo.git("show", `${done.commit}:a.txt`)).toBe("2");
  });

  test("E15 submodules are unchanged by an attempt", async () => {
    await using sub = await openTestRepo({ "s.txt": "s\n" });
    await using g = await openTestRepo(files);
    const add = [
      "-c",
      "protocol.file.allow=always",
      "submodule",
      "add",
      "-q",
      sub.repo.path,
      "sub",
    ];
    await g.repo.git(...add);
    await g.repo.git("commit", "-q", "-m", "sub");
    const t = await g.attempt();
    expect(await attemptChanges(g.r, t)).toEqual([]);
    writeFileSync(join(t.path, "a.txt"), "2\n");
    const { commit } = await commitChanges(g.r, t, { paths: ["a.txt"], message: "x", ...stamp });
    expect(await g.repo.git("ls-tree", commit, "sub")).toContain("160000 commit");
  });
});

describe("attemptChanges", () => {
  test("E13 attemptChanges reports every kind of change, renames as two, ignored files not", async () => {
    await using g = await openTestRepo({
      ...files,
      "mode.txt": "m\n",
      "type.txt": "t\n",
      "dir/x": "x\n",
    });
    const t = await g.attempt();
    const at = (path: string): string => join(t.path, path);
    writeFileSync(at("a.txt"), "longer\n");
    renameSync(at("src/b.txt"), at("src/renamed.txt"));
    writeFileSync(at(".hidden"), "h\n");
    writeFileSync(at("ignored.log"), "x\n");
    chmodSync(at("mode.txt"), 0o755);
    rmSync(at("type.txt"));
    symlinkSync("a.txt", at("type.txt"));
    rmSync(at("dir"), { recursive: true });
    writeFileSync(at("dir"), "now a file\n");
    const short = (await attemptChanges(g.r, t)).map((c) =>
      [c.status, c.path, c.oldMode, c.mode, c.kind, c.linkTarget, c.size].join(" "),
    );
    expect(short.sort()).toEqual([
      "added .hidden 000000 100644 file  2",
      "added dir 000000 100644 file  11",
      "added src/renamed.txt 000000 100644 file  2",
      "deleted dir/x 100644 000000 file  0",
      "deleted src/b.txt 100644 000000 file  0",
      "modified a.txt 100644 100644 file  7",
      "modified mode.txt 100644 100755 file  2",
      "type_changed type.txt 100644 120000 symlink a.txt 5",
    ]);
  });

  test("unreadable files and folders are read, kept and removed", async () => {
    await using g = await openTestRepo(files);
    const t = await g.attempt();
    writeFileSync(join(t.path, "a.txt"), "closed\n");
    chmodSync(join(t.path, "a.txt"), 0);
    mkdirSync(join(t.path, "closed"));
    writeFileSync(join(t.path, "closed/f"), "f\n");
    chmodSync(join(t.path, "closed"), 0);
    expect((await attemptChanges(g.r, t)).map((c) => c.path)).toEqual(["a.txt", "closed/f"]);
    const { ref } = await g.keep(t);
    expect(await g.repo.git("show", `${ref}:closed/f`, `${ref}:a.txt`)).toBe("f\nclosed");
    await removeWorktree(g.r, t, { keptRef: ref });
    expect(existsSync(t.path)).toBe(false);
  });

  test("C1 commits, amends and stashes of the worker do not hide changes", async () => {
    await using g = await openTestRepo(files);
    const t = await g.attempt();
    writeFileSync(join(t.path, "sneaky.txt"), "s\n");
    await gitIn(g.repo, t.path, "add", "-A");
    await gitIn(g.repo, t.path, "commit", "-q", "-m", "sneaky");
    await gitIn(g.repo, t.path, "update-index", "--assume-unchanged", "a.txt");
    writeFileSync(join(t.path, "a.txt"), "also\n");
    expect((await attemptChanges(g.r, t)).map((c) => `${c.status} ${c.path}`)).toEqual([
      "modified a.txt",
      "added sneaky.txt",
    ]);
  });

  test("C4 pipes, hard links and nested repositories are reported and never read", async () => {
    await using g = await openTestRepo(files);
    const t = await g.attempt();
    rmSync(join(t.path, "a.txt"));
    await Bun.$`mkfifo ${join(t.path, "a.txt")} ${join(t.path, "new")}`.quiet();
    const outside = join(g.repo.root, "outside");
    writeFileSync(outside, "secret\n");
    linkSync(outside, join(t.path, "hard"));
    mkdirSync(join(t.path, "nested"));
    await gitIn(g.repo, join(t.path, "nested"), "init", "-q");
    writeFileSync(join(t.path, "nested/f"), "f\n");
    expect((await attemptChanges(g.r, t)).map((c) => `${c.kind} ${c.path}`)).toEqual([
      "other a.txt",
      "other hard",
      "gitlink nested",
    ]);
    const refused = commitChanges(g.r, t, { paths: ["a.txt"], message: "x", ...stamp });
    await expect(refused).rejects.toThrow("neither a file nor a link");
    const nested = commitChanges(g.r, t, { paths: ["nested"], message: "x", ...stamp });
    await expect(nested).rejects.toThrow("neither a file nor a link");
  });
});

describe("commitChanges", () => {
  test("C1 commitChanges commits exactly the named paths byte for byte, reproducibly", async () => {
    await using g = await openTestRepo({ ...files, "crlf.txt": "1\r\n", "old/f": "f\n" });
    const t = await g.attempt();
    const names = [
      "a.txt",
      " lead",
      "tab\there",
      "new\nline",
      "-dash",
      ":(top)x",
      "[a]*.txt",
      "ünï",
    ];
    for (const name of names) writeFileSync(join(t.path, name), `${name}\r\n`);
    writeFileSync(join(t.path, "unclaimed"), "no\n");
    rmSync(join(t.path, "old"), { recursive: true });
    writeFileSync(join(t.path, "old"), "file now\n");
    const paths = [...names, "old", "old/f"];
    const first = await commitChanges(g.r, t, { paths, message: "two\n\nlines\n\n", ...stamp });
    expect(await commitChanges(g.r, t, { paths, message: "two\n\nlines", ...stamp })).toEqual(
      first,
    );
    for (const name of names) {
      const bytes = await readBlobAt(g.r, first.commit, name);
      expect(Buffer.from(bytes ?? []).toString()).toBe(`${name}\r\n`);
    }
    expect(await readBlobAt(g.r, first.commit, "unclaimed")).toBeNull();
    expect(await g.repo.git("show", "-s", "--format=%an <%ae> %aI %cn%n%B", first.commit)).toBe(
      "Ada <ada@example.com> 2026-02-03T04:05:06+00:00 Ada\ntwo\n\nlines\n",
    );
    expect(await g.repo.git("rev-parse", `${first.commit}^{tree}`)).toBe(first.tree);
    await g.repo.git("fsck", "--strict", "--no-dangling", first.commit);
    const missing = "1".repeat(40);
    const stats = await commitStats(g.r, [missing, first.commit, t.base]);
    expect([...stats.keys()]).toEqual([first.commit]);
    const stat = stats.get(first.commit);
    expect([stat?.files, stat?.insertions, stat?.deletions]).toEqual([10, 10, 2]);
    expect(stat?.paths.map(({ path }) => path).sort()).toEqual([...paths].sort());
  });

  test("commitChanges follows the line endings of the repository's attributes", async () => {
    await using g = await openTestRepo({ ...files, ".gitattributes": "*.txt text\n" });
    const t = await g.attempt();
    writeFileSync(join(t.path, "a.txt"), "x\r\ny\r\n");
    const { commit } = await commitChanges(g.r, t, { paths: ["a.txt"], message: "x", ...stamp });
    expect(Buffer.from((await readBlobAt(g.r, commit, "a.txt")) ?? []).toString()).toBe("x\ny\n");
  });
});

describe("keepWork and removeWorktree", () => {
  test("B1 removeWorktree refuses until everything is kept", async () => {
    await using g = await openTestRepo(files);
    const t = await g.attempt();
    writeFileSync(join(t.path, "a.txt"), "work\n");
    writeFileSync(join(t.path, "new.txt"), "new\n");
    await expect(removeWorktree(g.r, t, {})).rejects.toThrow(
      "holds work that is not under any ref",
    );
    const { ref, omitted } = await g.keep(t);
    expect(omitted).toEqual([]);
    expect(await g.repo.git("show", `${ref}:new.txt`)).toBe("new");
    expect(await listRefs(g.r, "refs/dgov/keep/run1")).toHaveLength(1);

    writeFileSync(join(t.path, "new.txt"), "later\n");
    await expect(removeWorktree(g.r, t, { keptRef: ref })).rejects.toThrow(
      "not under refs/dgov/keep",
    );
    writeFileSync(join(t.path, "new.txt"), "new\n");
    await removeWorktree(g.r, t, { keptRef: ref });
    expect(existsSync(t.path)).toBe(false);
    expect(await g.repo.git("worktree", "list")).not.toContain(t.path);
    const opened = join(g.repo.root, "opened");
    await g.repo.git("worktree", "add", "-q", opened, ref);
    expect(readFileSync(join(opened, "a.txt"), "utf8")).toBe("work\n");
  });

  test("B1 P2 removeWorktree refuses each kind of change after the work was kept", async () => {
    await using g = await openTestRepo({ ...files, "link-to": "x\n" });
    const t = await g.attempt();
    const at = (path: string): string => join(t.path, path);
    writeFileSync(at("a.txt"), "work\n");
    rmSync(at("src/b.txt"));
    writeFileSync(at("src/c.sh"), "#!/bin/sh\ntrue\n", { mode: 0o755 });
    symlinkSync("a.txt", at("link"));
    const { ref } = await g.keep(t);
    const changes: [string, () => void, () => void][] = [
      [
        "content",
        () => writeFileSync(at("a.txt"), "more\n"),
        () => writeFileSync(at("a.txt"), "work\n"),
      ],
      [
        "content of the same size",
        () => writeFileSync(at("a.txt"), "wOrk\n"),
        () => writeFileSync(at("a.txt"), "work\n"),
      ],
      ["executable", () => chmodSync(at("a.txt"), 0o755), () => chmodSync(at("a.txt"), 0o644)],
      [
        "not executable",
        () => chmodSync(at("src/c.sh"), 0o644),
        () => chmodSync(at("src/c.sh"), 0o755),
      ],
      ["deleted", () => rmSync(at("a.txt")), () => writeFileSync(at("a.txt"), "work\n")],
      [
        "as in the base again, changed",
        () => writeFileSync(at("src/b.txt"), "B\n"),
        () => rmSync(at("src/b.txt")),
      ],
      ["another file", () => writeFileSync(at("new"), "n\n"), () => rmSync(at("new"))],
      [
        "another link",
        () => {
          rmSync(at("link"));
          symlinkSync("b.txt", at("link"));
        },
        () => {
          rmSync(at("link"));
          symlinkSync("a.txt", at("link"));
        },
      ],
      [
        "a file with the text of the link",
        () => {
          rmSync(at("link"));
          writeFileSync(at("link"), "a.txt");
        },
        () => {
          rmSync(at("link"));
          symlinkSync("a.txt", at("link"));
        },
      ],
    ];
    for (const [what, change, back] of changes) {
      change();
      // Without what this process remembers of the worktree, as in a recovery.
      for (const known of [t, { ...t }]) {
        const removal = removeWorktree(g.r, known, { keptRef: ref }).then(
          () => "removed",
          (error: Error) => error.message,
        );
        expect([what, await removal]).toEqual([
          what,
          `${t.path} holds work that is not under ${ref}`,
        ]);
      }
      back();
    }
    await removeWorktree(g.r, { ...t }, { keptRef: ref });
    expect(existsSync(t.path)).toBe(false);
  });

  test("B1 removeWorktree takes a worktree for incomplete only before a worker ran in it", async () => {
    await using g = await openTestRepo(files);
    const t = await g.attempt();
    writeFileSync(join(t.path, "a.txt"), "work\n");
    // The worker put the file of the registration in place of its own.
    const own = readFileSync(join(t.path, ".git"));
    writeFileSync(join(t.path, ".git"), readFileSync(join(t.meta, "gitfile")));
    await expect(removeWorktree(g.r, t, {})).rejects.toThrow("holds work");
    writeFileSync(join(t.path, ".git"), own);
    rmSync(join(t.meta, "worker/HEAD"));
    await expect(removeWorktree(g.r, t, {})).rejects.toThrow("holds work");
  });

  test("removeWorktree and pruneRegistrations leave the registrations of others", async () => {
    await using g = await openTestRepo(files);
    const [one, two, ten] = [await g.attempt("1"), await g.attempt("2"), await g.attempt("10/x")];
    const listed = async (): Promise<string[]> =>
      [one, two, ten].flatMap(({ path }) => (all.includes(`worktree ${path}\n`) ? [path] : []));
    let all = await g.repo.git("worktree", "list", "--porcelain");
    expect(await listed()).toHaveLength(3);
    // The worker's process can write to this file.
    writeFileSync(join(one.meta, "gitfile"), readFileSync(join(two.meta, "gitfile")));
    await removeWorktree(g.r, one, {});
    rmSync(ten.path, { recursive: true });
    pruneRegistrations(g.r, join(g.repo.root, "trees/1"));
    all = await g.repo.git("worktree", "list", "--porcelain");
    expect(await listed()).toEqual([one.path, two.path, ten.path]);
    pruneRegistrations(g.r, join(g.repo.root, "trees"));
    all = await g.repo.git("worktree", "list", "--porcelain");
    expect(await listed()).toEqual([two.path]);
  });

  test("files up to the size limit are kept, tracked ones first", async () => {
    await using g = await openTestRepo(files);
    const t = await g.attempt();
    writeFileSync(join(t.path, "a.txt"), "x".repeat(60));
    writeFileSync(join(t.path, "new.txt"), "x".repeat(40));
    expect((await g.keep(t, 100)).omitted).toEqual([]);
    expect((await g.keep({ ...t }, 99)).omitted).toEqual(["new.txt"]);
    expect((await g.keep({ ...t }, 59)).omitted).toEqual(["a.txt"]);
  });

  test("files above the size limit are named in the message and in the result of keepWork", async () => {
    await using g = await openTestRepo(files);
    const t = await g.attempt();
    writeFileSync(join(t.path, "a.txt"), "work\n");
    writeFileSync(join(t.path, "big.bin"), "x".repeat(5000));
    writeFileSync(join(t.path, "small.bin"), "x");
    const { ref, omitted } = await g.keep(t, 1000);
    expect(omitted).toEqual(["big.bin"]);
    expect(await g.repo.git("ls-tree", "--name-only", ref)).not.toContain("big.bin");
    expect(await g.repo.git("show", "-s", "--format=%B", ref)).toContain('Dgov-Omitted: "big.bin"');
    await removeWorktree(g.r, t, { keptRef: ref });
    expect(existsSync(t.path)).toBe(false);
  });

  test("an unchanged worktree is removed without a ref, read-only folders included", async () => {
    await using g = await openTestRepo(files);
    const t = await g.attempt();
    mkdirSync(join(t.path, "cache.log"));
    writeFileSync(join(t.path, "cache.log/f"), "x");
    chmodSync(join(t.path, "cache.log"), 0o500);
    await removeWorktree(g.r, t, {});
    expect(existsSync(t.path)).toBe(false);
  });

  test("an incompletely created worktree is removed without proof, along with its registration", async () => {
    await using g = await openTestRepo(files);
    const t = await g.attempt();
    writeFileSync(join(t.path, ".git"), readFileSync(join(t.meta, "gitfile")));
    rmSync(join(t.meta, "worker"), { recursive: true });
    rmSync(join(t.meta, "index"));
    rmSync(join(t.path, "src"), { recursive: true });
    await removeWorktree(g.r, t, {});
    expect([existsSync(t.path), await g.repo.git("worktree", "list")]).toEqual([
      false,
      expect.not.stringContaining(t.path),
    ]);
  });

  test("kept work with line endings that git normalises counts as kept", async () => {
    await using g = await openTestRepo({ ...files, ".gitattributes": "*.txt text\n" });
    const t = await g.attempt();
    writeFileSync(join(t.path, "a.txt"), "x\r\n");
    const { ref } = await g.keep(t);
    await removeWorktree(g.r, t, { keptRef: ref });
    expect(existsSync(t.path)).toBe(false);
  });

  test("keepWork does not move a branch through a planted symbolic ref", async () => {
    await using g = await openTestRepo(files);
    const main = await g.repo.git("rev-parse", "main");
    const t = await g.attempt();
    writeFileSync(join(t.path, "a.txt"), "work\n");
    const ref = "refs/dgov/keep/run1/u/1";
    await g.repo.git("symbolic-ref", ref, "refs/heads/main");
    await keepWork(g.r, t, { ref, message: "k", ...stamp, bytesMax: 1000 });
    expect(await g.repo.git("rev-parse", "main")).toBe(main);
    expect(await g.repo.git("show", `${ref}:a.txt`)).toBe("work");
  });
});

describe("detectTampering", () => {
  test.each<[string, (dotgit: string) => void, string | null]>([
    ["no change", () => {}, null],
    [
      "a rewritten .git file",
      (f) => writeFileSync(f, "gitdir: /tmp/x\n"),
      "its .git file was rewritten",
    ],
    ["a removed .git file", (f) => rmSync(f), "its .git file was removed"],
    [
      "a folder in place of the .git file",
      (f) => {
        rmSync(f);
        mkdirSync(f);
      },
      "its .git file was replaced by something else",
    ],
  ])("C2 detectTampering reports %s", async (_what, tamper, words) => {
    await using g = await openTestRepo(files);
    const t = await g.attempt();
    tamper(join(t.path, ".git"));
    expect(await detectTampering(t)).toBe(words);
  });
});

describe("replayWork and diffText", () => {
  test("replayWork applies earlier work uncommitted on a newer base, and keeps the base's side of conflicts", async () => {
    await using g = await openTestRepo({
      ...files,
      "both.txt": "1\n2\n3\n4\n5\n6\n7\n8\n",
      "gone.txt": "g\n",
    });
    const first = await g.attempt();
    writeFileSync(join(first.path, "a.txt"), "mine\n");
    writeFileSync(join(first.path, "both.txt"), "ONE\n2\n3\n4\n5\n6\n7\n8\n");
    writeFileSync(join(first.path, "new.sh"), "#!/bin/sh\n");
    chmodSync(join(first.path, "new.sh"), 0o755);
    rmSync(join(first.path, "gone.txt"));
    const { ref } = await g.keep(first);
    g.repo.write("a.txt", "theirs\n");
    g.repo.write("both.txt", "1\n2\n3\n4\n5\n6\n7\nEIGHT\n");
    await g.repo.git("commit", "-q", "-am", "other");

    const second = await g.attempt();
    const work = await g.repo.git("rev-parse", ref);
    const replayed = await replayWork(g.r, second, { work, workBase: first.base });
    expect(replayed).toEqual({ conflicted: ["a.txt"] });
    const changes = await attemptChanges(g.r, second);
    expect(changes.map((c) => `${c.status} ${c.mode} ${c.path}`).sort()).toEqual([
      "added 100755 new.sh",
      "deleted 000000 gone.txt",
      "modified 100644 both.txt",
    ]);
    const text = await diffText(g.r, second, { paths: ["both.txt", "new.sh"], bytesMax: 10_000 });
    expect(text).toContain("-1\n+ONE");
    expect(text).toContain("new file mode 100755");
    expect(text).not.toContain("gone.txt");
    expect(readFileSync(join(second.path, "both.txt"), "utf8")).toContain("EIGHT");
  });
});
