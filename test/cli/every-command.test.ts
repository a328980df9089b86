/**
 * Every command run as a subprocess: one document with `--json` in every case, the same exit code as
 * in text mode, and no trace of read-only and rejected commands.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandGroup } from "../../src/cli/command.ts";
import { commands as table } from "../../src/cli/commands/index.ts";
import { type DgovRun, dgov } from "../harness/bin.ts";
import { type TestRepo, testEnvironment, testRepo } from "../harness/repo.ts";

interface Case {
  /** Arguments that are valid by themselves. */
  good: string[];
  /** Arguments that the command rejects in a valid project, and the exit code. */
  bad: [string[], number];
  /** The command is read-only. */
  looks?: boolean;
}

const unknown = ["nothing-like-it"];
const found = (good: string[], looks = true): Case => ({ good, bad: [unknown, 1], looks });
const ofFolder = (looks = true): Case => ({ good: ["."], bad: [unknown, 2], looks });

/** Cases by command name; a test below compares the names with the command table. */
const cases: Record<string, Case> = {
  init: { good: ["-y"], bad: [["--project-type", "cobol"], 2] },
  doctor: { good: ["--config"], bad: [["extra"], 2], looks: true },
  "agents sync": { good: ["-y"], bad: [["extra"], 2] },
  "init-plan": { good: ["q"], bad: [["../q"], 2] },
  "plan create": { good: ["goal", "--auto"], bad: [["goal", "--name", "../q"], 2] },
  "plan list": { good: ["--all"], bad: [["--all", "--archived"], 2], looks: true },
  "plan status": found(["p"]),
  "plan review": found(["p"]),
  "plan remediate": found(["p"], false),
  compile: { good: ["p"], bad: [["p", "--graph=nonsense"], 2] },
  validate: found(["p"]),
  run: { good: ["p"], bad: [["p", "--jobs", "0"], 2] },
  fix: { good: ["do it", "-f", "a.txt"], bad: [["do it", "-f", "../a.txt"], 2] },
  take: found(["a"], false),
  land: found(["a"], false),
  undo: found(["a"], false),
  status: { good: [], bad: [["extra"], 2], looks: true },
  watch: { good: ["--once"], bad: [["--once", "--since", "x"], 2], looks: true },
  explain: found(["a"]),
  "runs list": { good: [], bad: [["--limit", "0"], 2], looks: true },
  "runs show": found(["r1"]),
  "runs cancel": { good: [], bad: [["--wait", "x"], 2], looks: true },
  "tools audit": { good: [], bad: [["--role", "cook"], 2], looks: true },
  "verify list": { good: [], bad: [["extra"], 2], looks: true },
  "verify run": { good: ["unit"], bad: [unknown, 1] },
  preflight: { good: [], bad: [["extra"], 2] },
  "coverage-baseline": { good: [], bad: [["extra"], 2] },
  "scope status": { good: ["--claim", "a.txt"], bad: [["--task", "zzz"], 1], looks: true },
  "sentrux check": ofFolder(),
  "sentrux gate": ofFolder(),
  "sentrux gate-save": ofFolder(false),
  "sentrux offenders": ofFolder(),
  "sentrux status": ofFolder(),
  "archive-plan": { good: ["p"], bad: [["../p"], 1] },
  diagnose: { good: [], bad: [["--plan", "zzz"], 1], looks: true },
  "ledger add": { good: ["bug", "text"], bad: [["gossip", "text"], 2] },
  "ledger list": { good: [], bad: [["--status", "odd"], 2], looks: true },
  "ledger show": found(["1"]),
  "ledger resolve": found(["1"], false),
  "ledger reopen": found(["1"], false),
  clean: { good: ["--dry-run"], bad: [["extra"], 2], looks: true },
  prune: { good: ["--dry-run"], bad: [["--days", "x"], 2], looks: true },
  demo: { good: [], bad: [["--port", "x"], 2] },
  schema: { good: ["plan"], bad: [unknown, 2], looks: true },
  completions: { good: ["bash"], bad: [["nush"], 2], looks: true },
  version: { good: [], bad: [["extra"], 2], looks: true },
  help: { good: ["run"], bad: [unknown, 2], looks: true },
};

/** Commands that need no project. */
const anywhere = new Set(["agents sync", "demo", "schema", "completions", "version", "help"]);

const names = Object.keys(cases);
let root = "";
let healthy: TestRepo | null = null;
let broken: TestRepo | null = null;
/** Repositories in which no command but `init` has run, by state. */
const fresh: Record<string, TestRepo> = {};
let copies = 0;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "dgov-every-"));
  healthy = await testRepo(files);
  broken = await testRepo({
    ...files,
    ".dgov/project.toml": "[project]\nlangauge = 1\nsrc_dir = 2\n",
    ".dgov/plans/p/tasks/main.toml": "[tasks.a]\nsumary = 1\n",
  });
  const code = { "src/a.ts": "export const a = 1;\n" };
  fresh["uninitialised"] = await testRepo(code);
  fresh["initialised"] = await testRepo(code);
  fresh["initialised and empty"] = await testRepo({}, { commit: false });
  for (const state of ["initialised", "initialised and empty"]) {
    const { path: cwd, env } = fresh[state] as TestRepo;
    expect((await dgov(["init", "-y"], { cwd, env })).exitCode).toBe(0);
  }
});

