/** Each checker's output before and after a second problem of the same kind is added. */
import { describe, expect, test } from "bun:test";
import {
  byLocation,
  type DiagnosticParts,
  diagnostic,
  newDiagnostics,
  newLines,
} from "./diagnostic.ts";
import { parseDiagnostics } from "./formats.ts";

/** `before`: output on the base. `after`: the same problem on another line, and a second one in that file. */
const layouts: [tool: string, before: string, after: string, first: [string, number, string]][] = [
  [
    "ty",
    "error[unresolved-import]: Cannot resolve imported module `nope`\n --> src/a.py:1:8\n  |\n1 | import nope\n  |        ^^^^\ninfo: rule `unresolved-import` is enabled by default\n\nFound 1 diagnostic\n",
    "error[unresolved-import]: Cannot resolve imported module `nope`\n --> src/a.py:3:8\n  |\n3 | import nope\n  |        ^^^^\n\nerror[unresolved-import]: Cannot resolve imported module `nope`\n --> src/a.py:9:8\n  |\n\nFound 2 diagnostics\n",
    ["src/a.py", 1, "unresolved-import"],
  ],
  [
    "ty --output-format concise",
    "src/a.py:1:8: error[unresolved-import] Cannot resolve `nope`\n",
    "src/a.py:3:8: error[unresolved-import] Cannot resolve `nope`\nsrc/a.py:9:8: error[unresolved-import] Cannot resolve `nope`\n",
    ["src/a.py", 1, "unresolved-import"],
  ],
  [
    "mypy",
    'src/a.py:3: error: Incompatible return value type (got "int", expected "str")  [return-value]\nsrc/a.py:3: note: See the docs\nFound 1 error in 1 file (checked 2 source files)\n',
    'src/a.py:5: error: Incompatible return value type (got "int", expected "str")  [return-value]\nsrc/a.py:5: note: See the docs\nsrc/a.py:8: error: Incompatible return value type (got "int", expected "str")  [return-value]\nFound 2 errors in 1 file (checked 2 source files)\n',
    ["src/a.py", 3, "return-value"],
  ],
  [
    "pyright",
    '/r/src/a.py\n  /r/src/a.py:1:8 - error: Import "nope" could not be resolved (reportMissingImports)\n1 error, 0 warnings, 0 informations \n',
    '/r/src/a.py\n  /r/src/a.py:2:8 - error: Import "nope" could not be resolved (reportMissingImports)\n  /r/src/a.py:7:8 - error: Import "nope" could not be resolved (reportMissingImports)\n2 errors, 0 warnings, 0 informations \n',
    ["/r/src/a.py", 1, "reportMissingImports"],
  ],
  [
    "tsc",
    "src/a.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.\n",
    "src/a.ts(4,7): error TS2322: Type 'string' is not assignable to type 'number'.\nsrc/a.ts(9,7): error TS2322: Type 'string' is not assignable to type 'number'.\n",
    ["src/a.ts", 3, "TS2322"],
  ],
  [
    "tsc --pretty",
    "\u001b[96msrc/a.ts\u001b[0m:\u001b[93m3\u001b[0m:\u001b[93m7\u001b[0m - \u001b[91merror\u001b[0m\u001b[90m TS2322: \u001b[0mType 'string' is not assignable.\n\n3 const x: number = 'a';\n        ~\n\nFound 1 error in src/a.ts:3\n",
    "src/a.ts:4:7 - error TS2322: Type 'string' is not assignable.\n\n4 const x: number = 'a';\n\nsrc/a.ts:9:7 - error TS2322: Type 'string' is not assignable.\n\nFound 2 errors in the same file, starting at: src/a.ts:4\n",
    ["src/a.ts", 3, "TS2322"],
  ],
  [
    "eslint",
    "\n/r/src/a.js\n  1:7  error  'x' is assigned a value but never used  no-unused-vars\n\n✖ 1 problem (1 error, 0 warnings)\n",
    "\n/r/src/a.js\n  2:7  error  'x' is assigned a value but never used  no-unused-vars\n  5:7  error  'x' is assigned a value but never used  no-unused-vars\n\n✖ 2 problems (2 errors, 0 warnings)\n",
    ["/r/src/a.js", 1, "no-unused-vars"],
  ],
  [
    "biome",
    "src/a.ts:1:7 lint/correctness/noUnusedVariables  FIXABLE  ━━━━━━━━━━\n\n  × This variable is unused.\n\n  > 1 │ const x = 1;\n\nChecked 1 file in 2ms.\nFound 1 error.\n",
    "src/a.ts:2:7 lint/correctness/noUnusedVariables  FIXABLE  ━━━━━━━━━━\n\n  × This variable is unused.\n\nsrc/a.ts:5:7 lint/correctness/noUnusedVariables  FIXABLE  ━━━━━━━━━━\n\n  × This variable is unused.\n\nFound 2 errors.\n",
    ["src/a.ts", 1, "lint/correctness/noUnusedVariables"],
  ],
  [
    "ruff",
    "F401 [*] `os` imported but unused\n --> src/a.py:1:8\n  |\n1 | import os\n  |        ^^\n  |\nhelp: Remove unused import: `os`\n\nFound 1 error.\n",
    "F401 [*] `os` imported but unused\n --> src/a.py:2:8\n  |\n\nF401 [*] `os` imported but unused\n --> src/a.py:6:8\n  |\n\nFound 2 errors.\n",
    ["src/a.py", 1, "F401"],
  ],
  [
    "ruff --output-format concise",
    "src/a.py:1:8: F401 [*] `os` imported but unused\nFound 1 error.\n",
    "src/a.py:2:8: F401 [*] `os` imported but unused\nsrc/a.py:6:8: F401 [*] `os` imported but unused\nFound 2 errors.\n",
    ["src/a.py", 1, "F401"],
  ],
  [
    "clippy",
    "error: this loop never actually loops\n  --> src/lib.rs:4:5\n   |\n   = note: `#[deny(clippy::never_loop)]` on by default\n\nerror: could not compile `x` (lib) due to 1 previous error\n",
    "error: this loop never actually loops\n  --> src/lib.rs:5:5\n   |\n\nerror: this loop never actually loops\n  --> src/lib.rs:9:5\n   |\n\nerror: could not compile `x` (lib) due to 2 previous errors\n",
    ["src/lib.rs", 4, ""],
  ],
  [
    "rustc",
    "error[E0308]: mismatched types\n --> src/main.rs:2:18\n  |\n",
    "error[E0308]: mismatched types\n --> src/main.rs:3:18\n  |\nerror[E0308]: mismatched types\n --> src/main.rs:7:18\n  |\n",
    ["src/main.rs", 2, "E0308"],
  ],
  [
    "go vet",
    "# example.com/m\n./a.go:5:2: fmt.Printf format %d has arg x of wrong type string\n",
    "# example.com/m\n./a.go:6:2: fmt.Printf format %d has arg x of wrong type string\n./a.go:9:2: fmt.Printf format %d has arg x of wrong type string\n",
    ["a.go", 5, ""],
  ],
  [
    "golangci-lint",
    "a.go:5:3: Error return value of `f` is not checked (errcheck)\n\tf()\n\t ^\n1 issues:\n* errcheck: 1\n",
    "a.go:6:3: Error return value of `f` is not checked (errcheck)\n\tf()\na.go:9:3: Error return value of `f` is not checked (errcheck)\n\tf()\n2 issues:\n* errcheck: 2\n",
    ["a.go", 5, "errcheck"],
  ],
  [
    "any tool that prints file and line",
    "lib/x.rb:5: error: bad word [bad]\n",
    "lib/x.rb:6: error: bad word [bad]\nlib/x.rb:9: error: bad word [bad]\n",
    ["lib/x.rb", 5, "bad"],
  ],
];

