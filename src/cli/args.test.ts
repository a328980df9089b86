import { describe, expect, test } from "bun:test";
import { DgovError } from "../error.ts";
import { parseLine, wholeNumber } from "./args.ts";
import type { ArgsDef } from "./command.ts";

const own = {
  plan: { type: "positional", required: false },
  only: { type: "string", repeated: true },
  file: { type: "string", alias: "f", repeated: true },
  note: { type: "string", words: 2 },
  graph: { type: "enum", options: ["tree", "dot"], bare: "tree" },
  jobs: { type: "string" },
  dryRun: { type: "boolean" },
  verbose: { type: "boolean", alias: "v" },
  yes: { type: "boolean", alias: "y" },
} as const satisfies ArgsDef;

function parsed(line: string[]) {
  const { flags, positionals } = parseLine(line, own);
  return { ...Object.fromEntries(flags), _: positionals };
}

describe("parseLine", () => {
  test.each([
    [["p"], { _: ["p"] }],
    [["p", "--json"], { json: [true], _: ["p"] }],
    [["--only", "a", "p", "--only=b"], { only: ["a", "b"], _: ["p"] }],
    [["-f", "a", "-fb", "-f=c"], { file: ["a", "b", "c"], _: [] }],
    [["--note", "u", "- keep it"], { note: [["u", "- keep it"]], _: [] }],
    [["--note=u", "text"], { note: [["u", "text"]], _: [] }],
    [["--graph", "p"], { graph: ["tree"], _: ["p"] }],
    [["--graph=dot"], { graph: ["dot"], _: [] }],
    [["--jobs", "-5"], { jobs: ["-5"], _: [] }],
    [["--jobs="], { jobs: [""], _: [] }],
    [["--dry-run", "-vy"], { dryRun: [true], verbose: [true], yes: [true], _: [] }],
    [["--dry-run=false"], { dryRun: [false], _: [] }],
    [["--no-color"], { color: [false], _: [] }],
    [["-C", "dir", "p"], { root: ["dir"], _: ["p"] }],
    [["p", "--", "--json", "-h"], { _: ["p", "--json", "-h"] }],
    [["-"], { _: ["-"] }],
  ] as [string[], object][])("reads %j", (line, expected) => {
    expect(parsed(line)).toEqual(expected as ReturnType<typeof parsed>);
  });

  test.each([
    [["--jsno"], "unknown flag --jsno", "did you mean --json?"],
    [["--dryrun"], "unknown flag --dryrun", "did you mean --dry-run?"],
    [["-x"], "unknown flag -x", undefined],
    [["-vx"], "unknown flag -x", undefined],
    [["--toString"], "unknown flag --toString", undefined],
    [["--__proto__=1"], "unknown flag --__proto__", undefined],
    [["--no-jobs"], "unknown flag --no-jobs", "did you mean --jobs?"],
    [["--jobs"], "--jobs needs a value", undefined],
    [["--jobs", "--json"], "--jobs needs a value", "if --json is the value: --jobs=--json"],
    [["--jobs", "--", "4"], "--jobs needs a value", "if -- is the value: --jobs=--"],
    [["--note", "u"], "--note needs 2 values", undefined],
    [["--jobs", "1", "--jobs", "2"], "--jobs is given twice", undefined],
    [["--json=maybe"], "--json takes no value", undefined],
  ] as [string[], string, string | undefined][])("refuses %j", (line, message, hint) => {
    try {
      parseLine(line, own);
    } catch (error) {
      expect(error).toBeInstanceOf(DgovError);
      const { code, message: said, hint: hinted } = error as DgovError;
      expect([code, said, hinted]).toEqual(["USAGE", message, hint]);
      return;
    }
    throw new Error("was accepted");
  });
});

describe("wholeNumber", () => {
  test("reads digits within the range and leaves undefined alone", () => {
    expect(wholeNumber("4", { flag: "--jobs", min: 1 })).toBe(4);
    expect(wholeNumber(undefined, { flag: "--jobs" })).toBeUndefined();
  });

  test.each(["", "0", "-1", "1.5", "1e3", "99", "four", " 4"])("refuses %j", (text) => {
    expect(() => wholeNumber(text, { flag: "--jobs", min: 1, max: 64 })).toThrow(
      `--jobs takes a whole number 1 to 64, not "${text}"`,
    );
  });
});
