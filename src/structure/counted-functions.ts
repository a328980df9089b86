/** The functions from which figures, dead code and offenders are computed. */
import type { SourceFile } from "./graph.ts";
import type { FunctionMetrics } from "./measure.ts";

/** A function with its file. */
export interface CountedFunction extends FunctionMetrics {
  path: string;
  language: string;
}

/** Functions of the counted files, in order; test functions only with `includeTests`. */
export function countedFunctions(
  files: readonly SourceFile[],
  includeTests: boolean,
): CountedFunction[] {
  return files.flatMap(({ path, metrics, counted }) =>
    counted
      ? metrics.functions
          .filter(({ test }) => includeTests || !test)
          .map((one) => ({ ...one, path, language: metrics.language }))
      : [],
  );
}
