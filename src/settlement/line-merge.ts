/**
 * Keeps a fixer's changes only where the attempt changed something itself. Pure.
 *
 * Three texts: the base's, the attempt's, the fixed one. Hunks from attempt to fixed survive when
 * they touch a line the attempt changed or added; the rest of the attempt's text stays byte for byte.
 */

interface Hunk {
  /** Lines `from` to `to` (exclusive) of the old text become these. */
  from: number;
  to: number;
  lines: string[];
}

/** The attempt's text with the fixer's hunks that touch changed lines. */
export function keepFixes(texts: { base: string | null; attempt: string; fixed: string }): string {
  if (texts.base === null) return texts.fixed;
  const attempt = linesOf(texts.attempt);
  const changed = changedLines(linesOf(texts.base), attempt);
  const kept = hunks(attempt, linesOf(texts.fixed))
    .flatMap((hunk) => aligned(hunk, attempt))
    .flatMap(lineByLine)
    .filter((hunk) => within(hunk, changed));
  const result: string[] = [];
  let at = 0;
  for (const hunk of kept) {
    result.push(...attempt.slice(at, hunk.from), ...hunk.lines);
    at = hunk.to;
    // The fixed text may end here where the attempt's goes on.
    if (at < attempt.length && !(result.at(-1) ?? "\n").endsWith("\n")) result.push("\n");
  }
  return [...result, ...attempt.slice(at)].join("");
}

/** A hunk parted at lines that only changed their spaces: those are replaced one for one. */
function aligned(hunk: Hunk, text: readonly string[]): Hunk[] {
  const old = text.slice(hunk.from, hunk.to);
  if (old.length === hunk.lines.length) return [hunk];
  const bare = (line: string): string => line.replace(/\s+/g, "");
  const parts: Hunk[] = [];
  let from = 0;
  let to = 0;
  const pairUpTo = (end: number): void => {
    for (; from < end; from++, to++) {
      const line = hunk.lines[to] ?? "";
      if (line !== old[from]) parts.push({ from, to: from + 1, lines: [line] });
    }
  };
  for (const inner of script(old.map(bare), hunk.lines.map(bare))) {
    pairUpTo(inner.from);
    const lines = hunk.lines.slice(to, to + inner.lines.length);
    parts.push({ from: inner.from, to: inner.to, lines });
    from = inner.to;
    to += lines.length;
  }
  pairUpTo(old.length);
  return parts.map((part) => ({ ...part, from: part.from + hunk.from, to: part.to + hunk.from }));
}

/** A hunk that replaces lines one for one, as one hunk each: a neighbour's fix is not the attempt's. */
function lineByLine(hunk: Hunk): Hunk[] {
  if (hunk.to - hunk.from !== hunk.lines.length) return [hunk];
  return hunk.lines.map((line, i) => ({
    from: hunk.from + i,
    to: hunk.from + i + 1,
    lines: [line],
  }));
}

/** Whether a hunk changes only lines the attempt changed itself. */
function within(hunk: Hunk, changed: ReadonlySet<number>): boolean {
  // A pure insertion belongs to the changed lines it stands between.
  if (hunk.from === hunk.to) return changed.has(hunk.from) || changed.has(hunk.from - 1);
  for (let line = hunk.from; line < hunk.to; line++) if (!changed.has(line)) return false;
  return true;
}

/** Lines with their ends, so that joining them gives the text back. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Positions in `after` of lines that `before` does not have there. */
function changedLines(before: readonly string[], after: readonly string[]): Set<number> {
  const changed = new Set<number>();
  let shift = 0;
  for (const hunk of hunks(before, after)) {
    for (let i = 0; i < hunk.lines.length; i++) changed.add(hunk.from + shift + i);
    shift += hunk.lines.length - (hunk.to - hunk.from);
  }
  return changed;
}

/** Differences by Myers' algorithm, smallest script first; long texts fall back to their middle. */
export function hunks(before: readonly string[], after: readonly string[]): Hunk[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) {
    end++;
  }
  const a = before.slice(start, before.length - end);
  const b = after.slice(start, after.length - end);
  return script(a, b).map((h) => ({ ...h, from: h.from + start, to: h.to + start }));
}

const editsMax = 1000;

function script(a: readonly string[], b: readonly string[]): Hunk[] {
  if (a.length === 0 && b.length === 0) return [];
  const limit = Math.min(a.length + b.length, editsMax);
  // How far each diagonal k reaches is kept at k + d + 1, one row for each number of edits d.
  const trace: Int32Array[] = [Int32Array.of(0, 0, 0)];
  for (let d = 0; d <= limit; d++) {
    const reach = trace[d] ?? new Int32Array(3);
    const next = new Int32Array(2 * d + 5);
    for (let k = -d; k <= d; k += 2) {
      let x = stepsDown(reach, d, k) ? at(reach, d, k + 1) : at(reach, d, k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      next[k + d + 2] = x;
      if (x >= a.length && x - k >= b.length) return walkBack(trace, a, b);
    }
    trace.push(next);
  }
  return [{ from: 0, to: a.length, lines: [...b] }];
}

/** The reach of a diagonal before the step number `d`. */
function at(reach: Int32Array, d: number, k: number): number {
  return reach[k + d + 1] ?? 0;
}

/** Whether step `d` comes to diagonal `k` by an insertion. */
function stepsDown(reach: Int32Array, d: number, k: number): boolean {
  return k === -d || (k !== d && at(reach, d, k - 1) < at(reach, d, k + 1));
}

function walkBack(
  trace: readonly Int32Array[],
  a: readonly string[],
  b: readonly string[],
): Hunk[] {
  const found: Hunk[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = trace.length - 1; d >= 0; d--) {
    const reach = trace[d] ?? new Int32Array(3);
    const k = x - y;
    const down = stepsDown(reach, d, k);
    const before = down ? k + 1 : k - 1;
    const px = d === 0 ? 0 : at(reach, d, before);
    const py = d === 0 ? 0 : px - before;
    while (x > px && y > py && x > 0 && y > 0 && a[x - 1] === b[y - 1]) {
      x--;
      y--;
    }
    if (d === 0) break;
    if (down) found.push({ from: x, to: x, lines: [b[y - 1] ?? ""] });
    else found.push({ from: x - 1, to: x, lines: [] });
    x = px;
    y = py;
  }
  return joined(found.reverse());
}

function joined(pieces: Hunk[]): Hunk[] {
  const result: Hunk[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if (last !== undefined && last.to === piece.from) {
      last.to = piece.to;
      last.lines.push(...piece.lines);
    } else result.push({ ...piece, lines: [...piece.lines] });
  }
  return result;
}
