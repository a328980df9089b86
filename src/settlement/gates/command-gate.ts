/**
 * Gates made of configured commands. All commands of a gate run, so that one retry sees every failure; the
 * worst result decides.
 */
import type { Config } from "../../config/config.ts";
import { sandboxHint } from "../../sandbox/hints.ts";
import type { LockMode } from "../../std/shared-lock.ts";
import type { CheckerDiagnostic } from "../diagnostics/diagnostic.ts";
import {
  type CommandRun,
  combineRuns,
  failedBesideOthers,
  fillTemplate,
} from "../trees/command.ts";
import type { GateTreeLease } from "../trees/lease.ts";
import {
  failureTailOf,
  type GateVerdict,
  lastLine,
  truncatedOutput,
  verdictOf,
} from "../verdict.ts";
import type { VerdictKey } from "../verdict-cache.ts";
import { noteSummary, recordRun, runOnBase } from "./base-comparison.ts";
import type { CommandLines, GateInput, TreeGate } from "./gate.ts";
import { fillBoth } from "./history.ts";

/** The judgement of one command's run. */
export interface Judgement {
  status: GateVerdict["status"];
  reason: string;
  blame: GateVerdict["blame"];
  diagnostics: CheckerDiagnostic[];
}

export interface JudgeInput {
  input: GateInput;
  run: CommandRun;
  lines: CommandLines;
}

export interface CommandGateOptions {
  name: string;
  /** Name in the keys of recorded passes; by default the gate's. */
  key?: string;
  isFlaky?: boolean;
  /** The configured commands, with placeholders. */
  templates(config: Config, testCmd: string | null): string[];
  /** The reason why the gate does not apply, apart from its files; null when there is none. */
  inapplicable?(input: GateInput): Promise<string | null>;
  /** Fills a template; by default with the changed source files. */
  fill?(input: GateInput, template: string): Promise<CommandLines>;
  /**
   * True when a failed command runs a second time even if no other gate command ran beside it. Otherwise it
   * runs again, alone, only if one did.
   */
  again?(run: JudgeInput): Promise<boolean>;
  /** Judges a run that failed; its second run when there was one. */
  judge(run: JudgeInput): Promise<Judgement>;
  /** Judges a run that passed; null confirms the pass. */
  verifyPass?(run: JudgeInput): Promise<Judgement | null>;
}

/** Creates a gate of configured commands. */
export function commandGate(o: CommandGateOptions): TreeGate {
  const fill = (input: GateInput): Promise<CommandLines[]> => {
    const templates = o.templates(input.context.config, input.request.testCmd);
    return Promise.all(
      templates.map((template) =>
        fillBoth(input, template, (one) => (o.fill ?? fillChanged)(input, one)),
      ),
    );
  };
  return {
    name: o.name,
    reads: "gate_tree",
    isFlaky: o.isFlaky ?? false,
    templates: o.templates,
    configured: (config, testCmd) => o.templates(config, testCmd).length > 0,
    async applies(input) {
      const reason = (await o.inapplicable?.(input)) ?? null;
      if (reason !== null) return { runs: false, reason };
      return (await fill(input)).some(({ onTree }) => onTree.length > 0)
        ? { runs: true }
        : { runs: false, reason: "no changed file is of its kind" };
    },
    commands: async (input) => [
      ...(await fill(input)).flatMap(({ onTree }) => onTree),
      ...(o.key === undefined ? [] : [o.key]),
    ],
    async passed(input) {
      const commands = (await fill(input)).flatMap(({ onTree }) => onTree);
      const { cache } = input.context;
      const all = commands.every((one) => cache.get(passKey(input, o.key ?? o.name, one)) !== null);
      if (!all || commands.length === 0) return null;
      const command = commands.join(" ; ");
      return verdictOf(o.name, { command, exit: "exit code 0", cached: true });
    },
    async run(input, lease) {
      const parts: Part[] = [];
      for (let lines of await fill(input)) {
        if (lines.onTree.length === 0) continue;
        const runs = new Map<string, CommandRun>();
        let run = await runAll(input, lease, { commands: lines.onTree, runs });
        if (lines.fallback?.when(run)) {
          lines = lines.fallback.lines;
          run = await runAll(input, lease, { commands: lines.onTree, runs });
        }
        const { onTree: commands } = lines;
        const again = () => runAll(input, lease, { commands, runs, mode: "alone" });
        const part = await judgeRun(o, { input, run, lines }, again);
        remember(input, o, runs, part);
        parts.push(part);
        if (part.run.status === "cancelled") break;
      }
      return withSandboxHint(input, o.name, parts);
    },
  };
}

