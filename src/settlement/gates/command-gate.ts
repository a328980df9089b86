/**
 * A gate that is made of configured commands: all of them run, so that one retry sees every failure,
 * and the worst decides.
 */
import type { Config } from "../../config/config.ts";
import type { GateVerdict } from "../context.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { type CommandRun, combineRuns, fillTemplate } from "../trees/command.ts";
import type { GateTreeLease } from "../trees/lease.ts";
import type { VerdictKey } from "../verdict-cache.ts";
import { recordRun, runOnBase } from "./base-comparison.ts";
import {
  type GateInput,
  type GateName,
  type TreeGate,
  tailOf,
  truncatedOutput,
  verdictOf,
} from "./gate.ts";

/** One configured command, as it runs on the tree and on the base. */
export interface CommandLines {
  onTree: string[];
  onBase: string[];
  /** What is run and judged instead when the run on the tree says nothing. */
  instead?: { when(run: CommandRun): boolean; filled: CommandLines };
}

/** What one command's run comes to. */
export interface Judgement {
  status: GateVerdict["status"];
  reason: string;
  blame: GateVerdict["blame"];
  diagnostics: Diagnostic[];
}

/** What a judge may ask for: the same command once more, and the same command on the base. */
export interface JudgeInput {
  input: GateInput;
  run: CommandRun;
  filled: CommandLines;
  again(): Promise<CommandRun>;
}

/** A gate of configured commands, whose failures `judge` reads. */
export function commandGate(o: {
  name: GateName;
  templates(config: Config, testCmd: string | null): string[];
  /** With the changed files of its kind, unless told otherwise. */
  fill?(input: GateInput, template: string): Promise<CommandLines>;
  judge(judging: JudgeInput): Promise<Judgement>;
  /** A second look at a run that passed; null when it did. */
  doubt?(judging: JudgeInput): Promise<Judgement | null>;
}): TreeGate {
  const fill = (input: GateInput): Promise<CommandLines[]> => {
    const { config } = input.context;
    const templates = o.templates(config, input.request.testCmd);
    return Promise.all(templates.map((template) => (o.fill ?? withChanged)(input, template)));
  };
  return {
    name: o.name,
    reads: "gate_tree",
    configured: (config, testCmd) => o.templates(config, testCmd).length > 0,
    applies: async (input) =>
      (await fill(input)).some(({ onTree }) => onTree.length > 0)
        ? { runs: true }
        : { runs: false, reason: "no changed file is of its kind" },
    commands: async (input) => (await fill(input)).flatMap(({ onTree }) => onTree),
    async passed(input) {
      const commands = (await fill(input)).flatMap(({ onTree }) => onTree);
      const { cache } = input.context;
      const all = commands.every((one) => cache.get(passKey(input, o.name, one)) !== null);
      if (!all || commands.length === 0) return null;
      const command = commands.join(" ; ");
      return verdictOf(o.name, { command, exit: "exit code 0", cached: true });
    },
    async run(input, place) {
      const parts: { run: CommandRun; judged: Judgement }[] = [];
      for (let filled of await fill(input)) {
        if (filled.onTree.length === 0) continue;
        let run = await runAll(input, place, filled.onTree);
        if (filled.instead?.when(run)) {
          filled = filled.instead.filled;
          run = await runAll(input, place, filled.onTree);
        }
        const { onTree } = filled;
        if (run.status === "passed") rememberPass(input, o.name, onTree);
        const again = () => runAll(input, place, onTree);
        parts.push({ run, judged: await judgeRun({ input, run, filled, again }, o) });
        if (run.status === "cancelled") break;
      }
      return merged(input, o.name, parts);
    },
  };
}

/** A command that passed at once passes on this tree whatever it is compared with. */
function rememberPass(input: GateInput, gate: GateName, commands: readonly string[]): void {
  for (const command of commands) {
    const verdict = verdictOf(gate, { command, exit: "exit code 0" });
    input.context.cache.put(passKey(input, gate, command), verdict);
  }
}

function passKey({ context, request }: GateInput, gate: GateName, command: string): VerdictKey {
  const setup = context.config.worktree.setup ?? "";
  return { tree: request.tree, base: "", gate, command: `${setup}\n${command}` };
}

async function withChanged({ context, files }: GateInput, template: string): Promise<CommandLines> {
  return {
    onTree: fillTemplate(context.config, template, files.inTree),
    onBase: fillTemplate(context.config, template, files.inBase),
  };
}

async function runAll(
  input: GateInput,
  place: GateTreeLease,
  commands: readonly string[],
): Promise<CommandRun> {
  const runs: CommandRun[] = [];
  for (const command of commands) {
    const run = await place.run(command);
    recordRun(input.context, input.request.tree, run);
    runs.push(run);
    if (run.status === "cancelled") break;
  }
  return combineRuns(runs);
}

async function judgeRun(
  judging: JudgeInput,
  o: Pick<Parameters<typeof commandGate>[0], "judge" | "doubt">,
): Promise<Judgement> {
  const { run } = judging;
  const plain = { reason: "", blame: null, diagnostics: [] };
  if (run.status === "passed") return (await o.doubt?.(judging)) ?? { ...plain, status: "passed" };
  if (run.status === "failed") return o.judge(judging);
  if (run.status === "cancelled") {
    return { ...plain, status: "errored", reason: "cancelled", blame: "environment" };
  }
  // What cannot be judged here but can on the base is the attempt's doing.
  const { exit, exitCode, output } = run;
  const missing = exitCode === 126 || exitCode === 127 ? `: ${lastLine(output)}` : "";
  const blame = (await failsOnBase(judging)) ? "environment" : "attempt";
  return { ...plain, status: "errored", reason: `${exit}${missing}`, blame };
}

async function failsOnBase({ input, filled }: JudgeInput): Promise<boolean> {
  if (input.request.tree === input.baseTree) return true;
  const base = await runOnBase(input, filled.onBase);
  return base === null ? filled.onBase.length > 0 : base.status === "errored";
}

const worstFirst = ["errored", "failed", "flaky", "passed", "not_applicable"] as const;

/** The verdict over all commands of a gate. */
function merged(
  input: GateInput,
  gate: string,
  parts: readonly { run: CommandRun; judged: Judgement }[],
): GateVerdict {
  const statuses = parts.map(({ judged }) => judged.status);
  const status = worstFirst.find((one) => statuses.includes(one)) ?? "passed";
  const bad = parts.filter(({ judged }) => judged.status === status);
  const all = combineRuns(parts.map(({ run }) => run));
  const blames = bad.map(({ judged }) => judged.blame);
  const titled = parts.length > 1 && status !== "passed";
  const output = parts
    .map(({ run }) => (titled ? `$ ${run.command}\n${run.output}` : run.output))
    .join("\n");
  const telling = bad.map(({ run }) => (titled ? `$ ${run.command}\n${run.output}` : run.output));
  return verdictOf(gate, {
    status,
    reason: [...new Set(bad.map(({ judged }) => judged.reason))].filter(Boolean).join("; "),
    command: all.command,
    exit: bad[0]?.run.exit ?? null,
    durationMs: all.durationMs,
    output: input.context.putOutput(truncatedOutput(output)),
    tail: tailOf(telling.join("\n")),
    diagnostics: parts.flatMap(({ judged }) => judged.diagnostics),
    changedPaths: all.changedPaths,
    blame:
      blames.find((blame) => blame === "base") ?? blames.find((blame) => blame !== null) ?? null,
  });
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
