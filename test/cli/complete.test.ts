/** Shell completion: the candidates for a command line, and the scripts in each shell. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { commands } from "../../src/cli/commands/index.ts";
import { complete } from "../../src/cli/complete/candidates.ts";
import { openEventLog } from "../../src/log/event-log.ts";
import { dgov, dgovCommand } from "../harness/bin.ts";
import { testEnvironment } from "../harness/repo.ts";
import { RunLog } from "../harness/run-log.ts";
import { onTerminal, terminalProgram } from "../harness/terminal.ts";

const root = mkdtempSync(join(tmpdir(), "dgov-complete-"));
const project = join(root, "project");
const bare = join(root, "bare");
afterAll(() => rmSync(root, { recursive: true, force: true }));

beforeAll(() => {
  const plan = (name: string): string => `[plan]\nname = "${name}"\nsections = ["tasks"]\n`;
  const tasks = '[tasks.add-feature]\nsummary = "x"\n\n[tasks.add-tests]\n\n[tasks."odd key"]\n';
  const opened = (id: string): string =>
    `{"id":"${id}","event":"opened","ts":"2026-01-02","category":"rule","text":"Say so","tags":["io"]}\n`;
  const files: Record<string, string> = {
    ".dgov/project.toml": '[verify.unit]\ncommand = "x"\n[verify.smoke]\ncommand = "y"\n',
    ".dgov/plans/alpha/_root.toml": plan("alpha"),
    ".dgov/plans/alpha/tasks/main.toml": tasks,
    ".dgov/plans/alpha/tasks/_example.toml": "[tasks.never]\n",
    ".dgov/plans/beta/_root.toml": plan("beta"),
    ".dgov/plans/beta/api/main.toml": "[tasks.add-feature]\n",
    ".dgov/plans/archive/old/_root.toml": plan("old"),
    ".dgov/plans/archive/old/tasks/main.toml": "[tasks.gone]\n",
    ".dgov/ledger.jsonl": opened("abc1") + opened("abd2"),
    "src/one.ts": "",
    "src/two.ts": "",
  };
  for (const dir of [project, bare]) mkdirSync(join(dir, ".dgov"), { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), text);
  }
  using log = openEventLog(project);
  log.append(new RunLog({ run: "20260102-1a2b", plan: "alpha", units: [] }).news);
});

async function offered(words: readonly string[], cwd = project): Promise<string[]> {
  const { candidates, files } = await complete(commands, words, cwd);
  return [...candidates.map(({ word }) => word), ...(files === null ? [] : [`:${files}`])];
}

describe("completion candidates", () => {
  test.each([
    [["tak"], ["take"]],
    [
      ["plan", "re"],
      ["review", "remediate"],
    ],
    [["plan", "--json", "li"], ["list"]],
    [["--quiet", "plan", "li"], ["list"]],
    [
      ["ledger", ""],
      ["add", "list", "show", "resolve", "reopen"],
    ],
    [["work"], []],
    [["compl"], ["completions"]],
    [["frob", ""], []],
    [["--j"], ["--json"]],
    [["help", "pla"], ["plan"]],
    [["help", "exit"], ["exit-codes"]],
    [["help", "plan", "li"], ["list"]],
    [["help", "plan", "exit"], []],
    [["compile", "--sh"], ["--show"]],
    [["compile", "--show", "x", "--sh"], []],
    [["run", "--only", "x", "--on"], ["--only"]],
    [["run", "--no-c"], ["--no-color"]],
    [["run", "--", "--"], []],
  ])("completion of names and flags: %j", async (words, expected) => {
    expect(await offered(words)).toEqual(expected);
  });

  const ids = ["tasks/main.add-feature", "tasks/main.add-tests", "tasks/main.odd key"];
  test.each([
    [
      ["run", ""],
      ["alpha", "beta"],
    ],
    [["run", "a"], ["alpha"]],
    [["run", "alpha", "--only", ""], ids],
    [["run", "--only", "api"], ["api/main.add-feature"]],
    [["run", "alpha", "--only", "add-f"], ["add-feature"]],
    [["run", "--only", "add-"], ["add-tests"]],
    [["run", "alpha", "--note", "tasks"], ids],
    [["run", "alpha", "--note", "add-tests", "wo"], []],
    [["plan", "review", "old", "--only", ""], ["tasks/main.gone"]],
    [["plan", "review", "--only=add-t"], ["--only=add-tests"]],
    [["take", "api"], ["api/main.add-feature"]],
    [
      ["compile", "--graph="],
      ["--graph=tree", "--graph=mermaid", "--graph=dot"],
    ],
    [["compile", "--graph", "be"], ["beta"]],
    [["runs", "show", ""], ["20260102-1a2b"]],
    [["undo", "2026"], ["20260102-1a2b"]],
    [
      ["verify", "run", ""],
      ["unit", "smoke"],
    ],
    [["archive-plan", "b"], ["beta"]],
    [
      ["ledger", "show", "ab"],
      ["abc1", "abd2"],
    ],
    [["ledger", "list", "--tag", ""], ["io"]],
    [
      ["ledger", "add", "de"],
      ["debt", "decision"],
    ],
    [["ledger", "resolve", "abc1", "--note", ""], []],
    [["init", "--project-type", "ty"], ["typescript"]],
    [
      ["schema", "p"],
      ["project", "plan"],
    ],
    [
      ["completions", ""],
      ["bash", "zsh", "fish"],
    ],
    [["fix", "goal", "-f", ""], [":files"]],
    [["fix", "goal", "--file=s"], [":files"]],
    [["demo", ""], [":folders"]],
    [["-C", ""], [":folders"]],
    [["run", "./"], [":folders"]],
    [["run", "--jobs", ""], []],
  ])("completion of values: %j", async (words, expected) => {
    expect(await offered(words)).toEqual(expected);
  });

  test("completion offers every flag of a command except those already given", async () => {
    const words = await offered(["ledger", "list", "--category", "bug", "--"]);
    const own = ["--status", "--query", "--tag", "--path"];
    expect(words).toEqual(["--json", "--quiet", "--no-color", "--root", "--help", ...own]);
  });
});

describe("dgov complete", () => {
  const line = (...words: string[]): string[] => words.map((word) => `--words=${word}`);

  test("complete prints each candidate with its description", async () => {
    const run = await dgov(["complete", ...line("run", "")], { cwd: project });
    expect(run).toEqual({ stdout: "alpha\tplan\nbeta\tplan\n", stderr: "", exitCode: 0 });
    const json = await dgov(["complete", ...line("-C", project, "run", "a"), "--json"]);
    expect(JSON.parse(json.stdout)).toEqual({
      schema: "dgov.complete/1",
      candidates: [{ word: "alpha", about: "plan" }],
      files: null,
    });
  });

  test.each([
    ["no runs", ["runs", "show", ""]],
    ["an unknown command", ["frobnicate", "x", ""]],
    ["an empty line", []],
  ])("E9 complete prints nothing and leaves no trace for %s", async (_, words) => {
    const run = await dgov(["complete", ...line(...words)], { cwd: bare });
    expect([run.exitCode, run.stderr]).toEqual([0, ""]);
    expect(readdirSync(bare)).toEqual([".dgov"]);
    expect(readdirSync(join(bare, ".dgov"))).toEqual([]);
  });

  test("C13 complete leaves out names with control characters", async () => {
    const wild = join(root, "wild");
    mkdirSync(join(wild, ".dgov/plans"), { recursive: true });
    for (const name of ["fine", "two\nlines", "red\u001b[31m"]) {
      mkdirSync(join(wild, ".dgov/plans", name));
      writeFileSync(join(wild, ".dgov/plans", name, "_root.toml"), "");
    }
    const run = await dgov(["complete", ...line("run", "")], { cwd: wild });
    expect(run.stdout).toBe("fine\tplan\n");
  });
});

/** An environment whose PATH holds the program under test as `dgov`. */
function shellEnvironment(): Record<string, string> {
  const bin = join(root, "bin");
  mkdirSync(bin, { recursive: true });
  const words = dgovCommand().map((word) => `'${word}'`);
  writeFileSync(join(bin, "dgov"), `#!/bin/sh\nexec ${words.join(" ")} "$@"\n`);
  chmodSync(join(bin, "dgov"), 0o755);
  const env = testEnvironment(root);
  return { ...env, PATH: `${bin}:${env["PATH"]}`, TERM: "dumb" };
}

