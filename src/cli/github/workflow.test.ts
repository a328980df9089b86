import { describe, expect, test } from "bun:test";
import { type Annotation, annotationLine, markdownTable } from "./workflow.ts";

const plain: Annotation = {
  level: "error",
  file: "src/a.ts",
  line: 3,
  column: 7,
  title: "lint",
  message: "unused",
};

describe("annotationLine", () => {
  test.each<[string, Partial<Annotation>, string]>([
    ["a place", {}, "::error file=src/a.ts,line=3,col=7,title=lint::unused"],
    ["no column", { column: null }, "::error file=src/a.ts,line=3,title=lint::unused"],
    ["no line", { line: null }, "::error file=src/a.ts,title=lint::unused"],
    ["no file", { file: null, level: "warning" }, "::warning title=lint::unused"],
    [
      "several lines",
      { message: "100%\r\n::error::mine\n" },
      "::error file=src/a.ts,line=3,col=7,title=lint::100%25%0D%0A::error::mine%0A",
    ],
    [
      "commas and colons in a name",
      { file: "a,b:c\n.ts", title: "tests: a, b" },
      "::error file=a%2Cb%3Ac%0A.ts,line=3,col=7,title=tests%3A a%2C b::unused",
    ],
  ])("%s", (_, change, line) => {
    expect(annotationLine({ ...plain, ...change })).toBe(line);
  });
});

test("markdownTable: cells stay one line of text", () => {
  expect(markdownTable(["a", "b"], [["x|y\nz", "<img> `c` **d** \\ & [l](u)"]])).toBe(
    "| a | b |\n|---|---|\n| x\\|y z | &lt;img> \\`c\\` \\*\\*d\\*\\* \\\\ &amp; \\[l\\](u) |",
  );
});
