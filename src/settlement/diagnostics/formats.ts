/** Diagnostics parsed from a checker's output: the formats of known tools, and a generic one. Pure. */
import { type CheckerDiagnostic, type DiagnosticParts, diagnostic } from "./diagnostic.ts";

/**
 * Every diagnostic in an output, in order. One command may run several tools, so each line is offered to
 * every reader. A line that starts like an error but matches no reader becomes a diagnostic without a
 * file, so that a crashing tool is noticed.
 */
export function parseDiagnostics(output: string): CheckerDiagnostic[] {
  const lines = Bun.stripANSI(output).split(/\r?\n/);
  const found: CheckerDiagnostic[] = [];
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? "";
    const reading = line.trim() === "" ? null : knownFormat(lines, at);
    if (reading !== null) found.push(...reading.found);
    else if (isUnknownError(line)) found.push(diagnostic({ message: line }));
    at += reading?.lines ?? 1;
  }
  return found;
}

/** Summary lines that repeat or count diagnostics already printed. */
const summaryLine =
  /could not compile|aborting due to|previous error|\d+ (error|problem|issue)s?\b/;

function isUnknownError(line: string): boolean {
  if (summaryLine.test(line)) return false;
  return /^(error|fatal|panic|internal|exception|traceback|thread '.*' panicked|\w+Error)\b/i.test(
    line,
  );
}

/** Diagnostics found at a line, and how many lines they span. */
interface Reading {
  found: CheckerDiagnostic[];
  lines: number;
}

/** Reads one format, starting at line `at`; null when that line does not start a diagnostic of it. */
type Reader = (lines: readonly string[], at: number) => Reading | null;

/** A reader for diagnostics on one line. The pattern's named groups are `DiagnosticParts`. */
function onOneLine(pattern: RegExp, fixed: DiagnosticParts = {}): Reader {
  return (lines, at) => {
    const match = pattern.exec(lines[at] ?? "");
    return match === null ? null : { found: [diagnostic({ ...match.groups, ...fixed })], lines: 1 };
  };
}

/** Lines after a heading in which its second line is looked for. */
const headingSpan = 4;

/** A reader for a heading and, at most `headingSpan` lines below it, a second line with the other parts. */
function withHeading(heading: RegExp, second: RegExp): Reader {
  return (lines, at) => {
    const head = heading.exec(lines[at] ?? "");
    if (head === null) return null;
    for (let next = at + 1; next <= at + headingSpan && next < lines.length; next++) {
      const match = second.exec(lines[next] ?? "");
      if (match !== null) {
        return {
          found: [diagnostic({ ...head.groups, ...match.groups })],
          lines: next - at + 1,
        };
      }
      if (heading.test(lines[next] ?? "")) return null;
    }
    return null;
  };
}

/** The first of several readers that recognizes the line. */
function firstOf(...readers: readonly Reader[]): Reader {
  return (lines, at) => {
    for (const read of readers) {
      const reading = read(lines, at);
      if (reading !== null) return reading;
    }
    return null;
  };
}

const arrowLocation = /^\s*--> (?<file>.+?):(?<line>\d+):(?<column>\d+)$/;

/** Annotations for CI, written by many tools: `::error file=f,line=1,col=2,title=rule::message`. */
const github: Reader = (lines, at) => {
  const match = /^::(error|warning|notice) ([^:]*(?::(?!:)[^:]*)*)::(.*)$/.exec(lines[at] ?? "");
  if (match === null) return null;
  const [, severity, properties = "", text = ""] = match;
  const property = (name: string): string | undefined =>
    new RegExp(`(?:^|,)${name}=([^,]*)`).exec(properties)?.[1];
  // Some tools repeat the location in the message, which would make an old problem look new.
  const message = text.split("%0A")[0]?.replace(/^\S+?:\d+(:\d+)?: /, "");
  const found = diagnostic({
    file: property("file"),
    line: property("line"),
    column: property("col"),
    code: property("title"),
    message,
    severity: severity === "error" ? "error" : "warning",
  });
  return { found: [found], lines: 1 };
};

