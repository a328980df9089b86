/** Landings that a second checkout of the target blocks, and their repetition when it no longer does. */
import { expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { type TestProject, testProject, unit, untilEvent } from "../harness/project.ts";

test.concurrent.each([
  ["a merge in progress", "git", "MERGE_HEAD", "a merge is in progress"],
  ["a file in the way", "tree", "a.txt", "an untracked or ignored file is in the way"],
])(
  "B15 a landing blocked by %s in a second checkout is repeated when that ends, while others work",
  async (_, where, name, reason) => {
    const landed = Promise.withResolvers<void>();
    await using p = await testProject({
      tasks: { a: {}, b: {} },
      script: {
        rules: [
          {
            unit: unit("a"),
            turns: [call("write_file", { path: "a.txt", content: "a\n" }), done("ok")],
          },
          {
            unit: unit("b"),
            turns: [
              call("write_file", { path: "b.txt", content: "b\n" }),
              { ...done("ok"), until: () => landed.promise },
            ],
          },
        ],
      },
    });
    const second = join(p.repo.root, "second");
    await p.repo.git("worktree", "add", "-qf", second, "main");
    const folder = where === "git" ? join(p.repo.path, ".git/worktrees/second") : second;
    writeFileSync(join(folder, name), `${await p.repo.git("rev-parse", "HEAD")}\n`);
    const running = p.dgov(["run", "p", "--json"]);
    await untilEvent(p, "landing.refused", unit("a"));
    rmSync(join(folder, name));
    await untilEvent(p, "landing.finished", unit("a"));
    landed.resolve();
    expect((await running).exitCode).toBe(0);
    const refused = p.events().find(({ type }) => type === "landing.refused");
    expect(String(refused?.data["reason"])).toContain(reason);
    expect(await Bun.file(join(second, "a.txt")).text()).toBe("a\n");
  },
);

/** A project in whose checkout the operator writes the file of the only unit while its worker runs. */
async function blockedProject(checkout_wait_s: number): Promise<{ p: TestProject; file: string }> {
  const at = { path: "" };
  const blocks = async (): Promise<void> => writeFileSync(at.path, "mine\n");
  const turns = [
    call("write_file", { path: "a.txt", content: "a\n" }),
    { ...done("ok"), until: blocks },
  ];
  const p = await testProject({
    tasks: { a: {} },
    config: { merge: { checkout_wait_s } },
    script: { rules: [{ unit: unit("a"), attempt: 1, turns }] },
  });
  at.path = join(p.repo.path, "a.txt");
  return { p, file: at.path };
}

const run = ["run", "p"];

test.concurrent("B15 the last landing waits for the checkout, names the path, and lands when it is free", async () => {
  const { p, file } = await blockedProject(600);
  await using _ = p;
  const running = p.dgov(run);
  await untilEvent(p, "landing.refused", unit("a"));
  rmSync(file);
  const { exitCode, stderr } = await running;
  expect(exitCode).toBe(0);
  expect(stderr).toContain(
    `in the way in ${p.repo.path}: a.txt; waits for that to change, at most 600 s`,
  );
  expect(p.repo.read("a.txt")).toBe("a\n");
  expect(p.events().filter(({ type }) => type === "attempt.prepared")).toHaveLength(1);
});

test.concurrent("B15 an interrupt ends the wait, and --continue lands the kept work without a worker", async () => {
  const { p, file } = await blockedProject(600);
  await using _ = p;
  const running = p.spawn(run);
  await untilEvent(p, "landing.refused", unit("a"));
  running.kill("SIGINT");
  expect(await running.exited).toBe(130);
  rmSync(file);
  const requests = p.model.requests.length;
  expect((await p.dgov(["run", "p", "--continue"])).exitCode).toBe(0);
  expect([p.repo.read("a.txt"), p.model.requests.length]).toEqual(["a\n", requests]);
});

test.concurrent("B15 without a wait the blocked unit fails, and dgov land lands the kept work", async () => {
  const { p, file } = await blockedProject(0);
  await using _ = p;
  // The operator's file is no part of the bookkeeping, either.
  expect((await p.dgov(run)).exitCode).toBe(1);
  expect(await Bun.file(file).text()).toBe("mine\n");
  rmSync(file);
  expect((await p.dgov(["land", "a"])).exitCode).toBe(0);
  expect(p.repo.read("a.txt")).toBe("a\n");
  // The history of landings is committed, too.
  expect(await p.repo.git("status", "--porcelain")).toBe("");
});

test.concurrent("B15 B17 an update of the checkout that fails in the middle leaves no file changed", async () => {
  await using p = await testProject({
    tasks: { a: { files: { create: ["a.txt"], edit: ["readme.txt"] } } },
    config: { merge: { checkout_wait_s: 0 } },
    script: {
      rules: [
        {
          unit: unit("a"),
          turns: [
            call("write_file", { path: "a.txt", content: "a\n" }),
            call("write_file", { path: "readme.txt", content: "hello there\n" }),
            done("ok"),
          ],
        },
      ],
    },
  });
  // As on a full disk: git removes the old file, creates the new ones, and cannot write them.
  const bin = join(p.repo.root, "bin");
  mkdirSync(bin);
  const fail = `: > '${p.root}/a.txt'; : > '${p.root}/readme.txt'; echo 'error: unable to create file a.txt: No space left on device' >&2; exit 128`;
  const script = `#!/bin/sh
case "$*" in *'read-tree -m -u'*) ${fail};; esac
exec '${Bun.which("git") ?? "git"}' "$@"
`;
  writeFileSync(join(bin, "git"), script, { mode: 0o755 });
  const failed = await p.dgov(run, { PATH: `${bin}:${p.env["PATH"]}` });
  expect(failed.exitCode).toBe(1);
  expect(failed.stderr).toContain("No space left on device");
  expect(await p.repo.git("status", "--porcelain", "--untracked-files=all")).toBe("");
  expect(p.repo.read("readme.txt")).toBe("hello\n");
  expect((await p.dgov(["run", "p", "--continue"])).exitCode).toBe(0);
  expect([p.repo.read("a.txt"), p.repo.read("readme.txt")]).toEqual(["a\n", "hello there\n"]);
});
