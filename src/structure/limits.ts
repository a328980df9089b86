/** Where a figure begins to be a problem, and the problems of one function. */
import type { CountedFunction } from "./dead-code.ts";

export const limits = {
  /** Files a file may depend on. */
  fanOut: 15,
  /** Files that may depend on one that is not stable. */
  fanIn: 20,
  /** Ce / (Ca + Ce) of what is stable. */
  stability: 0.15,
  fileLines: 500,
  functionLines: 50,
  parameters: 4,
  cyclomatic: 15,
  /** Rust's `match` lists every case. */
  cyclomaticRust: 20,
  cognitive: 15,
} as const;

export type FunctionProblem =
  | "complex_function"
  | "cognitive_function"
  | "long_function"
  | "many_parameters";

/** What is too much about a function: value and limit of each. */
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
