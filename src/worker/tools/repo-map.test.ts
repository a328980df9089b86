import { expect, test } from "bun:test";
import { renderMap } from "./repo-map.ts";

const paths = ["README.md", "docs/a.md", "src/b.ts", "src/a.ts", "test/a.test.ts"];

test("sources come first, then tests, then what lies at the top", () => {
  expect(renderMap(paths, { srcDir: "src/", testDir: "test/", linesMax: 0 })).toBe(
    "src/a.ts\nsrc/b.ts\ntest/a.test.ts\nREADME.md\ndocs/a.md",
  );
});

test("what does not fit is counted", () => {
  expect(renderMap(paths, { srcDir: "src/", testDir: "test/", linesMax: 2 })).toBe(
    "src/a.ts\nsrc/b.ts\n[and 3 more files]",
  );
});
