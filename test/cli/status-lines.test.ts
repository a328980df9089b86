/** Status lines on stderr: coloured by level at a terminal, plain text elsewhere. */
import { describe, expect, test } from "bun:test";
import { dgov } from "../harness/bin.ts";
import { testRepo } from "../harness/repo.ts";
import { dgovOnTerminal, terminalProgram } from "../harness/terminal.ts";

const files = {
  ".dgov/project.toml": "",
  ".dgov/plans/p/_root.toml": '[plan]\nname = "p"\nsections = ["tasks"]\nmax_retires = 1\n',
  ".dgov/plans/p/tasks/main.toml": '[tasks.a]\nsummary = "\u001b]0;owned\u0007"\nprompt = "x"\n',
};

/** The last lines of the failing run, without colour. */
const labels = /error: the plan p has|hint: did you mean max_retries/;

describe.skipIf(terminalProgram === null)("output at a terminal", () => {
  test("errors and hints are coloured at a terminal, and control characters of a plan are not printed", async () => {
    await using repo = await testRepo(files);
    const { NO_COLOR: _, ...env } = repo.env;
    const { stdout } = await dgovOnTerminal(["run", "p"], { cwd: repo.path, env, steps: [] });
    expect(stdout).toContain("\u001b[31;1merror:\u001b[0m the plan p has");
    expect(stdout).toContain("\u001b[36mhint:\u001b[0m did you mean max_retries?");
    expect(stdout).not.toContain("\u001b]0;");
  });

  test.each([
    [["run", "p", "--no-color"], {}],
    [["run", "p"], { NO_COLOR: "1" }],
  ])("%j with %j prints no colour", async (args, more) => {
    await using repo = await testRepo(files);
    const { NO_COLOR: _, ...env } = repo.env;
    const at = { cwd: repo.path, env: { ...env, ...more }, steps: [] };
    const { stdout } = await dgovOnTerminal(args, at);
    expect(stdout).toMatch(labels);
    expect(stdout).not.toContain("\u001b");
  });

  test("--quiet suppresses the status lines of init", async () => {
    await using repo = await testRepo({ "main.go": "package main\n", "go.mod": "module x\n" });
    const at = { cwd: repo.path, env: repo.env, steps: [] };
    const quiet = await dgovOnTerminal(["init", "-y", "--quiet"], at);
    expect(quiet.stdout).not.toContain("go (");
    const loud = await dgovOnTerminal(["init", "-y", "--force"], at);
    expect(loud.stdout).toContain("go (");
  });
});

test("output to a pipe has no colour", async () => {
  await using repo = await testRepo(files);
  const { NO_COLOR: _, ...env } = repo.env;
  const { stderr } = await dgov(["run", "p"], { cwd: repo.path, env });
  expect(stderr).toMatch(labels);
  expect(stderr).not.toContain("\u001b");
});
