/**
 * Hints and messages of the source name only commands and flags that exist. The hints that commands print are checked
 * where tests run them (`dgov` in `test/harness/bin.ts`).
 */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openEventLog } from "../../src/log/event-log.ts";
import { wordGroups } from "../../src/views/catalog/words.ts";
import { dgovJson } from "../harness/bin.ts";
import {
  allCommands,
  bareFlags,
  hasFlag,
  hintProblems,
  mentionProblems,
  mentionsIn,
  type NamedCommand,
} from "../harness/command-lines.ts";
import { testRepo } from "../harness/repo.ts";
import { RunLog } from "../harness/run-log.ts";
import { sources, src } from "../harness/sources.ts";

const known = await allCommands();

/** Folders and files with argument vectors of other programs, or with texts of shells. */
const otherArguments =
  /^(?:git|process|sandbox|worker|settlement|languages|demo|config\/detect)\/|^cli\/complete\/scripts\.ts$/;

interface Literal {
  text: string;
  /** Code before it on its line. */
  before: string;
}

/** The string literals of a source text, with placeholders in place of expressions. */
function literals(source: string): Literal[] {
  const text = source.replace(/\$\{[^{}]*\}/g, "X");
  const token = /"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  return [...text.matchAll(token)].flatMap((match) => {
    const value = match[1] ?? match[2];
    if (value === undefined) return [];
    const before = text.slice(text.lastIndexOf("\n", match.index) + 1, match.index);
    return [{ text: value, before }];
  });
}

/** The commands whose definition is in a file or, for a file without one, in its folder. */
function commandsOf(file: string): NamedCommand[] {
  const own = /^cli\/commands\/(.+)\.ts$/.exec(file)?.[1];
  if (own === undefined) return known.filter(({ path }) => path.length === 0);
  const text = readFileSync(join(src, file), "utf8");
  const names = [...text.matchAll(/^ {2}name: "([\w-]+)"/gm)].map(([, name = ""]) => name);
  return known.filter(({ path }) => path.length > 0 && names.includes(path.at(-1) ?? ""));
}

describe("E26 E20 every command and flag that the source names exists", () => {
  const texts = [
    ...sources().map((file) => ({ file, text: readFileSync(join(src, file), "utf8") })),
    ...[...new Bun.Glob("assets/**/*.md").scanSync(src)].map((file) => ({
      file,
      text: readFileSync(join(src, file), "utf8"),
    })),
  ];

  test("of dgov: every command that a text names exists and has the flags named with it", () => {
    const found = texts.flatMap(({ file, text }) =>
      mentionProblems(text.replace(/\$\{[^{}]*\}/g, "X"), known).map((one) => `${file}: ${one}`),
    );
    expect(found).toEqual([]);
    const count = texts.flatMap(({ text }) => mentionsIn(text, known)).length;
    expect(count).toBeGreaterThan(400);
  });

  test("without a command: a flag is one of the file's commands, or the error's `orFlag`", () => {
    const found = texts
      .filter(({ file }) => file.endsWith(".ts") && !otherArguments.test(file))
      .flatMap(({ file, text }) => {
        const own = commandsOf(file);
        return literals(text).flatMap((literal) => {
          if (!/\s/.test(literal.text)) return [];
          const allowed = /\borFlag: $/.test(literal.before) ? known : own;
          return bareFlags(literal.text, known)
            .filter((flag) => !allowed.some((command) => hasFlag(command, flag)))
            .map((flag) => `${file}: ${flag} in "${literal.text}"`);
        });
      });
    expect(found).toEqual([]);
  });

  test("in the table of words: every remedy", () => {
    const remedies = wordGroups.flatMap(({ rows }) =>
      Object.values(rows).flatMap(({ remedy, doNot }) => [remedy, doNot ?? ""]),
    );
    expect(remedies.flatMap((text) => mentionProblems(text, known))).toEqual([]);
    expect(remedies.flatMap((text) => bareFlags(text, known))).toEqual([]);
  });
});

describe("E26 a wrong hint is found", () => {
  test.each([
    ["dgov lnad U", ["no such command: dgov lnad U"]],
    [
      "dgov take U --allow-dirty, or not",
      ["dgov take has no --allow-dirty: dgov take U --allow-dirty"],
    ],
    [
      "list all plans with dgov plan list --al",
      ["dgov plan list has no --al: dgov plan list --al"],
    ],
    ["the next run keeps it; dgov plan review shows it", []],
    [
      "commit them, or run with --allow-dirty",
      ["dgov take has no --allow-dirty: commit them, or run with --allow-dirty"],
    ],
    ["git fetch --unshallow", []],
  ])("%j", (hint, problems) => {
    expect(hintProblems(hint, ["take", "a"], known)).toEqual(problems);
  });
});

test("E26 an alternative that names a flag is printed only by a command that has the flag", async () => {
  await using repo = await testRepo({
    ".dgov/project.toml": "",
    ".dgov/plans/p/_root.toml": '[plan]\nname = "p"\nsections = ["tasks"]\n',
    ".dgov/plans/p/tasks/main.toml":
      '[tasks.a]\nsummary = "a"\nprompt = "a"\ncommit_message = "a"\nfiles.create = ["a"]\n',
  });
  await repo.git("config", "user.name", "A");
  await repo.git("config", "user.email", "a@example.com");
  {
    using log = openEventLog(repo.path);
    const ran = new RunLog({ units: [{ unit: "tasks/main.a" }] }).rejected("tasks/main.a", 1);
    log.append(ran.finished("failed").news);
  }
  await repo.git("checkout", "--detach");
  await repo.git("branch", "-D", "main");
  const of = { cwd: repo.path, env: repo.env };
  const hint = async (args: string[]): Promise<unknown> =>
    (await dgovJson(args, of)).document["hint"];
  expect([await hint(["run", "p"]), await hint(["take", "a"])]).toEqual([
    "check out a branch, or name one with --target BRANCH",
    "check out a branch",
  ]);
});
