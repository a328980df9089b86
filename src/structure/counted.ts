/** The functions that figures and offenders are made of. */
import type { SourceFile } from "./graph.ts";
import type { FunctionFacts } from "./measure.ts";

/** A function that counts: not a test. */
export interface CountedFunction extends FunctionFacts {
  path: string;
  language: string;
}

/** Functions of the files that count, by path and place. */
export function countedFunctions(
  files: readonly SourceFile[],
  includeTests: boolean,
): CountedFunction[] {
  return files.flatMap(({ path, facts, counted }) =>
    counted
      ? facts.functions
          .filter(({ test }) => includeTests || !test)
          .map((one) => ({ ...one, path, language: facts.language }))
      : [],
  );
}
