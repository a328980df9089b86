/** Facts read from a test runner's output: failing tests, the number of tests, a missing summary. Pure. */
import { compareText } from "../../std/order.ts";

const patterns: readonly RegExp[] = [
  /^(?:FAILED|ERROR) (\S+\.py(?:::.*?)?)(?: - .*)?$/gm, // pytest
  /^(?:FAIL|ERROR): (\w+ \([\w.]+\))/gm, // unittest
  /^\(fail\) (.+?)(?: \[[\d.]+m?s\])?$/gm, // bun
  /^\s*--- FAIL: (\S+)/gm, // go
  /^FAIL\s+(\S+ \[(?:build|setup) failed\])$/gm, // go, package that does not compile
  /^test (\S+)(?: - should panic)? \.\.\. FAILED$/gm, // cargo
  /^---- (.+) stdout ----$/gm, // cargo --quiet, and doc tests
  /^\s*FAIL\s+(\S+ > .+?)(?: \[.*\])?$/gm, // vitest
  /^\s*● (.+ › .+|[^›\n]+)$/gm, // jest
  /^\s*[✕×✗✖] (.+?)(?: \(?[\d.]+ ?m?s\)?)?$/gm, // jest and vitest verbose, node:test
  /^\s*not ok \d+ - (.+)$/gm, // TAP
  /^.*Test Case '(.+?)' failed/gm, // swift, XCTest
];

/** Names of failing tests, sorted and without duplicates; empty when no known runner wrote the output. */
export function failingTests(output: string): string[] {
  const plain = Bun.stripANSI(output).replaceAll("\r\n", "\n");
  const names = patterns.flatMap((pattern) => [...plain.matchAll(pattern)].map((m) => m[1] ?? ""));
  return [...new Set(names)].sort(compareText);
}

/** True when pytest exited with 5 and says that it found no test. */
export function ranNoTests(exitCode: number | null, output: string): boolean {
  return exitCode === 5 && /\bno tests (ran|collected)|collected 0 items/.test(output);
}

/** Sums of one kind of test in a summary: the captured number of every match. Matches without one count 1. */
function sum(output: string, pattern: RegExp): number {
  return [...output.matchAll(pattern)].reduce((total, [, count]) => total + Number(count ?? 1), 0);
}

