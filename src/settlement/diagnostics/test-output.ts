/** Facts read from a test runner's output: failing tests, no tests, a missing summary. Pure. */
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
