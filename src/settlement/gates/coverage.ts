/**
 * The coverage gate: `coverage_cmd`, in projects with a coverage baseline. Fails when the coverage of a
 * changed file dropped by more than `coverage_threshold` percentage points.
 *
 * Tree and base are measured with the same command; one that selects tests (`{file}`, `{files}`) is given
 * the same selection for both.
 */
import { canonicalJson, sha256 } from "../../std/digest.ts";
import { listed } from "../../std/text.ts";
import { figuresOfBase, recordFigures } from "../coverage/figures.ts";
import { type Measured, measureCoverage } from "../coverage/measure.ts";
import { type FileCoverage, percentOf } from "../coverage/report.ts";
import { diagnostic } from "../diagnostics/diagnostic.ts";
import { isTestFile } from "../source-files.ts";
import { fillSelection, fillTestTemplate } from "../tests/test-command.ts";
import { type CommandRun, takesFiles } from "../trees/command.ts";
import {
  failureTailOf,
  type GateVerdict,
  lastLine,
  redBase,
  truncatedOutput,
  verdictOf,
} from "../verdict.ts";
import type { Applies, CommandLines, GateInput, TreeGate } from "./gate.ts";
import { fillBoth } from "./history.ts";

export const coverageGate: TreeGate = {
  name: "coverage",
  reads: "gate_tree",
  isFlaky: true,
  templates: ({ commands }) => (commands.coverage === null ? [] : [commands.coverage]),
  configured: ({ commands }) => commands.coverage !== null,
  applies,
  commands: async (input) => {
    const { onTree, onBase } = await fill(input);
    const { config, coverageBaseline } = input.context;
    const baseline = coverageBaseline.ok ? coverageBaseline.baseline : null;
    const settings = { threshold: config.coverageThreshold, baseline };
    return [...onTree, ...onBase, sha256(canonicalJson(settings))];
  },
  async run(input, lease) {
    const { context: c, onTree } = input;
    const problem = configurationProblem(input);
    if (problem !== null) {
      return verdictOf("coverage", { status: "errored", reason: problem, blame: "environment" });
    }
    const lines = await fill(input);
    const { tree, history } = onTree;
    const after = await measureCoverage(c, lease, {
      tree,
      history,
      commands: lines.onTree,
      mode: input.mode,
    });
    recordFigures(c, onTree.key, lines.onTree, after);
    const { run } = after;
    return verdictOf("coverage", {
      command: run.command,
      exit: run.exit,
      durationMs: run.durationMs,
      output: c.putOutput(truncatedOutput(run.output)),
      tail: failureTailOf(run.output),
      changedPaths: run.changedPaths,
      ...(await judge(input, lines, after)),
    });
  },
};

function applies(input: GateInput): Applies {
  const { coverageBaseline } = input.context;
  if (coverageBaseline.ok && coverageBaseline.baseline === null) {
    return { runs: false, reason: "no coverage baseline (dgov coverage-baseline)" };
  }
  return configurationProblem(input) !== null || input.files.inBase.length > 0
    ? { runs: true }
    : { runs: false, reason: "no changed file exists in the base" };
}

/** The reason why the configured gate cannot measure; null when it can. */
function configurationProblem({ context: c }: GateInput): string | null {
  if (!c.coverageBaseline.ok) return c.coverageBaseline.reason;
  const takesOutput = (c.config.commands.coverage ?? "").includes("{output}");
  return takesOutput ? null : "coverage_cmd has no {output} to write its report to";
}

/**
 * Fills `coverage_cmd`, except `{output}`. A command that selects tests gets the affected ones; or all,
 * when the base has none of those or the change deletes tests, so that both sides run the same tests.
 */
function fill(input: GateInput): Promise<CommandLines> {
  const template = input.context.config.commands.coverage ?? "";
  return fillBoth(input, template, (one) => fillTests(input, one));
}

async function fillTests(input: GateInput, template: string): Promise<CommandLines> {
  const { config } = input.context;
  if (takesFiles(template) && input.request.tree !== input.baseTree && !deletesTests(input)) {
    const selection = await input.selection();
    if (selection.onBase.length > 0) return fillSelection(config, template, selection);
  }
  const folders = await input.testFolders();
  const full = (testDir: string) => fillTestTemplate({ ...config, testDir }, template, []);
  return { onTree: full(folders.inTree), onBase: full(folders.inBase) };
}

