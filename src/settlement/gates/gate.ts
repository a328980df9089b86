/** A gate: a command that judges a tree, and how its answer is read. */
import type { Config } from "../../config/config.ts";

export type GateName = "format" | "lint" | "types" | "tests";

export interface Gate {
  name: GateName;
  /** Shell texts before substitution; all must pass. Empty when there is nothing to run. */
  commands: string[];
  /** Whether a failure may be one of the machine's moods: run again once. */
  retried: boolean;
}

/** Every gate in the order of its price, for a unit with this test command of its own. */
export function gatesOf(config: Config, testCmd: string | null): Gate[] {
  const { formatCheck, lint, typeCheck, test } = config.commands;
  const one = (command: string | null): string[] => (command === null ? [] : [command]);
  const tests = [...one(resolveRecipe(config, testCmd)), ...one(test)];
  return [
    { name: "format", commands: one(formatCheck), retried: false },
    { name: "lint", commands: one(lint), retried: false },
    { name: "types", commands: one(typeCheck), retried: false },
    { name: "tests", commands: [...new Set(tests)], retried: true },
  ];
}

function resolveRecipe(config: Config, testCmd: string | null): string | null {
  const name = testCmd === null ? undefined : /^verify:(.*)$/.exec(testCmd)?.[1];
  return name === undefined ? testCmd : (config.verify[name]?.command ?? null);
}

/** Gates whose verdict every landing of a plan needs. */
export function requiredGates(config: Config, testCmds: readonly (string | null)[]): GateName[] {
  const names = [null, ...testCmds].flatMap((testCmd) =>
    gatesOf(config, testCmd)
      .filter((gate) => gate.commands.length > 0)
      .map((gate) => gate.name),
  );
  return (["format", "lint", "types", "tests"] as const).filter((name) => names.includes(name));
}
