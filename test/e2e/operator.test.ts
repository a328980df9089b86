/** The operator works in the same repository while the run does: nothing of either is lost. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { call, done, type ModelTurn } from "../../src/demo/script.ts";
import { type ProjectOptions, type TestProject, testProject, unit } from "../harness/project.ts";

const fifty = Array.from({ length: 50 }, (_, i) => `line ${i}\n`).join("");

/** A run whose only worker has begun and waits; `finish` lets it do its turn, and the run end. */
async function underway(
  more: Partial<ProjectOptions> & { turn?: ModelTurn } = {},
  before: (p: TestProject) => Promise<void> = async () => {},
) {
  const gate = Promise.withResolvers<void>();
  const edit = { path: "work.txt", old_text: "line 7\n", new_text: "WORK\n" };
  const { turn = call("edit_file", edit), ...rest } = more;
  const p = await testProject({
    files: { "work.txt": fifty, "other.txt": "other\n" },
    tasks: { a: { files: { edit: ["work.txt"] } } },
    plan: { max_retries: 0 },
    script: {
      rules: [{ unit: unit("a"), turns: [{ ...turn, until: () => gate.promise }, done("ok")] }],
    },
    ...rest,
  });
  await before(p);
  const running = p.dgov(["run", "p", "--json"]);
  while (!p.events().some((e) => e.type === "worker.started")) await Bun.sleep(10);
  return {
    p,
    async finish() {
      gate.resolve();
      const run = await running;
      return { exitCode: run.exitCode, document: JSON.parse(run.stdout), stderr: run.stderr };
    },
    [Symbol.asyncDispose]: async () => {
      gate.resolve();
      await running;
      await p[Symbol.asyncDispose]();
    },
  };
}

/** The work of unit `a` as its keep-ref has it. */
async function keptWork(p: TestProject): Promise<string> {
  const kept = p.events().findLast((e) => e.type === "attempt.kept");
  return p.repo.git("show", `${kept?.data["ref"]}:work.txt`);
}

const landed = fifty.replace("line 7\n", "WORK\n");

describe("B4 while the run works, the operator", () => {
  test.concurrent("switches branch: the work lands on the branch the run started on, and on no other", async () => {
    await using r = await underway();
    const { p } = r;
    await p.repo.git("checkout", "-q", "-b", "elsewhere");
    p.repo.write("mine.txt", "mine\n");
    await p.repo.git("add", "mine.txt");
    await p.repo.git("commit", "-qm", "mine");
    const mine = await p.repo.git("rev-parse", "HEAD");
    expect((await r.finish()).exitCode).toBe(0);
    expect(await p.landed("main")).toEqual([unit("a")]);
    expect(await p.repo.git("show", "main:work.txt")).toBe(landed.trimEnd());
    expect(await p.repo.git("rev-parse", "elsewhere", "HEAD")).toBe(`${mine}\n${mine}`);
    expect(await p.repo.git("symbolic-ref", "HEAD")).toBe("refs/heads/elsewhere");
    expect([p.repo.read("work.txt"), p.repo.read("mine.txt")]).toEqual([fifty, "mine\n"]);
    expect(await p.repo.git("status", "--porcelain", "--", "work.txt", "mine.txt")).toBe("");
  });

  test.concurrent("detaches HEAD: the branch moves, the checkout stays", async () => {
    await using r = await underway();
    const { p } = r;
    await p.repo.git("checkout", "-q", "--detach");
    const head = await p.repo.git("rev-parse", "HEAD");
    expect((await r.finish()).exitCode).toBe(0);
    expect(await p.landed("main")).toEqual([unit("a")]);
    expect(await p.repo.git("rev-parse", "HEAD")).toBe(head);
    expect(p.repo.read("work.txt")).toBe(fifty);
  });

  test.concurrent.each([
    ["changes", async () => {}],
    ["changes and stages", async (p: TestProject) => void (await p.repo.git("add", "work.txt"))],
  ])("%s the file the work is in: refused, and both are there", async (_what, then) => {
    await using r = await underway();
    const { p } = r;
    const mine = fifty.replace("line 40", "MINE");
    p.repo.write("work.txt", mine);
    await then(p);
    const before = await p.repo.git("status", "--porcelain");
    const { exitCode, document } = await r.finish();
    expect(exitCode).not.toBe(0);
    expect(document.status).not.toBe("complete");
    expect(JSON.stringify(document)).toContain("work.txt");
    expect(await p.landed()).toEqual([]);
    expect(p.repo.read("work.txt")).toBe(mine);
    expect(await p.repo.git("status", "--porcelain")).toBe(before);
    expect(await keptWork(p)).toBe(landed.trimEnd());
  });

  test.concurrent("changes, stages and adds other files: the work lands beside them", async () => {
    await using r = await underway();
    const { p } = r;
    p.repo.write("other.txt", "staged\n");
    await p.repo.git("add", "other.txt");
    p.repo.write("other.txt", "staged and more\n");
    p.repo.write("new.txt", "new\n");
    expect((await r.finish()).exitCode).toBe(0);
    expect(p.repo.read("work.txt")).toBe(landed);
    expect(p.repo.read("other.txt")).toBe("staged and more\n");
    expect(await p.repo.git("show", ":other.txt")).toBe("staged");
    expect(await p.repo.git("status", "--porcelain", "--", "*.txt")).toBe(
      "MM other.txt\n?? new.txt",
    );
  });

  test.concurrent("commits to the same lines: a conflict, refused, and both are there", async () => {
    await using r = await underway();
    const { p } = r;
    p.repo.write("work.txt", fifty.replace("line 7\n", "MINE\n"));
    await p.repo.git("commit", "-qam", "mine");
    const mine = await p.repo.git("rev-parse", "main");
    expect((await r.finish()).exitCode).toBe(1);
    expect(await p.repo.git("rev-parse", "main")).toBe(mine);
    expect(p.repo.read("work.txt")).toContain("MINE\n");
    expect(await keptWork(p)).toBe(landed.trimEnd());
  });

  test.concurrent("deletes the branch: nothing brings it back, and the work is kept", async () => {
    await using r = await underway();
    const { p } = r;
    await p.repo.git("checkout", "-q", "-b", "elsewhere");
    await p.repo.git("branch", "-qD", "main");
    expect((await r.finish()).exitCode).not.toBe(0);
    expect(await p.repo.git("branch", "--format=%(refname:short)")).toBe("elsewhere");
    expect(await keptWork(p)).toBe(landed.trimEnd());
  });
});

