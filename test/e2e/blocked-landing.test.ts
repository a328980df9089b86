/** Landings that a second checkout of the target blocks, and their repetition when it no longer does. */
import { expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { call, done } from "../../src/demo/script.ts";
import { testProject, unit, untilEvent } from "../harness/project.ts";

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
