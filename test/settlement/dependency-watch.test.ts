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
import { environmentsInPlace } from "../../src/settlement/trees/environment.ts";
import { type TestSettlement, testSettlement } from "./harness.ts";

const ignored = { ".gitignore": "node_modules/\n" };

const large = Buffer.alloc(1024 * 1024 + 1, "a");

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
  writeFileSync(at("linked/large.so"), large);
  linkSync(at("linked/large.so"), join(c.git.repo.root, "large"));
  await watchDependencies(c.context);
  return { ...c, at };
}

async function prepare(c: TestSettlement) {
  const { path } = await c.git.attempt();
  const { signal } = new AbortController();
  const prepared = await prepareDependencies(c.context, {
    path,
    tree: { root: path, gitDirs: [] },
    marker: "m",
    signal,
  });
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
  [
    "a large hard-linked file",
    (at) => writeFileSync(at("linked/large.so"), Buffer.from(large).fill("b")),
    "linked/large.so",
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
  linkSync(c.at("linked/large.so"), join(c.git.repo.root, "second-large"));
  writeFileSync(c.at(".cache/x"), "another result\n");
  for (const _ of [1, 2]) {
    const { path, prepared } = await prepare(c);
    expect(prepared.ok).toBe(true);
    expect(existsSync(join(path, "node_modules/dep/index.js"))).toBe(true);
    expect(existsSync(join(path, "node_modules/.cache"))).toBe(false);
  }
  expect(c.context.dependencies.found).toBeNull();
});

/** Creates a virtual environment with one installed module. */
function makeEnvironment(path: string): string {
  mkdirSync(join(path, "bin"), { recursive: true });
  mkdirSync(join(path, "lib/python3/site-packages"), { recursive: true });
  writeFileSync(join(path, "pyvenv.cfg"), "home = /usr/bin\n");
  writeFileSync(join(path, "lib/python3/site-packages/dep.py"), "original\n");
  return path;
}

test("C18 the environments in use are those outside the checkout on PATH, and the named ones", async () => {
  await using c = await testSettlement({ files: { ".gitignore": ".venv/\n" } });
  const { path, root } = c.git.repo;
  const [onPath, inVariable, inHome, inCheckout] = [
    makeEnvironment(join(root, "on-path")),
    makeEnvironment(join(root, "in-variable")),
    makeEnvironment(join(root, "home/in-home")),
    makeEnvironment(join(path, ".venv")),
  ];
  const inUse = (test: string | null, environment: Record<string, string>, setup?: string) => {
    const { config } = c.context;
    const worktree = { ...config.worktree, setup: setup ?? null };
    const commands = { ...config.commands, test };
    const HOME = join(root, "home");
    const context = {
      ...c.context,
      config: { ...config, commands, worktree },
      environment: { HOME, ...environment },
    };
    return environmentsInPlace(context, ["~/in-home/bin/pytest -q"]);
  };
  const PATH = `${inCheckout}/bin:${onPath}/bin:/usr/bin`;
  expect(inUse(null, { PATH })).toEqual([inHome, onPath]);
  expect(
    inUse(`PY="${inCheckout}/bin/python" make`, { PYTHON: `${inVariable}/bin/python` }),
  ).toEqual([inCheckout, inHome, inVariable]);
  expect(inUse(null, { PATH }, "uv sync")).toEqual([]);
});

test.each<[string, (site: string) => void, string | null]>([
  ["an installed module", (site) => writeFileSync(join(site, "new.py"), "evil\n"), "new.py"],
  ["a changed module", (site) => writeFileSync(join(site, "dep.py"), "evil evi\n"), "dep.py"],
  ["a removed module", (site) => rmSync(join(site, "dep.py")), "dep.py"],
  [
    "a compiled module",
    (site) => {
      mkdirSync(join(site, "__pycache__"));
      writeFileSync(join(site, "__pycache__/dep.pyc"), "compiled\n");
    },
    null,
  ],
])("C18 %s in an environment that gates use in place", async (_name, change, found) => {
  await using c = await testSettlement({});
  const environment = makeEnvironment(join(c.git.repo.root, "venv"));
  const { dependencies } = c.context;
  await dependencies.beginInPlace([environment]);
  await dependencies.settleInPlace();
  change(join(environment, "lib/python3/site-packages"));
  await dependencies.compareInPlace();
  if (found === null) expect(dependencies.found).toBeNull();
  else {
    expect(dependencies.found).toStartWith(`venv/lib/python3/site-packages/${found}: changed in`);
    expect(dependencies.found).toContain(environment);
  }
});

test("C18 an environment that the project's own commands install into is not watched", async () => {
  await using c = await testSettlement({});
  const environment = makeEnvironment(join(c.git.repo.root, "venv"));
  const { dependencies } = c.context;
  await dependencies.beginInPlace([environment]);
  writeFileSync(join(environment, "installed.py"), "by the gates on the base\n");
  await dependencies.settleInPlace();
  writeFileSync(join(environment, "installed.py"), "by the gates of a candidate\n");
  await dependencies.compareInPlace();
  expect(dependencies.found).toBeNull();
});
