/** Imports, exports and dependencies that one side drops while the other side starts to use them. */
import { describe, expect, test } from "bun:test";
import { type Edit, edited, blockingIn as merge, type Texts } from "./check-case.ts";

const python = `import json
import os
import sys
from time import sleep


def one():
    return json.dumps(1)


def two():
    return sys.argv
`;
const typescript = `import { a } from "./a";
import { b } from "./b";
import type { T } from "./t";

export function one(): number {
  return a();
}

export function two(): number {
  return a() + 1;
}
`;
const go = `package app

import (
	"fmt"
	"os"
	"strings"
)

func one() string {
	return strings.ToUpper("a")
}

func two() {
	fmt.Println(strings.ToUpper("b"))
}

var _ = os.Args
`;
const rust = `use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt;

pub fn one() -> usize {
    1
}

pub fn two(map: &BTreeMap<u8, u8>) -> usize {
    map.len()
}

impl fmt::Debug for Two {}

#[cfg(test)]
mod tests {
    use super::two;
}
`;
const java = `package p;

import java.util.List;
import java.util.Map;
import java.util.Set;

class A {
    List<String> one() {
        return null;
    }

    Set<String> two() {
        return null;
    }
}
`;

describe("A25 (1): an import that one side drops and the other side starts to use", () => {
  test.each<[string, string, string, Edit, Edit, string[]]>([
    [
      "a Python module",
      "a.py",
      python,
      ["import os\n", ""],
      ["sys.argv", "os.getcwd()"],
      ["stale_reference os"],
    ],
    [
      "a Python name",
      "a.py",
      python,
      ["from time import sleep\n", ""],
      ["return sys.argv", "sleep(1)\n    return sys.argv"],
      ["stale_reference sleep"],
    ],
    [
      "a local Python variable",
      "a.py",
      python,
      ["import os\n", ""],
      ["return sys.argv", "os = sys\n    return os.argv"],
      [],
    ],
    [
      "a Python import moved into the function that uses it",
      "a.py",
      python,
      ["import os\n", ""],
      ["return sys.argv", "import os\n    return os.getcwd()"],
      [],
    ],
    [
      "a TypeScript name",
      "a.ts",
      typescript,
      ['import { b } from "./b";\n', ""],
      ["a() + 1", "a() + b()"],
      ["stale_reference b"],
    ],
    [
      "a TypeScript type",
      "a.ts",
      typescript,
      ['import type { T } from "./t";\n', ""],
      ["two(): number", "two(t: T): number"],
      ["stale_reference T"],
    ],
    [
      "a TypeScript parameter",
      "a.ts",
      typescript,
      ['import { b } from "./b";\n', ""],
      ["two(): number {\n  return a() + 1", "two(b: number): number {\n  return a() + b"],
      [],
    ],
    [
      "a TypeScript import that is taken from another module",
      "a.ts",
      typescript,
      ['import { b } from "./b";', 'import { b } from "./c";'],
      ["a() + 1", "a() + b()"],
      [],
    ],
    [
      "a Rust type",
      "a.rs",
      rust,
      ["use std::collections::HashMap;\n", ""],
      ["map.len()\n", "map.len() + HashMap::<u8, u8>::new().len()\n"],
      ["stale_reference HashMap"],
    ],
    [
      "a Java class",
      "A.java",
      java,
      ["import java.util.Map;\n", ""],
      [
        "Set<String> two() {\n        return null;",
        "Set<String> two() {\n        Map<String, String> m = null;\n        return m.keySet();",
      ],
      ["stale_reference Map"],
    ],
  ])("%s", async (_name, path, text, drop, use, expected) => {
    const base = { [path]: text, "a.txt": "a\n" };
    const dropping = { [path]: edited(text, drop) };
    const using = { [path]: edited(text, use) };
    expect(await merge(base, dropping, using)).toEqual(expected);
    expect(await merge(base, using, dropping)).toEqual(expected);
  });

  test("a Go package", async () => {
    const unused = edited(go, ["\nvar _ = os.Args\n", "\nvar args = os.Args\n"]);
    const base = { "a.go": unused };
    const dropping = { "a.go": edited(unused, ['\t"os"\n', ""], ["\nvar args = os.Args\n", ""]) };
    const using = {
      "a.go": edited(unused, ['return strings.ToUpper("a")', 'return os.Getenv("a")']),
    };
    expect(await merge(base, dropping, using)).toEqual(["stale_reference os"]);
    const local = {
      "a.go": edited(unused, [
        'return strings.ToUpper("a")',
        'os := strings.ToUpper("a")\n\treturn os',
      ]),
    };
    expect(await merge(base, dropping, local)).toEqual([]);
  });

  test("a module that imports every name of another one is not certain", async () => {
    const base = { "a.py": edited(python, ["from time import sleep", "from time import *"]) };
    const dropping = { "a.py": edited(base["a.py"], ["import os\n", ""]) };
    const using = { "a.py": edited(base["a.py"], ["sys.argv", "os.getcwd()"]) };
    expect(await merge(base, dropping, using)).toEqual([]);
  });
});

