/** Annotations that many tools write for CI: `::error file=f,line=1,col=2,title=rule::message`. */

import { compareText } from "../../std/order.ts";
import {
  type Diagnostic,
  diagnostic,
  headingReader,
  lineReader,
  type Reader,
} from "./diagnostic.ts";
export const github: Reader = lineReader(
  /^::(error|warning|notice) ([^:]*(?::(?!:)[^:]*)*)::(.*)$/,
  ([, severity, properties, text]) => {
    const of = (name: string): string | undefined =>
      new RegExp(`(?:^|,)${name}=([^,]*)`).exec(properties ?? "")?.[1];
    // Some repeat the place in front of the message, where it would tell old ones apart by line.
    const message = (text ?? "").split("%0A")[0]?.replace(/^\S+?:\d+(:\d+)?: /, "");
    return diagnostic({
      file: of("file"),
      line: of("line"),
      column: of("col"),
      code: of("title"),
      message,
      severity: severity === "error" ? "error" : "warning",
    });
  },
);

// ------------------------------------------------------------
// tsc: `file(line,col): error TS2304: message`, or `file:line:col - error TS2304: message`.

const tscPlain = lineReader(
  /^(\S.*?)\((\d+),(\d+)\): (error|warning) (TS\d+): (.+)$/,
  ([, file, line, column, severity, code, message]) =>
    diagnostic({ file, line, column, code, message, severity }),
);

const tscPretty = lineReader(
  /^(\S.*?):(\d+):(\d+) - (error|warning) (TS\d+): (.+)$/,
  ([, file, line, column, severity, code, message]) =>
    diagnostic({ file, line, column, code, message, severity }),
);

const tscGlobal = lineReader(/^(error) (TS\d+): (.+)$/, ([, severity, code, message]) =>
  diagnostic({ file: "", code, message, severity }),
);

export const tsc: Reader = (lines, at) =>
  tscPlain(lines, at) ?? tscPretty(lines, at) ?? tscGlobal(lines, at);

// ------------------------------------------------------------
// ty: `error[rule]: message`, then ` --> file:line:col`; or both in one line.

const tyFull = headingReader(
  /^(error|warning)\[([a-z][\w-]*)\]: (.+)$/,
  /^\s*--> (.+?):(\d+):(\d+)$/,
  ([, severity, code, message], [, file, line, column]) =>
    diagnostic({ file, line, column, code, message, severity }),
);

const tyConcise = lineReader(
  /^(\S.*?):(\d+):(\d+): (error|warning)\[([a-z][\w-]*)\] (.+)$/,
  ([, file, line, column, severity, code, message]) =>
    diagnostic({ file, line, column, code, message, severity }),
);

export const ty: Reader = (lines, at) => tyFull(lines, at) ?? tyConcise(lines, at);

// ------------------------------------------------------------
//  * ruff: `F401 [*] message`, then ` --> file:line:col`; or both in one line. Its formatter names the
// files it would change.

const ruffFull = headingReader(
  /^([A-Z]+\d+|invalid-syntax):?(?: \[\*\])? (.+)$/,
  /^\s*--> (.+?):(\d+):(\d+)$/,
  ([, code, message], [, file, line, column]) => diagnostic({ file, line, column, code, message }),
);

const ruffConcise = lineReader(
  /^(\S.*?):(\d+):(\d+): ([A-Z]+\d+|SyntaxError:|invalid-syntax:)(?: \[\*\])? (.+)$/,
  ([, file, line, column, code, message]) =>
    diagnostic({ file, line, column, code: code?.replace(/:$/, ""), message }),
);

const ruffFormat = lineReader(/^Would reformat: (.+)$/, ([, file]) =>
  diagnostic({ file, code: "format", message: "would be reformatted" }),
);

export const ruff: Reader = (lines, at) =>
  ruffFull(lines, at) ?? ruffConcise(lines, at) ?? ruffFormat(lines, at);

// ------------------------------------------------------------
// rustc and clippy: `error[E0308]: message` or `warning: message`, then ` --> file:line:col`.

export const rustc: Reader = headingReader(
  /^(error|warning)(?:\[(E\d+)\])?: (.+)$/,
  /^\s*--> (.+?):(\d+):(\d+)$/,
  ([, severity, code, message], [, file, line, column]) =>
    diagnostic({ file, line, column, code, message, severity }),
);

// ------------------------------------------------------------
// mypy: `file:line: error: message  [code]`. Its notes explain errors and are none.

const mypyPlace = String.raw`^(\S.*?\.pyi?):(\d+)(?::(\d+))?(?::\d+:\d+)?`;

