import { describe, expect, test } from "bun:test";
import { languageOf } from "../languages/language.ts";
import { fileMetrics } from "./file-metrics.ts";
import type { FunctionMetrics } from "./measure.ts";

async function functions(path: string, text: string): Promise<FunctionMetrics[]> {
  return (await fileMetrics(languageOf(path), text))?.functions ?? [];
}

async function figures(path: string, text: string) {
  const found = await functions(path, text);
  return found.map(({ name, cyclomatic, cognitive }) => ({ name, cyclomatic, cognitive }));
}

describe("cognitive complexity", () => {
  test.each([
    [
      "sumOfPrimes",
      `class A { int sumOfPrimes(int max) {
         int total = 0;
         OUT: for (int i = 1; i <= max; ++i) {
           for (int j = 2; j < i; ++j) { if (i % j == 0) { continue OUT; } }
           total += i;
         }
         return total; } }`,
      { cyclomatic: 4, cognitive: 7 },
    ],
    [
      "getWords",
      `class A { String getWords(int number) {
         switch (number) {
           case 1: return "one";
           case 2: return "a couple";
           case 3: return "a few";
           default: return "lots";
         } } }`,
      { cyclomatic: 4, cognitive: 1 },
    ],
    [
      "myMethod",
      `class A { void myMethod() {
         try {
           if (condition1) { for (int i = 0; i < 10; i++) { while (condition2) { } } }
         } catch (ExcepType1 | ExcepType2 e) { if (condition2) { } } } }`,
      { cyclomatic: 6, cognitive: 9 },
    ],
    [
      "myMethod2",
      "class A { void myMethod2() { Runnable r = () -> { if (condition1) { } }; } }",
      { cyclomatic: 2, cognitive: 2 },
    ],
    [
      "operators",
      "class A { void operators() { if (a && b && c || d || e && f) { } } }",
      { cyclomatic: 7, cognitive: 4 },
    ],
    [
      "negated",
      "class A { void negated() { if (a && !(b && c)) { } } }",
      { cyclomatic: 4, cognitive: 3 },
    ],
  ])("the published example %s has the published complexity", async (name, text, expected) => {
    expect(await figures("A.java", text)).toEqual([{ name: `A.${name}`, ...expected }]);
  });
});

/** One function in every language: a loop with `if (a and b) elif c else`, and a switch with two cases. */
const same: [path: string, text: string, name: string][] = [
  [
    "a.py",
    `def f(a, b, c):
    for i in c:
        if a and b:
            g()
        elif c:
            h()
        else:
            k()
    match a:
        case 1:
            g()
        case _:
            h()
`,
    "f",
  ],
  ...["a.ts", "a.tsx", "a.js"].map((path): [string, string, string] => [
    path,
    `function f(a, b, c) {
      for (const i of c) { if (a && b) { g(); } else if (c) { h(); } else { k(); } }
      switch (a) { case 1: g(); break; default: h(); }
    }`,
    "f",
  ]),
  [
    "a.rs",
    `fn f(a: bool, b: bool, c: Vec<i32>) {
      for i in c { if a && b { g(); } else if c { h(); } else { k(); } }
      match a { 1 => g(), _ => h() }
    }`,
    "f",
  ],
  [
    "a.go",
    `package p
    func f(a, b bool, c []int) {
      for _, i := range c { if a && b { g() } else if c { h() } else { k() } }
      switch a { case 1: g(); default: h() }
    }`,
    "f",
  ],
  [
    "A.java",
    `class A { void f(boolean a, boolean b, int[] c) {
      for (int i : c) { if (a && b) { g(); } else if (c) { h(); } else { k(); } }
      switch (a) { case 1: g(); break; default: h(); } } }`,
    "A.f",
  ],
];

