/**
 * `coverage_cmd`, for projects with a baseline: a changed file whose coverage fell by more than
 * `coverage_threshold` points fails.
 *
 * Like is compared with like: the base's figures are those of the same command. Where the command
 * selects tests (`{file}`, `{files}`), the base is measured with the same selection.
 */

import type { Oid } from "../../git/objects.ts";
import { diffTrees } from "../../git/trees.ts";
import { canonicalJson, sha256 } from "../../std/digest.ts";
import type { GateVerdict, SettlementContext } from "../context.ts";
import { figuresOfBase, recordFigures } from "../coverage/figures.ts";
import { type Measured, measure, wholeCommand } from "../coverage/measure.ts";
import { type FileCoverage, percentOf } from "../coverage/report.ts";
import { diagnostic } from "../diagnostics/diagnostic.ts";
import { isTestFile } from "../source-files.ts";
import { fillSelection } from "../tests/test-command.ts";
import { selectTests } from "../tests/test-selection.ts";
import { type CommandRun, takesFiles } from "../trees/command.ts";
import type { CommandLines } from "./command-gate.ts";
import {
  type Applies,
  type GateInput,
  type TreeGate,
  tailOf,
  truncatedOutput,
  verdictOf,
} from "./gate.ts";

export const coverageGate: TreeGate = {
  name: "coverage",
  reads: "gate_tree",
  configured: ({ commands }) => commands.coverage !== null,
  applies,
  commands: async (input) => {
    const { onTree, onBase } = await filled(input);
    const { config, coverage } = input.context;
    const baseline = coverage.baseline.ok ? coverage.baseline.baseline : null;
    const settings = { threshold: config.coverageThreshold, baseline };
    return [...onTree, ...onBase, sha256(canonicalJson(settings))];
  },
  async run(input, place) {
    const { context: c, request } = input;
    const problem = unusable(input);
    if (problem !== null) {
      return verdictOf("coverage", { status: "errored", reason: problem, blame: "environment" });
    }
    const commands = await filled(input);
    const after = await measure(c, place, { tree: request.tree, commands: commands.onTree });
    recordFigures(c, request.tree, commands.onTree, after);
    const { run } = after;
    return verdictOf("coverage", {
      command: run.command,
      exit: run.exit,
      durationMs: run.durationMs,
      output: c.putOutput(truncatedOutput(run.output)),
      tail: tailOf(run.output),
      changedPaths: run.changedPaths,
      ...(await judge(input, commands, after)),
    });
  },
};

function applies(input: GateInput): Applies {
  const { coverage } = input.context;
  if (coverage.baseline.ok && coverage.baseline.baseline === null) {
    return { runs: false, reason: "no coverage baseline (dgov coverage-baseline)" };
  }
  return unusable(input) !== null || input.files.inBase.length > 0
    ? { runs: true }
    : { runs: false, reason: "no changed file was there before" };
}

/** Why there is nothing to compare although a baseline was asked for; null when there is. */
function unusable({ context: c }: GateInput): string | null {
  if (!c.coverage.baseline.ok) return c.coverage.baseline.reason;
  const takesOutput = (c.config.commands.coverage ?? "").includes("{output}");
  return takesOutput ? null : "coverage_cmd has no {output} to write its report to";
}

const fills = new WeakMap<GateInput, Promise<CommandLines>>();

/** The command with everything filled in but `{output}`; worked out once for a tree. */
function filled(input: GateInput): Promise<CommandLines> {
  const known = fills.get(input) ?? fill(input);
  fills.set(input, known);
  return known;
}

/**
 * A command that selects gets the tests the change concerns. It is the full one where those say
 * nothing of the base: there are none of them there, or the change takes tests away.
 */
async function fill({ context: c, request, baseTree }: GateInput): Promise<CommandLines> {
  const template = c.config.commands.coverage ?? "";
  const { tree, signal } = request;
  if (takesFiles(template) && tree !== baseTree && !(await removesTests(c, baseTree, tree))) {
    const chosen = await selectTests(c, { base: baseTree, tree, signal });
    if (chosen.onBase.length > 0) return fillSelection(c.config, template, chosen);
  }
  return { onTree: await wholeCommand(c, tree), onBase: await wholeCommand(c, baseTree) };
}

async function removesTests(c: SettlementContext, base: Oid, tree: Oid): Promise<boolean> {
  const prefix = c.projectDir === "" ? "" : `${c.projectDir}/`;
  const gone = (await diffTrees(c.repository, base, tree)).filter(
    ({ path, newMode }) => newMode === "000000" && path.startsWith(prefix),
  );
  return gone.some(({ path }) => isTestFile(c.config, path.slice(prefix.length)));
}