/** For each known runner: the lines that state a count, and the number of tests that ran, skipped ones excluded. */
const counts: readonly { says: RegExp; ran(output: string): number }[] = [
  {
    says: /\bno tests (?:ran|collected)|collected 0 items/, // pytest
    ran: () => 0,
  },
  {
    says: /^(?:=+ )?\d+ (?:passed|failed|errors?|skipped|deselected|xfailed|xpassed)\b.* in [\d.]+s/m, // pytest
    ran: (output) =>
      [...output.matchAll(/^(?:=+ )?\d+ [a-z]+\b.* in [\d.]+s.*$/gm)].reduce(
        (total, [line]) => total + sum(line, /(\d+) (?:passed|failed|errors?|xfailed|xpassed)\b/g),
        0,
      ),
  },
  {
    says: /^Ran \d+ tests? in /m, // unittest
    ran: (output) => sum(output, /^Ran (\d+) tests? in /gm) - sum(output, /\bskipped=(\d+)/g),
  },
  {
    says: /^ *\d+ (?:pass|fail|skip)$/m, // bun
    ran: (output) => sum(output, /^ *(\d+) (?:pass|fail)$/gm),
  },
  {
    says: /^[#ℹ] (?:pass|fail) \d+$/m, // node:test
    ran: (output) => sum(output, /^[#ℹ] (?:pass|fail) (\d+)$/gm),
  },
  { says: /^No test(?: file)?s found\b/m, ran: () => 0 }, // jest, vitest
  {
    says: /^ *Tests:? +.*\d+ (?:skipped|todo|passed|failed|total)\b/m, // jest, vitest
    ran: (output) =>
      [...output.matchAll(/^ *Tests:? +.*$/gm)].reduce(
        (total, [line]) => total + sum(line, /(\d+) (?:passed|failed)\b/g),
        0,
      ),
  },
  {
    says: /^ *\d+ passing\b/m, // mocha
    ran: (output) => sum(output, /^ *(\d+) (?:passing|failing)\b/gm),
  },
  {
    says: /^test result: /m, // cargo
    ran: (output) =>
      sum(output, /^test result: .*?(\d+) passed/gm) +
      sum(output, /^test result: .*?(\d+) failed/gm),
  },
  {
    says: /^(?:ok|FAIL|\?)? *\t.*(?:\d+\.\d+s|\(cached\)|\[no test files\])/m, // go: packages that ran tests
    ran: (output) => sum(output, /^(?:ok|FAIL) *\t(?!.*\[no tests? )/gm),
  },
  {
    says: /^1\.\.\d+/m, // TAP
    ran: (output) => sum(output, /^(?:not )?ok \d+(?!.*# skip)/gim),
  },
];

/** True when a known runner says that it ran no test: it found none, or skipped all. */
export function ranZeroTests(output: string): boolean {
  const plain = Bun.stripANSI(output).replaceAll("\r\n", "\n");
  const known = counts.filter(({ says }) => says.test(plain));
  return known.length > 0 && known.every(({ ran }) => ran(plain) <= 0);
}

/** True when a known runner says that it ran a test. */
export function ranTests(output: string): boolean {
  const plain = Bun.stripANSI(output).replaceAll("\r\n", "\n");
  return counts.some(({ says, ran }) => says.test(plain) && ran(plain) > 0);
}

/** The summary line that each known runner prints last. */
const summaries: readonly { runner: RegExp; summary: RegExp }[] = [
  {
    runner: /\b(pytest|py\.test)\b/,
    summary:
      /^(=+ )?(\d+ (passed|failed|errors?|skipped|deselected|xfailed|xpassed|warning)|no tests (ran|collected))/m,
  },
  { runner: /\bbun test\b/, summary: /^Ran \d+ tests? across/m },
  { runner: /\bpython[\d.]* -m unittest\b/, summary: /^Ran \d+ tests? in/m },
  { runner: /\bnode\b.* --test\b/, summary: /^\W*tests \d+$/m },
  { runner: /\bvitest\b/, summary: /^\s*Tests\s+\d/m },
  { runner: /\bjest\b/, summary: /^Tests:\s+\d/m },
  { runner: /\bmocha\b/, summary: /^\s*\d+ passing\b/m },
];

/** Summaries of runners that print one for each package or binary. */
const partSummaries: readonly RegExp[] = [
  /^test result: /m, // cargo
  /^(ok|FAIL)\s+\S+\s+([\d.]+s|\(cached\))/m, // go
];

/** True when an output has the summary of a known runner, whatever the command was. */
export function printsSummary(output: string): boolean {
  const plain = Bun.stripANSI(output).replaceAll("\r\n", "\n");
  const all = [...summaries.map(({ summary }) => summary), ...partSummaries];
  return all.some((summary) => summary.test(plain));
}

/**
 * True when a known runner exited without its summary: a test called `exit(0)`, so the tests after it did
 * not run. A runner told to print no summary is indistinguishable from that. Cargo prints one summary per
 * test binary, so each `running N tests` needs its `test result`.
 */
export function endedEarly(command: string, output: string): boolean {
  const plain = Bun.stripANSI(output).replaceAll("\r\n", "\n");
  const runner = summaries.find((one) => one.runner.test(command));
  if (runner !== undefined) return !runner.summary.test(plain);
  if (!/\bcargo\b.*\btest\b/.test(command)) return false;
  const count = (pattern: RegExp): number => [...plain.matchAll(pattern)].length;
  return count(/^running \d+ tests?$/gm) !== count(/^test result: /gm);
}
