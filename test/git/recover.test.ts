/** B5: a landing killed at every fault point, then reconciled: it has landed, and the operator's work is intact. */
import { describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  type LandingResult,
  landCandidate,
  reconcileLanding,
  recoverLanding,
} from "../../src/git/landing/land.ts";
import type { Oid } from "../../src/git/objects.ts";
import { commitChanges } from "../../src/git/worktrees/snapshot.ts";
import { type OpenedRepo, openTestRepo, stamp } from "./harness.ts";

const files = { "a.txt": "a\n", "b.txt": "b\n", "dir/gone.txt": "gone\n", "theirs.txt": "t\n" };
const edits = { "a.txt": "A, but longer\n", "b.txt": "B\n", "new/n.txt": "n\n" };

async function prepare(g: OpenedRepo): Promise<{ from: Oid; to: Oid }> {
  const t = await g.attempt();
  for (const [path, text] of Object.entries(edits)) {
    mkdirSync(dirname(join(t.path, path)), { recursive: true });
    writeFileSync(join(t.path, path), text);
  }
  rmSync(join(t.path, "dir/gone.txt"));
  const paths = [...Object.keys(edits), "dir/gone.txt"];
  const { commit } = await commitChanges(g.r, t, { paths, message: "work", ...stamp });
  g.repo.write("theirs.txt", "operator's\n");
  g.repo.write("untracked", "operator's\n");
  return { from: t.base, to: commit };
}

function land(g: OpenedRepo, o: { from: Oid; to: Oid }): Promise<LandingResult> {
  const scratch = g.scratch;
  return landCandidate(g.r, { target: "main", ...o, allowed: () => true, scratch, message: "m" });
}

/** Everything that a landing may change, and some of what it must not. */
async function stateOf(g: OpenedRepo): Promise<Record<string, unknown>> {
  const git = join(g.repo.path, ".git");
  const leftovers = ["HEAD.lock", "index.lock", "refs/heads/main.lock"];
  const names = [...new Bun.Glob("{*.dgov-*,dgov/landing*}").scanSync(git)];
  return {
    tip: await g.repo.git("rev-parse", "main"),
    status: await g.repo.git("status", "--porcelain"),
    a: g.repo.read("a.txt"),
    new: existsSync(join(g.repo.path, "new/n.txt")),
    gone: existsSync(join(g.repo.path, "dir/gone.txt")),
    theirs: g.repo.read("theirs.txt"),
    locks: [...leftovers.filter((name) => existsSync(join(git, name))), ...names],
  };
}

async function before(g: OpenedRepo, from: Oid): Promise<Record<string, unknown>> {
  const state = await stateOf(g);
  expect(state["tip"]).toBe(from);
  return state;
}

/** Leaves what a landing that was cut short leaves: its record and, if it came so far, the lock and the mark of the checkout. */
function leave(
  g: OpenedRepo,
  o: { from: Oid; to: Oid },
  locks: "none" | "locked" | "written",
): void {
  const git = join(g.repo.path, ".git");
  const record = join(git, "dgov/landing.json");
  mkdirSync(dirname(record), { recursive: true });
  writeFileSync(record, `${JSON.stringify({ target: "main", ...o })}\n`);
  if (locks !== "none") linkSync(record, join(git, "index.lock"));
  // A file system without hard links has copies.
  if (locks === "written") copyFileSync(record, join(git, "index.dgov-written"));
}

function landed(to: Oid): Record<string, unknown> {
  const files = { a: edits["a.txt"], new: true, gone: false, theirs: "operator's\n" };
  return { tip: to, status: " M theirs.txt\n?? untracked", ...files, locks: [] };
}

const points = [
  "land.before_prepare",
  "land.prepared",
  "land.checkout_updated",
  "land.committed",
] as const;

