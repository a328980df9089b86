import { describe, expect, test } from "bun:test";
import { importIndex } from "./import-index.ts";
import { importsOf } from "./imports.ts";

type Rows = [from: string, line: string, expected: string[]][];

/** Resolves every import of a line of code in the file `from`. */
async function resolved(
  paths: string[],
  manifests: Record<string, string>,
  from: string,
  line: string,
): Promise<string[]> {
  const index = importIndex(paths, new Map(Object.entries(manifests)));
  const imports = (await importsOf(from, line)) ?? [];
  return imports.flatMap((one) => index.resolve(from, one)).sort();
}

describe("Python imports resolve to files", () => {
  const paths = [
    "src/pkg/__init__.py",
    "src/pkg/a.py",
    "src/pkg/sub/__init__.py",
    "src/pkg/sub/b.py",
    "plain/module.py",
    "scripts/tool.py",
    "scripts/helper.py",
    "tests/conftest.py",
    "tests/unit/test_a.py",
    "tests/unit/support.py",
    "services/x/pyproject.toml",
    "services/x/lib/inner.py",
    "services/x/main.py",
    "services/x/pkg/__init__.py",
    "services/y/pyproject.toml",
    "services/y/stubs/fake.py",
  ];
  const manifests = {
    "services/x/pyproject.toml": '[tool.setuptools.packages.find]\nwhere = ["lib"]',
    "services/y/pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["stubs"]',
  };
  test.each<Rows[number]>([
    ["tests/unit/test_a.py", "import pkg.a", ["src/pkg/a.py"]],
    ["tests/unit/test_a.py", "import pkg", ["src/pkg/__init__.py"]],
    ["tests/unit/test_a.py", "from pkg import a, f", ["src/pkg/__init__.py", "src/pkg/a.py"]],
    ["tests/unit/test_a.py", "from pkg.sub.b import f", ["src/pkg/sub/b.py"]],
    ["tests/unit/test_a.py", "from pkg import *", ["src/pkg/__init__.py"]],
    ["tests/unit/test_a.py", "import support", ["tests/unit/support.py"]],
    ["tests/unit/test_a.py", "import plain.module", ["plain/module.py"]],
    ["tests/unit/test_a.py", "import os, pkgx, pkg.none", []],
    ["src/pkg/sub/b.py", "from . import x", ["src/pkg/sub/__init__.py"]],
    ["src/pkg/sub/b.py", "from .. import a", ["src/pkg/a.py"]],
    ["src/pkg/sub/b.py", "from ..a import f", ["src/pkg/a.py"]],
    ["src/pkg/sub/b.py", "from ..... import a", []],
    ["src/pkg/__init__.py", "from .a import f", ["src/pkg/a.py"]],
    ["scripts/tool.py", "import helper", ["scripts/helper.py"]],
    ["services/x/main.py", "import inner", ["services/x/lib/inner.py"]],
    ["tests/unit/test_a.py", "import fake", ["services/y/stubs/fake.py"]],
    ["services/x/main.py", "import pkg", ["services/x/pkg/__init__.py"]],
  ])("in %s, %s resolves to %j", async (from, line, expected) => {
    expect(await resolved(paths, manifests, from, line)).toEqual(expected);
  });

  test("a test has its conftest.py files as neighbours, a module is loaded with its packages", () => {
    const index = importIndex(paths, new Map());
    expect(index.neighbours("tests/unit/test_a.py")).toEqual(["tests/conftest.py"]);
    expect(index.loadedWith("src/pkg/sub/b.py")).toEqual([
      "src/pkg/sub/__init__.py",
      "src/pkg/__init__.py",
    ]);
  });
});

