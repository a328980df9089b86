/** Changes by both sides to one file or a few: pairs that conflict and pairs that do not. */
import { describe, expect, test } from "bun:test";
import { type Edit, edited, blockingIn as merge, type Texts } from "./check-case.ts";

const store = `"""Keeps texts."""

import os

LIMITS = {
    "low": 1,
    # Kept apart.
    "high": 2,
}


class Store:
    """A store."""

    def load(self, path):
        # Read it all.
        text = open(path).read()
        return text

    def keep(self, path, text):
        return open(path, "w").write(text)


def main():
    return Store().load("a")
`;

describe("edits of one file by both sides", () => {
  test.each<[string, Edit, Edit, string[]]>([
    [
      "different lines of one function, with an unchanged line between them",
      ["def load(self, path):", "def load(self, path, /):"],
      ["return text", "return text.strip()"],
      [],
    ],
    [
      "a function that the other side removes elsewhere",
      ["return text", "return text.strip()"],
      ['\n\ndef main():\n    return Store().load("a")\n', ""],
      [],
    ],
    [
      "different methods of one class",
      ["return text\n", "return text + ''\n"],
      ['"w"', '"wb"'],
      [],
    ],
    [
      "a comment and the code it is in",
      ["# Read it all.", "# All of it."],
      ["return text", "return ''"],
      [],
    ],
    [
      "the docstring of a class, and a method",
      ['"""A store."""', '"""A shelf."""'],
      ['"w"', '"wb"'],
      [],
    ],
    ["entries of one table", ['"low": 1,', '"low": 0,'], ['"high": 2,', '"high": 3,'], []],
    [
      "the same new entry with different values",
      ['"low": 1,', '"low": 1,\n    "mid": 5,'],
      ['"high": 2,', '"high": 2,\n    "mid": 6,'],
      ["duplicate_definition LIMITS.mid"],
    ],
    [
      "new functions at distant places",
      ["\n\nclass Store", "\n\ndef a():\n    pass\n\n\nclass Store"],
      ['load("a")\n', 'load("a")\n\n\ndef b():\n    pass\n'],
      [],
    ],
    [
      "the same new function at distant places",
      ["\n\nclass Store", "\n\ndef a():\n    pass\n\n\nclass Store"],
      ['load("a")\n', 'load("a")\n\n\ndef a():\n    return 2\n'],
      ["duplicate_definition a"],
    ],
    [
      "one import each",
      ["import os", "import os\nimport re"],
      ['"""Keeps texts."""\n', '"""Keeps texts."""\n\nimport abc\n'],
      [],
    ],
    [
      "one name imported from two modules",
      ["import os\n", "import os\nfrom re import compile\n"],
      ['"""Keeps texts."""\n', '"""Keeps texts."""\n\nfrom builtins import compile\n'],
      ["duplicate_definition compile"],
    ],
    [
      "a rename and a new call of the old name",
      ["def load(self, path):", "def read(self, path):"],
      ['return open(path, "w").write(text)', "return self.load(path)"],
      ["stale_reference Store.load"],
    ],
  ])("A11 edits of one file by both sides are judged: %s", async (_name, mine, other, expected) => {
    const base = { "store.py": store };
    const ours = { "store.py": edited(store, other) };
    const theirs = { "store.py": edited(store, mine) };
    expect(await merge(base, ours, theirs)).toEqual(expected);
  });

  test("A11 a method moved unchanged by one side does not conflict with an edit elsewhere", async () => {
    const method = '    def keep(self, path, text):\n        return open(path, "w").write(text)\n';
    const moved = edited(store, [`\n${method}`, ""], ["    def load", `${method}\n    def load`]);
    const theirs = edited(store, ['load("a")', 'load("b")']);
    expect(await merge({ "s.py": store }, { "s.py": moved }, { "s.py": theirs })).toEqual([]);
  });
});

