/** The public command table: each command exists with its flags and help, and answers as JSON. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { flagName } from "../../src/cli/args.ts";
import type { AnyCommand, CommandGroup } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands/index.ts";
import { helpText } from "../../src/cli/usage.ts";
import { call, done } from "../../src/demo/script.ts";
import { scaled } from "../harness/limits.ts";
import { type TestProject, testProject } from "../harness/project.ts";

/** Flags and positionals (in capitals) by command. */
const accepted: Record<string, string> = {
  init: "--force -y --project-type --provider --preflight",
  doctor: "--online --config",
  "agents sync": "--skills-dir",
  "init-plan": "NAME --sections --force",
  "plan create": "GOAL --auto --run --name --model --apply-config",
  "plan list": "--all --archived",
  "plan status": "PLAN -v",
  "plan review": "PLAN --only --diff --events",
  "plan remediate": "PLAN --name",
  compile: "PLAN --dry-run --recompile-sops --explain-sops --graph --show",
  validate: "PLAN",
  run: "PLAN --restart --continue --note --only --jobs --target --allow-dirty --stream -v -y",
  fix: "PROMPT -f --name --commit-message --test-cmd --model -y --stream",
  take: "UNIT",
  land: "UNIT",
  undo: "RUN",
  status: "--all",
  watch: "--all --plan --ndjson --since --once",
  explain: "UNIT",
  "runs list": "",
  "runs show": "RUN",
  "runs cancel": "",
  "tools audit": "--plan --role --limit",
  diagnose: "",
  "verify list": "",
  "verify run": "NAME --all",
  preflight: "",
  "scope status": "--task --plan --claim --read",
  "sentrux check": "PATH",
  "sentrux gate": "PATH",
  "sentrux gate-save": "PATH",
  "sentrux offenders": "PATH",
  "sentrux status": "PATH",
  "coverage-baseline": "",
  "archive-plan": "NAME",
  "ledger add": "",
  "ledger list": "",
  "ledger show": "",
  "ledger resolve": "",
  "ledger reopen": "",
  clean: "--dry-run",
  prune: "--days --kept --dry-run",
  demo: "DIR --keep --serve",
  schema: "NAME",
  completions: "SHELL",
  version: "",
  help: "TOPIC",
};

async function find(path: readonly string[]): Promise<AnyCommand> {
  let target: AnyCommand | CommandGroup = commands;
  for (const name of path) {
    const entry: CommandGroup["subcommands"][string] | undefined =
      "subcommands" in target ? target.subcommands[name] : undefined;
    if (entry === undefined) throw new Error(`there is no dgov ${path.join(" ")}`);
    target = "load" in entry ? await entry.load() : entry;
  }
  if ("subcommands" in target) throw new Error(`dgov ${path.join(" ")} is a group`);
  return target;
}

describe("public commands", () => {
  test.each(Object.entries(accepted))("dgov %s accepts %s", async (typed, words) => {
    const path = typed.split(" ");
    const { args } = await find(path);
    const flags = Object.entries(args as AnyCommand["args"]).flatMap(([key, arg]) => {
      const { type, alias = [] } = arg as { type: string; alias?: string | string[] };
      if (type === "positional") return ["positional"];
      return [`--${flagName(key)}`, ...[alias].flat().map((letter) => `-${letter}`)];
    });
    const wanted = words.split(" ").filter((word) => word !== "");
    const missing = wanted.filter((word) => !flags.includes(/^-/.test(word) ? word : "positional"));
    expect(missing).toEqual([]);
    expect(await helpText(commands, path)).toMatch(/EXAMPLES\n\n {2}.*dgov/);
  });
});

/** Command lines run with `--json` in a project whose plan has run, and their exit codes. */
const answers: [typed: string, exit: number][] = [
  ["", 0],
  ["status --all", 0],
  ["init -y", 0],
  ["init -y --preflight", 0],
  ["doctor", 0],
  ["doctor --config", 0],
  ["agents sync", 0],
  ["init-plan other", 0],
  ["plan list --all", 0],
  ["plan status p", 0],
  ["plan review p", 0],
  ["plan review p --diff a", 0],
  ["plan review p --events a", 0],
  ["plan remediate p", 1],
  ["compile p --dry-run", 0],
  ["compile p --show a", 0],
  ["compile p --graph=dot", 0],
  ["compile p --explain-sops", 0],
  ["validate p", 0],
  ["run p", 1],
  ["take b", 0],
  ["land b", 1],
  ["explain b", 0],
  ["runs list", 0],
  ["runs", 0],
  ["runs cancel", 1],
  ["tools audit", 0],
  ["diagnose", 1],
  ["verify list", 0],
  ["verify run fine", 0],
  ["preflight", 0],
  ["scope status --task a --plan p", 1],
  ["sentrux check", 0],
  ["sentrux gate-save", 0],
  ["sentrux gate", 0],
  ["sentrux offenders", 0],
  ["sentrux status", 0],
  ["ledger list", 0],
  ["clean --dry-run", 0],
  ["prune --dry-run", 0],
  ["undo a", 0],
  ["archive-plan p", 0],
  ["watch --once", 0],
  ["schema plan", 0],
  ["completions bash", 0],
  ["version", 0],
  ["help", 0],
  ["help exit-codes", 0],
  ["nonsense", 2],
  ["run nowhere", 1],
];

describe("answers as JSON", () => {
  let p: TestProject;

  beforeAll(async () => {
    p = await testProject({
      tasks: { a: {}, b: {} },
      plan: { max_retries: 0 },
      config: {
        project: { test_cmd: "test ! -e b.txt || { echo no b; exit 1; }" },
        verify: { fine: { command: "true" } },
      },
      script: {
        rules: ["a", "b"].map((key) => ({
          unit: `tasks/main.${key}`,
          turns: [call("write_file", { path: `${key}.txt`, content: `${key}\n` }), done("ok")],
        })),
      },
    });
    await p.dgov(["run", "p"]);
  }, scaled(60_000));

  afterAll(() => p[Symbol.asyncDispose]());

  // In order: each command continues with the state that the previous one left.
  test.each(answers)("dgov %s --json exits %d with one document", async (typed, exit) => {
    const args = typed.split(" ").filter((word) => word !== "");
    const { stdout, stderr, exitCode } = await p.dgov([...args, "--json"]);
    const document = JSON.parse(stdout) as { schema: string };
    expect([document.schema, exitCode, stderr]).toEqual([
      expect.stringMatching(/^dgov\.[a-z-]+\/\d+$/),
      exit,
      stderr,
    ]);
  });
});
