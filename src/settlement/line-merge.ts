/**
 * Restricts a fixer's changes to the lines that the attempt changed itself. Pure.
 *
 * Of the hunks between the attempt's text and the fixed text, those survive that change only lines which
 * the attempt changed or added; the rest of the attempt's text stays byte for byte.
 */
import { diffArrays } from "diff";

/** A replacement of the lines `from` to `to` (exclusive) of the old text. */
interface Hunk {
  from: number;
  to: number;
  lines: string[];
}

/** The attempt's text with the fixer's hunks on changed lines. `base` is null for a new file. */
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
    // The fixed text may end here without a newline, while the attempt's text continues.
    if (at < attempt.length && !(result.at(-1) ?? "\n").endsWith("\n")) result.push("\n");
  }
  return [...result, ...attempt.slice(at)].join("");
}

/** Splits a hunk at lines that differ only in white space; those become one-line hunks. */
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

/** Splits a hunk with as many new lines as old into one-line hunks, which survive independently. */
function lineByLine(hunk: Hunk): Hunk[] {
  if (hunk.to - hunk.from !== hunk.lines.length) return [hunk];
  return hunk.lines.map((line, i) => ({
    from: hunk.from + i,
    to: hunk.from + i + 1,
    lines: [line],
  }));
}

/** True when a hunk changes only lines that the attempt changed itself. */
function within(hunk: Hunk, changed: ReadonlySet<number>): boolean {
  // An insertion survives next to a changed line.
  if (hunk.from === hunk.to) return changed.has(hunk.from) || changed.has(hunk.from - 1);
  for (let line = hunk.from; line < hunk.to; line++) if (!changed.has(line)) return false;
  return true;
}

/** Lines including their newlines; joined they are the text again. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Indices in `after` of lines that were changed or added. */
function changedLines(before: readonly string[], after: readonly string[]): Set<number> {
  const changed = new Set<number>();
  let shift = 0;
  for (const hunk of hunks(before, after)) {
    for (let i = 0; i < hunk.lines.length; i++) changed.add(hunk.from + shift + i);
    shift += hunk.lines.length - (hunk.to - hunk.from);
  }
  return changed;
}

/** The hunks that turn one text into the other, smallest edit script first. */
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

/** Edits beyond which two texts are not compared line by line; the cost grows with their square. */
const maxEditLength = 1000;

function script(before: readonly string[], after: readonly string[]): Hunk[] {
  const changes = diffArrays([...before], [...after], { maxEditLength });
  if (changes === undefined) return [{ from: 0, to: before.length, lines: [...after] }];
  const found: Hunk[] = [];
  let at = 0;
  for (const { added, removed, value } of changes) {
    if (!added && !removed) {
      at += value.length;
      continue;
    }
    let hunk = found.at(-1);
    if (hunk === undefined || hunk.to !== at) {
      hunk = { from: at, to: at, lines: [] };
      found.push(hunk);
    }
    if (added) hunk.lines.push(...value);
    else {
      at += value.length;
      hunk.to = at;
    }
  }
  return found;
}
