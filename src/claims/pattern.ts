/**
 * Tokens of one segment of a claim (the text between two slashes), and intersection of two segments.
 *
 * `*` matches any run of characters, `?` one character, `[a-z]` and `[!a-z]` one character of a set. None of them
 * matches `/`; all of them match a leading dot. A name is a pattern without wildcards, so matching a name is the
 * intersection of two patterns.
 */

/** Code point ranges, both ends included. */
type Ranges = readonly (readonly [from: number, to: number])[];

export type Token =
  | { kind: "char"; char: string }
  | { kind: "any" }
  | { kind: "star" }
  | { kind: "set"; negated: boolean; ranges: Ranges };

/** Tokens of a segment. With `brackets: false` a `[` is an ordinary character. */
export function tokenize(segment: string, options: { brackets: boolean }): Token[] {
  const chars = [...segment];
  const tokens: Token[] = [];
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] ?? "";
    if (char === "*") {
      if (tokens.at(-1)?.kind !== "star") tokens.push({ kind: "star" });
    } else if (char === "?") tokens.push({ kind: "any" });
    else {
      const set = char === "[" && options.brackets ? parseSet(chars, i) : null;
      tokens.push(set === null ? { kind: "char", char } : set.token);
      if (set !== null) i = set.end;
    }
  }
  return tokens;
}

/** Tokens of a plain name. */
export function literalTokens(name: string): Token[] {
  return [...name].map((char) => ({ kind: "char", char }));
}

/** The set that begins at `[`; null without a closing `]`. */
function parseSet(chars: readonly string[], start: number): { token: Token; end: number } | null {
  const negated = chars[start + 1] === "!" || chars[start + 1] === "^";
  const first = start + (negated ? 2 : 1);
  const end = chars.indexOf("]", first + 1);
  if (end < 0) return null;
  const ranges: [number, number][] = [];
  for (let i = first; i < end; i++) {
    const from = codePoint(chars[i]);
    const ranged = chars[i + 1] === "-" && i + 2 < end;
    ranges.push([from, ranged ? codePoint(chars[i + 2]) : from]);
    if (ranged) i += 2;
  }
  return { token: { kind: "set", negated, ranges }, end };
}

function codePoint(char: string | undefined): number {
  return char?.codePointAt(0) ?? 0;
}

/** Comparison of characters: exact, or as a case-insensitive file system does it. */
type Folding = "bytes" | "folded";

/** A text as a case-insensitive file system compares it. */
export function fold(text: string): string {
  return text.normalize("NFC").toLowerCase();
}

/** True when a string matches both token lists. Visits each pair of positions at most once. */
export function meet(a: readonly Token[], b: readonly Token[], folding: Folding): boolean {
  const width = b.length + 1;
  const seen = new Uint8Array((a.length + 1) * width);
  const open: number[] = [0];
  const visit = (i: number, j: number): void => {
    const at = i * width + j;
    if (seen[at] === 1) return;
    seen[at] = 1;
    open.push(at);
  };
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const i = Math.floor(at / width);
    const j = at % width;
    const x = a[i];
    const y = b[j];
    if (x === undefined && y === undefined) return true;
    if (x?.kind === "star") {
      visit(i + 1, j);
      if (y !== undefined) visit(i, j + 1);
    }
    if (y?.kind === "star") {
      visit(i, j + 1);
      if (x !== undefined) visit(i + 1, j);
    }
    if (x === undefined || y === undefined || x.kind === "star" || y.kind === "star") continue;
    if (shareCharacter(x, y, folding)) visit(i + 1, j + 1);
  }
  return false;
}

/** True when a character matches both tokens, neither of which is a star. */
function shareCharacter(a: Token, b: Token, folding: Folding): boolean {
  if (a.kind === "any" && b.kind === "any") return true;
  if (a.kind === "char" && b.kind === "char") {
    return folding === "bytes" ? a.char === b.char : fold(a.char) === fold(b.char);
  }
  return samples(a, b).some((char) => matches(a, char, folding) && matches(b, char, folding));
}

/** Characters that suffice to test: the ends of all ranges, their neighbours, and both cases of these. */
function samples(a: Token, b: Token): string[] {
  const points = [a, b].flatMap((token) => {
    if (token.kind === "char") return [codePoint(token.char)];
    if (token.kind === "set") return token.ranges.flatMap(([x, y]) => [x - 1, x, y, y + 1]);
    return [];
  });
  return [...points, ...alphabetEnds]
    .filter((point) => point > 0 && point < 0x110000)
    .map((point) => String.fromCodePoint(point))
    .flatMap((char) => [char, char.toLowerCase(), char.toUpperCase()]);
}

const alphabetEnds = [..."@AZ[`az{"].map(codePoint);

function matches(token: Token, char: string, folding: Folding): boolean {
  if (char === "/") return false;
  if (token.kind === "any") return true;
  if (token.kind === "char") {
    return folding === "bytes" ? token.char === char : fold(token.char) === fold(char);
  }
  if (token.kind === "star") return false;
  const cases = folding === "bytes" ? [char] : [char, char.toLowerCase(), char.toUpperCase()];
  return cases.some((each) => inSet(token, each));
}

function inSet(token: { negated: boolean; ranges: Ranges }, char: string): boolean {
  const point = codePoint(char);
  return token.ranges.some(([from, to]) => point >= from && point <= to) !== token.negated;
}
