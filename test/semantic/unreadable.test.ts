/** Files that exceed the parsers' nesting limit: a note of the gate, never an exception. */
import { describe, expect, test } from "bun:test";
import { importsOf } from "../../src/languages/imports.ts";
import { symbolsOf, usesOf } from "../../src/languages/symbols.ts";
import { checkMerge } from "../../src/semantic/check-merge.ts";

const depth = 20_000;
const open = "(".repeat(depth);
const close = ")".repeat(depth);
const deep = [
  ["a.py", `x = ${open}1${close}\n`],
  ["a.py", `x = ${"1 + ".repeat(depth)}1\n`],
  ["a.ts", `const x = ${open}1${close};\n`],
  ["a.go", `package a\nvar x = ${open}1${close}\n`],
  ["a.rs", `fn f() { ${"{".repeat(depth)}1${"}".repeat(depth)} }\n`],
  ["A.java", `class A { int x = ${open}1${close}; }\n`],
] as const;

describe("files nested too deeply to parse", () => {
  test.each(deep)(
    "D6 the semantic gate notes a file nested too deeply (%s)",
    async (path, text) => {
      const merged = new Map([[path, "1"]]);
      const verdict = await checkMerge({
        base: new Map(),
        ours: new Map(),
        theirs: merged,
        merged,
        tree: async () => merged,
        mentioning: async () => ({ paths: [], cut: false }),
        read: async () => text,
      });
      expect(verdict).toEqual({
        findings: [],
        notes: [
          {
            path,
            line: 1,
            message: "the file could not be read or parsed; its symbols were not checked",
          },
        ],
        files: 1,
      });
    },
  );

  test.each(deep)(
    "D6 reading symbols and imports of a file nested too deeply does not throw (%s)",
    async (path, text) => {
      const queries = [importsOf(path, text), symbolsOf(path, text), usesOf(path, text, "x")];
      await Promise.all(queries);
    },
  );
});