describe("C14 the operator renames what is worked on, with", () => {
  const settings: [string, Record<string, string>][] = [
    ["git's own settings", {}],
    [
      "renames of files and folders followed",
      { "merge.renames": "true", "diff.renames": "copies", "merge.directoryRenames": "true" },
    ],
    [
      "renames not followed",
      { "merge.renames": "false", "diff.renames": "false", "merge.directoryRenames": "false" },
    ],
    ["a limit of one rename", { "merge.renameLimit": "1", "diff.renameLimit": "1" }],
    [
      "a merge driver for everything",
      { "merge.default": "take", "merge.take.driver": "cp %B %A; true" },
    ],
  ];

  test.concurrent.each(settings)(
    "%s: nothing lands outside the claims, all work is kept",
    async (_name, keys) => {
      await using r = await underway(
        { files: { "lib/one.txt": "one\n", "lib/two.txt": "two\n", "work.txt": fifty } },
        (p) => configure(p, keys),
      );
      const { p } = r;
      await p.repo.git("mv", "work.txt", "renamed.txt");
      await p.repo.git("commit", "-qm", "rename");
      const mine = await p.repo.git("rev-parse", "main");
      expect((await r.finish()).exitCode).toBe(1);
      expect(await p.repo.git("rev-parse", "main")).toBe(mine);
      expect(p.repo.read("renamed.txt")).toBe(fifty);
      expect(existsSync(join(p.root, "work.txt"))).toBe(false);
      expect(await p.repo.git("status", "--porcelain")).toBe("");
      expect(await keptWork(p)).toBe(landed.trimEnd());
    },
  );

  test.concurrent.each(settings.slice(0, 2))(
    "%s: a new file of a renamed folder lands where it was claimed",
    async (_name, keys) => {
      const turn = call("write_file", { path: "lib/new.txt", content: "new\n" });
      await using r = await underway(
        {
          files: { "lib/one.txt": "one\n", "lib/two.txt": "two\n" },
          tasks: { a: { files: { create: ["lib/new.txt"] } } },
          turn,
        },
        (p) => configure(p, keys),
      );
      const { p } = r;
      await p.repo.git("mv", "lib", "moved");
      await p.repo.git("commit", "-qm", "rename");
      const mine = await p.repo.git("rev-parse", "main");
      expect((await r.finish()).exitCode).toBe(0);
      expect(
        await p.repo.git("log", "--format=", "--name-only", `${mine}..main`, "--", "*.txt"),
      ).toBe("lib/new.txt");
      expect(await p.repo.git("status", "--porcelain")).toBe("");
    },
  );
});

/** Settings as a user has them: in the global configuration, and in the repository's own. */
async function configure(p: TestProject, keys: Record<string, string>): Promise<void> {
  const global = join(p.env["HOME"] ?? "", ".gitconfig");
  p.env["GIT_CONFIG_GLOBAL"] = global;
  for (const [key, value] of Object.entries(keys)) {
    await p.repo.git("config", "--file", global, key, value);
    await p.repo.git("config", key, value);
  }
}
