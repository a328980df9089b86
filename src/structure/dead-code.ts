/** Functions one could do without: those nobody names, and copies of others. */
import type { SourceFile } from "./graph.ts";
import type { FunctionMetrics } from "./measure.ts";

export interface DeadCode {
  /** Not named anywhere, tests included. */
  dead: number;
  /** Copies beyond the first of each. */
  duplicates: number;
  /** Either, each function once. */
  redundant: number;
}

/** Counts by name and by digest of the body, so neither order nor place matters. */
export function deadCode(
  functions: readonly CountedFunction[],
  files: readonly SourceFile[],
): DeadCode {
  const used = new Set(files.flatMap(({ metrics }) => metrics.uses));
  const isDead = (one: CountedFunction): boolean => !one.entry && !used.has(simpleName(one.name));
  const groups = new Map<string, { copies: number; dead: number }>();
  let dead = 0;
  let redundant = 0;
  for (const one of functions) {
    const gone = isDead(one) ? 1 : 0;
    dead += gone;
    if (one.body === "") redundant += gone;
    else {
      const group = groups.get(one.body) ?? { copies: 0, dead: 0 };
      groups.set(one.body, { copies: group.copies + 1, dead: group.dead + gone });
    }
  }
  let duplicates = 0;
  for (const group of groups.values()) {
    duplicates += group.copies - 1;
    // One copy stays if any is in use.
    redundant += group.dead === group.copies ? group.copies : group.copies - 1;
  }
  return { dead, duplicates, redundant };
}

function simpleName(qualified: string): string {
  return qualified.replace(/#\d+$/, "").replace(/^.*\./s, "");
}

// ------------------------------------------------------------
// The functions that figures and offenders are made of.

/** A function that counts: not a test. */
export interface CountedFunction extends FunctionMetrics {
  path: string;
  language: string;
}

/** Functions of the files that count, by path and place. */
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