const mypyError = lineReader(
  new RegExp(String.raw`${mypyPlace}: (error|warning): (.+?)(?:  \[([\w-]+)\])?$`),
  ([, file, line, column, severity, message, code]) =>
    diagnostic({ file, line, column, code, message, severity }),
);

const mypyNote = new RegExp(`${mypyPlace}: note: `);

export const mypy: Reader = (lines, at) =>
  mypyNote.test(lines[at] ?? "") ? { found: [], lines: 1 } : mypyError(lines, at);

// ------------------------------------------------------------
// pyright and basedpyright: `  file:line:col - error: message (rule)`.

export const pyright: Reader = lineReader(
  /^\s*(\S.*?):(\d+):(\d+) - (error|warning|information): (.+?)(?: \((report\w+)\))?$/,
  ([, file, line, column, severity, message, code]) =>
    diagnostic({ file, line, column, code, message, severity }),
);

// ------------------------------------------------------------
//  * biome: `file:line:col lint/group/rule ━━━`, then `  × message`; `file format ━━━` for its formatter.
// What it leaves out beyond its limit counts too: one more of those is one more problem.

const biomeShown = headingReader(
  /^(\S.*?)(?::(\d+):(\d+))? ((?:lint|assist|parse|suppressions|format|organizeImports|internalError)\S*) .*━/,
  /^\s+([×!✖⚠ℹi]) (.+)$/,
  ([, file, line, column, code], [, severity, message]) =>
    diagnostic({ file, line, column, code, message, severity }),
);

const hiddenMax = 10_000;

const biomeHidden: Reader = (lines, at) => {
  const count = /^Diagnostics not shown: (\d+)\.?$/.exec((lines[at] ?? "").trim())?.[1];
  if (count === undefined) return null;
  const one: Diagnostic = diagnostic({ file: "", message: "a diagnostic that is not shown" });
  return { found: Array.from({ length: Math.min(Number(count), hiddenMax) }, () => one), lines: 1 };
};

export const biome: Reader = (lines, at) => biomeShown(lines, at) ?? biomeHidden(lines, at);

// ------------------------------------------------------------
// golangci-lint: `file:line:col: message (linter)`.

export const golangci: Reader = lineReader(
  /^(\S.*?\.go):(\d+)(?::(\d+))?: (.+) \(([a-z][\w-]*)\)$/,
  ([, file, line, column, message, code]) => diagnostic({ file, line, column, code, message }),
);

// ------------------------------------------------------------
// go vet and the Go compiler: `./file.go:line:col: message`, `vet: ` before it at times.

export const go: Reader = lineReader(
  /^(?:vet: )?(\S.*?\.go):(\d+)(?::(\d+))?: (.+)$/,
  ([, file, line, column, message]) => diagnostic({ file, line, column, message }),
);

// ------------------------------------------------------------
// eslint: a file's name alone on a line, then `  line:col  error  message  rule`, one per problem.

const eslintProblem = /^\s+(\d+):(\d+)\s+(error|warning)\s+(.+?)(?:\s{2,}(\S+))?\s*$/;

const eslintStylish: Reader = (lines, at) => {
  const file = lines[at] ?? "";
  if (!/^\S.*$/.test(file) || !eslintProblem.test(lines[at + 1] ?? "")) return null;
  const found: Diagnostic[] = [];
  for (const text of lines.slice(at + 1)) {
    const match = eslintProblem.exec(text);
    if (match === null) break;
    const [, line, column, severity, message, code] = match;
    found.push(diagnostic({ file, line, column, code, message, severity }));
  }
  return { found, lines: found.length + 1 };
};

const eslintCompact = lineReader(
  /^(\S.*?): line (\d+), col (\d+), (Error|Warning) - (.+?)(?: \(([^()]+)\))?$/,
  ([, file, line, column, severity, message, code]) =>
    diagnostic({ file, line, column, code, message, severity }),
);

export const eslint: Reader = (lines, at) => eslintStylish(lines, at) ?? eslintCompact(lines, at);

// ------------------------------------------------------------
//  * Everybody else: `file:line:col: message`, as compilers have written it since cc, with or without
// the column and a severity; and formatters that name the files they would change.

const genericPlaced = lineReader(
  /^\s*(?!\s*-->|at )([^\s:()][^:()\n]*?\.\w+):(\d+)(?::(\d+))?(?::| -)\s*(.+)$/,
  ([, file, line, column, rest]) => {
    const [, severity, text] = /^(error|warning|info|note)?:?\s*(.*)$/.exec(rest ?? "") ?? [];
    const code = /(?:\[([\w/-]+)\]|\(([\w/-]+)\))$/.exec(text ?? "");
    return diagnostic({
      file,
      line,
      column,
      code: code?.[1] ?? code?.[2],
      message: text,
      severity,
    });
  },
);