export async function fillChanged(
  { context, files }: GateInput,
  template: string,
): Promise<CommandLines> {
  return {
    onTree: fillTemplate(context.config, template, files.inTree),
    onBase: fillTemplate(context.config, template, files.inBase),
  };
}

/** Runs commands and adds the last run of each to `runs`. */
async function runAll(
  input: GateInput,
  lease: GateTreeLease,
  o: { commands: readonly string[]; runs: Map<string, CommandRun>; mode?: LockMode },
): Promise<CommandRun> {
  const done: CommandRun[] = [];
  for (const command of o.commands) {
    const mode = o.mode ?? input.mode;
    const { access, timeoutMs, onTree } = input;
    const run = await lease.run(command, { mode, access, history: onTree.history, timeoutMs });
    o.runs.set(command, run);
    noteSummary(input.context, run);
    done.push(run);
    if (run.status === "cancelled") break;
  }
  return combineRuns(done);
}

/**
 * Records the runs of a judged part. A pass counts only when the judgement confirmed it: a runner may exit with 0
 * before its summary. Commands that passed without a retry pass on this tree for any base.
 */
function remember(
  input: GateInput,
  { name, key = name }: CommandGateOptions,
  runs: ReadonlyMap<string, CommandRun>,
  { judged }: Part,
): void {
  for (const [command, run] of runs) {
    const confirmed = run.status === "passed" && judged.status === "passed";
    if (run.status === "failed" || confirmed) recordRun(input.context, input.onTree, run);
    if (!confirmed) continue;
    const verdict = verdictOf(name, { command, exit: "exit code 0" });
    input.context.cache.put(passKey(input, key, command), verdict);
  }
}

function passKey({ context, onTree }: GateInput, gate: string, command: string): VerdictKey {
  const setup = context.config.worktree.setup ?? "";
  return { tree: onTree.key, base: "", gate, command: `${setup}\n${command}` };
}

/** Judges a run, or the second run of a command that failed, for which no other gate command runs. */
async function judgeRun(
  o: CommandGateOptions,
  judged: JudgeInput,
  again: () => Promise<CommandRun>,
): Promise<Part> {
  const { run: first } = judged;
  const second = (await runsAgain(o, judged)) ? await again() : first;
  if (second.status !== "passed" || first.status === "passed") {
    return { run: second, judged: await judgeOnce(o, { ...judged, run: second }) };
  }
  const verified = await o.verifyPass?.({ ...judged, run: second });
  if (verified) return { run: second, judged: verified };
  return { run: first, judged: passedAgain(judged.input.context.config, first) };
}

async function runsAgain(o: CommandGateOptions, judged: JudgeInput): Promise<boolean> {
  if (failedBesideOthers(judged.run)) return true;
  return judged.run.status === "failed" && ((await o.again?.(judged)) ?? false);
}

/** The judgement of a command that failed and then passed. A failure beside other gates is not charged. */
function passedAgain({ merge }: Config, { exit, alone }: CommandRun): Judgement {
  if (!alone) {
    const reason = `failed while other gates ran (${exit}), then passed with no other gate running`;
    return { status: "flaky", reason, blame: null, diagnostics: [] };
  }
  const fails = merge.flaky === "fail";
  return {
    status: fails ? "failed" : "flaky",
    reason: `failed once (${exit}), then passed`,
    blame: fails ? "attempt" : null,
    diagnostics: [],
  };
}