type Judged = Pick<GateVerdict, "status" | "reason" | "blame"> & Partial<GateVerdict>;

async function judge(input: GateInput, commands: CommandLines, after: Measured): Promise<Judged> {
  const { run, report } = after;
  if (run.status === "cancelled") {
    return { status: "errored", reason: "cancelled", blame: "environment" };
  }
  if (report === null || !report.ok) return unmeasured(input, commands, after);
  if (input.request.tree === input.baseTree) return { status: "passed", reason: "", blame: null };
  const before = await figuresOfBase(input, commands.onBase);
  if (before.ok) return compared(input, before.files, report.files);
  const { measured } = before;
  if (measured?.run.status === "failed") {
    // A change that mends a red base must be able to land; its tests passed.
    const reason = `base is red: the command fails there (${measured.run.exit}), so there is no figure to compare with`;
    return { status: "not_applicable", reason, blame: "base" };
  }
  const why = measured === null ? "it could not be prepared" : problemOf(measured);
  return { status: "errored", reason: `the base cannot be measured: ${why}`, blame: "environment" };
}

/** A tree without figures: whose doing that is. */
async function unmeasured(
  input: GateInput,
  { onBase }: CommandLines,
  after: Measured,
): Promise<Judged> {
  const status = after.run.status === "failed" ? "failed" : "errored";
  const blame = status === "failed" ? "base" : "environment";
  const reason = problemOf(after);
  const red = status === "failed" ? `base is red: ${reason} without the change too` : reason;
  if (input.request.tree === input.baseTree) return { status, reason: red, blame };
  const before = await figuresOfBase(input, onBase);
  const same = !before.ok && (before.measured === null || statusOf(before.measured) === status);
  return same ? { status, reason: red, blame } : { status, reason, blame: "attempt" };
}

function statusOf({ run }: Measured): "failed" | "errored" {
  return run.status === "failed" ? "failed" : "errored";
}

function problemOf({ run, report }: Measured): string {
  if (report !== null && !report.ok) return `the coverage report cannot be used: ${report.reason}`;
  return run.status === "failed" ? `the command fails (${run.exit})` : endOf(run);
}

function endOf({ exit, exitCode, output }: CommandRun): string {
  const missing = exitCode === 126 || exitCode === 127;
  return missing ? `${exit}: ${output.trim().split("\n").at(-1) ?? ""}` : exit;
}

interface Drop {
  before: FileCoverage;
  /** Null when the report does not name it any more. */
  after: FileCoverage | null;
  points: number;
}

/** The changed files that both trees have, and how far their coverage fell. */
function compared(
  { context: c, files }: GateInput,
  before: readonly FileCoverage[],
  after: readonly FileCoverage[],
): Judged {
  const allowed = c.config.coverageThreshold;
  const now = new Map(after.map((file) => [file.path, file]));
  const changed = new Set(files.inBase);
  const drops = before
    // A file with nothing to cover has no figure to fall from.
    .filter(({ path, total }) => changed.has(path) && total > 0)
    .map((file): Drop => {
      const found = now.get(file.path) ?? null;
      const points = percentOf(file) - (found === null ? 0 : percentOf(found));
      return { before: file, after: found, points };
    })
    .filter(({ points }) => points > allowed + rounding);
  if (drops.length === 0) return { status: "passed", reason: "", blame: null };
  const more = drops.length > 3 ? ` and ${drops.length - 3} more` : "";
  const named = drops.slice(0, 3).map((drop) => `${drop.before.path}: ${wordsOf(drop)}`);
  return {
    status: "failed",
    reason: `coverage fell by more than ${allowed} points: ${named.join(", ")}${more}`,
    blame: "attempt",
    diagnostics: drops.map((drop) =>
      diagnostic({
        file: drop.before.path,
        code: "coverage",
        message: `coverage ${wordsOf(drop)}`,
      }),
    ),
  };
}

/** Points lost to arithmetic. */
const rounding = 1e-9;

function wordsOf({ before, after }: Drop): string {
  const share = (file: FileCoverage): string =>
    `${percentOf(file).toFixed(1)} % (${file.covered} of ${file.total})`;
  return after === null
    ? `${share(before)} before, now not in the report`
    : `${share(before)} before, now ${share(after)}`;
}
