/** Unreferenced and duplicate functions. */
import { isTestCode } from "../languages/test-path.ts";
import type { CountedFunction } from "./counted-functions.ts";
import type { SourceFile } from "./graph.ts";

interface DeadCode {
  /** Functions that no file references, tests included. Test functions are never dead: a test runner calls them. */
  dead: number;
  /** Copies of a body beyond the first. */
  duplicates: number;
  /** Functions that are dead or duplicates, each counted once. */
  redundant: number;
}

/** Counts by name and by digest of the body, independent of order and location. */
export function deadCode(
  functions: readonly CountedFunction[],
  files: readonly SourceFile[],
): DeadCode {
  const used = new Set(files.flatMap(({ metrics }) => metrics.uses));
  const isDead = (one: CountedFunction): boolean =>
    !one.entry && !one.test && !isTestCode(one.path) && !used.has(simpleName(one.name));
  const groups = new Map<string, { copies: number; dead: number }>();
  let dead = 0;
  let redundant = 0;
  for (const one of functions) {
    const unused = isDead(one) ? 1 : 0;
    dead += unused;
    if (one.body === "") redundant += unused;
    else {
      const group = groups.get(one.body) ?? { copies: 0, dead: 0 };
      groups.set(one.body, { copies: group.copies + 1, dead: group.dead + unused });
    }
  }
  let duplicates = 0;
  for (const group of groups.values()) {
    duplicates += group.copies - 1;
    // One copy is necessary if any copy is used.
    redundant += group.dead === group.copies ? group.copies : group.copies - 1;
  }
  return { dead, duplicates, redundant };
}

function simpleName(qualified: string): string {
  return qualified.replace(/#\d+$/, "").replace(/^.*\./s, "");
}
