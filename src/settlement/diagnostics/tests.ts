/** Names of failing tests in a runner's output. Pure. */

const patterns: readonly RegExp[] = [
  /^FAILED (\S+)/gm, // pytest
  /^ERROR (\S+::\S+)/gm, // pytest, collection
  /^\(fail\) (.+?)(?: \[[\d.]+m?s\])?$/gm, // bun
  /^\s*--- FAIL: (\S+)/gm, // go
  /^test (\S+) \.\.\. FAILED$/gm, // cargo
  /^\s*[✕×✗] (.+?)(?: \(?\d+ ?ms\)?)?$/gm, // jest, vitest
  /^not ok \d+ - (.+)$/gm, // TAP, node:test
];

/** Failing tests, each once; empty when the output is of no known runner. */
export function failingTests(output: string): string[] {
  const plain = Bun.stripANSI(output);
  const names = patterns.flatMap((pattern) => [...plain.matchAll(pattern)].map((m) => m[1] ?? ""));
  return [...new Set(names)].sort();
}
