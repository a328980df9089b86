/** A Go module with packages: `app` uses `core`, and both use external modules. */
import { type Corpus, type CorpusSize, numbered, type UnitFiles } from "./corpus.ts";

/** Modules by the package that is imported from each. */
const external: Record<CorpusSize, [module: string, version: string, packages: string[]][]> = {
  small: [
    ["github.com/google/go-cmp", "v0.7.0", ["github.com/google/go-cmp/cmp"]],
    ["github.com/google/uuid", "v1.6.0", ["github.com/google/uuid"]],
  ],
  large: [
    ["github.com/google/go-cmp", "v0.7.0", ["github.com/google/go-cmp/cmp"]],
    ["github.com/google/uuid", "v1.6.0", ["github.com/google/uuid"]],
    ["github.com/spf13/cobra", "v1.9.1", ["github.com/spf13/cobra"]],
    ["github.com/stretchr/testify", "v1.11.1", ["github.com/stretchr/testify/assert"]],
    ["golang.org/x/sync", "v0.17.0", ["golang.org/x/sync/errgroup"]],
    ["golang.org/x/text", "v0.29.0", ["golang.org/x/text/language", "golang.org/x/text/width"]],
    ["gopkg.in/yaml.v3", "v3.0.1", ["gopkg.in/yaml.v3"]],
    ["github.com/BurntSushi/toml", "v1.5.0", ["github.com/BurntSushi/toml"]],
  ],
};

const parts = numbered("Part", 3);
const adder = (pkg: string, name: string): string =>
  `package ${pkg}\n\nfunc ${name}(a, b int) int {\n\treturn a + b\n}\n`;

const wrong = adder("core", "Part2").replace("a + b", "a - b");

/** A test that passes and overwrites the sources of a dependency. */
const patches = `package app

import (
\t"os"
\t"os/exec"
\t"path/filepath"
\t"strings"
\t"testing"
)

func TestPatch(t *testing.T) {
\tout, _ := exec.Command("go", "env", "GOMODCACHE").Output()
\tfiles, _ := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "github.com/google/uuid@*/*.go"))
\tfor _, file := range files {
\t\t_ = os.Chmod(file, 0o644)
\t\t_ = os.WriteFile(file, []byte("package patched\\n"), 0o644)
\t}
}
`;

export function goCorpus(size: CorpusSize): Corpus {
  const write = (pkg: string, name: string): UnitFiles => ({
    [`${pkg}/${name.toLowerCase()}.go`]: adder(pkg, name).replace(
      "return a",
      "if a == 0 {\n\t\treturn b\n\t}\n\treturn a",
    ),
  });
  const required = external[size].map(([module, version]) => `\t${module} ${version}\n`).join("");
  const imported = external[size].flatMap(([, , packages]) => packages);
  const imports = imported.map((path) => `\t_ "${path}"\n`).join("");
  return {
    name: `go-${size}`,
    programs: ["go"],
    files: {
      "go.mod": `module example.com/ground\n\ngo 1.24\n\nrequire (\n${required})\n`,
      "core/core.go": `// Package core is used by app.\npackage core\n\nimport (\n${imports})\n`,
      ...Object.fromEntries(
        ["core", "app"].flatMap((pkg) =>
          parts.map((name) => [`${pkg}/${name.toLowerCase()}.go`, adder(pkg, name)]),
        ),
      ),
      "app/app.go":
        '// Package app uses core.\npackage app\n\nimport "example.com/ground/core"\n\n// Total adds.\nfunc Total(a, b int) int {\n\treturn core.Part1(a, Part1(b, 0))\n}\n',
      "app/app_test.go":
        'package app\n\nimport "testing"\n\nfunc TestTotal(t *testing.T) {\n\tif Total(1, 2) != 3 {\n\t\tt.Fatal("wrong")\n\t}\n}\n',
      "core/core_test.go":
        'package core\n\nimport "testing"\n\nfunc TestPart2(t *testing.T) {\n\tif Part2(1, 2) != 3 {\n\t\tt.Fatal("wrong")\n\t}\n}\n',
    },
    lock: { paths: ["go.mod", "go.sum"], command: "go mod tidy" },
    setup: "go mod download",
    project: {
      language: "go",
      src_dir: "./",
      test_dir: "./",
      source_extensions: [".go"],
      lint_cmd: "go vet ./...",
      test_cmd: "go test ./...",
    },
    traps: {
      old_times: {
        files: { "core/part2.go": wrong },
        shell: "touch -d 2001-01-01 core/part2.go",
        failing: ["tests"],
      },
      patches: { files: { "app/patches_test.go": patches }, failing: [] },
      after_patch: { files: write("core", "Part3"), after: "patches", failing: [] },
      wrong_after_patch: {
        files: { "core/part2.go": wrong },
        after: "patches",
        failing: ["tests"],
      },
      dropped: {
        files: {},
        edit: "go mod edit -droprequire=github.com/google/uuid",
        failing: ["lint", "tests"],
      },
      adds_and_fails: {
        files: {
          "app/added_test.go":
            'package app\n\nimport (\n\t"testing"\n\n\t"github.com/mitchellh/go-wordwrap"\n)\n\nfunc TestAdded(t *testing.T) {\n\tt.Fatal(wordwrap.WrapString("a", 1))\n}\n',
        },
        edit: "go get github.com/mitchellh/go-wordwrap@v1.0.1",
        failing: ["tests"],
      },
      undeclared: {
        files: {
          "app/undeclared.go": 'package app\n\nimport _ "github.com/mitchellh/go-wordwrap"\n',
        },
        failing: ["lint", "tests"],
      },
    },
    units: {
      app1: write("app", "Part1"),
      app2: write("app", "Part2"),
      app3: write("app", "Part3"),
      test1: {
        "app/more_test.go":
          'package app\n\nimport "testing"\n\nfunc TestMore(t *testing.T) {\n\tif Part3(1, 2) != 3 {\n\t\tt.Fatal("wrong")\n\t}\n}\n',
      },
      core1: write("core", "Part1"),
      core2: write("core", "Part2"),
    },
    externalCrates: 0,
    packages: 0,
    reach: (path) => (path.startsWith("core/") ? ["core", "app"] : ["app"]),
    localName: (subject) =>
      // Test binaries are packages named main.
      subject === "main" ? "main" : (/^example\.com\/ground\/(\w+)/.exec(subject)?.[1] ?? null),
  };
}
