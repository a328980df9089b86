/**
 * Scenario ids cited by tests and comments, compared with the list in `test/scenarios.md`.
 *
 * An id is a capital letter and a number, as a word of its own. Names are those the test runner
 * reports, with the rows of `test.each` filled in; no other string of a test is searched. A comment
 * cites the ids that fill parentheses, or that begin its line and end with a colon. The opening
 * comment of a test file counts as a name of its tests.
 */
import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dir, "..");

const ids = String.raw`[A-Z][1-9]\d?(?:, [A-Z][1-9]\d?)*`;
const inName = /(?<![^\s(])[A-Z][1-9]\d?(?![^\s,:;)])/g;
const comment = /^\s*\/?\*+(.*)|(?:^|\s)\/\/(.*)/;
const inComment = new RegExp(String.raw`^ (${ids}):|\((${ids})\)`, "g");

/** Ids in the name of a test or of a group of tests. */
function citedInName(name: string): string[] {
  return name.match(inName) ?? [];
}

/** Ids in the comments of a TypeScript text. */
function citedInComments(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const [, block, lineEnd] = comment.exec(line) ?? [];
    const lists = (block ?? lineEnd ?? "").matchAll(inComment);
    return [...lists].flatMap((match) => (match[1] ?? match[2] ?? "").split(", "));
  });
}

interface Script {
  /** Relative to the root, with `/`. */
  path: string;
  text: string;
}

function scripts(): Script[] {
  return [...new Bun.Glob("{src,test}/**/*.ts").scanSync(root)].map((path) => ({
    path: path.replaceAll("\\", "/"),
    text: readFileSync(join(root, path), "utf8"),
  }));
}

/** Names of all tests, groups and test files of the repository. Runs none: no name matches `(?!)`. */
async function reportNames(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "dgov-scenarios-"));
  try {
    const report = join(folder, "report.xml");
    const options = ["--test-name-pattern", "(?!)", "--reporter", "junit"];
    const child = Bun.spawn(
      [process.execPath, "test", "./src", "./test", ...options, "--reporter-outfile", report],
      { cwd: root, stdin: "ignore", stdout: "ignore", stderr: "ignore" },
    );
    await child.exited;
    const names = readFileSync(report, "utf8").matchAll(/<test(?:case|suite) name="([^"]*)"/g);
    return [...names].map((match) => match[1] ?? "");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// Not in a hook: a hook could start the runner again from within the runner it starts.
let names: Promise<string[]> | null = null;
function testNames(): Promise<string[]> {
  names ??= reportNames();
  return names;
}

/** Ids that names and opening comments of tests cite. */
async function citedByTests(): Promise<Set<string>> {
  const openings = scripts().flatMap(({ path, text }) =>
    path.endsWith(".test.ts") ? (/^\/\*\*.*?\*\//s.exec(text) ?? []) : [],
  );
  return new Set([
    ...(await testNames()).flatMap(citedInName),
    ...openings.flatMap(citedInComments),
  ]);
}

const listing = readFileSync(join(import.meta.dir, "scenarios.md"), "utf8");
const listed = [...listing.matchAll(/^- \*\*(\w+)\*\* \S/gm)].map((match) => match[1] ?? "");

describe("the list of scenarios", () => {
  test("every id that the name of a test cites has a scenario", async () => {
    const missing = (await citedByTests()).difference(new Set(listed));
    expect([...missing]).toEqual([]);
  });

  test("every id that a comment cites has a scenario", () => {
    const missing = scripts().flatMap(({ path, text }) =>
      citedInComments(text)
        .filter((id) => !listed.includes(id))
        .map((id) => `${path}: ${id}`),
    );
    expect(missing).toEqual([]);
  });

  test("every scenario is cited by a test", async () => {
    const stale = new Set(listed).difference(await citedByTests());
    expect([...stale]).toEqual([]);
  });

  test("every id has one line, in order, below the heading of its series", () => {
    const sections = listing.split(/^## /m).slice(1);
    const inOrder = sections.flatMap((section) => {
      const series = section.slice(0, 1);
      const numbers = [...section.matchAll(new RegExp(`^- \\*\\*${series}(\\d+)\\*\\* `, "gm"))];
      const sorted = new Set(numbers.map((match) => Number(match[1])).sort((a, b) => a - b));
      return [...sorted].map((number) => `${series}${number}`);
    });
    expect(listed).toEqual(inOrder);
    const lines = sections.join("").split("\n");
    expect(lines.filter((line) => line.startsWith("- "))).toHaveLength(listed.length);
    expect(lines.filter((line) => /^\s+\S/.test(line))).toEqual([]);
  });
});

describe("citations", () => {
  test.each([["a row"]])("the runner reports every test file, and the name of %s", async () => {
    const reported = new Set(await testNames());
    const files = scripts().filter(({ path }) => path.endsWith(".test.ts"));
    expect(files.map(({ path }) => path).filter((path) => !reported.has(path))).toEqual([]);
    expect(reported).toContain("the runner reports every test file, and the name of a row");
  });

  test("a scenario id is cited by a name only as a separate word", () => {
    expect(citedInName("B3, D14: a process ends; C3 what it wrote (E9, A16)")).toEqual([
      "B3",
      "D14",
      "C3",
      "E9",
      "A16",
    ]);
    expect(citedInName("F401 `x`, %C3%BC, B05, V12__a.sql, A1-b and &quot;P4&quot;")).toEqual([]);
  });

  test("a scenario id is cited by a comment in parentheses or before a colon", () => {
    const text =
      '/** B5: x */\n * more (C9, E15).\nf(A1); // see (A16)\n// D7 x\n"(P1)"\n * (C0, x)';
    expect(citedInComments(text)).toEqual(["B5", "C9", "E15", "A16"]);
  });
});