describe("lookalikes", () => {
  test.each<[string, Texts, Texts, Texts]>([
    [
      "two modules with their own main",
      {},
      { "one.py": "def main():\n    return 1\n" },
      { "two.py": "def main():\n    return 2\n" },
    ],
    [
      "an import inside try",
      { "a.py": "def load():\n    pass\n", "b.py": "x = 1\n" },
      { "b.py": "try:\n    from a import load\nexcept ImportError:\n    load = None\n" },
      { "a.py": "def read():\n    pass\n" },
    ],
    [
      "a name re-exported from its old module",
      { "src/a.ts": "export const load = () => 1;\n", "src/b.ts": "export const x = 1;\n" },
      { "src/b.ts": 'import { load } from "./a";\n\nexport const x = load();\n' },
      { "src/a.ts": 'export { load } from "./c";\n', "src/c.ts": "export const load = () => 1;\n" },
    ],
    [
      "a module that re-exports everything",
      { "src/a.ts": "export const load = () => 1;\n", "src/b.ts": "export const x = 1;\n" },
      { "src/b.ts": 'import { load } from "./a";\n\nexport const x = load();\n' },
      { "src/a.ts": 'export * from "./c";\n', "src/c.ts": "export const load = () => 1;\n" },
    ],
    [
      "a parameter with the name of a changed function",
      {
        "src/a.ts": "export function load(a: number) {\n  return a;\n}\n",
        "src/b.ts": "export {};\n",
      },
      {
        "src/b.ts":
          'import { load } from "./a";\n\nexport const f = (load: (n: number) => void) => load(1);\nexport const g = load;\n',
      },
      { "src/a.ts": "export function load(a: number, b: number) {\n  return a + b;\n}\n" },
    ],
    [
      "a call with an unpacked argument list",
      { "a.py": "def load(a):\n    return a\n", "b.py": "x = 1\n" },
      { "b.py": "from a import load\n\nx = load(*[1])\n" },
      { "a.py": "def load(a, b):\n    return a\n" },
    ],
    [
      "a new optional parameter",
      { "a.py": "def load(a):\n    return a\n", "b.py": "x = 1\n" },
      { "b.py": "from a import load\n\nx = load(1)\n" },
      { "a.py": "def load(a, b=1, *, c=2):\n    return a\n" },
    ],
    [
      "a decorator that changes how a function is called",
      { "a.py": "@given\ndef load(a):\n    return a\n", "b.py": "x = 1\n" },
      { "b.py": "from a import load\n\nx = load(1)\n" },
      { "a.py": "@given\ndef load(a, b):\n    return a\n" },
    ],
    [
      "two `init` functions and methods of two types in one package",
      {
        "go.mod": "module example.org/a\n",
        "p/p.go": "package p\n\ntype A struct{}\n\ntype B struct{}\n",
      },
      { "p/a.go": "package p\n\nfunc init() {}\n\nfunc (A) Run() {}\n" },
      { "p/b.go": "package p\n\nfunc init() {}\n\nfunc (B) Run() {}\n" },
    ],
    [
      "a helper in a package and in its external tests",
      { "go.mod": "module example.org/a\n", "p/p.go": "package p\n" },
      { "p/a.go": "package p\n\nfunc load() {}\n" },
      { "p/a_test.go": "package p_test\n\nfunc load() {}\n" },
    ],
    [
      "two test modules",
      {
        "src/lib.rs": "mod a;\nmod b;\n",
        "src/a.rs": "pub fn a() {}\n",
        "src/b.rs": "pub fn b() {}\n",
      },
      { "src/a.rs": "pub fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn ok() {}\n}\n" },
      { "src/b.rs": "pub fn b() {}\n\n#[cfg(test)]\nmod tests {\n    fn ok() {}\n}\n" },
    ],
    [
      "trait implementations of one type in two files",
      { "src/lib.rs": "mod a;\nmod b;\npub struct S;\n", "src/a.rs": "\n", "src/b.rs": "\n" },
      {
        "src/a.rs":
          "use crate::S;\n\nimpl From<u8> for S {\n    fn from(_: u8) -> S {\n        S\n    }\n}\n",
      },
      {
        "src/b.rs":
          "use crate::S;\n\nimpl From<u16> for S {\n    fn from(_: u16) -> S {\n        S\n    }\n}\n",
      },
    ],
    [
      "overloads from both sides",
      { "A.java": "class A {\n    void a() {}\n\n    void b() {}\n\n    void c() {}\n}\n" },
      {
        "A.java":
          "class A {\n    void f(int x) {}\n\n    void a() {}\n\n    void b() {}\n\n    void c() {}\n}\n",
      },
      {
        "A.java":
          "class A {\n    void a() {}\n\n    void b() {}\n\n    void c() {}\n\n    void f(String x) {}\n}\n",
      },
    ],
    [
      "file names with dates",
      { "log/2024-01-01-a.py": "x = 1\n" },
      { "log/2024-01-02-b.py": "x = 1\n" },
      { "log/2024-01-02-c.py": "x = 1\n" },
    ],
    [
      "file names with one date, of another year than the others",
      { "log/2023-12-31-a.py": "x = 1\n" },
      { "log/2024-01-02-b.py": "x = 1\n" },
      { "log/2024-01-02-c.py": "x = 1\n" },
    ],
    [
      "enumeration members with different values",
      { "m.ts": "export enum M {\n  A = 1,\n  // -\n  B = 2,\n  // -\n  C = 3,\n}\n" },
      { "m.ts": "export enum M {\n  A = 1,\n  D = 4,\n  // -\n  B = 2,\n  // -\n  C = 3,\n}\n" },
      { "m.ts": "export enum M {\n  A = 1,\n  // -\n  B = 2,\n  // -\n  C = 3,\n  E = 5,\n}\n" },
    ],
  ])(
    "A11 changes that only look like a conflict are accepted: %s",
    async (_name, base, ours, theirs) => {
      expect(await merge(base, ours, theirs)).toEqual([]);
      // The order of landing makes no difference.
      expect(await merge(base, theirs, ours)).toEqual([]);
    },
  );
});