describe("A25 (9): a dependency that one side drops and the other side starts to import", () => {
  const npm =
    '{\n  "dependencies": {\n    "left": "1",\n    "lodash": "4",\n    "right": "1"\n  }\n}\n';
  const pyproject =
    '[project]\nname = "app"\ndependencies = [\n  "click>=8",\n  "requests[socks]>=2",\n  "rich",\n]\n';
  const cargo =
    '[package]\nname = "app"\nversion = "1.0.0"\n\n[dependencies]\nanyhow = "1"\nserde-json = { version = "1" }\n';
  const gomod =
    "module example.org/app\n\ngo 1.21\n\nrequire (\n\tgithub.com/a/b v1.0.0\n\tgithub.com/c/d/v2 v2.0.0\n)\n";
  const cases: [string, string, string, Edit, Texts, string[]][] = [
    [
      "package.json",
      "package.json",
      npm,
      ['    "lodash": "4",\n', ""],
      { "src/a.ts": 'import get from "lodash/get";\nget();\n' },
      ["stale_reference lodash"],
    ],
    [
      "package.json, another package",
      "package.json",
      npm,
      ['    "lodash": "4",\n', ""],
      { "src/a.ts": 'import get from "left";\nget();\n' },
      [],
    ],
    [
      "package.json, a nearer manifest",
      "package.json",
      npm,
      ['    "lodash": "4",\n', ""],
      { "p/package.json": npm, "p/a.ts": 'import get from "lodash";\nget();\n' },
      [],
    ],
    [
      "package.json, a dependency of another kind",
      "package.json",
      npm,
      ['    "lodash": "4",\n', ""],
      { "src/a.ts": 'import get from "lodash-es";\nget();\n' },
      [],
    ],
    [
      "pyproject.toml",
      "pyproject.toml",
      pyproject,
      ['  "requests[socks]>=2",\n', ""],
      { "app/a.py": "from requests.api import get\n" },
      ["stale_reference requests"],
    ],
    [
      "pyproject.toml, moved to another table",
      "pyproject.toml",
      pyproject,
      [
        '  "requests[socks]>=2",\n  "rich",\n]',
        '  "rich",\n]\n[project.optional-dependencies]\nnet = [\n  "requests",\n]',
      ],
      { "app/a.py": "import requests\n" },
      [],
    ],
    [
      "pyproject.toml, a guarded import",
      "pyproject.toml",
      pyproject,
      ['  "requests[socks]>=2",\n', ""],
      { "app/a.py": "try:\n    import requests\nexcept ImportError:\n    print(1)\n" },
      [],
    ],
    [
      "requirements.txt",
      "requirements.txt",
      "click==8\nrequests==2\n",
      ["requests==2\n", ""],
      { "a.py": "import requests\n" },
      ["stale_reference requests"],
    ],
    [
      "requirements.txt, a folder of the repository",
      "requirements.txt",
      "click==8\nrequests==2\n",
      ["requests==2\n", ""],
      { "a.py": "import requests\n", "requests/__init__.py": "A = 1\n" },
      [],
    ],
    [
      "Cargo.toml",
      "Cargo.toml",
      cargo,
      ['serde-json = { version = "1" }\n', ""],
      { "src/a.rs": "use serde_json::Value;\n" },
      ["stale_reference serde_json"],
    ],
    [
      "Cargo.toml, a module",
      "Cargo.toml",
      cargo,
      ['serde-json = { version = "1" }\n', ""],
      { "src/a.rs": "mod serde_json { pub struct Value; }\nuse serde_json::Value;\n" },
      [],
    ],
    [
      "go.mod",
      "go.mod",
      gomod,
      ["\tgithub.com/c/d/v2 v2.0.0\n", ""],
      { "a.go": 'package app\n\nimport "github.com/c/d/v2/x"\n\nvar _ = x.Y\n' },
      ["stale_reference github.com/c/d/v2"],
    ],
    [
      "go.mod, still required indirectly",
      "go.mod",
      gomod,
      ["v2.0.0\n", "v2.0.0 // indirect\n"],
      { "a.go": 'package app\n\nimport "github.com/c/d/v2/x"\n\nvar _ = x.Y\n' },
      [],
    ],
  ];
  test.each(cases)("%s", async (_name, path, text, drop, use, expected) => {
    const base = { [path]: text, "src/main.rs": "fn main() {}\n" };
    const dropping = { [path]: edited(text, drop) };
    expect(await merge(base, dropping, use)).toEqual(expected);
    expect(await merge(base, use, dropping)).toEqual(expected);
  });

  test("a file that imported the package before is not a new use", async () => {
    const use = { "a.py": "import requests\n\nA = 1\n" };
    const base = { "requirements.txt": "click\nrequests\n", ...use };
    const dropping = { "requirements.txt": "click\n" };
    expect(await merge(base, dropping, { "a.py": "import requests\n\nA = 2\n" })).toEqual([]);
  });
});

