/** dgov on a clone of its own repository: three units, with its own unit tests as the gate. */

import { expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { stringify } from "smol-toml";
import { call, done } from "../../src/demo/script.ts";
import { startScriptedModel } from "../../src/demo/scripted-model.ts";
import { dgov } from "../harness/bin.ts";
import { scaled } from "../harness/limits.ts";
import { testRepo } from "../harness/repo.ts";

const own = resolve(import.meta.dir, "../..");

const clamp = `/** A number kept between two others. */
export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
`;
const clampTest = `import { expect, test } from "bun:test";
import { clamp } from "./clamp.ts";

test("clamp keeps a number between two others", () => {
  expect([clamp(5, 0, 3), clamp(-1, 0, 3), clamp(2, 0, 3)]).toEqual([3, 0, 2]);
});
`;

// Runs the unit tests three times, only with DGOV_TEST_LONG=1.
test.skipIf(process.env["DGOV_TEST_LONG"] !== "1")(
  "three units land on a clone of dgov itself, each after dgov's own unit tests",
  async () => {
    const files = {
      "src/std/clamp.ts": clamp,
      "src/std/clamp.test.ts": clampTest,
      "docs/clamp.md": "clamp\n",
    };
    const units = [
      { id: "tasks/main.clamp", path: "src/std/clamp.ts" },
      { id: "tasks/main.clamp-test", path: "src/std/clamp.test.ts" },
      { id: "tasks/main.docs", path: "docs/clamp.md" },
    ] as const;
    const model = await startScriptedModel({
      rules: units.map(({ id, path }) => ({
        unit: id,
        turns: [call("write_file", { path, content: files[path] }), done("written")],
      })),
    });
    await using repo = await testRepo({}, { commit: false });
    await repo.git("fetch", "-q", own, "HEAD");
    await repo.git("reset", "-q", "--hard", "FETCH_HEAD");
    await repo.git("config", "user.name", "Test Author");
    await repo.git("config", "user.email", "author@example.com");
    // Dependencies are shared by all worktrees below this folder.
    symlinkSync(join(own, "node_modules"), join(repo.root, "node_modules"));
    const write = (path: string, value: Record<string, unknown>): void => {
      mkdirSync(join(repo.path, path, ".."), { recursive: true });
      writeFileSync(join(repo.path, path), stringify(value));
    };
    write(".dgov/project.toml", {
      project: {
        provider: "test",
        test_cmd: `'${process.execPath}' test --timeout 60000 src/std src/kernel src/claims`,
      },
      providers: {
        test: { base_url: model.baseUrl, api_key_env: "TEST_KEY", default_agent: "scripted" },
      },
      sops: { picker: "rules" },
      // The dependencies lie in a folder above the trees, which no sandbox shows.
      sandbox: { mode: "off" },
    });
    write(".dgov/plans/self/_root.toml", { plan: { name: "self", sections: ["tasks"] } });
    const task = (summary: string, path: string, more = {}): Record<string, unknown> => ({
      summary,
      prompt: "Orient:\nRead src/std.\n\nEdit:\nWrite it.\n\nVerify:\nRun the tests.\n",
      commit_message: `std: ${summary}`,
      files: { create: [path] },
      ...more,
    });
    write(".dgov/plans/self/tasks/main.toml", {
      tasks: {
        clamp: task("clamp", "src/std/clamp.ts"),
        "clamp-test": task("a test of clamp", "src/std/clamp.test.ts", { depends_on: ["clamp"] }),
        docs: task("clamp as text", "docs/clamp.md"),
      },
    });
    const env = { ...repo.env, TEST_KEY: "sk-test-0123456789", DGOV_TRUST_PROVIDERS: "1" };
    const run = await dgov(["run", "self", "--json"], { cwd: repo.path, env });
    await model.stop();
    expect([run.exitCode, JSON.parse(run.stdout).status]).toEqual([0, "complete"]);
    const log = await repo.git(
      "log",
      "--format=%(trailers:key=Dgov-Unit,valueonly)",
      "FETCH_HEAD..main",
    );
    expect(
      log
        .split("\n")
        .filter((line) => line !== "")
        .sort(),
    ).toEqual(units.map((u) => u.id).sort());
  },
  scaled(240_000),
);