afterAll(async () => {
  await healthy?.[Symbol.asyncDispose]();
  await broken?.[Symbol.asyncDispose]();
  for (const repo of Object.values(fresh)) await repo[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
});

const files = {
  "readme.txt": "hello\n",
  ".dgov/.gitignore": "state.db*\nruntime/\nout/\nplans/*/_compiled.toml\n",
  ".dgov/project.toml": '[verify.unit]\ncommand = "true"\n',
  ".dgov/plans/p/_root.toml": '[plan]\nname = "p"\nsections = ["tasks"]\n',
  ".dgov/plans/p/tasks/main.toml":
    '[tasks.a]\nsummary = "A"\nprompt = "Orient:\\nx\\n\\nEdit:\\nx\\n\\nVerify:\\nx\\n"\n' +
    'commit_message = "feat: a"\nfiles.create = ["a.txt"]\n',
};

/** A copy of a repository with its own HOME; `listing` covers both. */
function place(template: TestRepo | null) {
  const at = join(root, String(copies++));
  const cwd = join(at, "repo");
  const home = join(at, "home");
  mkdirSync(home, { recursive: true });
  if (template === null) mkdirSync(cwd);
  else cpSync(template.path, cwd, { recursive: true, preserveTimestamps: true });
  // Bun's own transpiler cache would show up in the listing.
  const env = { ...testEnvironment(home), BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0" };
  const run = async (args: string[]): Promise<DgovRun> => {
    const { stdout, stderr, exitCode } = await dgov(args, { cwd, env });
    return { stdout: stdout.replaceAll(at, ""), stderr: stderr.replaceAll(at, ""), exitCode };
  };
  return { run, listing: () => listing(at) };
}

/** Every path with its size and modification time. */
function listing(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .sort()
    .map((path) => {
      const { size, mtimeMs } = lstatSync(join(folder, path));
      return `${path} ${size} ${mtimeMs}`;
    });
}

/** Runs a command in text and in JSON mode and compares both; with `untouched`, neither may change a file. */
async function inBothModes(
  words: string[],
  template: TestRepo | null,
  o: { untouched: boolean },
): Promise<DgovRun> {
  const inText = place(template);
  const inJson = o.untouched ? inText : place(template);
  const before = inText.listing();
  const [text, json] = await Promise.all([inText.run(words), inJson.run([...words, "--json"])]);
  agree(text, json);
  if (o.untouched) expect(inText.listing()).toEqual(before);
  return json;
}

function agree(text: DgovRun, json: DgovRun): void {
  const document = JSON.parse(json.stdout) as Record<string, unknown>;
  expect(json.stdout.trimEnd().split("\n")).toHaveLength(1);
  expect(document["schema"]).toMatch(/^dgov\.[a-z-]+\/\d+$/);
  expect([text.exitCode, text.stderr]).toEqual([json.exitCode, expect.any(String)]);
  if (document["schema"] !== "dgov.error/1") return;
  expect(document["exit_code"]).toBe(json.exitCode);
  expect(text.exitCode).not.toBe(0);
  expect([text.stdout, text.stderr]).toEqual([
    "",
    expect.stringContaining(`error: ${document["message"]}`),
  ]);
  expect(text.stderr).not.toContain("a bug in dgov");
}

test("every command of the command table has a case here", async () => {
  expect([...names].sort()).toEqual((await leaves(table)).sort());
});

async function leaves(group: CommandGroup, path: string[] = []): Promise<string[]> {
  const found: string[] = [];
  for (const [name, entry] of Object.entries(group.subcommands)) {
    if (entry.hidden === true) continue;
    const target = "load" in entry ? await entry.load() : entry;
    if ("subcommands" in target) found.push(...(await leaves(target, [...path, name])));
    else found.push([...path, name].join(" "));
  }
  return found;
}

const called = (name: string, words: string[] = cases[name]?.good ?? []): string[] => [
  ...name.split(" "),
  ...words,
];

describe("rejected commands", () => {
  test.concurrent.each(names)(
    "E8 E9 dgov %s rejects bad arguments without a trace",
    async (name) => {
      const [words, code] = cases[name]?.bad ?? [[], 0];
      const refused = await inBothModes(called(name, words), healthy, { untouched: true });
      const { schema } = JSON.parse(refused.stdout) as { schema: string };
      expect([schema, refused.exitCode]).toEqual(["dgov.error/1", code]);
    },
  );

  test.concurrent.each(names.filter((name) => !anywhere.has(name)))(
    "E8 E9 dgov %s outside any project exits 4 and leaves no trace",
    async (name) => {
      const nowhere = place(null);
      const before = nowhere.listing();
      const { stdout, exitCode } = await nowhere.run([...called(name), "--json"]);
      expect(JSON.parse(stdout)).toMatchObject({ schema: "dgov.error/1", exit_code: exitCode });
      expect([exitCode, nowhere.listing()]).toEqual([4, before]);
    },
  );
});

test.concurrent.each(names.filter((name) => name !== "demo"))(
  "E8 dgov %s gives one document and one exit code with broken configuration and plan",
  async (name) => {
    await inBothModes(called(name), broken, { untouched: false });
  },
);

test.concurrent.each(names.filter((name) => cases[name]?.looks === true))(
  "E9 dgov %s leaves a project without state unchanged",
  async (name) => {
    await inBothModes(called(name), healthy, { untouched: true });
  },
);

describe.each(["uninitialised", "initialised", "initialised and empty"])(
  "the first command in a repository that is %s",
  (state) => {
    test.concurrent.each(names.filter((name) => name !== "demo"))(
      "B26 dgov %s assumes no earlier command",
      async (name) => {
        const { stdout, stderr, exitCode } = await place(fresh[state] ?? null).run(called(name));
        expect([0, 1, 2, 4]).toContain(exitCode);
        expect(stdout + stderr).not.toMatch(/ENOENT|ENOTDIR|a bug in dgov/);
      },
    );
  },
);