/** `╭─[file:line:col]` below a heading: oxlint and its kin. */
const genericBoxed: Reader = (lines, at) => {
  const head = /^\s*([×!⚠✖]) (.+)$/.exec(lines[at] ?? "");
  const place = /^\s*[╭,][─-]+\[(.+?):(\d+):(\d+)\]/.exec(lines[at + 1] ?? "");
  if (head === null || place === null) return null;
  const [, severity, message] = head;
  const [, file, line, column] = place;
  const code = /^([\w-]+\([\w/-]+\)): /.exec(message ?? "")?.[1];
  return { found: [diagnostic({ file, line, column, code, message, severity })], lines: 2 };
};

const genericNamed = lineReader(
  /^(?:\[(?:warn|error)\]|would reformat|Diff in) (\S.*?\.\w+)(?::\d+:?| at line \d+:)?$/,
  ([, file]) => diagnostic({ file, code: "format", message: "would be reformatted" }),
);

export const generic: Reader = (lines, at) =>
  genericBoxed(lines, at) ?? genericPlaced(lines, at) ?? genericNamed(lines, at);

// ------------------------------------------------------------
// Diagnostics in a checker's output, whichever checkers it comes from; and which are new. Pure.

/** The more a reader asks of a line, the earlier it stands. */
const readers: readonly Reader[] = [
  github,
  tsc,
  ty,
  ruff,
  rustc,
  mypy,
  pyright,
  biome,
  golangci,
  go,
  eslint,
  generic,
];

/**
 * Every diagnostic in an output; one command may run several tools. A line that begins like an
 * error and is nobody's counts as one without a place, so that a tool that breaks is noticed.
 */
export function parseDiagnostics(output: string): Diagnostic[] {
  const lines = Bun.stripANSI(output).split(/\r?\n/);
  const found: Diagnostic[] = [];
  for (let at = 0; at < lines.length; ) {
    const reading = firstReading(lines, at);
    if (reading !== null) found.push(...reading.found);
    else if (isLooseError(lines[at] ?? "")) found.push(loose(lines[at] ?? ""));
    at += reading?.lines ?? 1;
  }
  return found;
}

function firstReading(lines: readonly string[], at: number): ReturnType<Reader> {
  if ((lines[at] ?? "").trim() === "") return null;
  for (const read of readers) {
    const reading = read(lines, at);
    if (reading !== null) return reading;
  }
  return null;
}

/** Counts and conclusions of what was said before are not errors of their own. */
const conclusion = /could not compile|aborting due to|previous error|\d+ (error|problem|issue)s?\b/;

function isLooseError(line: string): boolean {
  if (conclusion.test(line)) return false;
  return /^(error|fatal|panic|internal|exception|traceback|thread '.*' panicked|\w+Error)\b/i.test(
    line,
  );
}

function loose(line: string): Diagnostic {
  return diagnostic({ file: "", message: line });
}

/**
 * Those of `now` that `before` does not have, counted per file, code and message: lines move.
 * Warnings count only where there are no errors, since only then they are why the tool failed.
 */
export function newDiagnostics(
  now: readonly Diagnostic[],
  before: readonly Diagnostic[],
): Diagnostic[] {
  const severe = now.some((d) => d.severity === "error");
  const left = counted(before.map(identity));
  return now.filter((d) => {
    if (severe && d.severity === "warning") return false;
    return !takeOne(left, identity(d));
  });
}

function identity(d: Diagnostic): string {
  return [d.file, d.code, normal(d.message)].join("\0");
}

/** Lines of `now` beyond those `before` has, times and numbers aside: for output of no known form. */
export function newLines(now: string, before: string): string[] {
  const left = counted(before.split("\n").map(normal));
  return now.split("\n").filter((line) => normal(line) !== "" && !takeOne(left, normal(line)));
}

function counted(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

function takeOne(counts: Map<string, number>, key: string): boolean {
  const count = counts.get(key) ?? 0;
  if (count > 0) counts.set(key, count - 1);
  return count > 0;
}

function normal(line: string): string {
  return Bun.stripANSI(line)
    .replace(/\d+(\.\d+)?/g, "0")
    .replace(/\s+/g, " ")
    .trim();
}

/** For showing: by file and line. */
export function byPlace(a: Diagnostic, b: Diagnostic): number {
  return compareText(a.file, b.file) || (a.line ?? 0) - (b.line ?? 0);
}