function deletesTests({ context: { config, projectPrefix }, changed }: GateInput): boolean {
  return changed.some(
    ({ path, newMode }) =>
      newMode === "000000" &&
      path.startsWith(projectPrefix) &&
      isTestFile(config, path.slice(projectPrefix.length)),
  );
}

type CoverageJudgement = Pick<GateVerdict, "status" | "reason" | "blame"> & Partial<GateVerdict>;

async function judge(
  input: GateInput,
  lines: CommandLines,
  after: Measured,
): Promise<CoverageJudgement> {
  const { run, report } = after;
  if (run.status === "cancelled") {
    return { status: "errored", reason: "cancelled", blame: "environment" };
  }
  if (report === null || !report.ok) return judgeUnmeasured(input, lines, after);
  if (input.request.tree === input.baseTree) return { status: "passed", reason: "", blame: null };
  const before = await figuresOfBase(input, lines.onBase);
  if (before.ok) return compare(input, before.files, report.files);
  const { measured } = before;
  if (measured?.run.status === "failed") {
    // A change that fixes a red base must be able to land; its tests passed.
    const reason = `${redBase}: the command fails there (${measured.run.exit}), so there are no figures to compare with`;
    return { status: "not_applicable", reason, blame: "base" };
  }
  const why = measured === null ? "it could not be prepared" : problemOf(measured);
  return { status: "errored", reason: `the base cannot be measured: ${why}`, blame: "environment" };
}

/** Judges a tree without figures: the base's fault when the base gives none in the same way. */
async function judgeUnmeasured(
  input: GateInput,
  { onBase }: CommandLines,
  after: Measured,
): Promise<CoverageJudgement> {
  const status = statusOf(after);
  const blame = status === "failed" ? "base" : "environment";
  const reason = problemOf(after);
  const onBoth = status === "failed" ? `${redBase}: ${reason} without the change, too` : reason;
  if (input.request.tree === input.baseTree) return { status, reason: onBoth, blame };
  const before = await figuresOfBase(input, onBase);
  const same = !before.ok && (before.measured === null || statusOf(before.measured) === status);
  return same ? { status, reason: onBoth, blame } : { status, reason, blame: "attempt" };
}

function statusOf({ run }: Measured): "failed" | "errored" {
  return run.status === "failed" ? "failed" : "errored";
}

function problemOf({ run, report }: Measured): string {
  if (report !== null && !report.ok) return `the coverage report cannot be used: ${report.reason}`;
  return run.status === "failed" ? `the command fails (${run.exit})` : exitOf(run);
}

function exitOf({ exit, exitCode, output }: CommandRun): string {
  const missing = exitCode === 126 || exitCode === 127;
  return missing ? `${exit}: ${lastLine(output)}` : exit;
}

interface Drop {
  before: FileCoverage;
  /** Null when the report no longer contains the file. */
  after: FileCoverage | null;
}

/** Compares the coverage of the changed files that both trees have. */
function compare(
  { context: c, files }: GateInput,
  before: readonly FileCoverage[],
  after: readonly FileCoverage[],
): CoverageJudgement {
  const allowed = c.config.coverageThreshold;
  const afterByPath = new Map(after.map((file) => [file.path, file]));
  const changed = new Set(files.inBase);
  const drops = before
    // A file with nothing to cover had no figure that could drop.
    .filter(({ path, total }) => changed.has(path) && total > 0)
    .map((file): Drop => ({ before: file, after: afterByPath.get(file.path) ?? null }))
    .filter((drop) => pointsOf(drop) > allowed + rounding);
  if (drops.length === 0) return { status: "passed", reason: "", blame: null };
  const named = drops.map((drop) => `${drop.before.path}: ${dropText(drop)}`);
  return {
    status: "failed",
    reason: `coverage dropped by more than ${allowed} points: ${listed(named, 3)}`,
    blame: "attempt",
    diagnostics: drops.map((drop) =>
      diagnostic({
        file: drop.before.path,
        code: "coverage",
        message: `coverage ${dropText(drop)}`,
      }),
    ),
  };
}

/** Tolerance for floating-point arithmetic, in points. */
const rounding = 1e-9;

function pointsOf({ before, after }: Drop): number {
  return percentOf(before) - (after === null ? 0 : percentOf(after));
}

function dropText({ before, after }: Drop): string {
  const share = (file: FileCoverage): string =>
    `${percentOf(file).toFixed(1)} % (${file.covered} of ${file.total})`;
  return after === null
    ? `${share(before)} before, now not in the report`
    : `${share(before)} before, now ${share(after)}`;
}
