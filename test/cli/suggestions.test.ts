/**
 * "did you mean" for each kind of name on the command line. Keys and names in plan and configuration files
 * are covered by `misspelt-keys.test.ts` and `test/plan/diagnostics.test.ts`.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { openEventLog } from "../../src/log/event-log.ts";
import { dgovJson } from "../harness/bin.ts";
import { type TestRepo, testRepo } from "../harness/repo.ts";
import { RunLog } from "../harness/run-log.ts";

const task = (key: string): string => `[tasks.${key}]
summary = "Do ${key}"
prompt = "Orient\\nEdit\\nVerify\\n"
commit_message = "feat: ${key}"
files.create = ["${key}.txt"]

`;
const entry =
  '{"id":"abc123","event":"opened","ts":"2026-01-02","by":"","category":"bug","text":"x"}\n';

let repo: TestRepo;

beforeAll(async () => {
  repo = await testRepo({
    ".dgov/project.toml": '[verify.unit]\ncommand = "true"\n',
    ".dgov/ledger.jsonl": entry,
    ".dgov/plans/alpha/_root.toml": '[plan]\nname = "alpha"\nsections = ["tasks"]\n',
    ".dgov/plans/alpha/tasks/main.toml": task("first") + task("second"),
  });
  using log = openEventLog(repo.path);
  const units = [{ unit: "tasks/main.first" }];
  log.append(new RunLog({ run: "20260102-1a2b", plan: "beta", units }).finished("complete").news);
});

afterAll(() => repo[Symbol.asyncDispose]());

test.each<[string, string[], number, string]>([
  ["a command", ["stauts"], 2, "dgov status"],
  ["a subcommand", ["plan", "lsit"], 2, "dgov plan list"],
  ["a flag", ["status", "--al"], 2, "--all"],
  ["a plan", ["compile", "alpah"], 1, "alpha"],
  ["a plan that has run", ["tools", "audit", "--plan", "btea"], 1, "beta"],
  ["a unit of a plan", ["compile", "alpha", "--dry-run", "--show", "frist"], 1, "first"],
  ["a unit of a run", ["explain", "frist"], 1, "first"],
  ["a run", ["runs", "show", "20260102-1a2c"], 1, "20260102-1a2b"],
  ["a recipe", ["verify", "run", "uint"], 1, "unit"],
  ["a role", ["tools", "audit", "--role", "revewer"], 2, "reviewer"],
  ["a ledger category", ["ledger", "add", "bgu", "x"], 2, "bug"],
  ["a ledger entry", ["ledger", "show", "abc124"], 1, "abc123"],
  ["a schema", ["schema", "plans"], 2, "plan"],
  ["a shell", ["completions", "fich"], 2, "fish"],
])("the misspelt name of %s is rejected with a suggestion", async (_, args, exit, suggestion) => {
  const { document, exitCode } = await dgovJson(args, { cwd: repo.path, env: repo.env });
  expect([exitCode, document["hint"]]).toEqual([exit, `did you mean ${suggestion}?`]);
});
