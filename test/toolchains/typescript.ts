/** TypeScript with tsc, Biome and bun test, with lcov coverage. */
import { node, type Toolchain } from "./toolchain.ts";

const adder = "export function add(a: number, b: number): number {\n\treturn a + b;\n}\n";
const bun = `'${process.execPath}'`;

export const typescriptTools: Toolchain = {
  name: "TypeScript with tsc, Biome and bun test",
  files: {
    "package.json": '{ "name": "t", "type": "module" }\n',
    "tsconfig.json":
      '{ "compilerOptions": { "strict": true, "noEmit": true, "module": "Preserve", "allowImportingTsExtensions": true, "types": [] }, "include": ["src"] }\n',
    "biome.json": '{ "files": { "includes": ["src/**"] } }\n',
    ".gitignore": "node_modules\n",
    "src/good.ts": adder,
    "src/tested.ts": adder,
    "src/linted.ts": adder,
    "src/typed.ts": adder,
    "src/formatted.ts": adder,
    "src/covered.ts": adder,
    "src/legacy.ts":
      "export function old(a: number): string {\n\tdebugger;\n\treturn a;\n}\n\nexport const x = [1,2]\n",
    "test/all.test.ts":
      'import { expect, test } from "bun:test";\nimport { add as covered } from "../src/covered.ts";\nimport { add as tested } from "../src/tested.ts";\n\ntest("tested adds", () => {\n\texpect(tested(1, 2)).toBe(3);\n});\n\ntest("covered adds", () => {\n\texpect(covered(1, 2)).toBe(3);\n});\n',
  },
  project: {
    language: "typescript",
    test_dir: "test/",
    source_extensions: [".ts"],
    test_cmd: `${bun} test`,
    lint_cmd: `${node}/biome lint {files}`,
    format_check_cmd: `${node}/biome format {files}`,
    type_check_cmd: `${node}/tsc -p .`,
    coverage_cmd: `${bun} test --coverage --coverage-reporter=lcov --coverage-dir={output}`,
  },
  legacy: "src/legacy.ts",
  good: {
    path: "src/good.ts",
    content: "export function add(a: number, b: number): number {\n\treturn b + a;\n}\n",
    verdict: {},
  },
  bad: {
    tests: {
      path: "src/tested.ts",
      content: "export function add(a: number, b: number): number {\n\treturn a - b;\n}\n",
      verdict: { tests: [/tested adds/], coverage: ["the command fails (exit code 1)"] },
    },
    lint: {
      path: "src/linted.ts",
      content:
        "export function add(a: number, b: number): number {\n\tdebugger;\n\treturn a + b;\n}\n",
      verdict: { lint: ["src/linted.ts:2 lint/suspicious/noDebugger"] },
    },
    types: {
      path: "src/typed.ts",
      content:
        "export function add(a: number, b: number): number {\n\treturn a + b + missing;\n}\n",
      verdict: { types: ["src/typed.ts:2 TS2304"] },
    },
    format: {
      path: "src/formatted.ts",
      content: "export function add(a: number, b: number): number { return a+b }\n",
      verdict: { format: [/src\/formatted\.ts/] },
    },
    coverage: {
      path: "src/covered.ts",
      content: `${adder}\nexport function sub(a: number, b: number): number {\n\tif (a < b) {\n\t\treturn 0;\n\t}\n\treturn a - b;\n}\n`,
      verdict: { coverage: ["src/covered.ts:null coverage"] },
    },
  },
  red: {
    path: "test/red.test.ts",
    content:
      'import { expect, test } from "bun:test";\n\ntest("red from the start", () => {\n\texpect(1).toBe(2);\n});\n',
    test: /red from the start/,
  },
  env: [],
};