describe("landCandidate killed, then reconcileLanding", () => {
  test.concurrent.each(
    points.flatMap((point) => [[point, false] as const, [point, true] as const]),
  )("B5 a landing killed at %s (whole group: %p) ends landed", async (point, group) => {
    await using g = await openTestRepo(files);
    const o = await prepare(g);
    const script = join(import.meta.dir, "fault-child.ts");
    const args = [g.repo.path, "main", o.from, o.to, g.scratch];
    const child = Bun.spawn([process.execPath, script, ...args], {
      env: { ...g.repo.env, DGOV_FAULT: point, DGOV_FAULT_GROUP: group ? "1" : "0" },
      stdout: "pipe",
      detached: true,
    });
    const output = await new Response(child.stdout).text();
    await child.exited;
    expect([child.signalCode, output]).toEqual(["SIGKILL", ""]);

    const found = await reconcileLanding(g.r, { target: "main", ...o });
    expect(found).toBe(point === "land.committed" ? "landed" : "not_landed");
    if (found === "not_landed") {
      expect((await stateOf(g))["status"]).toBe(" M theirs.txt\n?? untracked");
      expect(await land(g, o)).toEqual({ kind: "landed" });
    }
    expect(await stateOf(g)).toEqual(landed(o.to));
    expect(await reconcileLanding(g.r, { target: "main", ...o })).toBe("landed");
  });
});

/** A `git` in a folder of its own that ends badly at its n-th call after a landing has begun, or from then on. */
function failingGit(
  g: OpenedRepo,
  n: number,
  how: "ends with its caller after" | "fails from",
): { path: string; calls: string } {
  const bin = join(g.repo.root, "bin");
  const calls = join(bin, "calls");
  const git = Bun.which("git");
  const script = {
    "ends with its caller after": `[ "$n" = ${n} ] || exec '${git}' "$@"; '${git}' "$@"; kill -9 $PPID`,
    // A read-tree writes its files, and then cannot write its index; no write works after it, as on a full disk.
    "fails from": `[ "$n" -ge ${n} ] || exec '${git}' "$@"; case "$*" in *read-tree*) '${git}' "$@"; exit 128;; *update-*|*checkout-index*) exit 128;; esac; exec '${git}' "$@"`,
  }[how];
  mkdirSync(bin, { recursive: true });
  writeFileSync(calls, "0\n");
  const counted = `read n < '${calls}'; n=$((n + 1)); echo "$n" > '${calls}'`;
  const begun = join(g.repo.path, ".git/dgov/landing.json");
  const text = `#!/bin/sh\n[ -e '${begun}' ] || exec '${git}' "$@"\n${counted}\n${script}\n`;
  writeFileSync(join(bin, "git"), text, { mode: 0o755 });
  return { path: `${bin}:${g.repo.env["PATH"]}`, calls };
}

describe("a landing whose git ends badly, then recoverLanding", () => {
  test.concurrent.each([
    ["candidate", "ends with its caller after"],
    ["candidate", "fails from"],
    ["bookkeeping", "ends with its caller after"],
    ["bookkeeping", "fails from"],
  ] as const)("B5 a %s whose git %s any call is landed or undone", async (what, how) => {
    await using g = await openTestRepo({ ...files, "books.txt": "old\n" });
    const second = join(g.repo.root, "second");
    await g.repo.git("checkout", "-q", "--detach");
    await g.repo.git("worktree", "add", "-q", second, "main");
    await g.repo.git("symbolic-ref", "HEAD", "refs/heads/main");
    const o = await prepare(g);
    const status = async (): Promise<string[]> => [
      (await stateOf(g))["status"] as string,
      await g.repo.git("-C", second, "status", "--porcelain"),
    ];
    const clean = [" M theirs.txt\n?? untracked", ""];
    let last = 0;
    for (let n = 1; ; n++) {
      if (what === "bookkeeping") g.repo.write("books.txt", "new\n");
      const { path, calls } = failingGit(g, n, how);
      const script = join(import.meta.dir, "fault-child.ts");
      const to = what === "bookkeeping" ? "books" : o.to;
      const child = Bun.spawn(
        [process.execPath, script, g.repo.path, "main", o.from, to, g.scratch],
        {
          env: { ...g.repo.env, PATH: path },
          stdio: ["ignore", "ignore", "ignore"],
        },
      );
      await child.exited;
      last = n;
      const reached = Number(await Bun.file(calls).text()) >= n;
      await recoverLanding(g.r);
      const tip = await g.repo.git("rev-parse", "main");
      expect((await stateOf(g))["locks"]).toEqual([]);
      // The file of the bookkeeping itself may be staged.
      if (tip === o.from && what === "bookkeeping") {
        await g.repo.git("reset", "-q", "books.txt");
        await g.repo.git("checkout", "-q", "books.txt");
      }
      expect([n, ...(await status())]).toEqual([n, ...clean]);
      if (!reached) break;
      await g.repo.git("reset", "-q", "--keep", o.from);
      await g.repo.git("-C", second, "reset", "-q", "--hard");
    }
    expect(last).toBeGreaterThan(3);
    expect(await g.repo.git("rev-parse", "main~1")).toBe(o.from);
  });
});

