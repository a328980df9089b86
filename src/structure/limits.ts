/** Structural limits, and the limits that a function exceeds. */
import type { CountedFunction } from "./counted-functions.ts";

export const limits = {
  /** Files that a file may depend on. */
  fanOut: 15,
  /** Files that may depend on an unstable file. */
  fanIn: 20,
  /**
   * Highest instability of a stable file or module: Ce / (Ca + Ce), where Ce counts the dependencies that leave it
   * and Ca those that enter it (R. C. Martin).
   */
  stableInstability: 0.15,
  fileLines: 500,
  functionLines: 50,
  parameters: 4,
  cyclomatic: 15,
  /** Higher, because a `match` lists every case. */
  cyclomaticRust: 20,
  cognitive: 15,
} as const;

export type FunctionProblem =
  | "complex_function"
  | "cognitive_function"
  | "long_function"
  | "many_parameters";

/** Limits that a function exceeds, with its values. */
export function functionProblems(
  one: Pick<
    CountedFunction,
    "language" | "cyclomatic" | "cognitive" | "parameters" | "line" | "endLine"
  >,
): { kind: FunctionProblem; value: number; limit: number }[] {
  const cyclomatic = one.language === "rust" ? limits.cyclomaticRust : limits.cyclomatic;
  const found = [
    { kind: "complex_function" as const, value: one.cyclomatic, limit: cyclomatic },
    { kind: "cognitive_function" as const, value: one.cognitive, limit: limits.cognitive },
    {
      kind: "long_function" as const,
      value: one.endLine - one.line + 1,
      limit: limits.functionLines,
    },
    { kind: "many_parameters" as const, value: one.parameters, limit: limits.parameters },
  ];
  return found.filter(({ value, limit }) => value > limit);
}