describe("file metrics", () => {
  test.each(same)(
    "%s: one function has the same complexity in every language",
    async (path, text, name) => {
      // 1 + for, if, and, elif, case; for 1, if 2, and 1, elif 1, else 1, switch 1.
      const [found] = await functions(path, text);
      expect(found).toMatchObject({ name, cyclomatic: 6, cognitive: 7, parameters: 3 });
    },
  );

  test.each([
    ["a.py", "class A:\n  def f(self): pass\n  def f(self, x): pass\n", ["A.f", "A.f#2"]],
    ["b.py", "def f():\n  def g():\n    if x: pass\n  return g\n", ["f", "f.g"]],
    [
      "a.ts",
      "const f = () => 1; class B { g = async () => 2; get h() { return 3; } }",
      "f B.g B.h",
    ],
    ["b.ts", "export const o = { k: function () {} }; exports.z = () => 1;", "k z"],
    ["c.ts", "interface I { f(): void } declare function g(): void; abstract class C {}", ""],
    ["a.go", "package p\nfunc (s *S[T]) M() {}\nfunc N() {}\n", "S.M N"],
    ["a.rs", "impl<T> Foo<T> { fn a(&self) {} }\nmod m { pub fn b() {} }\n", "Foo.a m.b"],
    ["A.java", "class A { A() {} class B { int m() { return 1; } } }", "A.A A.B.m"],
  ])("%s: functions have qualified names", async (path, text, names) => {
    const expected = typeof names === "string" ? names.split(" ").filter(Boolean) : names;
    expect((await functions(path, text)).map(({ name }) => name)).toEqual(expected);
  });

  test("a named nested function is counted separately, an anonymous one with its enclosing function", async () => {
    const text = `function f() { list.map((x) => { if (x) g(); }); const h = () => { if (y) g(); }; }`;
    expect(await figures("a.ts", text)).toEqual([
      { name: "f", cyclomatic: 2, cognitive: 2 },
      { name: "f.h", cyclomatic: 2, cognitive: 1 },
    ]);
  });

  test.each([
    ["a.py", "class A:\n  def f(self, a, *, b=1, **k): pass\n", 3],
    ["a.ts", "class A { f(this: A, x: number, y?: string, ...z: number[]) {} }", 3],
    ["b.ts", "const f = x => x;", 1],
    ["a.go", "package p\nfunc (s *S) f(a, b int, c ...string) {}\n", 3],
    ["a.rs", "impl A { fn f(&mut self, a: u8, b: u8) {} }", 2],
    ["A.java", "class A { void f(final int a, String... b) {} }", 2],
  ])(
    "%s: parameters that the caller does not pass are not counted",
    async (path, text, parameters) => {
      expect((await functions(path, text))[0]?.parameters).toBe(parameters);
    },
  );

  test("the lines of a function start at 1 and include the last one", async () => {
    const [found] = await functions("a.py", "\n\ndef f():\n    return 1\n\n");
    expect(found).toMatchObject({ line: 3, endLine: 4 });
  });

  test.each([
    ["a.py", "@route('/')\ndef f(): pass\n"],
    ["a.py", "class A(Base):\n  def f(self): pass\n"],
    ["a.py", "class A:\n  def __len__(self): pass\n"],
    ["a.ts", "class A { @Get() f() {} }"],
    ["a.ts", "class A { f() {} }"],
    ["a.rs", "pub fn f() {}"],
    ["a.rs", "pub(crate) fn f() {}"],
    ["a.go", "package p\nfunc (t *T) f() {}\n"],
    ["A.java", "class A { private void f() {} }"],
    ["a.ts", "export default function f() {}"],
    ["a.rs", "impl Display for A { fn f(&self) {} }"],
    ["a.rs", "#[no_mangle]\nfn f() {}"],
    ["a.go", "package p\nfunc main() {}\n"],
    ["A.java", "class A { @Override public void f() {} }"],
  ])("%s: a function that may have unseen callers is an entry: %s", async (path, text) => {
    expect((await functions(path, text))[0]?.entry).toBe(true);
  });

  test.each([
    ["a.py", "def f(): pass\n"],
    ["a.ts", "namespace A { function f() {} }"],
    ["a.rs", "#[inline]\nfn f() {}"],
    ["a.go", "package p\nfunc f() {}\n"],
    ["a.py", "class A:\n  def m(self):\n    def f(): pass\n"],
  ])("%s: a plain function is not an entry: %s", async (path, text) => {
    expect((await functions(path, text)).at(-1)?.entry).toBe(false);
  });

  test("a name is used everywhere but in its definition and in recursive calls", async () => {
    const metrics = await fileMetrics(
      "python",
      "def f(n):\n    return f(n - 1)\n\ndef g():\n    h.f2()\n",
    );
    expect(metrics?.uses).toEqual(["f2", "h", "n"]);
    expect(metrics?.refers).toEqual(["f", "h"]);
    expect(metrics?.defines).toEqual(["f", "g"]);
  });

  test.each([
    ["a.py", "def f(a, b):\n    c = a + b\n    return [c, g(c), c * 2]\n"],
    ["a.ts", "function f(a, b) { const c = a + b; return [c, g(c), c * 2]; }"],
    ["a.rs", "fn f(a: u8, b: u8) -> u8 { let c = a + b; g(c); c * 2 }"],
    ["a.go", "package p\nfunc f(a, b int) int { c := a + b; g(c); return c * 2 }\n"],
    ["A.java", "class A { int f(int a, int b) { int c = a + b; g(c); return c * 2; } }"],
  ])(
    "%s: renamed functions and variables keep the body digest, other calls change it",
    async (path, text) => {
      const [one] = await functions(path, text);
      const renamed = text.replaceAll(/\bf\b/g, "total").replaceAll(/\bc\b/g, "sum");
      const [two] = await functions(path, renamed);
      const [three] = await functions(path, text.replaceAll(/\bg\b/g, "other"));
      expect(one?.body).not.toBe("");
      expect(two?.body).toBe(one?.body as string);
      expect(three?.body).not.toBe(one?.body as string);
    },
  );

  test("test functions inside a Rust source file are marked", async () => {
    const text = "fn a() {}\n#[cfg(test)]\nmod tests { fn helper() {} #[test] fn t() {} }\n";
    expect((await functions("a.rs", text)).map(({ name, test }) => [name, test])).toEqual([
      ["a", false],
      ["tests.helper", true],
      ["tests.t", true],
    ]);
  });

  test("a file with a generator's header is generated", async () => {
    const text = "// Code generated by protoc. DO NOT EDIT.\npackage p\n";
    expect((await fileMetrics("go", text))?.generated).toBe(true);
    expect((await fileMetrics("go", "package p\n"))?.generated).toBe(false);
  });

  test("nesting deeper than the call stack is measured", async () => {
    const text = `function f() { return ${"(".repeat(20_000)}1${")".repeat(20_000)}; }`;
    expect(await figures("a.js", text)).toEqual([{ name: "f", cyclomatic: 1, cognitive: 0 }]);
  });

  test("a text without a measured language has no metrics", async () => {
    expect(await fileMetrics(languageOf("a.sh"), "echo")).toBeNull();
    expect(await fileMetrics(languageOf("a.txt"), "echo")).toBeNull();
  });
});
