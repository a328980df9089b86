/** Trees that an earlier run judged: which ones the next run takes for its base without running a gate. */
import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../src/config/config.ts";
import type { SettlementContext } from "../../src/settlement/context.ts";
import { findJudged, recordJudged } from "../../src/settlement/judged-trees.ts";
import { watchDependencies } from "../../src/settlement/trees/dependencies.ts";
import { type GateVerdict, verdictOf } from "../../src/settlement/verdict.ts";
import { type TestSettlement, testSettlement } from "./harness.ts";

const passed = [
  verdictOf("tests", { command: "sh check.sh" }),
  verdictOf("lint", { status: "not_applicable" }),
];

function project(more: Record<string, unknown> = {}): Promise<TestSettlement> {
  return testSettlement({
    files: {
      "a.txt": "a\n",
      "check.sh": "true\n",
      ".gitignore": "node_modules/\n",
      ".dgov/plans/p/_root.toml": "p\n",
    },
    project: { test_cmd: "sh check.sh", ...more },
  });
}

/** A later settlement, whose workers cannot read the key. */
async function sandboxed(t: TestSettlement, more: Partial<SettlementContext> = {}) {
  const opened = t.reopen(more);
  const sandbox = await opened.sandbox();
  const c: SettlementContext = {
    ...opened,
    sandbox: () => Promise.resolve({ ...sandbox, level: "namespaces" }),
  };
  await watchDependencies(c);
  return c;
}

async function recorded(t: TestSettlement, verdicts: readonly GateVerdict[] = passed) {
  await recordJudged(await sandboxed(t), { commit: t.base, run: "r1", verdicts });
}

test.concurrent.each([
  ["the history of landings", { ".dgov/plans/deployed.jsonl": "{}\n" }],
  [
    "the archive of the plan",
    { ".dgov/plans/p/_root.toml": null, ".dgov/plans/archive/p/_root.toml": "p\n" },
  ],
  ["the baselines", { ".sentrux/baseline.json": "{}", ".coverage-baseline/coverage.json": "{}" }],
  ["nothing", {}],
] as [string, Record<string, string | null>][])(
  "F10 a tree that differs from a judged one by %s is not judged again",
  async (_, files) => {
    await using t = await project();
    await recorded(t);
    expect(await findJudged(await sandboxed(t), await t.change(files))).toEqual({
      run: "r1",
      gates: [{ gate: "tests", command: "sh check.sh" }],
      summarized: [],
    });
  },
);

test.concurrent.each([
  ["a source", { "a.txt": "b\n" }],
  ["a file with the name of dgov's folder", { ".dgovernor": "x" }],
  ["dgov's files of another project", { "packages/b/.dgov/project.toml": "" }],
  ["a deleted source", { "a.txt": null }],
  ["a new empty file", { "b.txt": "" }],
] as [string, Record<string, string | null>][])(
  "F10 a tree that differs from a judged one by %s is judged",
  async (_, files) => {
    await using t = await project();
    await recorded(t);
    expect(await findJudged(await sandboxed(t), await t.change(files))).toBeNull();
  },
);

test.concurrent("F10 another configuration, environment, program or dependency is judged", async () => {
  await using t = await project();
  const bin = join(t.git.repo.root, "bin");
  const node = join(t.git.repo.path, "node_modules");
  for (const folder of [bin, node]) mkdirSync(folder);
  const tool = join(bin, "check.sh");
  writeFileSync(tool, "#!/bin/sh\n", { mode: 0o755 });
  writeFileSync(join(node, "x.js"), "1\n");
  const environment = { ...t.git.repo.env, PATH: `${bin}:${t.git.repo.env["PATH"]}` };
  await recordJudged(await sandboxed(t, { environment }), {
    commit: t.base,
    run: "r1",
    verdicts: passed,
  });
  const found = async (more: Partial<SettlementContext> = {}): Promise<boolean> =>
    (await findJudged(await sandboxed(t, { environment, ...more }), t.base)) !== null;
  expect(await found()).toBe(true);
  const { config } = t.context;
  const other = (change: Partial<Config>): Partial<SettlementContext> => ({
    config: { ...config, ...change },
  });
  expect(await found(other({ commands: { ...config.commands, test: "sh other.sh" } }))).toBe(false);
  expect(await found(other({ historyGates: ["tests"] }))).toBe(false);
  expect(await found(other({ settlementTimeoutS: 7 }))).toBe(false);
  expect(await found({ environment: { ...environment, NODE_ENV: "x" } })).toBe(false);
  writeFileSync(join(node, "x.js"), "22\n");
  expect(await found()).toBe(false);
  writeFileSync(join(node, "x.js"), "1\n");
  await recordJudged(await sandboxed(t, { environment }), {
    commit: t.base,
    run: "r2",
    verdicts: passed,
  });
  expect(await found()).toBe(true);
  writeFileSync(tool, "#!/bin/sh\nexit 1\n");
  expect(await found()).toBe(false);
});

