/** Runs of a gate's commands on the base, so that an attempt is not charged with what failed before it. */
import { memoByOwner } from "../../std/once.ts";
import type { SettlementContext } from "../context.ts";
import { endedEarly, printsSummary } from "../diagnostics/test-output.ts";
import { type CommandRun, combineRuns } from "../trees/command.ts";
import { withGateTree } from "../trees/gate-trees.ts";
import { runConfirmed } from "../trees/lease.ts";
import { tailOf, verdictOf } from "../verdict.ts";
import type { GateInput, TreeView } from "./gate.ts";

/**
 * Runs that failed, by tree and command; attempts on the same base share one. Passed runs are in the verdict
 * cache. A run that could not be prepared or did not end by itself is not kept, so that the next caller retries.
 */
const runs = memoByOwner<SettlementContext, Promise<CommandRun | null>>({
  keep: (run) => run?.status === "failed",
});

/**
 * Runs commands on the base, or takes their recorded results. Null when there are no commands, the base
 * cannot be prepared, or the request was cancelled.
 */
export async function runOnBase(
  input: GateInput,
  commands: readonly string[],
): Promise<CommandRun | null> {
  const done: CommandRun[] = [];
  for (const command of commands) {
    const run = await runOneOnBase(input, command);
    if (run === null) return null;
    done.push(run);
  }
  return done.length === 0 ? null : combineRuns(done);
}

/** The recorded result of a command on the base; null when there is none. */
export async function cachedOnBase(input: GateInput, command: string): Promise<CommandRun | null> {
  const { context: c, onBase } = input;
  const passed = c.cache.get(passKey(onBase, command));
  if (passed !== null) return passedRun(command, passed.tail);
  return (await runs.peek(c, keyOf(onBase, command))) ?? null;
}

/**
 * Records the result of a command on a tree, which may become the base of another attempt. Not recorded: a pass
 * whose runner exited before its summary, and a failure beside other gate commands, which may have caused it.
 */
export function recordRun(c: SettlementContext, tree: TreeView, run: CommandRun): void {
  if (run.status === "passed") {
    if (endedEarly(run.command, run.output)) return;
    const { command, exit, output } = run;
    const verdict = verdictOf("command", { command, exit, tail: tailOf(output) });
    c.cache.put(passKey(tree, run.command), verdict);
  } else if (run.status === "failed" && run.alone) {
    runs.set(c, keyOf(tree, run.command), Promise.resolve(run));
  }
}

/** Commands that printed a test runner's summary in a run of this settlement, on whatever tree. */
const summarized = new WeakMap<SettlementContext, Set<string>>();

/** Notes a command whose output has a test runner's summary. */
export function noteSummary(c: SettlementContext, { command, output }: CommandRun): void {
  if (!printsSummary(output)) return;
  const commands = summarized.get(c) ?? new Set();
  summarized.set(c, commands.add(command));
}

/** The commands that printed a test runner's summary in this settlement. */
export function summarizedCommands(c: SettlementContext): string[] {
  return [...(summarized.get(c) ?? [])].toSorted();
}

/** Notes commands that printed a test runner's summary in an earlier run. */
export function noteSummarized(c: SettlementContext, commands: readonly string[]): void {
  summarized.set(c, new Set([...(summarized.get(c) ?? []), ...commands]));
}

/** True when one of these commands has printed a test runner's summary before. */
export function printedSummary(c: SettlementContext, commands: readonly string[]): boolean {
  return commands.some((command) => summarized.get(c)?.has(command) ?? false);
}

async function runOneOnBase(input: GateInput, command: string): Promise<CommandRun | null> {
  const cached = await cachedOnBase(input, command);
  if (cached !== null) return cached;
  const { context: c, onBase, request, mode, access, timeoutMs } = input;
  const { marker, signal } = request;
  const run = await runs(c, keyOf(onBase, command), () =>
    withGateTree(c, { tree: onBase.tree, unit: null, marker, signal }, async (lease) => {
      if (!(await lease.prepare()).ok) return null;
      const result = await runConfirmed(lease, command, {
        history: onBase.history,
        mode,
        access,
        timeoutMs,
      });
      return result.status === "cancelled" ? null : result;
    }),
  );
  if (run !== null) recordRun(c, onBase, run);
  return run;
}

function passKey({ key: tree }: TreeView, command: string) {
  return { tree, base: "", gate: "command", command };
}

function keyOf({ key }: TreeView, command: string): string {
  return `${key}\0${command}`;
}

/** A cached pass as a run; its output is only the recorded tail. */
function passedRun(command: string, output: string): CommandRun {
  const ended = { status: "passed", exitCode: 0, exit: "exit code 0" } as const;
  return {
    command,
    ...ended,
    output,
    cut: false,
    durationMs: 0,
    alone: true,
    prepared: true,
    changedPaths: [],
  };
}
