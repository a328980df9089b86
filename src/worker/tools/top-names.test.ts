import { expect, test } from "bun:test";
import { hasTopNames, topNames } from "./top-names.ts";

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
])("%s: the names at the top of %p", (path, text, names) => {
  expect(topNames(path, text)).toEqual(names);
  expect(hasTopNames(path)).toBe(!path.endsWith(".md"));
});