describe("TypeScript and JavaScript imports resolve to files", () => {
  const paths = [
    "src/a.ts",
    "src/b.tsx",
    "src/c/index.ts",
    "src/d.mjs",
    "src/e.test.ts",
    "src/f.js",
    "src/f.ts",
    "packages/ui/src/button.ts",
    "packages/ui/src/index.ts",
    "packages/core/src/main.ts",
    "packages/core/src/util/x.ts",
    "packages/old/lib.js",
    "web/app/page.tsx",
    "web/ui/x.ts",
  ];
  const manifests = {
    "package.json":
      '{ "name": "root", "workspaces": ["packages/*"], "imports": {"#a": "./src/a.ts"} }',
    "packages/ui/package.json":
      '{ "name": "@acme/ui", "exports": { ".": { "import": "./dist/index.js" }, "./*": "./src/*.ts" } }',
    "packages/core/package.json": '{ "name": "core", "main": "./dist/main.js" }',
    "packages/old/package.json": '{ "name": "old", "main": "lib" }',
    "packages/broken/package.json": "{",
    "web/tsconfig.json":
      '{ // a comment\n "compilerOptions": { "baseUrl": ".", "paths": { "@/*": ["./app/*",], }, } }',
  };
  test.each<Rows[number]>([
    ["src/e.test.ts", 'import "./a"', ["src/a.ts"]],
    ["src/e.test.ts", 'import "./a.js"', ["src/a.ts"]],
    ["src/e.test.ts", 'import "./b.js"', ["src/b.tsx"]],
    ["src/e.test.ts", 'import "./f.js"', ["src/f.js"]],
    ["src/e.test.ts", 'import "./f"', ["src/f.ts"]],
    ["src/e.test.ts", 'import "./c"', ["src/c/index.ts"]],
    ["src/c/index.ts", 'export * from ".."', []],
    ["src/c/index.ts", 'export * from "../d.mjs"', ["src/d.mjs"]],
    ["src/e.test.ts", 'const x = require("./d.mjs"); import("./a.ts")', ["src/a.ts", "src/d.mjs"]],
    ["src/e.test.ts", 'import "../../outside"', []],
    ["src/e.test.ts", 'import "./none"; import "node:fs"; import "react"', []],
    ["src/e.test.ts", 'import "#a"', ["src/a.ts"]],
    ["src/a.ts", 'import "@acme/ui"', ["packages/ui/src/index.ts"]],
    ["src/a.ts", 'import "@acme/ui/button"', ["packages/ui/src/button.ts"]],
    ["src/a.ts", 'import "core"', ["packages/core/src/main.ts"]],
    ["src/a.ts", 'import "core/util/x"', ["packages/core/src/util/x.ts"]],
    ["src/a.ts", 'import "old"', ["packages/old/lib.js"]],
    ["web/ui/x.ts", 'import "@/page"', ["web/app/page.tsx"]],
    ["web/app/page.tsx", 'import "ui/x"', ["web/ui/x.ts"]],
    ["src/a.ts", 'import "ui/x"', []],
  ])("in %s, %s resolves to %j", async (from, line, expected) => {
    expect(await resolved(paths, manifests, from, line)).toEqual(expected);
  });
});

describe("Rust imports resolve to files", () => {
  const paths = [
    "app/Cargo.toml",
    "app/src/lib.rs",
    "app/src/main.rs",
    "app/src/a.rs",
    "app/src/a/deep.rs",
    "app/src/b/mod.rs",
    "app/src/b/leaf.rs",
    "app/src/inline/file.rs",
    "app/tests/it.rs",
    "app/tests/common/mod.rs",
    "kit/src/lib.rs",
    "kit/src/tool.rs",
  ];
  const manifests = {
    "Cargo.toml": '[workspace]\nmembers = ["app", "kit"]',
    "app/Cargo.toml":
      '[package]\nname = "my-app"\n[dependencies]\nkit = "1"\ntools = { path = "../kit", package = "kit" }',
    "kit/Cargo.toml": '[package]\nname = "kit"',
  };
  test.each<Rows[number]>([
    ["app/src/lib.rs", "mod a; pub mod b;", ["app/src/a.rs", "app/src/b/mod.rs"]],
    ["app/src/lib.rs", "mod inline { mod file; }", ["app/src/inline/file.rs"]],
    ["app/src/a.rs", "mod deep;", ["app/src/a/deep.rs"]],
    ["app/src/a.rs", '#[path = "b/leaf.rs"] mod other;', ["app/src/b/leaf.rs"]],
    ["app/src/a/deep.rs", "use super::f;", ["app/src/a.rs"]],
    ["app/src/a/deep.rs", "use super::super::b::leaf::X;", ["app/src/b/leaf.rs"]],
    ["app/src/a/deep.rs", "use crate::b;", ["app/src/b/mod.rs"]],
    ["app/src/a/deep.rs", "use crate::{b::leaf, Thing};", ["app/src/b/leaf.rs", "app/src/lib.rs"]],
    ["app/src/b/leaf.rs", "use super::*;", ["app/src/b/mod.rs"]],
    ["app/src/b/leaf.rs", "mod tests { use super::*; }", []],
    ["app/src/main.rs", "use my_app::a::deep::f;", ["app/src/a/deep.rs"]],
    ["app/src/main.rs", "mod a;", ["app/src/a.rs"]],
    ["app/tests/it.rs", "mod common;", ["app/tests/common/mod.rs"]],
    ["app/tests/it.rs", "use my_app::Thing;", ["app/src/lib.rs"]],
    ["app/tests/it.rs", "use crate::common::x;", ["app/tests/common/mod.rs"]],
    ["app/src/a.rs", "use kit::tool::T;", ["kit/src/tool.rs"]],
    ["app/src/a.rs", "use tools::tool::T;", ["kit/src/tool.rs"]],
    ["app/src/a.rs", "use std::io; use serde::Serialize;", []],
  ])("in %s, %s resolves to %j", async (from, line, expected) => {
    expect(await resolved(paths, manifests, from, line)).toEqual(expected);
  });

  test("a Rust module is loaded with its parent module", () => {
    const index = importIndex(paths, new Map(Object.entries(manifests)));
    expect(
      ["app/src/a/deep.rs", "app/src/b/mod.rs", "app/src/lib.rs"].map(index.loadedWith),
    ).toEqual([["app/src/a.rs"], ["app/src/lib.rs"], []]);
  });
});