describe("newDiagnostics", () => {
  test.each(layouts)(
    "A8 %s: a pre-existing problem is not charged, a second one is",
    (_tool, before, after, first) => {
      const [then, now] = [parseDiagnostics(before), parseDiagnostics(after)];
      expect(then.map((d) => [d.file, d.line ?? 0, d.code])).toEqual([first]);
      expect(now).toHaveLength(2);
      expect(newDiagnostics(then, then)).toEqual([]);
      expect(newDiagnostics(now, then)).toHaveLength(1);
    },
  );

  test("A8 a different problem in the same file is charged", () => {
    const before = parseDiagnostics("src/a.py:1:8: F401 `os` imported but unused\n");
    const after = parseDiagnostics("src/a.py:1:8: F821 Undefined name `os`\n");
    expect(newDiagnostics(after, before).map((d) => d.code)).toEqual(["F821"]);
  });

  test("A8 output of several tools in one command is read whole", () => {
    const ruff = "src/a.py:1:8: F401 `os` imported but unused\n";
    const both = `${ruff}src/a.py:3: error: Name "x" is not defined  [name-defined]\n`;
    const charged = newDiagnostics(parseDiagnostics(both), parseDiagnostics(ruff));
    expect(charged.map((d) => d.code)).toEqual(["name-defined"]);
  });

  test("A8 a tool that crashes is charged although its diagnostics are old", () => {
    const before = "src/a.py:1:8: F401 `os` imported but unused\n";
    const after = `${before}error: Failed to parse src/b.py\n`;
    const charged = newDiagnostics(parseDiagnostics(after), parseDiagnostics(before));
    expect(charged.map((d) => d.message)).toEqual(["error: Failed to parse src/b.py"]);
  });

  test("A8 warnings are charged only when there are no errors", () => {
    const before = "/r/a.js\n  1:1  error  bad  rule-a\n";
    const warned = "/r/a.js\n  1:1  error  bad  rule-a\n  2:1  warning  meh  rule-b\n";
    expect(newDiagnostics(parseDiagnostics(warned), parseDiagnostics(before))).toEqual([]);
    const only = "/r/a.js\n  2:1  warning  meh  rule-b\n";
    expect(newDiagnostics(parseDiagnostics(only), [])).toHaveLength(1);
  });

  test("A8 of the files a formatter lists, only new ones are charged", () => {
    const before = parseDiagnostics("Would reformat: src/old.py\n1 file would be reformatted\n");
    const after = parseDiagnostics(
      "Would reformat: src/old.py\nWould reformat: src/new.py\n[warn] src/x.ts\n",
    );
    expect(newDiagnostics(after, before).map((d) => d.file)).toEqual(["src/new.py", "src/x.ts"]);
  });
});

