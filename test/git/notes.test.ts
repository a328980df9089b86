/** Trailers of commits in git notes. */
import { expect, test } from "bun:test";
import { scanLanded } from "../../src/git/landing/landed.ts";
import { notedCommits, notesRef, writeNotes } from "../../src/git/landing/notes.ts";
import { readCommits } from "../../src/git/landing/revert.ts";
import { openRepository } from "../../src/git/repository.ts";
import { testRepo } from "../harness/repo.ts";

const o = { identity: { name: "A <B>", email: "a@b.c" }, date: "2026-01-02T03:04:05Z" };

function trailers(unit: string): string {
  return `Dgov-Plan: p\nDgov-Unit: ${unit}\nDgov-Digest: d\nDgov-Run: r\n`;
}

test.each([["sha1"], ["sha256"]])(
  "F11 notes of a %s repository that several processes write at once are all kept, and read with the history",
  async (format) => {
    await using repo = await testRepo({ "a.txt": "a\n" }, { init: [`--object-format=${format}`] });
    for (let n = 0; n < 6; n++) await repo.git("commit", "-q", "--allow-empty", "-m", `c${n}`);
    const commits = (await repo.git("rev-list", "--reverse", "main")).split("\n").slice(1);
    const r = await openRepository(repo.path);
    expect([await notedCommits(r), await scanLanded(r, { tip: "main", plan: "p" })]).toEqual([
      new Set(),
      [],
    ]);
    await repo.git("notes", "--ref=dgov", "add", "-m", "the operator's own", "main~6");
    const written = (some: string[], first: number): Promise<string> =>
      writeNotes(
        r,
        some.map((commit, n) => ({ commit, text: trailers(`u${first + n}`) })),
        o,
      );
    const made = await Promise.all([0, 2, 4].map((n) => written(commits.slice(n, n + 2), n)));
    const all = (await repo.git("rev-list", notesRef)).split("\n");
    expect(made.filter((commit) => !all.includes(commit))).toEqual([]);
    const landed = await scanLanded(r, { tip: "main", plan: "p" });
    expect(landed.map(({ unit, commit }) => [unit, commit])).toEqual(
      commits.map((commit, n) => [`u${n}`, commit]),
    );
    expect((await notedCommits(r)).size).toBe(7);
    expect(await repo.git("notes", "--ref=dgov", "show", "main~6")).toBe("the operator's own");
    expect(await readCommits(r, commits.slice(0, 1))).toMatchObject([
      { units: ["u0"], subject: "c0" },
    ]);
    // A note is replaced, and a revert of its commit counts.
    await writeNotes(r, [{ commit: commits[0] ?? "", text: trailers("v") }], o);
    const revert = `Revert\n\nThis reverts commit ${commits[1]}.`;
    await repo.git("commit", "-q", "--allow-empty", "-m", revert);
    const now = await scanLanded(r, { tip: "main", plan: "p" });
    expect(now.map(({ unit }) => unit)).toEqual(["v", "u2", "u3", "u4", "u5"]);
    expect(await repo.git("log", "-1", "--format=%an <%ae>", notesRef)).toBe("A B <a@b.c>");
  },
);

test("F11 configuration of the repository neither hides notes nor runs a program when they are read", async () => {
  await using repo = await testRepo({ "a.txt": "a\n" });
  const r = await openRepository(repo.path);
  const commit = await repo.git("rev-parse", "main");
  await writeNotes(r, [{ commit, text: trailers("u") }], o);
  await repo.git("config", "log.showSignature", "true");
  await repo.git("config", "gpg.program", `${repo.root}/gpg`);
  await repo.git("config", "notes.displayRef", "refs/notes/other");
  await repo.git("config", "core.notesRef", "refs/notes/other");
  expect(await scanLanded(r, { tip: "main", plan: "p" })).toMatchObject([{ unit: "u", commit }]);
});
