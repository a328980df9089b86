import { describe, expect, test } from "bun:test";
import { importsOf } from "./imports.ts";

/** Imports as `line specifier: local<imported ...`, with `^` after the specifier of a re-export. */
async function found(path: string, text: string): Promise<string[] | null> {
  const imports = await importsOf(path, text);
  return (
    imports?.map(({ specifier, names, line, reexport }) => {
      const bound = names.map(({ local, imported }) => `${local}<${imported}`).join(" ");
      return `${line} ${specifier}${reexport ? " ^" : ""}: ${bound}`;
    }) ?? null
  );
}

describe("importsOf", () => {
  test.each<[string, string, string[]]>([
    ["a.py", "import a.b as c, d.e", ["1 a.b: c<*", "1 d.e: d.e<*"]],
    ["a.py", "from . import x as y, z", ["1 .: y<x z<z"]],
    ["a.py", "from ..p import *", ["1 ..p: *<*"]],
    ["a.py", "from p.q import (\n  a,\n  b as c,\n)", ["1 p.q: a<a c<b"]],
    ["a.py", "def f():\n  try:\n    import late\n  except E: pass", ["3 late: late<*"]],
    ["p/__init__.py", "from .core import f", ["1 .core ^: f<f"]],
    ["a.py", "# import x\ns = 'import y'", []],
    ["a.py", "from __future__ import annotations", []],

    ["a.ts", 'import d, { a as b, type T } from "./u";', ["1 ./u: d<default b<a T<T"]],
    ["a.ts", 'import * as n from "m";', ["1 m: n<*"]],
    ["a.ts", 'import "./side";', ["1 ./side: <*"]],
    ["a.ts", 'import type { Z } from "./z";', ["1 ./z: Z<Z"]],
    ["a.ts", 'import fs = require("fs");', ["1 fs: fs<*"]],
    ["a.ts", 'export { q as r } from "./q";', ["1 ./q ^: r<q"]],
    ["a.ts", 'export * from "./s";', ["1 ./s ^: *<*"]],
    ["a.ts", 'export * as ns from "./t";', ["1 ./t ^: ns<*"]],
    ["a.ts", "export const x = 1; export { x as y };", []],
    ["a.ts", 'const m = (await import("./dyn")).default;', ["1 ./dyn: <*"]],
    ["a.ts", 'const m = await import("./dyn");', ["1 ./dyn: m<*"]],
    ["a.ts", "import(name); import(a + b);", []],
    ["a.tsx", 'import { App } from "./app";\nconst x = <App/>;', ["1 ./app: App<App"]],
    ["a.cjs", 'const { w, v: u } = require("./w");', ["1 ./w: w<w u<v"]],
    ["a.js", 'const x = require("./x"); require("./y");', ["1 ./x: x<*", "1 ./y: <*"]],

    [
      "a.rs",
      "use crate::a::{self, b as c, d::*};",
      ["1 crate: a<a", "1 crate::a: c<b", "1 crate::a::d: *<*"],
    ],
    ["a.rs", "pub use super::x::Y;", ["1 super::x ^: Y<Y"]],
    ["a.rs", "use {x::y, z};", ["1 x: y<y", "1 z: z<*"]],
    ["a.rs", "use t::T as _;", ["1 t: <T"]],
    ["a.rs", "extern crate foo as bar;", ["1 foo: bar<*"]],
    ["a.rs", "mod inner;\npub mod outer;", ["1 self::inner: inner<*", "2 self::outer ^: outer<*"]],
    ["a.rs", '#[path = "other.rs"]\nmod inner;', ["2 ./other.rs: inner<*"]],
    ["a.rs", "mod y { mod z; }", ["1 self::y::z: z<*"]],
    [
      "a.rs",
      "mod tests { use super::*; use super::super::up; }",
      ["1 self: *<*", "1 super: up<up"],
    ],
    [
      "a.rs",
      "mod tests { use self::x::y; use crate::k::v; }",
      ["1 self::tests::x: y<y", "1 crate::k: v<v"],
    ],

    [
      "a.rs",
      "fn f(x: crate::a::T) { crate::b::g::<u8>(); std::mem::swap(); T::new(); crate::b::g(); }",
      ["1 crate::a: <T", "1 crate::b: <g"],
    ],

    ["a.go", 'package x\nimport "fmt"', ["2 fmt: fmt<*"]],
    [
      "a.go",
      'package x\nimport (\n u "e.com/x/util"\n . "y"\n _ "z"\n "e.com/m/v2"\n)',
      ["3 e.com/x/util: u<*", "4 y: *<*", "5 z: <*", "6 e.com/m/v2: m<*"],
    ],

    ["A.java", "import com.acme.Foo;", ["1 com.acme.Foo: Foo<Foo"]],
    ["A.java", "import com.acme.*;", ["1 com.acme.*: *<*"]],
    ["A.java", "import static com.acme.Foo.bar;", ["1 com.acme.Foo: bar<bar"]],
    ["A.java", "import static com.acme.Foo.*;", ["1 com.acme.Foo: *<*"]],

    ["a.sh", ". ./b.sh", []],
  ])("imports are found in %s: %s", async (path, text, expected) => {
    expect(await found(path, text)).toEqual(expected);
  });

  test("a language without a grammar has no imports", async () => {
    expect(await importsOf("a.rb", "require 'x'")).toBeNull();
  });
});
