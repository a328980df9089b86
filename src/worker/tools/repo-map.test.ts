import { expect, test } from "bun:test";
import { pathsShown, renderMap } from "./repo-map.ts";

const paths = ["README.md", "docs/a.md", "src/b.ts", "src/a.ts", "test/a.test.ts"];
const folders = { srcDir: "src/", testDir: "test/" };

test("sources come first, then tests, then what lies at the top", () => {
  expect(pathsShown(paths, { ...folders, linesMax: 0 })).toEqual([
    "src/a.ts",
    "src/b.ts",
    "test/a.test.ts",
    "README.md",
    "docs/a.md",
  ]);
});

test("what does not fit is counted", () => {
  const shown = pathsShown(paths, { ...folders, linesMax: 2 });
  expect(renderMap(shown, { names: new Map(), left: 3 })).toBe(
    "src/a.ts\nsrc/b.ts\n[and 3 more files]",
  );
});

test("a file's definitions stand beside it, the first of many", () => {
  const many = Array.from({ length: 10 }, (_, n) => `f${n}`);
  const names = new Map([
    ["a.ts", ["alpha", "Beta"]],
    ["b.ts", many],
    ["c.ts", []],
  ]);
  expect(renderMap(["a.ts", "b.ts", "c.ts"], { names, left: 0 })).toBe(
    "a.ts: alpha, Beta\nb.ts: f0, f1, f2, f3, f4, f5, f6, f7, 2 more\nc.ts",
  );
});

test("paths go before definitions when there is little room", () => {
  const long = Array.from({ length: 119 }, (_, n) => `${"x".repeat(95)}${1000 + n}`);
  const names = new Map(long.map((path) => [path, ["y".repeat(90)]] as const));
  const map = renderMap(long, { names, left: 0 });
  expect(map.length).toBeLessThanOrEqual(12_000);
  expect(map.split("\n").filter((line) => line.includes(": "))).toEqual([
    `${long[0]}: ${"y".repeat(90)}`,
  ]);
});