/** `file(line,col): error TS2304: message`, or with `--pretty` `file:line:col - error TS2304: message`. */
const tsc = firstOf(
  onOneLine(
    /^(?<file>\S.*?)\((?<line>\d+),(?<column>\d+)\): (?<severity>error|warning) (?<code>TS\d+): (?<message>.+)$/,
  ),
  onOneLine(
    /^(?<file>\S.*?):(?<line>\d+):(?<column>\d+) - (?<severity>error|warning) (?<code>TS\d+): (?<message>.+)$/,
  ),
  onOneLine(/^(?<severity>error) (?<code>TS\d+): (?<message>.+)$/),
);

/** `error[rule]: message`, then ` --> file:line:col`; or both on one line. */
const ty = firstOf(
  withHeading(
    /^(?<severity>error|warning)\[(?<code>[a-z][\w-]*)\]: (?<message>.+)$/,
    arrowLocation,
  ),
  onOneLine(
    /^(?<file>\S.*?):(?<line>\d+):(?<column>\d+): (?<severity>error|warning)\[(?<code>[a-z][\w-]*)\] (?<message>.+)$/,
  ),
);

/** `F401 [*] message`, then ` --> file:line:col`; or both on one line. Its formatter prints file names. */
const ruff = firstOf(
  withHeading(/^(?<code>[A-Z]+\d+|invalid-syntax):?(?: \[\*\])? (?<message>.+)$/, arrowLocation),
  onOneLine(
    /^(?<file>\S.*?):(?<line>\d+):(?<column>\d+): (?<code>[A-Z]+\d+(?!:)|SyntaxError(?=:)|invalid-syntax(?=:)):?(?: \[\*\])? (?<message>.+)$/,
  ),
  onOneLine(/^Would reformat: (?<file>.+)$/, { code: "format", message: "would be reformatted" }),
);

/** rustc and clippy: `error[E0308]: message` or `warning: message`, then ` --> file:line:col`. */
const rustc = withHeading(
  /^(?<severity>error|warning)(?:\[(?<code>E\d+)\])?: (?<message>.+)$/,
  arrowLocation,
);

const mypyLocation = String.raw`^(?<file>\S.*?\.pyi?):(?<line>\d+)(?::(?<column>\d+))?(?::\d+:\d+)?`;
const mypyNote = new RegExp(`${mypyLocation}: note: `);

/** `file:line: error: message  [code]`. Notes explain an error above them and are skipped. */
const mypy = firstOf(
  (lines, at) => (mypyNote.test(lines[at] ?? "") ? { found: [], lines: 1 } : null),
  onOneLine(
    new RegExp(
      String.raw`${mypyLocation}: (?<severity>error|warning): (?<message>.+?)(?:  \[(?<code>[\w-]+)\])?$`,
    ),
  ),
);

/** pyright and basedpyright: `  file:line:col - error: message (rule)`. */
const pyright = onOneLine(
  /^\s*(?<file>\S.*?):(?<line>\d+):(?<column>\d+) - (?<severity>error|warning|information): (?<message>.+?)(?: \((?<code>report\w+)\))?$/,
);

const hiddenMax = 10_000;

/**
 * `file:line:col lint/group/rule ━━━`, then `  × message`; the formatter prints `file format ━━━`.
 * Diagnostics beyond biome's own limit are only counted in its output and become diagnostics without a
 * file, so that one more of them still counts as new.
 */
const biome = firstOf(
  withHeading(
    /^(?<file>\S.*?)(?::(?<line>\d+):(?<column>\d+))? (?<code>(?:lint|assist|parse|suppressions|format|organizeImports|internalError)\S*) .*━/,
    /^\s+(?<severity>[×!✖⚠ℹi]) (?<message>.+)$/,
  ),
  (lines, at) => {
    const count = /^Diagnostics not shown: (\d+)\.?$/.exec((lines[at] ?? "").trim())?.[1];
    if (count === undefined) return null;
    const hidden = diagnostic({ message: "a diagnostic that is not shown" });
    const length = Math.min(Number(count), hiddenMax);
    return { found: Array.from({ length }, () => hidden), lines: 1 };
  },
);

