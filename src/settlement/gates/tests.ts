/**
 * The task's own `test_cmd` (or the recipe it names) and the project's. The only gate whose failure
 * is tried again: tests have moods, checkers have not.
 */
import type { Config } from "../../config/config.ts";
import { newLines } from "../diagnostics/diagnostic.ts";
import { endedEarly, failingTests, ranNoTests } from "../diagnostics/test-output.ts";
import { fillSelection, fillTestTemplate, takesTests } from "../tests/test-command.ts";
import { noTests, selectTests, type TestSelection, testFolder } from "../tests/test-selection.ts";
import type { CommandRun } from "../trees/command.ts";
import { cachedOnBase, runOnBase } from "./base-comparison.ts";
import { type CommandLines, commandGate, type JudgeInput, type Judgement } from "./command-gate.ts";
import type { GateInput } from "./gate.ts";

export const testsGate = commandGate({
  name: "tests",
  templates: (config, testCmd) => {
    const own = testCmd === null ? [] : [recipe(config, testCmd)];
    const { test } = config.commands;
    return [...new Set([...own, ...(test === null ? [] : [test])])];
  },
  fill,
  judge,
  doubt,
});

/** A command that can be told which tests gets those of the change; all of them if they are none. */
async function fill(input: GateInput, template: string): Promise<CommandLines> {
  const { config } = input.context;
  if (!takesTests(template)) return fillSelection(config, template, noTests);
  const { chosen, folders } = await choice(input);
  const whole = {
    onTree: fillTestTemplate({ ...config, testDir: folders.inTree }, template, []),
    onBase: fillTestTemplate({ ...config, testDir: folders.inBase }, template, []),
  };
  if (chosen.files.length === 0) return whole;
  const none = (run: CommandRun): boolean => ranNoTests(run.exitCode, run.output);
  return { ...fillSelection(config, template, chosen), instead: { when: none, filled: whole } };
}

interface Choice {
  chosen: TestSelection;
  /** `test_dir`, or the project where there is no such folder. */
  folders: { inTree: string; inBase: string };
}

const choices = new WeakMap<GateInput, Promise<Choice>>();

/** Asked for several times while one tree is judged, worked out once. */
function choice(input: GateInput): Promise<Choice> {
  const known = choices.get(input) ?? choose(input);
  choices.set(input, known);
  return known;
}

async function choose({ context: c, request, baseTree }: GateInput): Promise<Choice> {
  const { tree, signal } = request;
  const inBase = await testFolder(c, baseTree);
  if (tree === baseTree) return { chosen: noTests, folders: { inTree: inBase, inBase } };
  const chosen = await selectTests(c, { base: baseTree, tree, signal });
  return { chosen, folders: { inTree: await testFolder(c, tree), inBase } };
}

/** The text of a recipe named `verify:<name>`; one that is not there fails, and says so. */
function recipe(config: Config, testCmd: string): string {
  const name = /^verify:(.*)$/.exec(testCmd)?.[1];
  if (name === undefined) return testCmd;
  const found = Object.hasOwn(config.verify, name) ? config.verify[name] : undefined;
  return found?.command ?? `echo 'there is no recipe ${name.replaceAll("'", "")}' >&2; exit 127`;
}

async function judge(judging: JudgeInput): Promise<Judgement> {
  const { input, run, filled } = judging;
  const onBase = input.request.tree === input.baseTree;
  if (!onBase && (await sameOnBase(run, filled.onBase, input, cachedOnBase))) return redBase(run);
  if (ranNoTests(run.exitCode, run.output)) return judgeNoTests(judging, onBase);
  const again = await judging.again();
  if (again.status === "passed") {
    const fails = input.context.config.merge.flaky === "fail";
    return {
      status: fails ? "failed" : "flaky",
      reason: `failed once (${run.exit}), then passed`,
      blame: fails ? "attempt" : null,
      diagnostics: [],
    };
  }
  if (onBase) return { ...charged(run), blame: "base" };
  const known = (i: typeof input, command: string) => runOnBase(i, [command]);
  return (await sameOnBase(run, filled.onBase, input, known)) ? redBase(run) : charged(run);
}

/**
 * A runner that ended well before its summary, where on the base all tests come to theirs: something
 * ended it, and what it did not run nobody knows.
 */
async function doubt({ input, run, filled }: JudgeInput): Promise<Judgement | null> {
  if (input.request.tree === input.baseTree || !endedEarly(run.command, run.output)) return null;
  const base = await runOnBase(input, (filled.instead?.filled ?? filled).onBase);
  if (base?.status !== "passed" || endedEarly(base.command, base.output)) return null;
  const reason = `${run.exit}, but it ended before its summary: not all tests were run`;
  return { status: "failed", reason, blame: "attempt", diagnostics: [] };
}

/** Nothing to test is an outcome of its own, unless the base had something. */
async function judgeNoTests(
  { input, run, filled }: JudgeInput,
  onBase: boolean,
): Promise<Judgement> {
  const base = onBase ? run : await runOnBase(input, filled.onBase);
  if (base !== null && ranNoTests(base.exitCode, base.output)) {
    const reason = "there are no tests to run";
    return { status: "not_applicable", reason, blame: null, diagnostics: [] };
  }
  const more = base === null ? "" : "; the base has some";
  return { ...charged(run), reason: `no test was run${more}` };
}

type Ask = (input: JudgeInput["input"], command: string) => Promise<CommandRun | null>;

/** Whether every failing test fails on the base as well, or, unnamed, the output is the same. */
async function sameOnBase(
  run: CommandRun,
  commands: readonly string[],
  input: JudgeInput["input"],
  ask: Ask,
): Promise<boolean> {
  const outputs: string[] = [];
  for (const command of commands) {
    const base = await ask(input, command);
    if (base === null) return false;
    if (base.status === "failed") outputs.push(base.output);
  }
  if (outputs.length === 0) return false;
  const before = outputs.join("");
  const names = failingTests(run.output);
  const known = new Set(failingTests(before));
  return names.length > 0
    ? names.every((name) => known.has(name))
    : known.size === 0 && newLines(run.output, before).length === 0;
}

function redBase(run: CommandRun): Judgement {
  const reason = `base is red: it fails in the same way without the change (${run.exit})`;
  return { status: "failed", reason, blame: "base", diagnostics: [] };
}

function charged(run: CommandRun): Judgement {
  const names = failingTests(run.output);
  const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
  const named = names.length === 0 ? "" : `: ${names.slice(0, 3).join(", ")}${more}`;
  return { status: "failed", reason: `${run.exit}${named}`, blame: "attempt", diagnostics: [] };
}
