/** Correct changes that the semantic gate accepts, judged alone and as one side of a merge. */
import { describe, expect, test } from "bun:test";
import { checkTrees } from "./check-case.ts";

type Texts = Record<string, string>;

/** A correct change; an empty text deletes the file. */
interface Accepted {
  base: Texts;
  change: Texts;
}

const cases: Record<string, Accepted> = {
  "A24 (1) a Python constant moved into a class body as an attribute": {
    base: {
      "m.py":
        "LIMIT = 6\n\n\nclass A:\n    size = LIMIT * 2\n\n    def run(self, n=LIMIT):\n        return n\n",
    },
    change: {
      "m.py":
        "class A:\n    LIMIT = 6\n    size = LIMIT * 2\n\n    def run(self, n=LIMIT):\n        return n\n",
    },
  },
  "A24 (1) a Python getter moved into the class that makes a property of it": {
    base: { "m.py": "def _get(self):\n    return 1\n\n\nclass A:\n    x = property(_get)\n" },
    change: {
      "m.py": "class A:\n    def _get(self):\n        return 1\n\n    x = property(_get)\n",
    },
  },
  "A24 (2) a Java class moved from the test sources to the main sources": {
    base: {
      "src/test/java/p/Tree.java": "package p;\n\nclass Tree {\n  int size() { return 1; }\n}\n",
      "src/test/java/p/TreeTest.java":
        "package p;\n\nclass TreeTest {\n  int run() { return new Tree().size(); }\n}\n",
    },
    change: {
      "src/test/java/p/Tree.java": "",
      "src/main/java/p/Tree.java": "package p;\n\nclass Tree {\n  int size() { return 1; }\n}\n",
    },
  },
  "A24 (3) a Java class replaced by a Kotlin class": {
    base: {
      "src/main/java/p/Tree.java":
        "package p;\n\npublic class Tree {\n  public int size() { return 1; }\n}\n",
      "src/main/java/q/Use.java":
        "package q;\n\nimport p.Tree;\n\nclass Use {\n  int run() { return new Tree().size(); }\n}\n",
    },
    change: {
      "src/main/java/p/Tree.java": "",
      "src/main/kotlin/p/Tree.kt": "package p\n\nclass Tree\n",
    },
  },
  "A24 (3) a Python module replaced by a Cython module": {
    base: {
      "pkg/__init__.py": "",
      "pkg/fast.py": "def f():\n    return 1\n",
      "pkg/use.py": "from pkg.fast import f\n\nf()\n",
    },
    change: { "pkg/fast.py": "", "pkg/fast.pyx": "def f():\n    return 1\n" },
  },
  "A24 (4) a workspace crate replaced by the published one": {
    base: {
      "Cargo.toml": '[workspace]\nmembers = ["app", "glob"]\n',
      "app/Cargo.toml": '[package]\nname = "app"\n\n[dependencies]\nglob = { path = "../glob" }\n',
      "app/src/main.rs": "use glob::find;\n\nfn main() {\n    find();\n}\n",
      "glob/Cargo.toml": '[package]\nname = "glob"\n',
      "glob/src/lib.rs": "pub fn find() {}\n",
    },
    change: {
      "Cargo.toml": '[workspace]\nmembers = ["app"]\n',
      "app/Cargo.toml": '[package]\nname = "app"\n\n[dependencies]\nglob = "0.3"\n',
      "glob/Cargo.toml": "",
      "glob/src/lib.rs": "",
    },
  },
  "A24 (5) a plain JavaScript call that omits a new trailing parameter": {
    base: {
      "a.js": "function f(a) {\n  return a;\n}\n\nmodule.exports = { f };\n",
      "b.js": 'const { f } = require("./a");\n\nf(1);\n',
    },
    change: { "a.js": "function f(a, b) {\n  return b ? a : 0;\n}\n\nmodule.exports = { f };\n" },
  },
  "A24 (6) a class exported as an expression": {
    base: {
      "a.js": "class A {\n  run() {}\n}\n\nmodule.exports = A;\n",
      "b.js": 'const A = require("./a");\n\nnew A().run();\n',
    },
    change: { "a.js": "module.exports = class A {\n  run() {}\n};\n" },
  },
  "A24 an exported type that becomes an ambient declaration": {
    base: {
      "types.ts": "export type Id = (value: object) => string;\n",
      "b.ts": 'import { Id } from "./types";\n\nexport const id: Id = () => "";\n',
    },
    change: { "types.ts": "export declare type Id = (value: object) => string;\n" },
  },
  "A24 (7) a Rust item moved into a macro invocation": {
    base: {
      "Cargo.toml": '[package]\nname = "app"\n',
      "src/lib.rs": "pub mod a;\npub mod b;\n",
      "src/a.rs": "pub fn load() -> u8 {\n    1\n}\n",
      "src/b.rs": "use crate::a::load;\n\npub fn run() -> u8 {\n    load()\n}\n",
    },
    change: { "src/a.rs": "items! {\n    pub fn load() -> u8 {\n        1\n    }\n}\n" },
  },
  "A24 (10) methods made by setattr": {
    base: {
      "a.py": "class A:\n    def get(self):\n        return 1\n",
      "b.py": "from a import A\n\nA.get(A())\n",
    },
    change: {
      "a.py":
        'class A:\n    pass\n\n\nfor verb in ("get", "put"):\n    setattr(A, verb, lambda self: 1)\n',
    },
  },
};

