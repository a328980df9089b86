/** What a checker says about one place, and how its output is read. Pure. */

export interface Diagnostic {
  /** As the tool wrote it, without a leading `./`. */
  file: string;
  line: number | null;
  column: number | null;
  code: string;
  message: string;
  severity: "error" | "warning";
}

/** What a reader found at a line: diagnostics, and how many lines they took. */
export interface Reading {
  found: Diagnostic[];
  lines: number;
}

/** Reads what one tool writes, beginning at line `at`; null when that line begins nothing of its. */
export type Reader = (lines: readonly string[], at: number) => Reading | null;

/** A diagnostic from the parts a pattern found. */
export function diagnostic(parts: {
  file: string | undefined;
  line?: string | undefined;
  column?: string | undefined;
  code?: string | undefined;
  message: string | undefined;
  severity?: string | undefined;
}): Diagnostic {
  return {
    file: (parts.file ?? "").trim().replace(/^\.\//, ""),
    line: parts.line === undefined ? null : Number(parts.line),
    column: parts.column === undefined ? null : Number(parts.column),
    code: parts.code ?? "",
    message: (parts.message ?? "").trim(),
    severity: /^(warn|info|note|[!⚠])/i.test(parts.severity ?? "") ? "warning" : "error",
  };
}

/** A reader of diagnostics that are one line each. */
export function lineReader(pattern: RegExp, read: (match: RegExpExecArray) => Diagnostic): Reader {
  return (lines, at) => {
    const match = pattern.exec(lines[at] ?? "");
    return match === null ? null : { found: [read(match)], lines: 1 };
  };
}

/** A reader of a heading line followed, within a few lines, by one that names the place. */
export function headingReader(
  heading: RegExp,
  place: RegExp,
  read: (heading: RegExpExecArray, place: RegExpExecArray) => Diagnostic,
): Reader {
  return (lines, at) => {
    const head = heading.exec(lines[at] ?? "");
    if (head === null) return null;
    for (let next = at + 1; next <= at + placeWithin && next < lines.length; next++) {
      const found = place.exec(lines[next] ?? "");
      if (found !== null) return { found: [read(head, found)], lines: next - at + 1 };
      if (heading.test(lines[next] ?? "")) return null;
    }
    return null;
  };
}

const placeWithin = 4;
