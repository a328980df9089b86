import { describe, expect, test } from "bun:test";
import { DgovError } from "../error.ts";
import { type ArgsDef, command, group } from "./command.ts";
import { argumentsOf, type Line, readLine, readPartialLine, wantsHelp } from "./line.ts";

const args = {
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

function leaf(name: string, definitions: ArgsDef) {
  return command({
    name,
    description: name,
    args: definitions,
    examples: [],
    run: async () => 0,
  });
}

const root = group({
  name: "dgov",
  description: "dgov",
  alone: "status",
  subcommands: {
    run: leaf("run", args),
    status: leaf("status", { all: { type: "boolean" } }),
    show: leaf("show", { name: { type: "positional", required: true } }),
    version: leaf("version", {}),
    plan: {
      description: "plan",
      load: async () =>
        group({
          name: "plan",
          description: "plan",
          subcommands: { list: leaf("list", { all: { type: "boolean" } }) },
        }),
    },
    broken: { description: "broken", load: async () => Promise.reject(new Error("no file")) },
  },
});

function given({ values, extra }: Line) {
  return { ...Object.fromEntries(values), ...(extra.length > 0 ? { extra } : {}) };
}

/** The error of a line as code, message and hint. */
async function errorOf(words: string[]) {
  const line = await readLine(root, words);
  try {
    if (line.commandError !== null) throw line.commandError;
    if (!("subcommands" in line.target)) argumentsOf(line, line.target);
  } catch (error) {
    expect(error).toBeInstanceOf(DgovError);
    const { code, message, hint } = error as DgovError;
    return [code, message, hint];
  }
  throw new Error("was accepted");
}

describe("the reader of command lines", () => {
  test.each([
    [["p"], { plan: ["p"] }],
    [["p", "--json"], { json: [true], plan: ["p"] }],
    [["--only", "a", "p", "--only=b"], { only: ["a", "b"], plan: ["p"] }],
    [["-f", "a", "-fb", "-f=c"], { file: ["a", "b", "c"] }],
    [["--note", "u", "- keep it"], { note: [["u", "- keep it"]] }],
    [["--note=u", "text"], { note: [["u", "text"]] }],
    [["--graph", "p"], { graph: ["tree"], plan: ["p"] }],
    [["--graph=dot"], { graph: ["dot"] }],
    [["--jobs", "-5"], { jobs: ["-5"] }],
    [["--jobs="], { jobs: [""] }],
    [["--dry-run", "-vy"], { dryRun: [true], verbose: [true], yes: [true] }],
    [["--dry-run=false"], { dryRun: [false] }],
    [["--no-color"], { color: [false] }],
    [["-C", "dir", "p"], { root: ["dir"], plan: ["p"] }],
    [["p", "--", "--json", "-h"], { plan: ["p"], extra: ["--json", "-h"] }],
    [["-"], { plan: ["-"] }],
  ] as [string[], object][])("reads %j", async (words, expected) => {
    const line = await readLine(root, ["run", ...words]);
    expect(line.argumentError).toBeNull();
    expect(given(line)).toEqual(expected as ReturnType<typeof given>);
  });

  test.each([
    [["--jsno"], "unknown flag --jsno", "did you mean --json?"],
    [["--dryrun"], "unknown flag --dryrun", "did you mean --dry-run?"],
    [["-x"], "unknown flag -x", undefined],
    [["-xv"], "unknown flag -x", undefined],
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
    [["p", "q"], 'unexpected argument "q"', undefined],
    [["--graph=x"], '--graph takes tree, dot, not "x"', undefined],
    [["--graph=dott"], '--graph takes tree, dot, not "dott"', "did you mean dot?"],
  ] as [string[], string, string | undefined][])("rejects %j", async (words, message, hint) => {
    expect(await errorOf(["run", ...words])).toEqual(["USAGE", message, hint]);
  });

  test.each([
    [["stauts"], "USAGE", "unknown command stauts", "did you mean dgov status?"],
    [["plan", "x"], "USAGE", "unknown command plan x", "dgov plan --help"],
    [["toString"], "USAGE", "unknown command toString", "dgov --help"],
    [["broken"], "INTERNAL", "cannot load the command broken", undefined],
    [["show"], "USAGE", "NAME is missing", undefined],
  ] as [string[], string, string, string | undefined][])(
    "rejects %j",
    async (words, code, message, hint) => {
      expect(await errorOf(words)).toEqual([code, message, hint]);
    },
  );

  test.each([
    [[], ["status"]],
    [["--all"], ["status"]],
    [["--json", "-C", "dir"], ["status"]],
    [["--all", "--help"], []],
    [["--help"], []],
    [["plan"], ["plan"]],
    [
      ["plan", "--json", "list", "--all"],
      ["plan", "list"],
    ],
    [
      ["--quiet", "plan", "list"],
      ["plan", "list"],
    ],
    [["-v"], ["version"]],
    [["--json", "--version"], ["version"]],
  ] as [string[], string[]][])("%j is the command %j", async (words, path) => {
    expect((await readLine(root, words)).path).toEqual(path);
  });

  test("an error does not hide the flags after it", async () => {
    for (const words of [
      ["run", "--bogus", "--json", "-h"],
      ["run", "--jobs", "--json", "-h"],
      ["frobnicate", "--json", "-h"],
      ["plan", "--bogus", "--json", "-h"],
    ]) {
      const line = await readLine(root, words);
      expect([words, line.values.get("json"), wantsHelp(line)]).toEqual([words, [true], true]);
    }
  });

  test("arguments are by key: lists for repeated flags, undefined for what is not given", async () => {
    const line = await readLine(root, ["run", "p", "--only=a", "-vv", "--no-yes"]);
    const read: unknown = argumentsOf(line, leaf("run", args));
    expect(read).toEqual({
      plan: "p",
      only: ["a"],
      file: [],
      note: [],
      graph: undefined,
      jobs: undefined,
      dryRun: undefined,
      verbose: true,
      yes: false,
    });
  });

  test("a partial line names the flag that lacks a value", async () => {
    const unfinished = async (...words: string[]) =>
      (await readPartialLine(root, words)).unfinished;
    expect(await unfinished("run", "--only")).toEqual({ key: "only", given: 0 });
    expect(await unfinished("run", "--note", "u")).toEqual({ key: "note", given: 1 });
    expect(await unfinished("-C")).toEqual({ key: "root", given: 0 });
    expect(await unfinished("run", "--graph")).toBeNull();
  });
});
