/** B5: a landing killed at every fault point, then reconciled: it has landed, and the operator's work is intact. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type LandingResult, landCandidate, reconcileLanding } from "../../src/git/landing/land.ts";
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
  const names = [...new Bun.Glob("*.dgov-*").scanSync(git)];
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
    expect([child.signalCode, output.includes("kind")]).toEqual(["SIGKILL", false]);

    const lockPid = Number(output.trim()) || 0;
    const pid = lockPid === 0 ? {} : { lockPid };
    const found = await reconcileLanding(g.r, { target: "main", ...o, ...pid });
    expect(found).toBe(point === "land.committed" ? "landed" : "not_landed");
    if (found === "not_landed") {
      expect((await stateOf(g))["status"]).toBe(" M theirs.txt\n?? untracked");
      expect(await land(g, o)).toEqual({ kind: "landed" });
    }
    expect(await stateOf(g)).toEqual(landed(o.to));
    expect(await reconcileLanding(g.r, { target: "main", ...o, ...pid })).toBe("landed");
  });
});

describe("reconcileLanding", () => {
  test("reconcileLanding removes the locks of a git process killed in the prepared state", async () => {
    await using g = await openTestRepo(files);
    const o = await prepare(g);
    const was = await before(g, o.from);
    writeFileSync(join(g.repo.path, ".git/refs/heads/main.lock"), `${o.to}\n`);
    writeFileSync(join(g.repo.path, ".git/HEAD.lock"), "");
    expect(await reconcileLanding(g.r, { target: "main", ...o })).toBe("not_landed");
    expect(await stateOf(g)).toEqual(was);
  });

  test("reconcileLanding keeps locks that are not the landing's", async () => {
    await using g = await openTestRepo(files);
    const o = await prepare(g);
    writeFileSync(join(g.repo.path, ".git/refs/heads/main.lock"), `${o.from}\n`);
    for (const text of ["", `dgov landing ${o.from}\n`]) {
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
    for (const [own, content, more, left] of [
      [true, "", {}, []],
      [true, `${o.from}\n`, {}, ["HEAD.lock"]],
      [true, `${o.from}\n`, { lockPid: 1 }, ["HEAD.lock"]],
      [false, "", {}, ["HEAD.lock"]],
      [false, "", { lockPid: 1 }, []],
      [false, `${o.from}\n`, { lockPid: 1 }, ["HEAD.lock"]],
    ] as const) {
      if (own) writeFileSync(branch, `${o.to}\n`);
      writeFileSync(head, content);
      expect(await reconcileLanding(g.r, { target: "main", ...o, ...more })).toBe("not_landed");
      expect([own, content, more, (await stateOf(g))["locks"]]).toEqual([
        own,
        content,
        more,
        [...left],
      ]);
      rmSync(head, { force: true });
    }
  });

  test("reconcileLanding undoes an interrupted checkout of moved, half-written and missing files", async () => {
    await using g = await openTestRepo(files);
    const o = await prepare(g);
    const was = await before(g, o.from);
    writeFileSync(join(g.repo.path, ".git/index.lock"), `dgov landing ${o.to}\n`);
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
    writeFileSync(join(g.repo.path, ".git/index.lock"), `dgov landing ${o.to}\n`);
    g.repo.write("a.txt", "operator's own\n");
    g.repo.write("b.txt", edits["b.txt"]);
    expect(await reconcileLanding(g.r, { target: "main", ...o })).toBe("not_landed");
    expect([g.repo.read("a.txt"), g.repo.read("b.txt")]).toEqual(["operator's own\n", "b\n"]);
  });

  test("reconcileLanding restores nothing without a sign of a landing", async () => {
    await using g = await openTestRepo(files);
    const o = await prepare(g);
    rmSync(join(g.repo.path, "dir"), { recursive: true });
    expect(await reconcileLanding(g.r, { target: "main", ...o })).toBe("not_landed");
    expect((await stateOf(g))["gone"]).toBe(false);
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
