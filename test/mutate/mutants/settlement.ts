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
  {
    name: "a second lcov record of a file hides the hits of the first",
    file: "src/settlement/coverage/formats.ts",
    find: "open.lines.set(number, Math.max(Number(hits), open.lines.get(number) ?? 0));",
    replace: "open.lines.set(number, Number(hits));",
    killedBy:
      "src/settlement/coverage/formats.test.ts > a report is read: lcov with several records of one file",
  },
  {
    name: "a new file of any name takes the place of a deleted test",
    file: "src/settlement/judge-changes.ts",
    find: " && name(from.path) === name(to.path)",
    replace: "",
    killedBy:
      "src/settlement/judge-changes.test.ts > A27 a moved test is compared with its old text, and a deleted one is reported",
  },
  {
    name: "one more skip mark of a kind is not reported",
    file: "src/settlement/judge-changes.ts",
    find: "count > (before.get(mark) ?? 0)",
    replace: "!before.has(mark)",
    killedBy:
      "src/settlement/judge-changes.test.ts > A27 one more mark of a kind that the test has is reported, one fewer is not",
  },
  {
    name: "a command killed by the system has failed by its own verdict",
    file: "src/settlement/trees/command.ts",
    find: "135, 136, 137, 139",
    replace: "135, 136, 139",
    killedBy:
      "src/settlement/trees/command.test.ts > A4 a program that was killed under its shell does not pass",
  },
  {
    name: "a formatter that another command lists files after fails by its listing",
    file: "src/settlement/trees/command.ts",
    find: "shfmt)\\b[^|;&]*\\s-",
    replace: "shfmt)\\b.*\\s-",
    killedBy:
      "src/settlement/trees/command.test.ts > `gofmt -w .; ls -l` that exits 0 passes with any output",
  },
  {
    name: "a pass is remembered before its judgement confirms it",
    file: "src/settlement/gates/command-gate.ts",
    find: 'run.status === "passed" && judged.status === "passed"',
    replace: 'run.status === "passed"',
    killedBy:
      "test/settlement/gates.test.ts > a runner that exited before its summary fails on the same tree every time",
  },
  {
    name: "the run of a base that exited early is remembered as a pass",
    file: "src/settlement/gates/base-comparison.ts",
    find: "if (endedEarly(run.command, run.output)) return;",
    replace: "",
    killedBy:
      "test/settlement/gates.test.ts > a base whose runner exits early is not remembered as a pass",
  },
  {
    name: "a base that has no summary because it failed excuses an early exit",
    file: "src/settlement/gates/tests.ts",
    find: "const alike = early ? !printsSummary(base.output) : !ranTests(base.output);",
    replace:
      'const alike = early ? !printsSummary(base.output) || base.status === "failed" : !ranTests(base.output);',
    killedBy: "test/settlement/gates.test.ts > a base that fails does not excuse an early exit",
  },
  {
    name: "the summary that a command printed on another tree is not missed",
    file: "src/settlement/gates/tests.ts",
    find: "(!none && lacksUsualSummary(input, run, full))",
    replace: "false",
    killedBy:
      "test/settlement/gates.test.ts > a runner that the command does not name is known by the base's summary: mocha",
  },
  {
    name: "an errored verdict is served again",
    file: "src/settlement/gates/run-gates.ts",
    find: 'return status !== "errored" && !(',
    replace: "return !(",
    killedBy:
      "test/settlement/gates.test.ts > a gate that could not start runs again on the same tree",
  },
  {
    name: "a gate with paths runs for every change",
    file: "src/settlement/gates/project-gates.ts",
    find: "path.startsWith(prefix) && isPathOf(gate, path.slice(prefix.length))",
    replace: "path.startsWith(prefix)",
    killedBy:
      "test/settlement/project-gates.test.ts > F6 a gate runs in its folder where one of its paths changed, and the gates of [project] always do",
  },
  {
    name: "a gate gets changed files of other folders",
    file: "src/settlement/gates/project-gates.ts",
    find: "path.startsWith(below) && isPathOf(gate, path)",
    replace: "isPathOf(gate, path)",
    killedBy:
      "test/settlement/project-gates.test.ts > F6 {files} are the changed files of the gate's paths below its folder, relative to it",
  },
  {
    name: "a gate's failure is compared without its kind",
    file: "src/settlement/gates/project-gates.ts",
    find: "} = kinds[kind];",
    replace: "} = kinds.lint;",
    killedBy:
      "test/settlement/project-gates.test.ts > F6 the kind of a gate chooses how a failure is compared with the base",
  },
  {
    name: "failed tests are served again",
    file: "src/settlement/gates/tests.ts",
    find: "isFlaky: true, fill",
    replace: "isFlaky: false, fill",
    killedBy: "test/settlement/gates.test.ts > failed tests runs again on the same tree",
  },
  {
    name: "a command that cannot run on the attempt's tree alone blames the environment",
    file: "src/settlement/gates/command-gate.ts",
    find: '(await errorsOnBase(judged)) ? "environment" : "attempt"',
    replace: '(await errorsOnBase(judged)) ? "environment" : "environment"',
    killedBy:
      "test/settlement/gates.test.ts > A4 a gate that cannot run only with the attempt's change blames the attempt",
  },
  {
    name: "output beyond the read limit is compared",
    file: "src/settlement/gates/checkers.ts",
    find: "if (run.cut || base.cut) {",
    replace: "if (false) {",
    killedBy:
      "test/settlement/gates.test.ts > A8 output beyond the read limit fails and blames the base",
  },
  {
    name: "another exit code than the base's passes without new diagnostics",
    file: "src/settlement/gates/checkers.ts",
    find: "if (base.exitCode !== run.exitCode) {",
    replace: "if (false) {",
    killedBy: "test/settlement/gates.test.ts > A8 another exit code fails",
  },
  {
    name: "new lines of output without diagnostics pass",
    file: "src/settlement/gates/checkers.ts",
    find: "found.length === 0 ? newLines(run.output, base.output) : []",
    replace: "found.length < 0 ? newLines(run.output, base.output) : []",
    killedBy: "test/settlement/gates.test.ts > A8 other output in an unknown format fails",
  },
  {
    name: "a timed-out test runs a second time",
    file: "src/settlement/gates/command-gate.ts",
    find: 'return judged.run.status === "failed" && ((await',
    replace: "return ((await",
    killedBy:
      "test/settlement/gates.test.ts > A17 only tests are run again, and not after a timeout",
  },
  {
    name: "merge.flaky is ignored",
    file: "src/settlement/gates/command-gate.ts",
    find: 'const fails = merge.flaky === "fail";',
    replace: "const fails = false;",
    killedBy:
      "test/settlement/gates.test.ts > A17 a test that passes on its second run with flaky = fail is failed",
  },
  {
    name: "a flaky pass is reused for another base",
    file: "src/settlement/gates/command-gate.ts",
    find: "if (!confirmed) continue;",
    replace: "",
    killedBy:
      "test/settlement/gates.test.ts > a passed verdict is reused for another base, a flaky one is not",
  },
  {
    name: "a file that disappears from the report keeps its coverage",
    file: "src/settlement/gates/coverage.ts",
    find: "(after === null ? 0 : percentOf(after))",
    replace: "(after === null ? percentOf(before) : percentOf(after))",
    killedBy:
      "test/settlement/coverage.test.ts > A10 a changed file that disappears from the report counts as uncovered",
  },
  {
    name: "a drop of exactly the threshold fails",
    file: "src/settlement/gates/coverage.ts",
    find: "pointsOf(drop) > allowed + rounding",
    replace: "pointsOf(drop) >= allowed",
    killedBy:
      "test/settlement/coverage.test.ts > A10 a drop of 25 points with a threshold of 25 has passed",
  },
  {
    name: "a coverage baseline of other sources is used",
    file: "src/settlement/coverage/figures.ts",
    find: "return (await sameSources(c, baseline.tree, baseTree)) ? baseline.files : null;",
    replace: "return baseline.files;",
    killedBy:
      "test/settlement/coverage.test.ts > A10 the baseline's figures are used when sources and command are the same",
  },
  {
    name: "a removed test leaves the selection of the coverage command as it is",
    file: "src/settlement/gates/coverage.ts",
    find: " && !deletesTests(input)",
    replace: "",
    killedBy:
      "test/settlement/coverage.test.ts > A10 a removed test makes the coverage gate run the whole command",
  },
  {
    name: "a verdict with history does not depend on the snapshot of refs",
    file: "src/settlement/gates/history.ts",
    find: "canonicalJson({ tree, refs: refs.digest, head, base })",
    replace: "canonicalJson({ tree, head, base })",
    killedBy:
      "test/settlement/history.test.ts > A28 a verdict with history depends on base, commit and snapshot; one without on the tree",
  },
  {
    name: "{base} on the base is the base itself",
    file: "src/settlement/gates/history.ts",
    find: "head: base, base: isBase ? null : commit }",
    replace: "head: base, base: isBase ? null : base }",
    killedBy:
      "test/settlement/history.test.ts > A28 a diagnostic of the base is not charged by a command that checks the files changed since {base}",
  },
  {
    name: "files that a hook writes are not reviewed",
    file: "src/settlement/review.ts",
    find: "const touched = hooks.ran;",
    replace: "const touched = false;",
    killedBy:
      "test/settlement/review.test.ts > C3 a failing review hook rejects with its output, and files a hook writes are reviewed",
  },
  {
    name: "files that a formatter changes are not reviewed",
    file: "src/settlement/review.ts",
    find: "if (!touched && !fix.touched && fix.fixed.length === 0) {",
    replace: "if (!touched && fix.fixed.length === 0) {",
    killedBy:
      "test/settlement/review.test.ts > C3 a formatter that changes unclaimed files is rejected",
  },
  {
    name: "a partial fix is kept without a check",
    file: "src/settlement/autofix.ts",
    find: "if (partial.length === 0) return kept;",
    replace: "if (partial.length >= 0) return kept;",
    killedBy:
      "test/settlement/review.test.ts > B10 a partial fix that would break a string is not applied",
  },
  {
    name: "autofix writes into a file that a formatter linked",
    file: "src/settlement/autofix.ts",
    find: "if (stats !== undefined && (!stats.isFile() || stats.nlink > 1)) removeFolder(full);",
    replace: "",
    killedBy:
      "test/settlement/review.test.ts > autofix does not write through a link that a formatter put in place of a file or folder",
  },
  {
    name: "autofix writes through a folder that a formatter linked",
    file: "src/settlement/autofix.ts",
    find: "  if (!liesInside(root, path)) return;\n  const stats",
    replace: "  const stats",
    killedBy:
      "test/settlement/review.test.ts > autofix does not write through a link that a formatter put in place of a file or folder",
  },
  {
    name: "a run without tests passes where the base has some",
    file: "src/settlement/gates/tests.ts",
    find: "if (!early && !none) return null;",
    replace: "if (!early) return null;",
    killedBy: "test/settlement/judge-changes.test.ts > A27 fails where the base ran some",
  },
  {
    name: "setup output made from the files of a tree serves other trees",
    file: "src/settlement/trees/slot-lease.ts",
    find: "tree: bound ? tree : null",
    replace: "tree: null",
    killedBy:
      "test/settlement/dependencies.test.ts > setup output made from files of a tree serves that tree only",
  },
  {
    name: "an environment with a copy of the project serves other trees",
    file: "src/settlement/trees/slot-lease.ts",
    find: "created.some((path) => !installerLeftover.test(path)) || holdsProjectCopy(slot.path, folders)",
    replace: "created.some((path) => !installerLeftover.test(path))",
    killedBy:
      "test/settlement/dependencies.test.ts > A18 an environment that contains a copy of the project serves that tree only",
  },
  {
    name: "an absolute link of a dependency folder is copied",
    file: "src/settlement/trees/dependencies.ts",
    find: "if (isAbsolute(target)) return true;",
    replace: "if (isAbsolute(target)) return false;",
    killedBy:
      "test/settlement/dependencies.test.ts > A18 a dependency folder is not copied when it contains an absolute link",
  },
  {
    name: "a .pth file that names the checkout is copied",
    file: "src/settlement/trees/dependencies.ts",
    find: "/\\.(pth|egg-link)$/",
    replace: "/\\.(egg-link)$/",
    killedBy:
      "test/settlement/dependencies.test.ts > A18 a dependency folder is not copied when it contains a path file",
  },
  {
    name: "a copy that failed counts as prepared",
    file: "src/settlement/trees/dependencies.ts",
    find: 'if (copied !== "copied") return notPrepared(copied.reason);',
    replace: 'if (copied !== "copied") continue;',
    killedBy:
      "test/settlement/dependencies.test.ts > a copy that was cancelled leaves no gate tree that counts as prepared",
  },
  {
    name: "a verdict of structure is served for another baseline",
    file: "src/settlement/gates/structure.ts",
    find: "String(includeTests), baseline];",
    replace: "String(includeTests)];",
    killedBy:
      "test/settlement/structure.test.ts > A30 a verdict is not served for another baseline of the checkout",
  },
  {
    name: "strict mode blames the attempt for a base below its baseline",
    file: "src/settlement/gates/structure.ts",
    find: "hard.length === 0 && (await isBaseAsBad(input, engine, worse))",
    replace: "false",
    killedBy:
      "test/settlement/structure.test.ts > strict mode blames the base when it is below its own baseline",
  },
  {
    name: "a key of the seal that its group can read is used",
    file: "src/settlement/seal.ts",
    find: "(found.mode & 0o077) === 0",
    replace: "(found.mode & 0o007) === 0",
    killedBy:
      "test/settlement/digest-cache.test.ts > is not used when its file is readable by its group",
  },
  {
    name: "copied files are written through a link",
    file: "src/settlement/trees/copied-files.ts",
    find: 'if (!parents.every((folder) => isPlainFolder(join(root, folder), "or_missing"))) continue;',
    replace: "",
    killedBy:
      "test/settlement/copied-files.test.ts > F2 nothing is written or removed through a link, and nothing of the tree is overwritten",
  },
  {
    name: "dgov's files of another project are no part of a judged tree",
    file: "src/settlement/judged-trees.ts",
    find: "!own.some((folder) => path.startsWith(folder))",
    replace: "!own.some((folder) => path.includes(folder))",
    killedBy:
      "test/settlement/judged-trees.test.ts > F10 a tree that differs from a judged one by dgov's files of another project is judged",
  },
  {
    name: "a judged tree is believed where a gate runs outside the sandbox",
    file: "src/settlement/context.ts",
    find: 'if (level === "off" || hasOpenGates(c.config)) return false;',
    replace: 'if (level === "off") return false;',
    killedBy:
      "test/settlement/judged-trees.test.ts > F10, C20 where a gate runs outside the sandbox",
  },
] satisfies Mutant[];
