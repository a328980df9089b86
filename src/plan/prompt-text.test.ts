import { describe, expect, test } from "bun:test";
import { headingsOf, pathMentions, verifyTools } from "./prompt-text.ts";

describe("headingsOf", () => {
  test.each([
    "Orient",
    "orient:",
    "# Orient",
    "### ORIENT:",
    "**Orient**",
    "**Orient:**",
    "  Orient :",
  ])("%j is a heading", (line) => {
    expect(headingsOf(`x\n${line}\ny`)).toEqual([{ name: "Orient", line: 1 }]);
  });

  test.each(["Orient: read x", "Orientation", "To verify:", "- Verify"])(
    "%j is not a heading",
    (line) => {
      expect(headingsOf(line)).toEqual([]);
    },
  );
});

test("pathMentions returns paths with a folder and a known extension, without duplicates", () => {
  const text =
    "Read src/a.py, `./src/b.ts` and (src/a.py). See https://x.org/docs/c.md, ../up/d.py, src/c.ts:12, " +
    "README.md, e.g. and/or, user@host/x.py, pkg/x.test.ts, .github/workflows/ci.yml and /etc/x/y.conf or /abs/z.py.";
  expect(pathMentions(text)).toEqual([
    "src/a.py",
    "src/b.ts",
    "src/c.ts",
    "user@host/x.py",
    "pkg/x.test.ts",
    ".github/workflows/ci.yml",
  ]);
});

describe("verifyTools", () => {
  test("programs are found in commands with and without backticks, in the Verify section only", () => {
    const text =
      "Orient:\nruff check everything\n\nVerify:\n1. uv run pytest -q\n- CI=1 npm test\nThen `mypy --strict src` and `cd x`.\n" +
      "go over it once more, make sure it is fine\n`go test ./...` `foo = 1` `call(x)` `dgov validate p` `word`\nEdit:\ncargo test";
    expect(verifyTools(text)).toEqual(["uv", "npm", "mypy", "go"]);
  });

  test("a text without a Verify section has no programs", () => {
    expect(verifyTools("uv run pytest")).toEqual([]);
  });
});
