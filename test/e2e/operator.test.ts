/** Work of the operator in the repository during a run: neither side's work is lost. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { call, done, type ModelTurn } from "../../src/demo/script.ts";
import { type ProjectOptions, type TestProject, testProject, unit } from "../harness/project.ts";

const fifty = Array.from({ length: 50 }, (_, i) => `line ${i}\n`).join("");

/** A run whose only worker has started and waits; `finish` lets it continue, and waits for the end of the run. */
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

/** Kept text of work.txt. */
async function keptWork(p: TestProject): Promise<string> {
  const kept = p.events().findLast((e) => e.type === "attempt.kept");
  return p.repo.git("show", `${kept?.data["ref"]}:work.txt`);
}

const landed = fifty.replace("line 7\n", "WORK\n");

describe("actions of the operator during a run", () => {
  test.concurrent("B4 when the operator switches branches, the work lands on the original target only", async () => {
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

  test.concurrent("B4 when the operator detaches HEAD, the branch moves and the checkout stays", async () => {
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
    ["edits the file being changed", async () => {}],
    [
      "edits and stages the file being changed",
      async (p: TestProject) => void (await p.repo.git("add", "work.txt")),
    ],
  ])(
    "B4 when the operator %s, the landing is refused and both versions exist",
    async (_what, then) => {
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
    },
  );

  test.concurrent("B4 when the operator edits, stages and adds other files, the work lands beside them", async () => {
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

  test.concurrent("B4 when the operator commits to the same lines, the attempt is rejected and both versions exist", async () => {
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

  test.concurrent("B4 when the operator deletes the branch, it is not recreated and the work is kept", async () => {
    await using r = await underway();
    const { p } = r;
    await p.repo.git("checkout", "-q", "-b", "elsewhere");
    await p.repo.git("branch", "-qD", "main");
    expect((await r.finish()).exitCode).not.toBe(0);
    expect(await p.repo.git("branch", "--format=%(refname:short)")).toBe("elsewhere");
    expect(await keptWork(p)).toBe(landed.trimEnd());
  });
});

describe("renames by the operator", () => {
  const settings: [string, Record<string, string>][] = [
    ["default settings", {}],
    [
      "renames of files and folders enabled",
      { "merge.renames": "true", "diff.renames": "copies", "merge.directoryRenames": "true" },
    ],
    [
      "renames disabled",
      { "merge.renames": "false", "diff.renames": "false", "merge.directoryRenames": "false" },
    ],
    ["a limit of one rename", { "merge.renameLimit": "1", "diff.renameLimit": "1" }],
    [
      "a merge driver for all files",
      { "merge.default": "take", "merge.take.driver": "cp %B %A; true" },
    ],
  ];

  test.concurrent.each(settings)(
    "C14 a renamed file blocks the landing and keeps the work, with %s",
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
    "C14 a new file in a renamed folder lands at its claimed path, with %s",
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

/** Sets configuration keys in the global and in the repository's configuration. */
async function configure(p: TestProject, keys: Record<string, string>): Promise<void> {
  const global = join(p.env["HOME"] ?? "", ".gitconfig");
  p.env["GIT_CONFIG_GLOBAL"] = global;
  for (const [key, value] of Object.entries(keys)) {
    await p.repo.git("config", "--file", global, key, value);
    await p.repo.git("config", key, value);
  }
}
