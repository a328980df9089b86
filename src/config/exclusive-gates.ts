/** Gates whose commands run while no other gate command runs. Pure. */
import type { Config } from "./config.ts";

/** True when `exclusive_gates` names the gate, or a unit's `test_cmd` contains an exclusive recipe. */
export function runsAlone(
  { exclusiveGates, verify }: Pick<Config, "exclusiveGates" | "verify">,
  gate: string,
  testCmd: string | null,
): boolean {
  if (exclusiveGates.some((name) => name === gate)) return true;
  if (gate !== "tests" || testCmd === null) return false;
  return Object.entries(verify).some(
    ([name, { exclusive, command }]) =>
      exclusive && (testCmd === `verify:${name}` || testCmd.includes(command)),
  );
}
