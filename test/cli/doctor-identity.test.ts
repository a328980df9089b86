/** The git identity that `dgov doctor` finds in the user's own configuration files. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { dgovJson } from "../harness/bin.ts";
import { testRepo } from "../harness/repo.ts";

/** Variables that hide or replace the user's git configuration. */
const standIns = ["GIT_CONFIG_GLOBAL", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "XDG_CONFIG_HOME"];

test.each([".gitconfig", ".config/git/config"])("doctor reads the user from ~/%s", async (file) => {
  await using repo = await testRepo({ "readme.txt": "hello\n" });
  const home = join(repo.root, "home");
  const env: Record<string, string> = { ...repo.env, HOME: home };
  for (const name of standIns) delete env[name];
  await Bun.write(join(home, file), "[user]\n\tname = Grace\n\temail = grace@example.com\n");
  const { document } = await dgovJson(["doctor"], { cwd: repo.path, env });
  const { checks } = document as unknown as { checks: { check: string; [key: string]: unknown }[] };
  expect(checks.find(({ check }) => check === "identity")).toEqual({
    check: "identity",
    state: "ok",
    detail: "Grace <grace@example.com>",
    next: null,
  });
});
