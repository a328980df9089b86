/** Members of values whose type is inferred, and fields of classes with bases from a library. */
import { describe, expect, test } from "bun:test";
import { blockingIn as merge, type Texts } from "./check-case.ts";

const go = {
  "go.mod": "module e.org/app\n\ngo 1.21\n",
  "s/s.go":
    "package s\n\ntype T struct{}\n\nfunc New() (*T, error) {\n\treturn &T{}, nil\n}\n\nfunc (t *T) Load(x int) {}\n\nfunc (t *T) Keep() {}\n",
};
const goUser = (body: string): Texts => ({
  "u.go": `package app\n\nimport "e.org/app/s"\n\nfunc U() {\n\t${body}\n}\n`,
});
const rust = {
  "Cargo.toml": '[package]\nname = "app"\nversion = "0.1.0"\n',
  "src/lib.rs": "pub mod a;\npub mod m;\n",
  "src/a.rs": "// a\n",
  "src/m.rs":
    "pub struct S;\n\nimpl S {\n    pub fn new() -> Self {\n        S\n    }\n\n    pub fn load(&self) {}\n\n    pub fn keep(&self) {}\n}\n\npub fn make() -> S {\n    S::new()\n}\n",
};
const ts = {
  "s.ts":
    "export class S {\n  load(): number {\n    return 1;\n  }\n\n  keep(): number {\n    return 2;\n  }\n}\n\nexport function make(): S {\n  return new S();\n}\n\nexport function other() {\n  return new S();\n}\n",
};
const python = {
  "s.py":
    "class S:\n    def __init__(self):\n        self.size = 1\n        self.kept = 2\n\n    def load(self):\n        return 1\n\n    def keep(self):\n        return self\n\n\ndef make() -> S:\n    return S()\n",
};

function renamed(files: Texts, path: string, from: string, to: string): Texts {
  const text = files[path] ?? "";
  if (!text.includes(from)) throw new Error(`nothing to rename: ${from}`);
  return { [path]: text.replaceAll(from, to) };
}

describe("A25 (4): members of inferred types", () => {
  const load = renamed(go, "s/s.go", "Load(x int)", "Fetch(x int)");
  const size = renamed(python, "s.py", "self.size", "self.length");
  test.each<[string, Texts, Texts, Texts, string[]]>([
    ["a Go factory", go, load, goUser("t, _ := s.New()\n\tt.Load(1)"), ["stale_reference T.Load"]],
    ["a Go factory, another member", go, load, goUser("t, _ := s.New()\n\tt.Keep()"), []],
    [
      "a Go factory, its parameters",
      go,
      renamed(go, "s/s.go", "Load(x int)", "Load(x, y int)"),
      goUser("t, _ := s.New()\n\tt.Load(1)"),
      ["signature_drift T.Load"],
    ],
    ["another Go value", go, load, goUser("t := other.New()\n\tt.Load(1)"), []],
    [
      "a Rust function",
      rust,
      renamed(rust, "src/m.rs", "fn load", "fn fetch"),
      {
        "src/a.rs": "use crate::m::make;\n\npub fn g() {\n    let s = make();\n    s.load();\n}\n",
      },
      ["stale_reference S.load"],
    ],
    [
      "a Rust constructor, another member",
      rust,
      renamed(rust, "src/m.rs", "fn load", "fn fetch"),
      { "src/a.rs": "use crate::m::S;\n\npub fn g() {\n    let s = S::new();\n    s.keep();\n}\n" },
      [],
    ],
    [
      "a TypeScript factory",
      ts,
      renamed(ts, "s.ts", "load()", "fetch()"),
      {
        "u.ts":
          'import { make } from "./s";\n\nexport function go() {\n  const s = make();\n  return s.load();\n}\n',
      },
      ["stale_reference S.load"],
    ],
    [
      "a TypeScript factory without a written type",
      ts,
      renamed(ts, "s.ts", "load()", "fetch()"),
      {
        "u.ts":
          'import { other } from "./s";\n\nexport function go() {\n  const s = other();\n  return s.load();\n}\n',
      },
      [],
    ],
    [
      "a Python factory",
      python,
      renamed(python, "s.py", "def load", "def fetch"),
      { "u.py": "from s import make\n\n\ndef go():\n    s = make()\n    return s.load()\n" },
      ["stale_reference S.load"],
    ],
    [
      "an attribute set in `__init__`",
      python,
      size,
      { "u.py": "from s import S\n\n\ndef go(s: S):\n    return s.size\n" },
      ["stale_reference S.size"],
    ],
    [
      "another attribute",
      python,
      size,
      { "u.py": "from s import S\n\n\ndef go(s: S):\n    return s.kept\n" },
      [],
    ],
    [
      "an attribute that becomes a property",
      python,
      renamed(
        python,
        "s.py",
        "        self.size = 1\n",
        "        self.x = 1\n\n    @property\n    def size(self):\n        return 1\n",
      ),
      { "u.py": "from s import S\n\n\ndef go(s: S):\n    return s.size\n" },
      [],
    ],
    [
      "an attribute that the user sets",
      python,
      size,
      { "u.py": "from s import S\n\n\ndef go(s: S):\n    s.size = 2\n    return s.size\n" },
      [],
    ],
  ])("%s", async (_name, base, changing, using, expected) => {
    expect(await merge(base, changing, using)).toEqual(expected);
    expect(await merge(base, using, changing)).toEqual(expected);
  });
});

describe("A25 (6): fields of classes whose bases are known", () => {
  const models = {
    "e.py":
      "from dataclasses import dataclass\nfrom enum import Enum\n\nfrom django.db import models\nfrom pydantic import BaseModel\nfrom lib import Base\n\n\nclass Color(Enum):\n    RED = 1\n    BLUE = 2\n\n\n@dataclass\nclass D:\n    x: int\n    y: int = 0\n\n\nclass P(BaseModel):\n    label: str\n    age: int\n\n    def dict(self):\n        return {}\n\n\nclass M(models.Model):\n    title = models.CharField()\n    objects = models.Manager()\n\n\nclass U(Base):\n    kept = 1\n    other = 2\n",
  };
  const use = (name: string): Texts => ({
    "u.py": `from e import D, Color, M, P, U\n\n\ndef go(d: D, p: P, m: M, u: U):\n    return ${name}\n`,
  });
  test.each<[string, string, string, string, string[]]>([
    ["a member of an enumeration", "RED", "CRIMSON", "Color.RED", ["stale_reference Color.RED"]],
    ["another member of an enumeration", "RED", "CRIMSON", "Color.BLUE", []],
    ["a field of a data class", "x: int", "z: int", "d.x", ["stale_reference D.x"]],
    [
      "a field of a pydantic model",
      "label: str",
      "heading: str",
      "p.label",
      ["stale_reference P.label"],
    ],
    [
      "a method of a pydantic model that its base has",
      "    def dict(self):\n        return {}\n",
      "",
      "p.dict()",
      [],
    ],
    ["a field of a Django model", "title =", "heading =", "m.title", ["stale_reference M.title"]],
    [
      "a field of a Django model that its base has",
      "    objects = models.Manager()\n",
      "",
      "M.objects",
      [],
    ],
    ["a field of a class with an unknown base", "kept = 1", "held = 1", "u.kept", []],
  ])("%s", async (_name, from, to, used, expected) => {
    const changing = renamed(models, "e.py", from, to);
    expect(await merge(models, changing, use(used))).toEqual(expected);
    expect(await merge(models, use(used), changing)).toEqual(expected);
  });
});
