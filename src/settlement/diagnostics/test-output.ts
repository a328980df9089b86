/** Names of failing tests in a runner's output. Pure. */
import { compareText } from "../../std/order.ts";

const patterns: readonly RegExp[] = [
  /^(?:FAILED|ERROR) (\S+\.py(?:::.*?)?)(?: - .*)?$/gm, // pytest
  /^(?:FAIL|ERROR): (\w+ \([\w.]+\))/gm, // unittest
  /^\(fail\) (.+?)(?: \[[\d.]+m?s\])?$/gm, // bun
  /^\s*--- FAIL: (\S+)/gm, // go
  /^FAIL\s+(\S+ \[(?:build|setup) failed\])$/gm, // go, a package that does not compile
  /^test (\S+)(?: - should panic)? \.\.\. FAILED$/gm, // cargo
  /^---- (.+) stdout ----$/gm, // cargo, quiet, and its documentation tests
  /^\s*FAIL\s+(\S+ > .+?)(?: \[.*\])?$/gm, // vitest
  /^\s*● (.+ › .+|[^›\n]+)$/gm, // jest
  /^\s*[✕×✗✖] (.+?)(?: \(?[\d.]+ ?m?s\)?)?$/gm, // jest and vitest verbose, node:test
  /^\s*not ok \d+ - (.+)$/gm, // TAP
  /^.*Test Case '(.+?)' failed/gm, // swift, XCTest
];

/** Failing tests, each once, sorted; empty when the output is of no known runner. */
export function failingTests(output: string): string[] {
  const plain = Bun.stripANSI(output).replaceAll("\r\n", "\n");
  const names = patterns.flatMap((pattern) => [...plain.matchAll(pattern)].map((m) => m[1] ?? ""));
  return [...new Set(names)].sort(compareText);
}

/** Whether a runner ended because there was no test to run, by its exit code and its words. */
export function ranNoTests(exitCode: number | null, output: string): boolean {
  return exitCode === 5 && /\bno tests (ran|collected)|collected 0 items/.test(output);
}

/** What runners say when they are through, by how they are called. */
const summaries: readonly { runner: RegExp; summary: RegExp }[] = [
  {
    runner: /\b(pytest|py\.test)\b/,
    summary:
      /^(=+ )?(\d+ (passed|skipped|deselected|xfailed|xpassed|warning)|no tests (ran|collected))/m,
  },
  { runner: /\bbun test\b/, summary: /^Ran \d+ tests? across/m },
];

/**
 * Whether a known runner that ended well never came to its summary: a test that ends the process
 * ends all that would have come after it, too. One told to be silent looks the same.
 */
export function endedEarly(command: string, output: string): boolean {
  const plain = Bun.stripANSI(output).replaceAll("\r\n", "\n");
  const known = summaries.find(({ runner }) => runner.test(command));
  if (known !== undefined) return !known.summary.test(plain);
  if (!/\bcargo\b.*\btest\b/.test(command)) return false;
  const count = (pattern: RegExp): number => [...plain.matchAll(pattern)].length;
  return count(/^running \d+ tests?$/gm) !== count(/^test result: /gm);
}
