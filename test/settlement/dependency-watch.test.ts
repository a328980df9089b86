/** The operator's dependency folders while workers run. */
import { expect, test } from "bun:test";
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { prepareDependencies, watchDependencies } from "../../src/settlement/trees/dependencies.ts";
import { type TestSettlement, testSettlement } from "./harness.ts";

const ignored = { ".gitignore": "node_modules/\n" };

/** Modification time of the dependencies. */
const old = new Date("2020-01-01T00:00:00Z");

/** A project with dependencies, one of them hard-linked from a store, and their recorded state. */
async function watched(): Promise<TestSettlement & { at(path: string): string }> {
  const c = await testSettlement({ files: ignored });
  const at = (path: string): string => join(c.git.repo.path, "node_modules", path);
  for (const path of ["dep/index.js", "dep/bin/tool", "linked/index.js", ".cache/x"]) {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), "original\n");
    utimesSync(at(path), old, old);
  }
  linkSync(at("linked/index.js"), join(c.git.repo.root, "store"));
  await watchDependencies(c.context);
  return { ...c, at };
}

async function prepare(c: TestSettlement) {
  const { path } = await c.git.attempt();
  const { signal } = new AbortController();
  const prepared = await prepareDependencies(c.context, { path, marker: "m", signal });
  return { path, prepared };
}

test.each<[string, (at: (path: string) => string) => void, string]>([
  [
    "a file that was appended to",
    (at) => appendFileSync(at("dep/index.js"), "evil"),
    "dep/index.js",
  ],
  [
    "a file of the same size and time",
    (at) => {
      writeFileSync(at("dep/index.js"), "evil evi\n");
      utimesSync(at("dep/index.js"), old, old);
    },
    "dep/index.js",
  ],
  [
    "a hard-linked file",
    (at) => writeFileSync(at("linked/index.js"), "evil evi\n"),
    "linked/index.js",
  ],
  ["an added file", (at) => writeFileSync(at("dep/extra.js"), "evil"), "dep/extra.js"],
  ["a removed file", (at) => rmSync(at("dep/bin/tool")), "dep/bin/tool"],
  [
    "a folder in place of another",
    (at) => {
      renameSync(at("dep"), at("gone"));
      symlinkSync("gone", at("dep"));
    },
    "dep",
  ],
])("C18 %s in the operator's dependencies stops their use", async (_name, change, path) => {
  await using c = await watched();
  expect((await prepare(c)).prepared.ok).toBe(true);
  change(c.at);
  const after = await prepare(c);
  expect(after.prepared).toMatchObject({
    ok: false,
    unrunnable: true,
    reason: expect.stringContaining(`node_modules/${path}`),
  });
  expect(existsSync(join(after.path, "node_modules"))).toBe(false);
  expect(c.context.dependencies.found).toContain("changed in the operator's checkout");
});

test("C18 an install elsewhere that links the same files, and a tool's cache, change nothing", async () => {
  await using c = await watched();
  linkSync(c.at("linked/index.js"), join(c.git.repo.root, "second"));
  writeFileSync(c.at(".cache/x"), "another result\n");
  for (const _ of [1, 2]) {
    const { path, prepared } = await prepare(c);
    expect(prepared.ok).toBe(true);
    expect(existsSync(join(path, "node_modules/dep/index.js"))).toBe(true);
    expect(existsSync(join(path, "node_modules/.cache"))).toBe(false);
  }
  expect(c.context.dependencies.found).toBeNull();
});
