/** Diagnostics in a checker's output, whichever checkers it comes from; and which are new. Pure. */

import { compareText } from "../../std/order.ts";
import { biome } from "./biome.ts";
import { type Diagnostic, diagnostic, type Reader } from "./diagnostic.ts";
import { eslint } from "./eslint.ts";
import { generic } from "./generic.ts";
import { github } from "./github.ts";
import { go } from "./go.ts";
import { golangci } from "./golangci.ts";
import { mypy } from "./mypy.ts";
import { pyright } from "./pyright.ts";
import { ruff } from "./ruff.ts";
import { rustc } from "./rustc.ts";
import { tsc } from "./tsc.ts";
import { ty } from "./ty.ts";

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