describe("Go imports resolve to files", () => {
  const paths = [
    "main.go",
    "util/a.go",
    "util/b.go",
    "util/a_test.go",
    "tools/cmd/x.go",
    "tools/lib/y.go",
    "le/util/c.go",
    "lib/z.go",
    "moved/w.go",
  ];
  const manifests = {
    "go.mod": "// the root\nmodule example.com/app\n\ngo 1.22\n",
    "tools/go.mod": "module example.com/app/tools",
    "moved/go.mod": "module example.com/app/lib",
  };
  test.each<Rows[number]>([
    ["main.go", 'import "example.com/app/util"', ["util/a.go", "util/b.go"]],
    ["tools/cmd/x.go", 'import "example.com/app/tools/lib"', ["tools/lib/y.go"]],
    ["util/a.go", 'import "example.com/app"', ["main.go"]],
    ["main.go", 'import "example.com/app/lib"', ["moved/w.go"]],
    ["main.go", 'import "fmt"; import "example.com/apple/util"', []],
  ])("in %s, %s resolves to %j", async (from, line, expected) => {
    expect(await resolved(paths, manifests, from, `package x\n${line}`)).toEqual(expected);
  });

  test("the files of a Go package are neighbours, test files only of test files", () => {
    const index = importIndex(paths, new Map());
    expect(index.neighbours("util/a.go")).toEqual(["util/b.go"]);
    expect(index.neighbours("util/a_test.go")).toEqual(["util/a.go", "util/b.go"]);
  });
});

describe("Java imports resolve to files", () => {
  const paths = [
    "app/src/main/java/com/acme/Foo.java",
    "app/src/main/java/com/acme/Bar.java",
    "app/src/main/java/com/acme/util/Text.java",
    "app/src/test/java/com/acme/FooTest.java",
    "app/src/test/java/com/acme/Fixtures.java",
    "lib/src/main/java/org/lib/Lib.java",
  ];
  const main = "app/src/main/java/com/acme";
  test.each<Rows[number]>([
    ["lib/src/main/java/org/lib/Lib.java", "import com.acme.Foo;", [`${main}/Foo.java`]],
    [`${main}/Foo.java`, "import com.acme.util.*;", [`${main}/util/Text.java`]],
    [`${main}/Foo.java`, "import com.acme.util.Text.Inner;", [`${main}/util/Text.java`]],
    [`${main}/Foo.java`, "import static com.acme.util.Text.upper;", [`${main}/util/Text.java`]],
    [`${main}/Foo.java`, "import static com.acme.util.Text.*;", [`${main}/util/Text.java`]],
    [`${main}/Foo.java`, "import java.util.List; import com.acme.None;", []],
  ])("in %s, %s resolves to %j", async (from, line, expected) => {
    expect(await resolved(paths, {}, from, line)).toEqual(expected);
  });

  test("the classes of a Java package are neighbours, test code only of test code", () => {
    const index = importIndex(paths, new Map());
    expect(index.neighbours(`${main}/Foo.java`)).toEqual([`${main}/Bar.java`]);
    expect(index.neighbours("app/src/test/java/com/acme/FooTest.java")).toEqual([
      `${main}/Foo.java`,
      `${main}/Bar.java`,
      "app/src/test/java/com/acme/Fixtures.java",
    ]);
  });
});
