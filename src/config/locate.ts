/** Where a key stands in TOML text: the parser keeps no positions, so the text is searched again. */

export interface Place {
  line: number;
  column: number;
  excerpt: string;
}

/**
 * The line of a table header or key, by its path (`["project", "test_cmd"]`). Dotted keys and inline
 * tables are found by the longest part of the path that has a line of its own; null when none has.
 */
export function locateKey(text: string, path: readonly (string | number)[]): Place | null {
  const names = path.filter((part): part is string => typeof part === "string");
  let table: string[] = [];
  let best: { depth: number; place: Place } | null = null;
  /** The first header below the path: `[a.b]` says of `a` where it is when nothing else does. */
  let below: Place | null = null;
  for (const [index, excerpt] of text.split(/\r?\n/).entries()) {
    const header = /^\s*\[\[?\s*([^\]]+?)\s*\]\]?/.exec(excerpt);
    const assignment =
      /^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=/.exec(
        excerpt,
      );
    let found: string[] | null = null;
    if (header?.[1] !== undefined) {
      table = keyParts(header[1]);
      found = table;
    } else if (assignment?.[1] !== undefined) found = [...table, ...keyParts(assignment[1])];
    if (found === null) continue;
    const depth = commonDepth(found, names);
    const column = excerpt.length - excerpt.trimStart().length + 1;
    const place = { line: index + 1, column, excerpt };
    if (depth === names.length && depth < found.length) below ??= place;
    if (depth < found.length || depth <= (best?.depth ?? 0)) continue;
    best = { depth, place };
  }
  return best?.depth === names.length ? best.place : (below ?? best?.place ?? null);
}

function keyParts(key: string): string[] {
  return [...key.matchAll(/"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? "",
  );
}

function commonDepth(a: readonly string[], b: readonly string[]): number {
  let depth = 0;
  while (depth < a.length && depth < b.length && a[depth] === b[depth]) depth++;
  return depth;
}