describe("A25 (3): an export that one side drops and the other side starts to import", () => {
  const base = {
    "src/index.ts":
      'export { a } from "./a";\nexport { b } from "./b";\n\nexport * from "./c";\n\nexport const d = 1;\n',
    "src/a.ts": "export const a = 1;\n",
    "src/b.ts": "export const b = 1;\nexport default function run() {}\n",
    "src/c.ts": "export const c = 1;\nexport const e = 2;\n",
    "src/p/util.ts": "export function util() {}\n",
  };
  const use = (name: string, from = "./index") => ({
    "src/user.ts": `import ${name} from "${from}";\nexport const used = 1;\n`,
  });
  test.each<[string, Texts, Texts, string[]]>([
    [
      "a re-export",
      { "src/index.ts": edited(base["src/index.ts"], ['export { b } from "./b";\n', ""]) },
      use("{ b }"),
      ["stale_reference b"],
    ],
    [
      "a re-export that is replaced",
      {
        "src/index.ts": edited(base["src/index.ts"], ["{ b } from", "{ b } from"], ["./b", "./b2"]),
        "src/b2.ts": "export const b = 2;\n",
      },
      use("{ b }"),
      [],
    ],
    [
      "another re-export",
      { "src/index.ts": edited(base["src/index.ts"], ['export { b } from "./b";\n', ""]) },
      use("{ a }"),
      [],
    ],
    [
      "`export *`",
      { "src/index.ts": edited(base["src/index.ts"], ['export * from "./c";\n', ""]) },
      use("{ e }"),
      ["stale_reference e"],
    ],
    [
      "`export *`, replaced by the names",
      { "src/index.ts": edited(base["src/index.ts"], ["export * from", "export { c, e } from"]) },
      use("{ e }"),
      [],
    ],
    [
      "`export *`, replaced by a package",
      { "src/index.ts": edited(base["src/index.ts"], ["./c", "published"]) },
      use("{ e }"),
      [],
    ],
    [
      "the keyword `export`",
      { "src/index.ts": edited(base["src/index.ts"], ["export const d", "const d"]) },
      use("{ d }"),
      ["stale_reference d"],
    ],
    [
      "the keyword `export`, exported elsewhere in the file",
      {
        "src/index.ts": edited(base["src/index.ts"], [
          "export const d = 1;",
          "const d = 1;\nexport { d };",
        ]),
      },
      use("{ d }"),
      [],
    ],
    [
      "the keyword `export` behind a barrel",
      { "src/c.ts": edited(base["src/c.ts"], ["export const e", "const e"]) },
      use("{ e }"),
      ["stale_reference e"],
    ],
    [
      "a default export that becomes a named one",
      { "src/b.ts": edited(base["src/b.ts"], ["export default function", "export function"]) },
      use("run", "./b"),
      ["stale_reference b"],
    ],
    [
      "a default export that is written in another way",
      {
        "src/b.ts": edited(base["src/b.ts"], [
          "export default function run() {}",
          "function run() {}\nexport { run as default };",
        ]),
      },
      use("run", "./b"),
      [],
    ],
    [
      "a member of a namespace import",
      { "src/index.ts": edited(base["src/index.ts"], ["export const d", "const d"]) },
      { "src/user.ts": 'import * as all from "./index";\nexport const used = all.d;\n' },
      ["stale_reference d"],
    ],
  ])("%s", async (_name, dropping, using, expected) => {
    expect(await merge(base, dropping, using)).toEqual(expected);
    expect(await merge(base, using, dropping)).toEqual(expected);
  });

  test("a name that the package of a Python module no longer imports", async () => {
    const files = {
      "p/__init__.py": "from .a import one\nfrom .a import two\n",
      "p/a.py": "one = 1\ntwo = 2\n",
    };
    const dropping = { "p/__init__.py": "from .a import one\n" };
    expect(await merge(files, dropping, { "u.py": "from p import two\n" })).toEqual([
      "stale_reference two",
    ]);
    expect(
      await merge(files, dropping, { "u.py": "from p import one\nfrom p.a import two\n" }),
    ).toEqual([]);
    expect(await merge(files, dropping, { "u.py": "from p import a\n" })).toEqual([]);
  });
});

