/**
 * The tests gate: the unit's `test_cmd` (or the recipe it names) and the project's. The only gate whose
 * failed command is run a second time, since tests can be flaky; checkers are deterministic.
 */
import type { Config } from "../../config/config.ts";
import { listed } from "../../std/text.ts";
import { newLines } from "../diagnostics/diagnostic.ts";
import {
  endedEarly,
  failingTests,
  printsSummary,
  ranNoTests,
  ranTests,
  ranZeroTests,
} from "../diagnostics/test-output.ts";
import { fillSelection, fillTestTemplate, takesTests } from "../tests/test-command.ts";
import { noSelection } from "../tests/test-selection.ts";
import type { CommandRun } from "../trees/command.ts";
import { redBase as redBaseWords } from "../verdict.ts";
import { cachedOnBase, printedSummary, runOnBase } from "./base-comparison.ts";
import { commandGate, type JudgeInput, type Judgement } from "./command-gate.ts";
import type { CommandLines, GateInput } from "./gate.ts";

/** The filling and judging of commands that run tests. */
export const testCommand = { isFlaky: true, fill, again, judge, verifyPass } as const;

export const testsGate = commandGate({
  name: "tests",
  templates: (config, testCmd) => {
    const own = testCmd === null ? [] : [recipeCommand(config, testCmd)];
    const { test } = config.commands;
    return [...new Set([...own, ...(test === null ? [] : [test])])];
  },
  ...testCommand,
});

/** The command of a recipe named `verify:<name>`, or a command that fails when there is none. */
function recipeCommand(config: Config, testCmd: string): string {
  const name = /^verify:(.*)$/.exec(testCmd)?.[1];
  if (name === undefined) return testCmd;
  const recipe = Object.hasOwn(config.verify, name) ? config.verify[name] : undefined;
  return (
    recipe?.command ?? `echo 'no verify recipe named ${name.replaceAll("'", "")}' >&2; exit 127`
  );
}

/**
 * Fills a command that takes tests with the affected ones, or with all when none are selected. When the
 * runner finds no tests in the selected files, the full command runs.
 */
async function fill(input: GateInput, template: string): Promise<CommandLines> {
  const { config } = input.context;
  if (!takesTests(template)) return fillSelection(config, template, noSelection);
  const selection = await input.selection();
  const folders = await input.testFolders();
  const full = {
    onTree: fillTestTemplate({ ...config, testDir: folders.inTree }, template, []),
    onBase: fillTestTemplate({ ...config, testDir: folders.inBase }, template, []),
  };
  if (selection.files.length === 0) return full;
  const when = (run: CommandRun): boolean =>
    ranNoTests(run.exitCode, run.output) || (run.status === "passed" && ranZeroTests(run.output));
  return { ...fillSelection(config, template, selection), fallback: { when, lines: full } };
}

/** True when a failed run may pass on its second try: tests ran, and the base is not known to fail alike. */
async function again(judged: JudgeInput): Promise<boolean> {
  const { input, run } = judged;
  if (ranNoTests(run.exitCode, run.output)) return false;
  return input.request.tree === input.baseTree || !(await failsAlike(judged, cachedOnBase));
}

/** Judges a failed run: no tests, base is red, or failed by the attempt. */
async function judge({ input, run, lines }: JudgeInput): Promise<Judgement> {
  const isBase = input.request.tree === input.baseTree;
  if (ranNoTests(run.exitCode, run.output)) return judgeNoTests({ input, run, lines }, isBase);
  if (isBase) return { ...failedBy(run), blame: "base" };
  const onBase: OnBase = (_, command) => runOnBase(input, [command]);
  return (await failsAlike({ input, run, lines }, onBase)) ? redBase(run) : failedBy(run);
}

/**
 * Fails a pass that says nothing of the tests, unless it is the same on the base: the runner exited before its
 * summary, so that the tests after that point did not run, or it ran no test and the base ran some.
 */
async function verifyPass({ input, run, lines }: JudgeInput): Promise<Judgement | null> {
  if (input.request.tree === input.baseTree) return null;
  const full = (lines.fallback ?? { lines }).lines;
  const { onBase } = full;
  const none = ranZeroTests(run.output);
  const early =
    endedEarly(run.command, run.output) || (!none && lacksUsualSummary(input, run, full));
  if (!early && !none) return null;
  const base = await runOnBase(input, onBase);
  if (base !== null) {
    const alike = early ? !printsSummary(base.output) : !ranTests(base.output);
    if (alike) return null;
  } else if (!early && onBase.length === 0) return null;
  const said = `${run.exit}, but ${early ? "the test runner exited before its summary" : "no tests ran"}`;
  if (base === null && onBase.length > 0) {
    const reason = `${said}, and the base could not be run to compare`;
    return { status: "errored", reason, blame: "environment", diagnostics: [] };
  }
  const reason = early ? `${said}: not all tests ran` : `${said}; the base has some`;
  return { status: "failed", reason, blame: "attempt", diagnostics: [] };
}

/**
 * True when the output has no test runner's summary although the command printed one before, on another tree. The
 * command need not name the runner: `make test`, `npm test`.
 */
function lacksUsualSummary({ context }: GateInput, run: CommandRun, full: CommandLines): boolean {
  return !printsSummary(run.output) && printedSummary(context, [...full.onTree, ...full.onBase]);
}

/** Judges a run without tests: not applicable when the base has none, either; else failed. */
async function judgeNoTests(
  { input, run, lines }: JudgeInput,
  isBase: boolean,
): Promise<Judgement> {
  const base = isBase ? run : await runOnBase(input, lines.onBase);
  if (base !== null && ranNoTests(base.exitCode, base.output)) {
    const reason = "there are no tests to run";
    return { status: "not_applicable", reason, blame: null, diagnostics: [] };
  }
  const more = base === null ? "" : "; the base has some";
  return { ...failedBy(run), reason: `no tests ran${more}` };
}

/** The run of a command on the base; null when it is not known. */
type OnBase = (input: GateInput, command: string) => Promise<CommandRun | null>;

/** True when every failing test fails on the base, too; without test names, when the output has no new lines. */
async function failsAlike(
  { input, run, lines }: Pick<JudgeInput, "input" | "run" | "lines">,
  onBase: OnBase,
): Promise<boolean> {
  const outputs: string[] = [];
  for (const command of lines.onBase) {
    const base = await onBase(input, command);
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
  const reason = `${redBaseWords}: it fails in the same way without the change (${run.exit})`;
  return { status: "failed", reason, blame: "base", diagnostics: [] };
}

function failedBy(run: CommandRun): Judgement {
  const names = failingTests(run.output);
  const named = names.length === 0 ? "" : `: ${listed(names, 3)}`;
  return { status: "failed", reason: `${run.exit}${named}`, blame: "attempt", diagnostics: [] };
}