const tree = (...texts: Texts[]): Map<string, string> =>
  new Map(
    Object.entries(Object.assign({}, ...texts)).filter(([, t]) => t !== "") as [string, string][],
  );

describe("correct changes", () => {
  test.each(Object.entries(cases))(
    "%s is accepted alone and in a merge",
    async (_, { base, change }) => {
      const before = tree(base, { "pkg/__init__.py": base["pkg/__init__.py"] ?? "" });
      const after = tree(base, change);
      const other: Texts = { "other.py": "x = 1\n" };
      const alone = await checkTrees({ base: before, ours: before, theirs: after, merged: after });
      expect(alone.blocking).toEqual([]);
      const merged = tree(base, change, other);
      const [mine, theirs] = [after, tree(base, other)];
      for (const [ours, side] of [
        [theirs, mine],
        [mine, theirs],
      ] as const) {
        const { blocking } = await checkTrees({ base: before, ours, theirs: side, merged });
        expect(blocking).toEqual([]);
      }
    },
  );
});

/** A merge of two edits of one file. */
const merges: Record<
  string,
  [path: string, base: string, ours: [string, string], theirs: [string, string]]
> = {
  "A24 (8) a test function with an attribute added to one Rust module by each side": [
    "src/lib.rs",
    "mod tests {\n    #[test]\n    fn a() {}\n\n    #[test]\n    fn b() {}\n\n    #[test]\n    fn c() {}\n}\n",
    ["fn a() {}\n", "fn a() {}\n\n    #[test]\n    fn mine() {}\n"],
    ["fn b() {}\n", "fn b() {}\n\n    #[test]\n    fn other() {}\n"],
  ],
  "A24 (8) a decorated method added to one TypeScript class by each side": [
    "a.ts",
    "class A {\n  @Get()\n  a() {}\n\n  @Get()\n  b() {}\n\n  @Get()\n  c() {}\n}\n",
    ["a() {}\n", "a() {}\n\n  @Put()\n  mine() {}\n"],
    ["b() {}\n", "b() {}\n\n  @Put()\n  other() {}\n"],
  ],
  "A24 (9) independent insertions into one Go switch": [
    "a.go",
    "package a\n\nfunc f(x int) int {\n\tswitch x {\n\tcase 1:\n\t\treturn 1\n\tcase 2:\n\t\treturn 2\n\tcase 3:\n\t\treturn 3\n\t}\n\treturn 0\n}\n",
    ["\tcase 2:", "\tcase 10:\n\t\treturn 10\n\tcase 2:"],
    ["\tcase 3:", "\tcase 20:\n\t\treturn 20\n\tcase 3:"],
  ],
  "A24 (9) independent insertions into one Python __init__": [
    "a.py",
    "class A:\n    def __init__(self):\n        self.a = 1\n        self.b = 2\n        self.c = 3\n",
    ["        self.b = 2\n", "        self.mine = 1\n        self.b = 2\n"],
    ["        self.c = 3\n", "        self.other = 1\n        self.c = 3\n"],
  ],
};

describe("independent edits", () => {
  test.each(Object.entries(merges))("%s are accepted", async (_, [path, base, mine, other]) => {
    const of = (text: string) => new Map([[path, text]]);
    const [ours, theirs] = [base.replace(...mine), base.replace(...other)];
    const merged = of(ours.replace(...other));
    const trees = { base: of(base), ours: of(ours), theirs: of(theirs), merged };
    expect((await checkTrees(trees)).blocking).toEqual([]);
  });
});