describe("A25 (2): a moved module that the other side starts to import", () => {
  const pkg = { "pkg/__init__.py": "A = 1\n", "pkg/mod.py": "def f():\n    return 1\n" };
  const move = { "pkg/mod.py": "", "pkg/other.py": pkg["pkg/mod.py"] };
  const crate = {
    "Cargo.toml": '[package]\nname = "app"\nversion = "0.1.0"\n',
    "src/lib.rs": "pub mod a;\npub mod m;\n",
    "src/m.rs": "pub fn f() {}\n",
    "src/a.rs": "// a\n",
  };
  const moved = {
    "src/lib.rs": "pub mod a;\npub mod n;\n",
    "src/m.rs": "",
    "src/n.rs": crate["src/m.rs"],
  };
  test.each<[string, Texts, Texts, Texts, string[]]>([
    [
      "`from pkg import mod`",
      pkg,
      move,
      { "u.py": "from pkg import mod\n\nmod.f()\n" },
      ["stale_reference mod"],
    ],
    [
      "`from . import mod`",
      pkg,
      move,
      { "pkg/u.py": "from . import mod\n\nmod.f()\n" },
      ["stale_reference mod"],
    ],
    [
      "`from pkg import mod` with a name in the package instead",
      pkg,
      { ...move, "pkg/__init__.py": "from . import other as mod\n" },
      { "u.py": "from pkg import mod\n\nmod.f()\n" },
      [],
    ],
    [
      "`from pkg import mod` with a package instead",
      pkg,
      { "pkg/mod.py": "", "pkg/mod/__init__.py": pkg["pkg/mod.py"] },
      { "u.py": "from pkg import mod\n\nmod.f()\n" },
      [],
    ],
    ["`from pkg import A`", pkg, move, { "u.py": "from pkg import A\n" }, []],
    [
      "`use crate::m::f`",
      crate,
      moved,
      { "src/a.rs": "use crate::m::f;\n\npub fn g() {\n    f();\n}\n" },
      ["stale_reference m"],
    ],
    [
      "`use crate::m`",
      crate,
      moved,
      { "src/a.rs": "use crate::m;\n\npub fn g() {\n    m::f();\n}\n" },
      ["stale_reference m"],
    ],
    [
      "`crate::m::f()`",
      crate,
      moved,
      { "src/a.rs": "pub fn g() {\n    crate::m::f();\n}\n" },
      ["stale_reference m"],
    ],
    [
      "`use crate::m::f` with a module folder instead",
      crate,
      { "src/m.rs": "", "src/m/mod.rs": crate["src/m.rs"] },
      { "src/a.rs": "use crate::m::f;\n\npub fn g() {\n    f();\n}\n" },
      [],
    ],
    [
      "`use crate::m::f` with an inline module instead",
      crate,
      { "src/m.rs": "", "src/lib.rs": "pub mod a;\npub mod m { pub fn f() {} }\n" },
      { "src/a.rs": "use crate::m::f;\n\npub fn g() {\n    f();\n}\n" },
      [],
    ],
    [
      "`use crate::m::f` with a re-export instead",
      crate,
      { ...moved, "src/lib.rs": "pub mod a;\npub mod n;\npub use n as m;\n" },
      { "src/a.rs": "use crate::m::f;\n\npub fn g() {\n    f();\n}\n" },
      [],
    ],
  ])("%s", async (_name, base, moving, using, expected) => {
    expect(await merge(base, moving, using)).toEqual(expected);
    expect(await merge(base, using, moving)).toEqual(expected);
  });
});