async function judgeOnce(o: CommandGateOptions, judged: JudgeInput): Promise<Judgement> {
  const { run } = judged;
  const plain = { reason: "", blame: null, diagnostics: [] };
  if (run.status === "passed") {
    return (await o.verifyPass?.(judged)) ?? { ...plain, status: "passed" };
  }
  if (run.status === "failed") return o.judge(judged);
  if (run.status === "cancelled") {
    return { ...plain, status: "errored", reason: "cancelled", blame: "environment" };
  }
  if (!run.prepared) {
    const reason = `the tree has no dependencies: ${run.exit}`;
    return { ...plain, status: "errored", reason, blame: "environment" };
  }
  // A command that cannot run here but can on the base was broken by the attempt.
  const { exit, exitCode, output } = run;
  const missing = exitCode === 126 || exitCode === 127 ? `: ${lastLine(output)}` : "";
  const blame = (await errorsOnBase(judged)) ? "environment" : "attempt";
  return { ...plain, status: "errored", reason: `${exit}${missing}`, blame };
}

async function errorsOnBase({ input, lines }: JudgeInput): Promise<boolean> {
  if (input.request.tree === input.baseTree) return true;
  const base = await runOnBase(input, lines.onBase);
  return base === null ? lines.onBase.length > 0 : base.status === "errored";
}

/** The run and judgement of one configured command. */
interface Part {
  run: CommandRun;
  judged: Judgement;
}

const worstFirst = ["errored", "failed", "flaky", "passed", "not_applicable"] as const;

/** The merged verdict, whose reason names a key of project.toml when the sandbox may have caused the failure. */
async function withSandboxHint(
  input: GateInput,
  gate: string,
  parts: readonly Part[],
): Promise<GateVerdict> {
  const verdict = mergedVerdict(input, gate, parts);
  const { access, context } = input;
  const failed = verdict.status === "failed" || verdict.status === "errored";
  if (!failed || !access.sandboxed || (await context.sandbox()).level === "off") return verdict;
  const output = parts.map(({ run }) => run.output).join("\n");
  const ownTable = context.config.gates.some(({ name }) => name === gate);
  const hint = sandboxHint(output, { gate, ownTable, network: access.network });
  return hint === null ? verdict : { ...verdict, reason: `${verdict.reason}; ${hint}` };
}

/** The verdict over all commands of a gate. */
function mergedVerdict(input: GateInput, gate: string, parts: readonly Part[]): GateVerdict {
  const statuses = parts.map(({ judged }) => judged.status);
  const status = worstFirst.find((one) => statuses.includes(one)) ?? "passed";
  const worst = parts.filter(({ judged }) => judged.status === status);
  const all = combineRuns(parts.map(({ run }) => run));
  const blames = worst.map(({ judged }) => judged.blame);
  const titled = parts.length > 1 && status !== "passed";
  const outputs = (some: readonly Part[]): string =>
    some.map(({ run }) => (titled ? `$ ${run.command}\n${run.output}` : run.output)).join("\n");
  return verdictOf(gate, {
    status,
    reason: [...new Set(worst.map(({ judged }) => judged.reason))].filter(Boolean).join("; "),
    command: all.command,
    exit: worst[0]?.run.exit ?? null,
    durationMs: all.durationMs,
    output: input.context.putOutput(truncatedOutput(outputs(parts))),
    tail: failureTailOf(outputs(worst)),
    diagnostics: parts.flatMap(({ judged }) => judged.diagnostics),
    changedPaths: all.changedPaths,
    blame:
      blames.find((blame) => blame === "base") ?? blames.find((blame) => blame !== null) ?? null,
  });
}
