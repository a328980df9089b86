/** Go with go vet, gofmt, go build and go test, with a coverage profile. */
import type { Toolchain } from "./toolchain.ts";

const adder = (name: string): string =>
  `package ${name}\n\nfunc Add(a, b int) int {\n\treturn a + b\n}\n`;
const tester = (name: string): string =>
  `package ${name}\n\nimport "testing"\n\nfunc TestAdd(t *testing.T) {\n\tif Add(1, 2) != 3 {\n\t\tt.Fatal("wrong")\n\t}\n}\n`;
const names = ["covered", "formatted", "good", "linted", "tested", "typed"];

export const goTools: Toolchain = {
  name: "Go with vet, gofmt and go test -cover",
  files: {
    "go.mod": "module example.com/calc\n\ngo 1.21\n",
    ...Object.fromEntries(names.map((name) => [`${name}/${name}.go`, adder(name)])),
    "covered/covered_test.go": tester("covered"),
    "tested/tested_test.go": tester("tested"),
    // Two diagnostics of the base: a format verb of the wrong type, and unformatted code.
    "legacy/legacy.go":
      'package legacy\n\nimport "fmt"\n\nfunc Old(a int) {\nfmt.Printf("%d\\n", "x")\n}\n',
  },
  project: {
    language: "go",
    test_dir: "./",
    source_extensions: [".go"],
    test_cmd: "go test -vet=off ./...",
    lint_cmd: "go vet ./...",
    format_check_cmd: "gofmt -l {files}",
    type_check_cmd: "go build ./...",
    coverage_cmd: "go test -vet=off -coverprofile={output} ./...",
  },
  legacy: "legacy/legacy.go",
  good: {
    path: "good/good.go",
    content: "package good\n\nfunc Add(a, b int) int {\n\treturn b + a\n}\n",
    verdict: {},
  },
  bad: {
    tests: {
      path: "tested/tested.go",
      content: "package tested\n\nfunc Add(a, b int) int {\n\treturn a - b\n}\n",
      verdict: { tests: [/TestAdd/], coverage: ["the command fails (exit code 1)"] },
    },
    lint: {
      path: "linted/linted.go",
      content: `package linted\n\nimport "fmt"\n\nfunc Add(a, b int) int {\n\tfmt.Printf("%d\\n", "x")\n\treturn a + b\n}\n`,
      verdict: { lint: ["linted/linted.go:6 "] },
    },
    types: {
      path: "typed/typed.go",
      content: "package typed\n\nfunc Add(a, b int) int {\n\treturn a + c\n}\n",
      verdict: {
        lint: ["typed/typed.go:4 "],
        types: ["typed/typed.go:4 "],
        tests: [/exit code 1/],
        coverage: ["the command fails (exit code 1)"],
      },
    },
    format: {
      path: "formatted/formatted.go",
      content: "package formatted\n\nfunc Add(a,b int) int {\nreturn a+b\n}\n",
      verdict: { format: ["formatted/formatted.go:null "] },
    },
    coverage: {
      path: "covered/covered.go",
      content: `${adder("covered")}\nfunc Sub(a, b int) int {\n\tif a < b {\n\t\treturn 0\n\t}\n\treturn a - b\n}\n`,
      verdict: { coverage: ["covered/covered.go:null coverage"] },
    },
  },
  red: {
    path: "red/red_test.go",
    content:
      'package red\n\nimport "testing"\n\nfunc TestRed(t *testing.T) {\n\tt.Fatal("red")\n}\n',
    test: /TestRed/,
  },
  env: ["GOCACHE", "GOFLAGS"],
};