describe("A8 the identity of a diagnostic", () => {
  const known = diagnostic({
    file: "a.py",
    line: "3",
    column: "4",
    code: "F401",
    message: "`os` 3",
  });
  test.each<[string, DiagnosticParts, boolean]>([
    ["another file", { file: "b.py" }, true],
    ["another code", { code: "F402" }, true],
    ["another message", { message: "`sys` 3" }, true],
    ["another line", { line: "9" }, false],
    ["another column", { column: "9" }, false],
    ["another number in its message", { message: "`os` 12.5" }, false],
    ["other white space in its message", { message: "  `os`   3 " }, false],
    ["colours in its message", { message: "\u001b[31m`os`\u001b[0m 3" }, false],
    ["./ before its file", { file: "./a.py" }, false],
  ])("one with %s is charged: %p", (_, change, charged) => {
    const parts = { file: "a.py", line: "3", column: "4", code: "F401", message: "`os` 3" };
    const now = diagnostic({ ...parts, ...change });
    expect(newDiagnostics([now], [known])).toEqual(charged ? [now] : []);
  });

  test("one more of the same is charged, one fewer is not", () => {
    expect(newDiagnostics([known, known], [known])).toEqual([known]);
    expect(newDiagnostics([known], [known, known])).toEqual([]);
  });

  test.each([
    ...["warn", "warning", "Warning", "info", "INFO", "note", "!", "⚠"].map((w) => [w, "warning"]),
    ...["error", "E", "x", "×", "", "fatal"].map((w) => [w, "error"]),
  ])("the word %p is the severity %s", (severity, wanted) => {
    expect(diagnostic({ severity }).severity).toBe(wanted as "error");
  });

  test("diagnostics are ordered by file, then by line", () => {
    const at = (file: string, line?: string) => diagnostic({ file, line });
    const ordered = [at("a"), at("a", "2"), at("a", "10"), at("b", "1")];
    expect(ordered.toReversed().sort(byLocation)).toEqual(ordered);
  });
});

describe("output without known diagnostics", () => {
  test.each([
    ["ignores numbers", "took 1.2 s\nbad\n", "took 3.4 s\nbad\n", []],
    ["returns an added line", "bad\n", "bad\nworse\n", ["worse"]],
    ["returns a repeated line", "bad\n", "bad\nbad\n", ["bad"]],
    ["ignores white space and colours", "bad  x\n", "\u001b[1mbad x\u001b[0m\n\n", []],
  ])("newLines %s", (_name, before, now, wanted) => {
    expect(newLines(now, before)).toEqual(wanted);
  });
});