/** golangci-lint: `file:line:col: message (linter)`. */
const golangci = onOneLine(
  /^(?<file>\S.*?\.go):(?<line>\d+)(?::(?<column>\d+))?: (?<message>.+) \((?<code>[a-z][\w-]*)\)$/,
);

/** go vet and the Go compiler: `./file.go:line:col: message`, sometimes after `vet: `. */
const go = onOneLine(
  /^(?:vet: )?(?<file>\S.*?\.go):(?<line>\d+)(?::(?<column>\d+))?: (?<message>.+)$/,
);

const eslintProblem =
  /^\s+(?<line>\d+):(?<column>\d+)\s+(?<severity>error|warning)\s+(?<message>.+?)(?:\s{2,}(?<code>\S+))?\s*$/;

/** A file name on a line of its own, then `  line:col  error  message  rule` per problem; or compact. */
const eslint = firstOf(
  (lines, at) => {
    const file = lines[at] ?? "";
    if (!/^\S.*$/.test(file) || !eslintProblem.test(lines[at + 1] ?? "")) return null;
    const found: CheckerDiagnostic[] = [];
    for (const text of lines.slice(at + 1)) {
      const match = eslintProblem.exec(text);
      if (match === null) break;
      found.push(diagnostic({ file, ...match.groups }));
    }
    return { found, lines: found.length + 1 };
  },
  onOneLine(
    /^(?<file>\S.*?): line (?<line>\d+), col (?<column>\d+), (?<severity>Error|Warning) - (?<message>.+?)(?: \((?<code>[^()]+)\))?$/,
  ),
);

/** A message and, on the next line, `╭─[file:line:col]`: oxlint and others. */
const boxed: Reader = (lines, at) => {
  const head = /^\s*(?<severity>[×!⚠✖]) (?<message>.+)$/.exec(lines[at] ?? "");
  const place = /^\s*[╭,][─-]+\[(?<file>.+?):(?<line>\d+):(?<column>\d+)\]/.exec(
    lines[at + 1] ?? "",
  );
  if (head === null || place === null) return null;
  const code = /^([\w-]+\([\w/-]+\)): /.exec(head.groups?.["message"] ?? "")?.[1];
  return { found: [diagnostic({ ...head.groups, ...place.groups, code })], lines: 2 };
};

/** `file:line[:col]: [severity:] message [code]`, the convention of compilers since cc. */
const compilerStyle: Reader = (lines, at) => {
  const match =
    /^\s*(?!\s*-->|at )(?<file>[^\s:()][^:()\n]*?\.\w+):(?<line>\d+)(?::(?<column>\d+))?(?::| -)\s*(?<rest>.+)$/.exec(
      lines[at] ?? "",
    );
  if (match === null) return null;
  const { file, line, column, rest = "" } = match.groups ?? {};
  const [, severity, message = ""] = /^(error|warning|info|note)?:?\s*(.*)$/.exec(rest) ?? [];
  const tag = /(?:\[([\w/-]+)\]|\(([\w/-]+)\))$/.exec(message);
  const code = tag?.[1] ?? tag?.[2];
  return { found: [diagnostic({ file, line, column, code, message, severity })], lines: 1 };
};

/** Formatters that print the names of files they would change. */
const listedFile = onOneLine(
  /^(?:\[(?:warn|error)\]|would reformat|Diff in) (?<file>\S.*?\.\w+)(?::\d+:?| at line \d+:)?$/,
  { code: "format", message: "would be reformatted" },
);

/** All formats, the most specific pattern first. */
const knownFormat = firstOf(
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
  boxed,
  compilerStyle,
  listedFile,
);
