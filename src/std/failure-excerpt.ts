/** The part of a failed command's output that states the failure. Pure. */

/** Output format of a test runner: the lines that begin a failure's text, state its cause, and end the text. */
interface Format {
  head: RegExp;
  /** Lines that state the cause. A head without one is a line of a list, not a failure's text. */
  cause: RegExp;
  /** First line that no longer belongs to the failure. */
  end: RegExp;
  /** The text stands above the head, too: the lines since the one that matches this. */
  since?: RegExp;
}

/** A line that names a thrown error. */
const thrown =
  /^\s*(?:E\s+|Caused by: |=> |Uncaught |error: )?[\w.$/]*(?:Error|Exception|Failure|Panic)\b/;

const formats: readonly Format[] = [
  {
    // pytest
    head: /^_{3,} .+ _{3,}$/,
    cause: /^E\s|^\S+:\d+: \w/,
    end: /^(?:-{3,} Captured|={3,} )/,
  },
  {
    // pytest, its list of failures
    head: /^(?:FAILED|ERROR) \S+\.py\b/,
    cause: /^(?:FAILED|ERROR) \S+\.py\b/,
    end: /^/,
  },
  {
    // unittest
    head: /^(?:FAIL|ERROR): \w+ \(/,
    cause: /^\w[\w.]*(?:: |$)/,
    end: /^(?:={3,}|Stdout:|Stderr:|Ran \d+ tests?)/,
  },
  {
    // cargo, and nextest
    head: /^(?:---- .+ ----|\s+(?:FAIL|SIG\w+|TIMEOUT) \[ *[\d.]+s\].*)$/,
    cause:
      /panicked at |^\s*(?:Error: |error(?:\[\w+\])?: |Test executable failed|memory allocation)/,
    end: /^(?:failures:|test result: )/,
  },
  {
    // go; with -v the text stands above
    head: /^\s*--- FAIL: /,
    cause: /^\s*\S+\.go:\d+: |^panic: |^fatal error: |^\s+Error(?: Trace)?:/,
    end: /^\s*(?:--- |===)|^(?:FAIL|PASS|ok|exit status)\b/,
    since: /^\s*(?:--- |=== )/,
  },
  {
    // go: a panic outside of a test, a race, a timeout
    head: /^(?:panic: |fatal error: |WARNING: DATA RACE)/,
    cause: /^(?:panic: |fatal error: |WARNING: DATA RACE)/,
    end: /^(?:FAIL|ok)\b|^=+$/,
  },
  {
    // go: a package that does not compile
    head: /^# \S+(?: \[\S+\])?$/,
    cause: /^\S+\.go:\d+:\d+: /,
    end: /^(?:FAIL|ok|\?|---)/,
  },
  {
    // bun
    head: /^\(fail\) /,
    cause: /^(?:error: |\w*Error\b)/,
    end: /^/,
    since: /^(?:\((?:pass|fail|skip|todo)\) |\S+\.\w+:$)/,
  },
  {
    // vitest
    head: /^\s*FAIL\s+\S+/,
    cause: thrown,
    end: /^\s*(?:⎯{3,}|Test Files )/,
  },
  {
    // jest
    head: /^\s*● (?!Console\b)/,
    cause: /^\s*(?:expect\(|Expected|Received|thrown: )|Error\b|Cannot find /,
    end: /^(?:Test Suites:|-+\||\S+\.\w+$|(?:PASS|FAIL) )/,
  },
  {
    // mocha, RSpec, PHPUnit, ExUnit
    head: /^\s*\d+\) \S/,
    cause: /Error\b|Exception\b|^\s*(?:Failed asserting|Failure\/Error:|Assertion with |expected:)/,
    end: /^\s*(?:\d+ (?:passing|failing|pending)|Finished in |FAILURES!)/,
  },
  {
    // node:test and other lists with a sign before each test
    head: /^\s*[✕×✗✖] /,
    cause: /^\s*→ |Error\b/,
    end: /^\s*[✓✔√ℹ▶] |^\s*(?:⎯{3,}|Test Files |● )/,
  },
  {
    // TAP
    head: /^\s*not ok \d+/,
    cause:
      /^\s+(?:error|message|expected|actual|got|wanted|found):|^\s*#\s+(?:Failed test|got:|expected:)/,
    end: /^\s*(?:\.\.\.$|ok \d+|1\.\.\d+)/,
  },
  {
    // Maven Surefire, Gradle
    head: /<<< (?:FAILURE|ERROR)!|^\S.* > .+ FAILED$/,
    cause: thrown,
    end: /^\[(?:INFO|ERROR)\] *$|^\[INFO\] (?:Results|Running)|^\d+ tests completed/,
  },
  {
    // GoogleTest, XCTest, .NET
    head: /^\S+:\d+: (?:Failure$|error: -\[)|^\s+Failed \S+ \[/,
    cause: /: Failure$|: error: -\[|^\s+Error Message:/,
    end: /^(?:\[ +(?:OK|FAILED|RUN) |Test Case )/,
  },
];

/** Lines that state why a command failed before it could run tests. Read when no test's failure is found. */
const general: Format = {
  head: /^\s*(?:error(?:\[\w+\])?: |\S+?[:(]\d+[:,]\d+\)?:? (?:fatal )?error\b|\[ERROR\] \S+\.\w+:\[|Traceback \(|SyntaxError\b|fatal: |thread '.*' panicked)|^make.*\*\*\* /,
  cause: /./,
  end: /^\s*$/,
};

const gap = "[...]";
const lineBytesMax = 600;
/** Failures that are looked at, and cause lines of one of them: that many from its beginning and from its end. */
const failuresMax = 50;
const causesMax = 3;

/** Ranks of lines; lower ones are kept first. A line further below a cause, or of a later failure, ranks higher. */
const rank = { perLineBelow: 1, perLineAbove: 2, perFailure: 8, perLineFromEnd: 2 };

/**
 * The part of an output that explains its failure, within a limit of bytes and lines: the lines that state failures,
 * the lines around them, and the last lines, in the order of the output, with `[...]` in place of omitted lines. An
 * output within the limits is returned whole; one without a recognized failure is cut to its last lines.
 */
export function failureExcerpt(output: string, room: { bytes: number; lines?: number }): string {
  const { bytes, lines: linesMax = Number.POSITIVE_INFINITY } = room;
  const lines = output.trimEnd().split("\n");
  if (Buffer.byteLength(output) <= bytes && lines.length <= linesMax) return output;
  const plain = lines.map((line) => Bun.stripANSI(line).trimEnd());
  const found = failuresIn(plain, formats);
  const failures = found.length > 0 ? found : failuresIn(plain, [general]);
  if (failures.length === 0) {
    if (lines.length <= linesMax) return endOf(output, bytes);
    return endOf([gap, ...lines.slice(1 - linesMax)].join("\n"), bytes);
  }
  return selected(lines, ranked(failures, lines.length), { bytes, lines: linesMax });
}

/** The last bytes of an output, cut at the beginning of a line, after `[...]`; everything if it fits. */
export function endOf(output: string, bytesMax: number): string {
  const bytes = Buffer.from(output);
  if (bytes.length <= bytesMax) return output;
  const end = bytes.subarray(-(bytesMax - gap.length - 1)).toString();
  return `${gap}\n${end.slice(end.indexOf("\n") + 1)}`;
}

/** One failure: its lines from `from` to before `to`, its head, and lines that state its cause. */
interface Failure {
  from: number;
  to: number;
  anchors: number[];
}

function failuresIn(lines: readonly string[], known: readonly Format[]): Failure[] {
  const heads = headsIn(lines, known);
  const failures: Failure[] = [];
  for (const [index, { at, format }] of heads.entries()) {
    const before = heads[index - 1]?.at ?? -1;
    const from = format.since === undefined ? at : above(lines, at, before, format.since);
    const to = below(lines, at, heads[index + 1]?.at ?? lines.length, format.end);
    const causes: number[] = [];
    for (let i = from; i < to; i++) if (format.cause.test(lines[i] ?? "")) causes.push(i);
    if (causes.length === 0) continue;
    const last = causes.slice(causesMax).slice(-causesMax);
    failures.push({ from, to, anchors: [at, ...causes.slice(0, causesMax), ...last] });
    if (failures.length === failuresMax) break;
  }
  return failures;
}

/** Lines that begin a failure's text. One that states the cause of the failure above is part of that one. */
function headsIn(
  lines: readonly string[],
  known: readonly Format[],
): { at: number; format: Format }[] {
  const heads: { at: number; format: Format }[] = [];
  let open: Format | null = null;
  for (const [at, line] of lines.entries()) {
    if (open !== null && !open.head.test(line)) {
      if (open.end.test(line)) open = null;
      else if (open.cause.test(line)) continue;
    }
    const format: Format | undefined = known.find(({ head }) => head.test(line));
    if (format === undefined) continue;
    heads.push({ at, format });
    open = format;
  }
  return heads;
}

function above(lines: readonly string[], head: number, before: number, since: RegExp): number {
  let from = head;
  while (from - 1 > before && !since.test(lines[from - 1] ?? "")) from--;
  return from;
}

function below(lines: readonly string[], head: number, next: number, end: RegExp): number {
  let to = head + 1;
  while (to < next && !end.test(lines[to] ?? "")) to++;
  return to;
}

/** Numbers of the lines that may be kept, the most important first. */
function ranked(failures: readonly Failure[], count: number): number[] {
  const ranks = new Map<number, number>();
  const add = (line: number, value: number): void => {
    ranks.set(line, Math.min(value, ranks.get(line) ?? value));
  };
  for (const [index, { from, to, anchors }] of failures.entries()) {
    const base = index * rank.perFailure;
    for (const anchor of anchors) {
      for (let i = anchor; i < to; i++) add(i, base + (i - anchor) * rank.perLineBelow);
      for (let i = anchor; i >= from; i--) add(i, base + (anchor - i) * rank.perLineAbove);
    }
  }
  for (let i = 0; i < count; i++) add(i, (count - 1 - i) * rank.perLineFromEnd);
  return [...ranks].sort(([a, x], [b, y]) => x - y || a - b).map(([line]) => line);
}

/** As many lines as there is room for, in the order of the output. */
function selected(
  lines: readonly string[],
  order: readonly number[],
  room: { bytes: number; lines: number },
): string {
  const kept = new Map<number, string>();
  const has = (at: number): boolean => at < 0 || at >= lines.length || kept.has(at);
  let bytes = gap.length;
  let count = 1;
  for (const at of order) {
    const text = clipped(lines[at] ?? "", Math.min(lineBytesMax, room.bytes / 2));
    // A line between two gaps adds one, a line between two kept ones removes one.
    const gaps = 1 - Number(has(at - 1)) - Number(has(at + 1));
    const size = Buffer.byteLength(text) + 1 + gaps * (gap.length + 1);
    if (bytes + size > room.bytes || count + 1 + gaps > room.lines) break;
    kept.set(at, text);
    bytes += size;
    count += 1 + gaps;
  }
  const text: string[] = [];
  let next = 0;
  for (const [at, line] of [...kept].sort(([a], [b]) => a - b)) {
    if (at > next) text.push(gap);
    text.push(line);
    next = at + 1;
  }
  if (next < lines.length) text.push(gap);
  // The output may be an excerpt itself.
  return text.filter((line, at) => line !== gap || text[at - 1] !== gap).join("\n");
}

function clipped(line: string, bytesMax: number): string {
  if (Buffer.byteLength(line) <= bytesMax) return line;
  return `${Buffer.from(line)
    .subarray(0, bytesMax - 4)
    .toString()
    .replace(/\uFFFD+$/, "")} ...`;
}
