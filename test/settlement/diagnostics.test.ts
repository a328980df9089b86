/**
 * A8: comparison of checker output with the base, for the output format of each supported checker. The
 * "checker" prints a file of the tree, so a test controls its output on base and change.
 */
import { describe, expect, test } from "bun:test";
import { statuses, testSettlement, verdict } from "./harness.ts";

/** Output of a checker that reports one kind of problem on these lines of a file. */
type Layout = (file: string, lines: readonly number[]) => string;

const each = (lines: readonly number[], text: (line: number) => string): string =>
  lines.map(text).join("");

const layouts: Record<string, Layout> = {
  ty: (file, lines) =>
    `${each(lines, (n) => `error[invalid-explicit-return]: Return type does not match returned value\n --> ${file}:${n}:12\n  |\n${n - 1} | def f(x: int) -> str:\n  |                  --- Expected \`str\` because of return type\n${n} |     return x\n  |            ^ expected \`str\`, found \`int\`\ninfo: rule \`invalid-explicit-return\` is enabled by default\n\n`)}Found ${lines.length} diagnostics\n`,
  "ty, concise": (file, lines) =>
    `${each(lines, (n) => `${file}:${n}:12: error[invalid-explicit-return] Return type does not match returned value: expected \`str\`, found \`int\`\n`)}Found ${lines.length} diagnostics\n`,
  mypy: (file, lines) =>
    `${each(lines, (n) => `${file}:${n}: error: Argument 1 of "m" is incompatible with supertype "A"; supertype defines the argument type as "int"  [override]\n${file}:${n}: note: This violates the Liskov substitution principle\n${file}:${n}: note: See https://mypy.readthedocs.io/en/stable/common_issues.html\n`)}Found ${lines.length} errors in 1 file (checked 3 source files)\n`,
  "mypy --pretty": (file, lines) =>
    each(
      lines,
      (n) =>
        `${file}:${n}: error: Argument 1 of "m" is incompatible with supertype "A"; supertype\ndefines the argument type as "int"  [override]\n        def m(self, x: str) -> int:\n                    ^~~~~~\n${file}:${n}: note: This violates the Liskov substitution principle\n`,
    ),
  "mypy with columns and ends": (file, lines) =>
    each(
      lines,
      (n) => `${file}:${n}:12:${n}:13: error: Incompatible return value type  [return-value]\n`,
    ),
  pyright: (file, lines) =>
    `/home/ada/app/${file}\n${each(lines, (n) => `  /home/ada/app/${file}:${n}:12 - error: Type "int" is not assignable to return type "str"\n    "int" is not assignable to "str" (reportReturnType)\n  /home/ada/app/${file}:${n}:1 - warning: Expression value is unused (reportUnusedExpression)\n`)}${lines.length} errors, ${lines.length} warnings, 0 informations \n`,
  tsc: (file, lines) =>
    each(
      lines,
      (n) =>
        `${file}(${n},57): error TS2322: Type '{ context: number; }' is not assignable to type '{ context: string; }'.\n  Types of property 'c' are incompatible.\n    Type 'number' is not assignable to type 'string'.\n`,
    ),
  "tsc --pretty": (file, lines) =>
    `${each(lines, (n) => `\u001b[96m${file}\u001b[0m:\u001b[93m${n}\u001b[0m:\u001b[93m57\u001b[0m - \u001b[91merror\u001b[0m\u001b[90m TS2322: \u001b[0mType 'number' is not assignable to type 'string'.\n\n\u001b[7m${n}\u001b[0m const o: O = { context: 2 };\n\u001b[7m \u001b[0m \u001b[91m     ~\u001b[0m\n\n`)}\nFound ${lines.length} errors in the same file, starting at: ${file}\u001b[90m:${lines[0]}\u001b[0m\n`,
  eslint: (file, lines) =>
    `\n/home/ada/app/${file}\n${each(lines, (n) => `  ${n}:7   error    'x' is assigned a value but never used  no-unused-vars\n  ${n}:9   warning  'y' is not defined                      no-undef\n`)}\n✖ ${2 * lines.length} problems (${lines.length} errors, ${lines.length} warnings)\n`,
  "eslint, compact": (file, lines) =>
    `${each(lines, (n) => `/home/ada/app/${file}: line ${n}, col 7, Error - 'x' is assigned a value but never used. (no-unused-vars)\n`)}\n${lines.length} problems\n`,
  biome: (file, lines) =>
    `${each(lines, (n) => `${file}:${n}:1 lint/suspicious/noDebugger  FIXABLE  ━━━━━━━━━━━━━━━━━━\n\n  × This is an unexpected use of the debugger statement.\n  \n  > ${n} │ debugger;\n      │ ^^^^^^^^^\n  \n  i Unsafe fix: Remove debugger statement\n  \n    ${n}   │ - debugger;\n  \n\n`)}Checked 1 file in ${lines.length}ms. No fixes applied.\nFound ${lines.length} errors.\nlint ━━━━━━━━━━━━━━━━━━━━━━━━\n\n  × Some errors were emitted while running checks.\n  \n\n`,
  "biome with diagnostics it does not show": (file, lines) =>
    `${file}:1:1 lint/suspicious/noDebugger  FIXABLE  ━━━━━━━━━━━━━━━━━━\n\n  × This is an unexpected use of the debugger statement.\n  \n\nDiagnostics not shown: ${lines.length}.\nChecked 1 file in 4ms. No fixes applied.\nFound ${1 + lines.length} errors.\n`,
  ruff: (file, lines) =>
    `${each(lines, (n) => `F401 [*] \`os\` imported but unused\n --> ${file}:${n}:8\n  |\n${n} | import os\n  |        ^^\nhelp: Remove unused import: \`os\`\n  |\n  - import os\n  |\n\n`)}Found ${lines.length} errors.\n[*] ${lines.length} fixable with \`--fix\`.\n`,
  "ruff, concise": (file, lines) =>
    `${each(lines, (n) => `${file}:${n}:8: F401 [*] \`os\` imported but unused\n`)}Found ${lines.length} errors.\n`,
  "ruff, grouped": (file, lines) =>
    `${file}:\n${each(lines, (n) => `  ${n}:8 F401 [*] \`os\` imported but unused\n`)}\nFound ${lines.length} errors.\n`,
  "ruff, pylint": (file, lines) =>
    each(lines, (n) => `${file}:${n}: [F401] \`os\` imported but unused\n`),
  "GitHub annotations": (file, lines) =>
    each(
      lines,
      (n) =>
        `::error title=ruff (F401),file=${file},line=${n},col=8,endLine=${n},endColumn=10::${file}:${n}:8: F401 \`os\` imported but unused%0A  help: Remove unused import: \`os\`\n`,
    ),
  clippy: (file, lines) =>
    `    Checking x v0.1.0 (/home/ada/app)\n${each(lines, (n) => `error: this loop never actually loops\n --> ${file}:${n}:5\n  |\n${n} | /     loop {\n  | |_____^\n  |\n  = help: for further information visit https://rust-lang.github.io/rust-clippy/rust-1.95.0/index.html#never_loop\n  = note: \`#[deny(clippy::never_loop)]\` on by default\n\n`)}error: could not compile \`x\` (lib) due to ${lines.length} previous errors\nwarning: build failed, waiting for other jobs to finish...\n`,
  "clippy, short": (file, lines) =>
    `    Checking x v0.1.0 (/home/ada/app)\n${each(lines, (n) => `${file}:${n}:5: error: length comparison to zero: help: using \`is_empty\` is clearer and more explicit: \`v.is_empty()\`\n`)}error: could not compile \`x\` (lib) due to ${lines.length} previous errors\n`,
  "go vet": (file, lines) =>
    `# m\n# [m]\n${each(lines, (n) => `./${file}:${n}:14: fmt.Printf format %d has arg x of wrong type string\n`)}`,
  "go vet with a compile error": (file, lines) =>
    `# m\n${each(lines, (n) => `vet: ./${file}:${n}:23: undefined: undefinedThing\n`)}`,
  "golangci-lint": (file, lines) =>
    `${each(lines, (n) => `${file}:${n}:3: Error return value of \`f\` is not checked (errcheck)\n\tf()\n\t ^\n`)}${lines.length} issues:\n* errcheck: ${lines.length}\n`,
  "generic file and line": (file, lines) => each(lines, (n) => `${file}:${n}: bad word [bad]\n`),
  "unknown format": (file, lines) =>
    `checking ${file}\n${each(lines, (n) => `  bad word at ${n}\n`)}`,
};

const files: Record<string, string> = {
  mypy: "src/a.py",
  "mypy --pretty": "src/a.py",
  "mypy with columns and ends": "src/a.pyi",
  "go vet": "a.go",
  "go vet with a compile error": "a.go",
  "golangci-lint": "a.go",
};

describe("checker formats", () => {
  test.each(Object.entries(layouts))(
    "A8 %s: moved problems are not charged, one more in the same file is",
    async (name, layout) => {
      const file = files[name] ?? "src/a.ts";
      const other = file.replace("a.", "b.");
      await using c = await testSettlement({
        files: { "said.log": layout(file, [3, 40]) },
        project: { lint_cmd: "cat said.log; exit 1" },
      });
      const judged = async (text: string) =>
        verdict(await c.judge({ "said.log": text, "x.txt": "x\n" }), "lint");
      expect(await judged(layout(file, [13, 41]))).toMatchObject({
        status: "passed",
        diagnostics: [],
      });
      expect(await judged(layout(file, [4]))).toMatchObject({ status: "passed" });
      const more = await judged(layout(file, [3, 40, 99]));
      expect(more).toMatchObject({ status: "failed", blame: "attempt" });
      const elsewhere = await judged(`${layout(file, [3, 40])}${layout(other, [7])}`);
      expect(elsewhere).toMatchObject({ status: "failed", blame: "attempt" });
      if (name === "unknown format" || name === "ruff, grouped") return;
      expect(more.diagnostics).toHaveLength(1);
      if (name === "biome with diagnostics it does not show") return;
      expect(more.diagnostics[0]?.file).toEndWith(file);
      expect(elsewhere.diagnostics.map((d) => d.file).every((f) => f.endsWith(other))).toBe(true);
    },
  );

  test("A8 a checker that fails without output is charged unless it failed on the base", async () => {
    await using c = await testSettlement({ project: { lint_cmd: "[ ! -e x.txt ] || exit 1" } });
    expect(statuses(await c.judge({ "x.txt": "x\n" }))).toEqual({ lint: "failed" });
  });
});
