import { expect, test } from "bun:test";
import { hasTopLevelNames, renderRepoMap, selectPaths, topLevelNames } from "./repo-map.ts";

const paths = ["README.md", "docs/a.md", "src/b.ts", "src/a.ts", "test/a.test.ts"];
const folders = { srcDir: "src/", testDir: "test/" };

test("sources are listed first, then tests, then files at the top, then others", () => {
  expect(selectPaths(paths, { ...folders, linesMax: 0 })).toEqual([
    "src/a.ts",
    "src/b.ts",
    "test/a.test.ts",
    "README.md",
    "docs/a.md",
  ]);
});

test("paths that do not fit are counted", () => {
  const shown = selectPaths(paths, { ...folders, linesMax: 2 });
  expect(renderRepoMap(shown, { names: new Map(), left: 3 })).toBe(
    "src/a.ts\nsrc/b.ts\n[and 3 more files]",
  );
});

test("a file is listed with the first of its definitions", () => {
  const many = Array.from({ length: 10 }, (_, n) => `f${n}`);
  const names = new Map([
    ["a.ts", ["alpha", "Beta"]],
    ["b.ts", many],
    ["c.ts", []],
  ]);
  expect(renderRepoMap(["a.ts", "b.ts", "c.ts"], { names, left: 0 })).toBe(
    "a.ts: alpha, Beta\nb.ts: f0, f1, f2, f3, f4, f5, f6, f7, 2 more\nc.ts",
  );
});

test("paths take precedence over definitions when there is little room", () => {
  const long = Array.from({ length: 119 }, (_, n) => `${"x".repeat(95)}${1000 + n}`);
  const names = new Map(long.map((path) => [path, ["y".repeat(90)]] as const));
  const map = renderRepoMap(long, { names, left: 0 });
  expect(map.length).toBeLessThanOrEqual(12_000);
  expect(map.split("\n").filter((line) => line.includes(": "))).toEqual([
    `${long[0]}: ${"y".repeat(90)}`,
  ]);
});

test.each<[string, string, string[]]>([
  ["a.py", "import x\nclass A:\n  def m(self): ...\nasync def f(): ...\nX = 1\n", ["A", "f"]],
  [
    "a.ts",
    "export const a = 1;\nexport default class B {}\nfunction c() {\n  const d = 1;\n}\nexport type E = 1;\nexport * from './x';",
    ["a", "B", "c", "E"],
  ],
  ["a.js", "async function* f() {}\nlet x;", ["f"]],
  [
    "a.rs",
    "pub fn f() {}\npub(crate) async fn g() {}\nfn own() {}\npub struct S;\nimpl S {}",
    ["f", "g", "S"],
  ],
  [
    "a.go",
    "package x\nfunc F() {}\nfunc (s *S) M() {}\ntype S struct {}\nvar v = 1",
    ["F", "M", "S"],
  ],
  ["A.java", "package x;\npublic final class A {\n  class In {}\n}\nrecord R() {}", ["A", "R"]],
  ["a.py", "def f(): ...\ndef f(): ...", ["f"]],
  ["a.md", "class A", []],
])("in %s the top-level names of %p are found", (path, text, names) => {
  expect(topLevelNames(path, text)).toEqual(names);
  expect(hasTopLevelNames(path)).toBe(!path.endsWith(".md"));
});
