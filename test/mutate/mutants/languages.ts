/** Mutants of `src/languages`. */
import type { Mutant } from "../mutant.ts";

export default [
  {
    name: "dependents are followed one step too far",
    file: "src/languages/import-graph.ts",
    find: "step < depth && reached",
    replace: "step <= depth && reached",
    killedBy:
      'src/languages/import-graph.test.ts > the dependents of ["a.ts"] within 1 steps are ["b.ts"]',
  },
  {
    name: "a package's __init__ is loaded with nothing",
    file: "src/languages/import-graph.ts",
    find: "[...(loadedWith.get(path) ?? none)]",
    replace: "[...none]",
    killedBy:
      "src/languages/import-graph.test.ts > the __init__.py of a package depends on its modules, its own imports are not followed",
  },
  {
    name: "Go test files are neighbours of the package's sources",
    file: "src/languages/go/imports.ts",
    find: 'path.endsWith("_test.go")).filter',
    replace: "true).filter",
    killedBy:
      "src/languages/import-index.test.ts > the files of a Go package are neighbours, test files only of test files",
  },
  {
    name: "a Go package with a major version is named after the version",
    file: "src/languages/go/imports.ts",
    find: "/^v\\d+$/.test(last) && parts.length > 1 ? parts.at(-2)",
    replace: "false ? parts.at(-2)",
    killedBy: "src/languages/imports.test.ts > imports are found in a.go: package x",
  },
  {
    name: "a Python module is looked up in the farthest import root",
    file: "src/languages/python/imports.ts",
    find: "distance(folder, a) - distance(folder, b)",
    replace: "distance(folder, b) - distance(folder, a)",
    killedBy:
      'src/languages/import-index.test.ts > in tests/unit/test_a.py, import pkg resolves to ["src/pkg/__init__.py"]',
  },
  {
    name: "a relative Python import with two dots stays in its folder",
    file: "src/languages/python/imports.ts",
    find: '"../".repeat(dots - 1)',
    replace: '"../".repeat(Math.max(0, dots - 2))',
    killedBy:
      'src/languages/import-index.test.ts > in src/pkg/sub/b.py, from .. import a resolves to ["src/pkg/a.py"]',
  },
  {
    name: "only the nearest conftest.py is a neighbour of a test",
    file: "src/languages/python/imports.ts",
    find: '.map((folder) => childPath(folder, "conftest.py"))\n',
    replace: '.slice(0, 1).map((folder) => childPath(folder, "conftest.py"))\n',
    killedBy:
      "src/languages/import-index.test.ts > a test has its conftest.py files as neighbours, a module is loaded with its packages",
  },
  {
    name: "a nested Java class is not found in its outer class",
    file: "src/languages/java/imports.ts",
    find: 'if (!/^\\p{Lu}/u.test(parts.at(-2) ?? "")) break;',
    replace: "break;",
    killedBy:
      'src/languages/import-index.test.ts > in app/src/main/java/com/acme/Foo.java, import com.acme.util.Text.Inner; resolves to ["app/src/main/java/com/acme/util/Text.java"]',
  },
  {
    name: "Java test code is a neighbour of the sources",
    file: "src/languages/java/imports.ts",
    find: " && (test || !isTest(other))",
    replace: "",
    killedBy:
      "src/languages/import-index.test.ts > the classes of a Java package are neighbours, test code only of test code",
  },
  {
    name: "conftest.py is collected as a test",
    file: "src/languages/test-path.ts",
    find: "const collectedNames =\n  /(^|\\/)(test_[^/]*|[^/]*_test)\\.py$",
    replace: "const collectedNames =\n  /(^|\\/)(test_[^/]*|[^/]*_test|conftest)\\.py$",
    killedBy: "src/languages/test-path.test.ts > a runner finds tests in tests/conftest.py: false",
  },
  {
    name: "a module of integration tests in a folder of its own is no Rust test",
    file: "src/languages/test-path.ts",
    find: "tests\\/([^/]+|[^/]+\\/main)\\.rs$|(^|\\/)(Test\\w*|\\w*(Tests?|TestCase|IT))\\.java$|(^",
    replace: "tests\\/([^/]+)\\.rs$|(^|\\/)(Test\\w*|\\w*(Tests?|TestCase|IT))\\.java$|(^",
    killedBy:
      "src/languages/test-path.test.ts > tests/api/main.rs is a test file: true, is test code: true",
  },
  {
    name: "a Go import is resolved in the outer of two nested modules",
    file: "src/languages/go/imports.ts",
    find: "b.path.length - a.path.length",
    replace: "a.path.length - b.path.length",
    killedBy:
      'src/languages/import-index.test.ts > in main.go, import "example.com/app/lib" resolves to ["moved/w.go"]',
  },
  {
    name: "a Go module matches import paths that begin with its name",
    file: "src/languages/go/imports.ts",
    find: "specifier !== path && !specifier.startsWith(`${path}/`)",
    replace: "!specifier.startsWith(path)",
    killedBy:
      'src/languages/import-index.test.ts > in main.go, import "fmt"; import "example.com/apple/util" resolves to []',
  },
  {
    name: "pytest's pythonpath is no import root",
    file: "src/languages/python/imports.ts",
    find: "for (const path of stringsIn(pytest)) add(folder, path);",
    replace: "",
    killedBy:
      'src/languages/import-index.test.ts > in tests/unit/test_a.py, import fake resolves to ["services/y/stubs/fake.py"]',
  },
  {
    name: "latest.go is a test",
    file: "src/languages/test-path.ts",
    find: "__tests__\\/.*\\.[cm]?[jt]sx?$|_test\\.go$",
    replace: "__tests__\\/.*\\.[cm]?[jt]sx?$|test\\.go$",
    killedBy: "src/languages/test-path.test.ts > latest.go is a test file: false",
  },
  {
    name: "a runner finds tests in latest.go",
    file: "src/languages/test-path.ts",
    find: "[._](test|spec)\\.[cm]?[jt]sx?$|_test\\.go$",
    replace: "[._](test|spec)\\.[cm]?[jt]sx?$|test\\.go$",
    killedBy: "src/languages/test-path.test.ts > a runner finds tests in pkg/latest.go: false",
  },
] satisfies Mutant[];
