/** What both sides do: what goes together and what does not. Three texts of one file, or of a few. */
import { describe, expect, test } from "bun:test";
import { checkCase } from "./check-case.ts";

type Texts = Record<string, string>;

/** Kinds and symbols of what is in the way of a merge; a side leaves out what it does not change. */
async function merge(base: Texts, ours: Texts, theirs: Texts): Promise<string[]> {
  const tree = (texts: Texts) => new Map(Object.entries({ ...base, ...texts }));
  const verdict = await checkCase({
    base: new Map(Object.entries(base)),
    ours: tree(ours),
    theirs: tree(theirs),
  });
  return verdict.kinds.map((kind, index) => `${kind} ${verdict.symbols[index] ?? ""}`.trim());
}

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

type Edit = [from: string, to: string];

function edited(text: string, ...edits: Edit[]): string {
  let now = text;
  for (const [from, to] of edits) {
    if (!now.includes(from)) throw new Error(`nothing to edit: ${from}`);
    now = now.replace(from, to);
  }
  return now;
}

describe("A11 edits of one file by both sides", () => {
  test.each<[string, Edit, Edit, string[]]>([
    [
      "different lines of one function",
      ["def load(self, path):", "def load(self, path, /):"],
      ["return text", "return text.strip()"],
      ["same_symbol_edit Store.load"],
    ],
    [
      "a function the other side removes in another place",
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
      "a comment and the code it stands in",
      ["# Read it all.", "# All of it."],
      ["return text", "return ''"],
      [],
    ],
    [
      "the words about a class, and a method",
      ['"""A store."""', '"""A shelf."""'],
      ['"w"', '"wb"'],
      [],
    ],
    ["entries of one table", ['"low": 1,', '"low": 0,'], ['"high": 2,', '"high": 3,'], []],
    [
      "one entry in two ways",
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
      "an import each",
      ["import os", "import os\nimport re"],
      ['"""Keeps texts."""\n', '"""Keeps texts."""\n\nimport abc\n'],
      [],
    ],
    [
      "one name, imported from two places",
      ["import os\n", "import os\nfrom re import compile\n"],
      ['"""Keeps texts."""\n', '"""Keeps texts."""\n\nfrom builtins import compile\n'],
      ["duplicate_definition compile"],
    ],
    [
      "a rename, and a new call of the old name",
      ["def load(self, path):", "def read(self, path):"],
      ['return open(path, "w").write(text)', "return self.load(path)"],
      ["stale_reference Store.load"],
    ],
  ])("%s", async (_name, mine, other, expected) => {
    const base = { "store.py": store };
    const ours = { "store.py": edited(store, other) };
    const theirs = { "store.py": edited(store, mine) };
    expect(await merge(base, ours, theirs)).toEqual(expected);
  });

  test("moved by one side as it was, and edited by nobody else", async () => {
    const method = '    def keep(self, path, text):\n        return open(path, "w").write(text)\n';
    const moved = edited(store, [`\n${method}`, ""], ["    def load", `${method}\n    def load`]);
    const theirs = edited(store, ['load("a")', 'load("b")']);
    expect(await merge({ "s.py": store }, { "s.py": moved }, { "s.py": theirs })).toEqual([]);
  });
});

describe("what looks alike and is not", () => {
  test.each<[string, Texts, Texts, Texts]>([
    [
      "two modules with a main of their own",
      {},
      { "one.py": "def main():\n    return 1\n" },
      { "two.py": "def main():\n    return 2\n" },
    ],
    [
      "an import that may fail",
      { "a.py": "def load():\n    pass\n", "b.py": "x = 1\n" },
      { "b.py": "try:\n    from a import load\nexcept ImportError:\n    load = None\n" },
      { "a.py": "def read():\n    pass\n" },
    ],
    [
      "a name handed on from where it went",
      { "src/a.ts": "export const load = () => 1;\n", "src/b.ts": "export const x = 1;\n" },
      { "src/b.ts": 'import { load } from "./a";\n\nexport const x = load();\n' },
      { "src/a.ts": 'export { load } from "./c";\n', "src/c.ts": "export const load = () => 1;\n" },
    ],
    [
      "a module that hands everything on",
      { "src/a.ts": "export const load = () => 1;\n", "src/b.ts": "export const x = 1;\n" },
      { "src/b.ts": 'import { load } from "./a";\n\nexport const x = load();\n' },
      { "src/a.ts": 'export * from "./c";\n', "src/c.ts": "export const load = () => 1;\n" },
    ],
    [
      "a parameter of the name of a function that changed",
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
      "arguments nobody can count",
      { "a.py": "def load(a):\n    return a\n", "b.py": "x = 1\n" },
      { "b.py": "from a import load\n\nx = load(*[1])\n" },
      { "a.py": "def load(a, b):\n    return a\n" },
    ],
    [
      "a new parameter that may be left out",
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
      "two `init` and methods of two types in one package",
      {
        "go.mod": "module example.org/a\n",
        "p/p.go": "package p\n\ntype A struct{}\n\ntype B struct{}\n",
      },
      { "p/a.go": "package p\n\nfunc init() {}\n\nfunc (A) Run() {}\n" },
      { "p/b.go": "package p\n\nfunc init() {}\n\nfunc (B) Run() {}\n" },
    ],
    [
      "a helper in a package and in its outer tests",
      { "go.mod": "module example.org/a\n", "p/p.go": "package p\n" },
      { "p/a.go": "package p\n\nfunc load() {}\n" },
      { "p/a_test.go": "package p_test\n\nfunc load() {}\n" },
    ],
    [
      "two modules of tests",
      {
        "src/lib.rs": "mod a;\nmod b;\n",
        "src/a.rs": "pub fn a() {}\n",
        "src/b.rs": "pub fn b() {}\n",
      },
      { "src/a.rs": "pub fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn ok() {}\n}\n" },
      { "src/b.rs": "pub fn b() {}\n\n#[cfg(test)]\nmod tests {\n    fn ok() {}\n}\n" },
    ],
    [
      "traits of one type in two files",
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
      "files of one day",
      { "log/2024-01-01-a.py": "x = 1\n" },
      { "log/2024-01-02-b.py": "x = 1\n" },
      { "log/2024-01-02-c.py": "x = 1\n" },
    ],
    [
      "members of one enumeration with values of their own",
      { "m.ts": "export enum M {\n  A = 1,\n  // -\n  B = 2,\n  // -\n  C = 3,\n}\n" },
      { "m.ts": "export enum M {\n  A = 1,\n  D = 4,\n  // -\n  B = 2,\n  // -\n  C = 3,\n}\n" },
      { "m.ts": "export enum M {\n  A = 1,\n  // -\n  B = 2,\n  // -\n  C = 3,\n  E = 5,\n}\n" },
    ],
  ])("%s", async (_name, base, ours, theirs) => {
    expect(await merge(base, ours, theirs)).toEqual([]);
    // Whose change lands first makes no difference.
    expect(await merge(base, theirs, ours)).toEqual([]);
  });
});