async function inShell(argv: string[]): Promise<string> {
  const child = Bun.spawn(argv, {
    cwd: project,
    env: shellEnvironment(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  return (await new Response(child.stdout).text()).trimEnd();
}

/** Ctrl-U, which clears the line typed so far. */
const killLine = "\u0015";

describe("bash", () => {
  /** Bash's replacements for the last word; `words` are split as bash splits them. */
  async function completed(...words: string[]): Promise<string[]> {
    const script = `source <(dgov completions bash)
      COMP_WORDS=(dgov "$@"); COMP_CWORD=$#; _dgov; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return (await inShell(["bash", "--norc", "-c", script, "bash", ...words])).split("\n");
  }

  test.each([
    [
      ["plan", "re"],
      ["review", "remediate"],
    ],
    [["run", "alpha", "--only", "tasks/main.add-t"], ["tasks/main.add-tests"]],
    [["run", "alpha", "--only", "tasks/main.o"], ["tasks/main.odd\\ key"]],
    [["compile", "--graph", "=", "m"], ["mermaid"]],
    [
      ["compile", "--graph", "="],
      ["tree", "mermaid", "dot"],
    ],
    [["compile", "--graph", "=", "dot", "al"], ["alpha"]],
    [["fix", "goal", "-f", "src/o"], ["src/one.ts"]],
    [["fix", "goal", "--file", "=", "src/o"], ["src/one.ts"]],
    [["demo", "sr"], ["src"]],
    [["frob", ""], [""]],
  ])("bash completes %j", async (words, expected) => {
    expect(await completed(...words)).toEqual(expected);
  });

  test.skipIf(terminalProgram === null)("bash completes a unit at a terminal", async () => {
    const run = await onTerminal(["bash", "--norc", "--noprofile"], {
      cwd: project,
      env: { ...shellEnvironment(), PS1: "ready> " },
      steps: [
        ["ready> ", 'eval "$(dgov completions bash)"; echo load""ed\r'],
        ["loaded", ""],
        ["ready> ", "dgov run al\t--only tasks/main.add-f\t"],
        ["eature ", `${killLine}exit 0\r`],
      ],
    });
    expect(run).toEqual({ exitCode: 0, stdout: expect.any(String) });
  });
});

const zsh = Bun.which("zsh");
describe.skipIf(zsh === null || terminalProgram === null)("zsh (skipped without it)", () => {
  test("zsh completes units, flag values and files at a terminal", async () => {
    const run = await onTerminal([zsh ?? "zsh", "-f", "-i"], {
      cwd: project,
      env: { ...shellEnvironment(), PS1: "ready> " },
      steps: [
        ["ready> ", "autoload -U compinit; compinit -u -D; PS1='ready> '\r"],
        ["ready> ", 'eval "$(dgov completions zsh)"; echo load""ed\r'],
        ["loaded", ""],
        ["ready> ", "dgov run al\t--only tasks/main.add-f\t"],
        ["eature ", `${killLine}dgov compile --graph=m\t`],
        ["ermaid", `${killLine}dgov fix goal -f src/o\t`],
        ["ne.ts", `${killLine}exit 0\r`],
      ],
    });
    expect(run).toEqual({ exitCode: 0, stdout: expect.any(String) });
  });
});

const fish = Bun.which("fish");
describe.skipIf(fish === null)("fish (skipped without it)", () => {
  test.each([
    [
      "dgov plan re",
      "remediate\tWrite a plan that fixes a degraded or red branch\nreview\tReview a plan: each unit with the run that landed it or had it last",
    ],
    ["dgov run ", "alpha\tplan\nbeta\tplan"],
    ["dgov run alpha --only tasks/main.add-t", "tasks/main.add-tests\tunit of alpha"],
    ["dgov compile --graph=m", "--graph=mermaid"],
    ["dgov -C /nowhere run ", ""],
    ["dgov fix goal -f src/o", "src/one.ts"],
  ])("fish completes %s", async (line, expected) => {
    const script = `dgov completions fish | source; complete -C '${line}'`;
    expect(await inShell([fish ?? "fish", "--no-config", "-c", script])).toBe(expected);
  });
});

describe("dgov completions", () => {
  test("completions --json gives the script in the document", async () => {
    const { stdout } = await dgov(["completions", "zsh", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ schema: "dgov.completions/1", shell: "zsh" });
  });
});
