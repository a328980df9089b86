/** Line differences of one file between two versions: a Myers diff with bounded work. */

/** A replaced range of lines. Lines count from 1; an end is exclusive, so an insertion has `start === end`. */
export interface LineEdit {
  start: number;
  end: number;
  newStart: number;
  newEnd: number;
}

/**
 * Lines by which an insertion or a deletion may as well stand earlier or later, because equal lines surround it: a new
 * `case` that repeats the lines of its neighbour has several places. Zero for a replacement.
 */
export function slackOf(
  { start, end, newStart, newEnd }: LineEdit,
  before: readonly string[],
  after: readonly string[],
): { up: number; down: number } {
  if (start !== end && newStart !== newEnd) return { up: 0, down: 0 };
  const [lines, first, last] = start === end ? [after, newStart, newEnd] : [before, start, end];
  let [up, down] = [0, 0];
  while (first - up > 1 && lines[first - up - 2] === lines[last - up - 2]) up++;
  while (last + down <= lines.length && lines[first + down - 1] === lines[last + down - 1]) down++;
  return { up, down };
}

/** Differing lines beyond which the rest of two texts counts as one edit. */
const differencesMax = 1500;

/** The edits that turn one text into another, in order; unchanged lines separate them. */
export function lineEdits(before: readonly string[], after: readonly string[]): LineEdit[] {
  let head = 0;
  const shorter = Math.min(before.length, after.length);
  while (head < shorter && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  const [old, now] = [
    before.slice(head, before.length - tail),
    after.slice(head, after.length - tail),
  ];
  if (old.length === 0 && now.length === 0) return [];
  const kept = commonLines(old, now);
  const edits: LineEdit[] = [];
  let [x, y] = [0, 0];
  for (const [i, j] of [...kept, [old.length, now.length] as const]) {
    if (x < i || y < j) {
      edits.push({
        start: head + x + 1,
        end: head + i + 1,
        newStart: head + y + 1,
        newEnd: head + j + 1,
      });
    }
    [x, y] = [i + 1, j + 1];
  }
  return edits;
}

/** Pairs of indexes of a longest common subsequence; none when the texts differ too much. */
function commonLines(
  old: readonly string[],
  now: readonly string[],
): (readonly [number, number])[] {
  const max = Math.min(old.length + now.length, differencesMax);
  const reach = new Map<number, number>([[1, 0]]);
  const trace: Map<number, number>[] = [];
  for (let d = 0; d <= max; d++) {
    trace.push(new Map([...reach].filter(([k]) => Math.abs(k) <= d + 1)));
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
      let x = down ? (reach.get(k + 1) ?? 0) : (reach.get(k - 1) ?? 0) + 1;
      while (x < old.length && x - k < now.length && old[x] === now[x - k]) x++;
      reach.set(k, x);
      if (x >= old.length && x - k >= now.length) return walkBack(trace, old.length, now.length);
    }
  }
  return [];
}

function walkBack(
  trace: readonly ReadonlyMap<number, number>[],
  oldLength: number,
  newLength: number,
): (readonly [number, number])[] {
  const pairs: (readonly [number, number])[] = [];
  let [x, y] = [oldLength, newLength];
  for (let d = trace.length - 1; d >= 0; d--) {
    const reach = trace[d];
    const k = x - y;
    const down = k === -d || (k !== d && (reach?.get(k - 1) ?? -1) < (reach?.get(k + 1) ?? -1));
    const fromK = down ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : (reach?.get(fromK) ?? 0);
    const fromY = d === 0 ? 0 : fromX - fromK;
    while (x > fromX && y > fromY) pairs.push([--x, --y]);
    [x, y] = [fromX, fromY];
  }
  return pairs.reverse();
}
