import type { Oid } from "../../git/objects.ts";
import type { SettlementContext } from "../context.ts";
import { type CommandRun, combineRuns } from "../trees/command.ts";
import { withGateTree } from "../trees/lease.ts";
import { type GateInput, tailOf, verdictOf } from "./gate.ts";

/** Runs that did not pass, by tree and command; asked for by several attempts at once, run once. */
export type BaseRuns = Map<string, Promise<CommandRun | null>>;

/**
 * How commands end on the base. Null when there is nothing to say: no commands, a base that cannot
 * be prepared, or the question was cancelled.
 */
export async function runOnBase(
  input: GateInput,
  commands: readonly string[],
): Promise<CommandRun | null> {
  const runs: CommandRun[] = [];
  for (const command of commands) {
    const run = await oneOnBase(input, command);
    if (run === null) return null;
    runs.push(run);
  }
  return runs.length === 0 ? null : combineRuns(runs);
}

/** What is known of a command on the base without running it. */
export async function cachedOnBase(input: GateInput, command: string): Promise<CommandRun | null> {
  const { context: c, baseTree } = input;
  const passed = c.cache.get(passKey(baseTree, command));
  if (passed !== null) return passedRun(command, passed.tail);
  return (await c.baseRuns.get(keyOf(baseTree, command))) ?? null;
}

/** Remembers how a command ended on a tree, which may be somebody's base. */
export function recordRun(c: SettlementContext, tree: Oid, run: CommandRun): void {
  if (run.status === "passed") {
    const { command, exit, output } = run;
    const verdict = verdictOf("command", { command, exit, tail: tailOf(output) });
    c.cache.put(passKey(tree, run.command), verdict);
  } else if (run.status !== "cancelled") {
    c.baseRuns.set(keyOf(tree, run.command), Promise.resolve(run));
  }
}

async function oneOnBase(input: GateInput, command: string): Promise<CommandRun | null> {
  const known = await cachedOnBase(input, command);
  if (known !== null) return known;
  const { context: c, baseTree, request } = input;
  const key = keyOf(baseTree, command);
  const asked = withGateTree(
    c,
    { tree: baseTree, unit: null, marker: request.marker, signal: request.signal },
    async (place) => {
      if (!(await place.prepare()).ok) return null;
      const run = await place.run(command);
      return run.status === "cancelled" ? null : run;
    },
  );
  c.baseRuns.set(key, asked);
  const run = await asked.catch((error: unknown) => {
    c.baseRuns.delete(key);
    throw error;
  });
  // A pass is in the cache; nothing said may be said by the next who asks.
  if (run === null || run.status === "passed") c.baseRuns.delete(key);
  if (run !== null) recordRun(c, baseTree, run);
  return run;
}

function passKey(tree: Oid, command: string) {
  return { tree, base: "", gate: "command", command };
}

function keyOf(tree: Oid, command: string): string {
  return `${tree}\0${command}`;
}

/** Of its output only the end is known. */
function passedRun(command: string, output: string): CommandRun {
  const ended = { status: "passed", exitCode: 0, exit: "exit code 0" } as const;
  return { command, ...ended, output, cut: false, durationMs: 0, changedPaths: [] };
}
