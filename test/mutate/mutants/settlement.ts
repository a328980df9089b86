/** Mutants of `src/settlement`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "a truncated lcov trace is read",
    file: "src/settlement/coverage/formats.ts",
    find: "  if (open !== null)\n    return { ok: false, reason: `the record of",
    replace:
      "  if (open !== null && open.lines.size === 0)\n    return { ok: false, reason: `the record of",
    killedBy: "src/settlement/coverage/formats.test.ts > A10 a report is refused: truncated lcov",
  },
  {
    name: "a Go profile with a truncated last line is read",
    file: "src/settlement/coverage/formats.ts",
    find: 'if (!text.endsWith("\\n")) return',
    replace: "if (false) return",
    killedBy:
      "src/settlement/coverage/formats.test.ts > A10 a report is refused: a truncated Go profile",
  },
  {
    name: "a block that another Go test binary missed is not covered",
    file: "src/settlement/coverage/formats.ts",
    find: "hits: Math.max(before, Number(hits))",
    replace: "hits: Number(hits)",
    killedBy:
      "src/settlement/coverage/formats.test.ts > a report is read: a Go profile of several packages, each block counted once",
  },
  {
    name: "branches of coverage.py count as covered but not in the total",
    file: "src/settlement/coverage/formats.ts",
    find: 'total: total + (count("num_branches") ?? 0),',
    replace: "total,",
    killedBy:
      "src/settlement/coverage/formats.test.ts > a report is read: coverage.py JSON with branches",
  },
  {
    name: "a Cobertura document without its end is read",
    file: "src/settlement/coverage/formats.ts",
    find: "if (unclosed !== undefined) return",
    replace: "if (false) return",
    killedBy: "src/settlement/coverage/formats.test.ts > A10 a report is refused: truncated XML",
  },
  {
    name: "a report counts files outside of the project",
    file: "src/settlement/coverage/report.ts",
    find: "if (inRoot === null || !inRoot.startsWith(prefix) || !layout.has(inRoot)) continue;",
    replace: "if (inRoot === null || !layout.has(inRoot)) continue;",
    killedBy:
      "src/settlement/coverage/formats.test.ts > a path in a report is located: outside the project's folder",
  },
  {
    name: "a diagnostic in another file is old",
    file: "src/settlement/diagnostics/diagnostic.ts",
    find: "return [d.file, d.code, normalized(d.message)]",
    replace: "return [d.code, normalized(d.message)]",
    killedBy: "src/settlement/diagnostics/formats.test.ts > one with another file is charged",
  },
  {
    name: "a diagnostic of another rule is old",
    file: "src/settlement/diagnostics/diagnostic.ts",
    find: "return [d.file, d.code, normalized(d.message)]",
    replace: "return [d.file, normalized(d.message)]",
    killedBy: "src/settlement/diagnostics/formats.test.ts > one with another code is charged",
  },
  {
    name: "one old diagnostic excuses any number of the same",
    file: "src/settlement/diagnostics/diagnostic.ts",
    find: "if (count > 0) counts.set(key, count - 1);\n",
    replace: "",
    killedBy:
      "src/settlement/diagnostics/formats.test.ts > A8 ty: a pre-existing problem is not charged, a second one is",
  },
  {
    name: "warnings are charged beside errors",
    file: "src/settlement/diagnostics/diagnostic.ts",
    find: 'if (hasErrors && d.severity === "warning") return false;',
    replace: "",
    killedBy:
      "src/settlement/diagnostics/formats.test.ts > A8 warnings are charged only when there are no errors",
  },
  {
    name: "any exit code 5 of a runner without tests passes for pytest's",
    file: "src/settlement/diagnostics/test-output.ts",
    find: "exitCode === 5 && ",
    replace: "",
    killedBy:
      "src/settlement/diagnostics/test-output.test.ts > A6 an exit for lack of tests differs from a failure",
  },
  {
    name: "skipped tests of unittest count as tests that ran",
    file: "src/settlement/diagnostics/test-output.ts",
    find: " - sum(output, /\\bskipped=(\\d+)/g)",
    replace: "",
    killedBy:
      "src/settlement/diagnostics/test-output.test.ts > A27 none in the output of unittest that skips all",
  },
  {
    name: "a Go package without tests counts as one that ran tests",
    file: "src/settlement/diagnostics/test-output.ts",
    find: "(?!.*\\[no tests? )",
    replace: "",
    killedBy:
      "src/settlement/diagnostics/test-output.test.ts > A27 none in the output of go with a filter",
  },
  {
    name: "a cargo test binary that exits early is covered up by the summaries of others",
    file: "src/settlement/diagnostics/test-output.ts",
    find: "count(/^running \\d+ tests?$/gm) !== count(/^test result: /gm)",
    replace: "count(/^test result: /gm) === 0",
    killedBy:
      'src/settlement/diagnostics/test-output.test.ts > A4 "cargo test" with output "running 1 test\\ntest result: ok. 1 passed\\nrunning 3 tests\\n": ended early is true',
  },
  {
    name: "a runner that found no test counts only when the other runners are known to be empty",
    file: "src/settlement/diagnostics/test-output.ts",
    find: "known.length > 0 && known.every",
    replace: "known.every",
    killedBy:
      "src/settlement/diagnostics/test-output.test.ts > A27 unknown in the output of an unknown runner",
  },
  {
    name: "the tests of files with notes are not selected",
    file: "src/settlement/tests/test-selection.ts",
    find: "[...o.changed.map(({ path }) => path), ...o.noted]",
    replace: "[...o.changed.map(({ path }) => path)]",
    killedBy:
      "src/settlement/tests/test-selection.test.ts > the tests of an unchanged file with a note are selected, too",
  },
  {
    name: "a test that the base does not have runs on the base",
    file: "src/settlement/tests/test-selection.ts",
    find: "related.filter((path) => !added.has(path)).map(name)",
    replace: "related.map(name)",
    killedBy: "src/settlement/tests/test-selection.test.ts > the selection is: an added test",
  },
  {
    name: "a file whose users are unknown does not make all tests run",
    file: "src/settlement/tests/test-selection.ts",
    find: "o.graph.usedBy(path).size === 0,",
    replace: "o.graph.usedBy(path).size < 0,",
    killedBy:
      "src/settlement/tests/test-selection.test.ts > the selection is: A6 all tests, when a file without imports changed",
  },
  {
    name: "a changed test is selected only when it imports a changed file",
    file: "src/settlement/tests/test-selection.ts",
    find: "reached.has(path) || affected.includes(path)",
    replace: "reached.has(path)",
    killedBy: "src/settlement/tests/test-selection.test.ts > the selection is: an added test",
  },
  {
    name: "a moved test file counts as deleted",
    file: "src/settlement/judge-changes.ts",
    find: "changes.some((other) => isMoveOf(change, other)) ? [] :",
    replace: "false ? [] :",
    killedBy:
      "src/settlement/judge-changes.test.ts > A27 a moved test is compared with its old text, and a deleted one is reported",
  },
  {
    name: "a skip mark in a comment counts",
    file: "src/settlement/judge-changes.ts",
    find: 'text.replace(rule.comment, "").matchAll',
    replace: "text.matchAll",
    killedBy:
      'src/settlement/judge-changes.test.ts > A27 a change of tests/test_a.py from "a" to "a\\n# pytest.mark.skip\\n" is not reported',
  },
  {
    name: "a table of pyproject.toml that configures pytest is not reported",
    file: "src/settlement/judge-changes.ts",
    find: "tool\\.(?:pytest|ruff",
    replace: "tool\\.(?:ruff",
    killedBy:
      'src/settlement/judge-changes.test.ts > A27 a change of judging tables of pyproject.toml from "[tool.pytest.ini_options]\\na=1" to "[tool.ruff]\\nb=1" is reported',
  },
  {
    name: "an unreadable shared configuration is unchanged",
    file: "src/settlement/judge-changes.ts",
    find: 'return ["unreadable configuration"]',
    replace: "return []",
    killedBy:
      'src/settlement/judge-changes.test.ts > A27 a change of judging tables of package.json from "{}" to "{" is reported',
  },
  {
    name: "a fixer inserts lines that touch no changed line",
    file: "src/settlement/line-merge.ts",
    find: "if (hunk.from === hunk.to) return changed.has(hunk.from) || changed.has(hunk.from - 1);",
    replace: "if (hunk.from === hunk.to) return true;",
    killedBy: "src/settlement/line-merge.test.ts > B10 drops an insertion elsewhere",
  },
  {
    name: "a hunk survives when one of its lines is changed",
    file: "src/settlement/line-merge.ts",
    find: "for (let line = hunk.from; line < hunk.to; line++) if (!changed.has(line)) return false;\n  return true;",
    replace:
      "for (let line = hunk.from; line < hunk.to; line++) if (changed.has(line)) return true;\n  return false;",
    killedBy:
      "src/settlement/line-merge.test.ts > B10 drops a join of a changed line with an unchanged one",
  },
  {
    name: "a last line without a newline is joined to the next",
    file: "src/settlement/line-merge.ts",
    find: 'if (at < attempt.length && !(result.at(-1) ?? "\\n").endsWith("\\n")) result.push("\\n");',
    replace: "",
    killedBy:
      "src/settlement/line-merge.test.ts > B10 joins no lines when the fixed text ends earlier",
  },
  {
    name: "a cached value is valid for another digest",
    file: "src/settlement/digest-cache.ts",
    find: "JSON.stringify([name, version, digest, value])",
    replace: "JSON.stringify([name, version, value])",
    killedBy:
      "test/settlement/digest-cache.test.ts > C20 an entry that was moved to another digest is not believed",
  },
  {
    name: "a cached value is valid in another cache",
    file: "src/settlement/digest-cache.ts",
    find: "JSON.stringify([name, version, digest, value])",
    replace: "JSON.stringify([version, digest, value])",
    killedBy:
      "test/settlement/digest-cache.test.ts > C20 an entry that was sealed for another cache is not believed",
  },
  {
    name: "a cached value without a seal is believed",
    file: "src/settlement/digest-cache.ts",
    find: "if (entry === undefined || !seal.matches(sealed(digest, entry.value), entry.seal)) {",
    replace: "if (entry === undefined) {",
    killedBy:
      "test/settlement/digest-cache.test.ts > C20 an entry that has another value is not believed",
  },
  {
    name: "the next entry is appended to a partial last line",
    file: "src/settlement/digest-cache.ts",
    find: 'current && lines.at(-1) === "" && kept',
    replace: "current && kept",
    killedBy:
      "test/settlement/digest-cache.test.ts > a truncated line of the digest cache loses only its own entry",
  },
  {
    name: "the oldest entries are kept of too many",
    file: "src/settlement/digest-cache.ts",
    find: "entries.slice(-entriesMax / 2)",
    replace: "entries.slice(0, entriesMax / 2)",
    killedBy:
      "test/settlement/digest-cache.test.ts > the digest cache keeps the newest of too many entries",
  },
  {
    name: "a key that others can read seals the cache",
    file: "src/settlement/seal.ts",
    find: " && (found.mode & 0o077) === 0",
    replace: "",
    killedBy:
      "test/settlement/digest-cache.test.ts > is not used when its file is readable by others",
  },
  {
    name: "a verdict is served for another base",
    file: "src/settlement/verdict-cache.ts",
    find: "canonicalJson({ ...key, surroundings, tools })",
    replace: 'canonicalJson({ ...key, base: "", surroundings, tools })',
    killedBy:
      "test/settlement/verdict-cache.test.ts > a verdict is served again for the same key, and not for another base",
  },
  {
    name: "a verdict is served for another version of the command's program",
    file: "src/settlement/verdict-cache.ts",
    find: "${realpathSync(path)} ${size} ${mtimeMs}",
    replace: "${realpathSync(path)}",
    killedBy:
      "test/settlement/verdict-cache.test.ts > a linter replaced by one of the same size is asked again",
  },
  {
    name: "the temporary folder is part of a verdict's key",
    file: "src/settlement/verdict-cache.ts",
    find: "const { TMPDIR: _, ...stable } = environment;",
    replace: "const stable = environment;",
    killedBy:
      "test/settlement/verdict-cache.test.ts > a verdict with another TMPDIR is another one, except for TMPDIR",
  },
  {
    name: "programs after the 23rd word are not looked up",
    file: "src/settlement/verdict-cache.ts",
    find: "const wordsMax = 24;",
    replace: "const wordsMax = 23;",
    killedBy:
      "test/settlement/verdict-cache.test.ts > the first 24 words of a command are looked up as programs",
  },
] satisfies Mutant[];