test.concurrent.each([
  ["failed", "failed"],
  ["passed at the second try", "flaky"],
  ["could not run", "errored"],
] as const)("F10 a tree on which a gate %s is judged", async (_, status) => {
  await using t = await project();
  await recorded(t, [...passed, verdictOf("types", { status })]);
  expect(await findJudged(await sandboxed(t), t.base)).toBeNull();
});

test.concurrent("F10 a tree is judged again where a gate sees the history", async () => {
  await using t = await project({ lint_cmd: "sh check.sh {base}" });
  await recorded(t);
  expect(await findJudged(await sandboxed(t), t.base)).toBeNull();
});

test.concurrent("F10, C20 no judged tree is believed or recorded at level off, nor one that dgov did not write", async () => {
  await using t = await project();
  await recordJudged(t.context, { commit: t.base, run: "r0", verdicts: passed });
  expect(await findJudged(await sandboxed(t), t.base)).toBeNull();
  await recorded(t);
  expect(await findJudged(t.reopen(), t.base)).toBeNull();
  const file = join(t.git.repo.root, "cache", "judged.jsonl");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace('"r1"', '"r2"'));
  expect(await findJudged(await sandboxed(t), t.base)).toBeNull();
  writeFileSync(file, text);
  expect(await findJudged(await sandboxed(t), t.base)).toMatchObject({ run: "r1" });
});

test.concurrent("F10 commands that print a test summary are known without a run on the base", async () => {
  const script = 'if [ -e quiet ]; then exit 0; fi; echo "3 passed in 0.1s"';
  await using t = await testSettlement({
    files: { "a.txt": "a\n", "check.sh": script },
    project: { test_cmd: "sh check.sh" },
  });
  const first = await sandboxed(t);
  expect((await t.judge({ "a.txt": "b\n" }, { context: first })).passed).toBe(true);
  await recordJudged(first, { commit: t.base, run: "r1", verdicts: passed });
  const next = await sandboxed(t);
  expect((await findJudged(next, t.base))?.summarized).toEqual(["sh check.sh"]);
  const { passed: passes, reason } = await t.judge({ quiet: "" }, { context: next });
  expect([passes, reason]).toEqual([false, expect.stringContaining("not all tests ran")]);
});

test.concurrent.each([
  ["a gate runs outside the sandbox", { off_gates: ["tests"] }, false],
  ["commands reach a service", { sockets: ["/var/run/docker.sock"] }, false],
  ["commands read the home folder", { read: ["~"] }, false],
  ["commands read a folder above the key", { read: ["/"] }, false],
  ["commands read another folder", { read: ["~/.config/tool", "/opt/x"] }, true],
  ["commands have the machine's network", { network: "host" }, true],
] as [string, Record<string, unknown>, boolean][])(
  "F10, C20 where %s, with %j, a judged tree is believed: %p",
  async (_, sandbox, believed) => {
    await using t = await testSettlement({
      files: { "a.txt": "a\n", "check.sh": "true\n" },
      project: { test_cmd: "sh check.sh" },
      config: { sandbox: { mode: "off", ...sandbox } },
    });
    await recorded(t);
    expect((await findJudged(await sandboxed(t), t.base)) !== null).toBe(believed);
  },
);