describe("reconcileLanding", () => {
  test("reconcileLanding removes the locks of a git process killed in the prepared state", async () => {
    await using g = await openTestRepo(files);
    const o = await prepare(g);
    const was = await before(g, o.from);
    leave(g, o, "none");
    writeFileSync(join(g.repo.path, ".git/refs/heads/main.lock"), `${o.to}\n`);
    writeFileSync(join(g.repo.path, ".git/HEAD.lock"), "");
    expect(await reconcileLanding(g.r, { target: "main", ...o })).toBe("not_landed");
    expect(await stateOf(g)).toEqual(was);
  });

  test("reconcileLanding keeps locks that are not the landing's", async () => {
    await using g = await openTestRepo(files);
    const o = await prepare(g);
    writeFileSync(join(g.repo.path, ".git/refs/heads/main.lock"), `${o.from}\n`);
    const other = `${JSON.stringify({ target: "main", from: o.to, to: o.from })}\n`;
    for (const text of ["", other]) {
      leave(g, o, "none");
      writeFileSync(join(g.repo.path, ".git/index.lock"), text);
      expect(await reconcileLanding(g.r, { target: "main", ...o })).toBe("not_landed");
      expect((await stateOf(g))["locks"]).toEqual(["index.lock", "refs/heads/main.lock"]);
    }
  });

  test("reconcileLanding removes a HEAD.lock only when it is empty and the landing's", async () => {
    await using g = await openTestRepo(files);
    const o = await prepare(g);
    const [branch, head] = ["refs/heads/main.lock", "HEAD.lock"].map((name) =>
      join(g.repo.path, ".git", name),
    ) as [string, string];
    for (const [own, content, recorded, left] of [
      [true, "", true, []],
      [true, `${o.from}\n`, true, ["HEAD.lock"]],
      [false, "", false, ["HEAD.lock"]],
      [false, "", true, []],
      [false, `${o.from}\n`, true, ["HEAD.lock"]],
    ] as const) {
      if (recorded) leave(g, o, "none");
      if (own) writeFileSync(branch, `${o.to}\n`);
      writeFileSync(head, content);
      expect(await reconcileLanding(g.r, { target: "main", ...o })).toBe("not_landed");
      const locks = (await stateOf(g))["locks"];
      expect([own, content, recorded, locks]).toEqual([own, content, recorded, [...left]]);
      rmSync(head, { force: true });
    }
  });

  test("reconcileLanding undoes an interrupted checkout of moved, half-written and missing files", async () => {
    await using g = await openTestRepo(files);
    const o = await prepare(g);
    const was = await before(g, o.from);
    leave(g, o, "written");
    writeFileSync(join(g.repo.path, ".git/index.dgov-1"), "half");
    rmSync(join(g.repo.path, "dir"), { recursive: true });
    rmSync(join(g.repo.path, "b.txt"));
    g.repo.write("a.txt", "A, but");
    g.repo.write("new/n.txt", edits["new/n.txt"]);
    expect(await reconcileLanding(g.r, { target: "main", ...o })).toBe("not_landed");
    expect(await stateOf(g)).toEqual(was);
    expect(await land(g, o)).toEqual({ kind: "landed" });
  });

  test("reconcileLanding keeps what the operator wrote since", async () => {
    await using g = await openTestRepo(files);
    const o = await prepare(g);
    leave(g, o, "written");
    g.repo.write("a.txt", "operator's own\n");
    g.repo.write("b.txt", edits["b.txt"]);
    expect(await reconcileLanding(g.r, { target: "main", ...o })).toBe("not_landed");
    expect([g.repo.read("a.txt"), g.repo.read("b.txt")]).toEqual(["operator's own\n", "b\n"]);
  });

  test("reconcileLanding restores nothing without a sign of a landing", async () => {
    await using g = await openTestRepo(files);
    const o = await prepare(g);
    rmSync(join(g.repo.path, "dir"), { recursive: true });
    // A landing that was killed before git had compared the files of the checkout has written none.
    for (const locks of ["none", "locked"] as const) {
      leave(g, o, locks);
      expect(await reconcileLanding(g.r, { target: "main", ...o })).toBe("not_landed");
      expect((await stateOf(g))["gone"]).toBe(false);
    }
  });

  test("reconcileLanding leaves a checkout whose lock a person removed", async () => {
    await using g = await openTestRepo(files);
    const o = await prepare(g);
    leave(g, o, "written");
    rmSync(join(g.repo.path, ".git/index.lock"));
    rmSync(join(g.repo.path, "dir"), { recursive: true });
    expect(await reconcileLanding(g.r, { target: "main", ...o })).toBe("not_landed");
    expect(await stateOf(g)).toMatchObject({ gone: false, locks: [] });
  });

  test("reconcileLanding puts back an index that a landing replaced, when a person removed its lock", async () => {
    await using g = await openTestRepo(files);
    const o = await prepare(g);
    const was = await before(g, o.from);
    await g.repo.git("read-tree", "-m", "-u", o.from, o.to);
    leave(g, o, "written");
    rmSync(join(g.repo.path, ".git/index.lock"));
    expect(await reconcileLanding(g.r, { target: "main", ...o })).toBe("not_landed");
    expect(await stateOf(g)).toEqual(was);
  });

  test("a record of commits that the repository lacks, or of nothing, leaves no lock", async () => {
    await using g = await openTestRepo(files);
    const o = await prepare(g);
    const was = await before(g, o.from);
    for (const to of ["1".repeat(40), o.to]) {
      leave(g, { from: to === o.to ? "2".repeat(40) : o.from, to }, "written");
      expect(await recoverLanding(g.r)).toBe("main");
      expect(await stateOf(g)).toEqual(was);
    }
    writeFileSync(join(g.repo.path, ".git/dgov/landing.json"), '{"target":"main"');
    expect(await recoverLanding(g.r)).toBeNull();
    expect(await land(g, o)).toEqual({ kind: "landed" });
  });

  test("a dry recovery names the target and changes nothing", async () => {
    await using g = await openTestRepo(files);
    const o = await prepare(g);
    leave(g, o, "written");
    const was = await stateOf(g);
    expect(await recoverLanding(g.r, { dry: true })).toBe("main");
    expect(await stateOf(g)).toEqual(was);
  });

  test("reconcileLanding counts a target ahead of the candidate as landed, one without it as not landed", async () => {
    await using g = await openTestRepo(files);
    const o = await prepare(g);
    await land(g, o);
    await g.repo.git("commit", "-q", "--allow-empty", "-m", "operator's");
    expect(await reconcileLanding(g.r, { target: "main", ...o })).toBe("landed");
    await g.repo.git("stash", "-q");
    await g.repo.git("reset", "-q", "--hard", o.from);
    await g.repo.git("commit", "-q", "--allow-empty", "-m", "elsewhere");
    expect(await reconcileLanding(g.r, { target: "main", ...o })).toBe("not_landed");
  });
});
