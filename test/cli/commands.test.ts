/** Definitions of all commands: names, help texts and flags. No command runs. */
import { describe, expect, test } from "bun:test";
import { aliasesOf, flagName, globalArgs } from "../../src/cli/args.ts";
import type { AnyCommand, ArgsDef, CommandGroup } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands/index.ts";
import { commandUsage, groupUsage } from "../../src/cli/usage.ts";

interface Named {
  path: string[];
  target: AnyCommand | CommandGroup;
  /** Description in the table of its parent. */
  listed: string;
}

async function walk(group: CommandGroup, path: string[] = []): Promise<Named[]> {
  const found: Named[] = [];
  for (const [name, entry] of Object.entries(group.subcommands)) {
    const target = "load" in entry ? await entry.load() : entry;
    const here = [...path, name];
    found.push({ path: here, target, listed: entry.description });
    if ("subcommands" in target) found.push(...(await walk(target, here)));
  }
  return found;
}

const all = await walk(commands);
const leaves = all.flatMap(({ path, target }) =>
  "subcommands" in target ? [] : [{ path, target }],
);

describe("command definitions", () => {
  test.each(all.map((one) => [one.path.join(" "), one] as const))(
    "dgov %s has the name and description of its table entry",
    (_, { path, target, listed }) => {
      expect(target.name).toBe(path.at(-1) ?? "");
      expect(target.description).toBe(listed);
      expect(listed).toMatch(/^[A-Z][^\n]*[^.\n]$/);
    },
  );

  test.each(leaves.map((one) => [one.path.join(" "), one] as const))(
    "dgov %s has valid flags, and examples that call it",
    (_, { path, target }) => {
      const args = target.args as ArgsDef;
      const shorts = [...Object.values(args), ...Object.values(globalArgs)].flatMap((arg) =>
        aliasesOf(arg),
      );
      expect(shorts.filter((short) => short.length !== 1)).toEqual([]);
      expect(new Set(shorts).size).toBe(shorts.length);
      for (const [key, arg] of Object.entries(args)) {
        expect([key, arg.description ?? ""]).not.toEqual([key, ""]);
        expect(Object.keys(globalArgs)).not.toContain(key);
        expect(flagName(key)).not.toStartWith("no-");
      }
      const typed = `dgov ${path.join(" ")}`;
      expect(target.examples.length).toBeGreaterThan(0);
      for (const example of target.examples) {
        const fits = example.includes(typed) || (path[0] === "status" && example === "dgov");
        expect([example, fits]).toEqual([example, true]);
      }
    },
  );

  test.each(all.map((one) => [one.path.join(" "), one] as const))(
    "help of dgov %s holds its description, arguments, global options and examples",
    async (_, { path, target }) => {
      if ("subcommands" in target) expectGroupHelp(groupUsage(target, path, false), target, path);
      else expectCommandHelp(await commandUsage(target, path, false), target, path);
    },
  );

  test("help of dgov lists every command that is not hidden", () => {
    expectGroupHelp(groupUsage(commands, [], false), commands, []);
  });
});

/** `docs/cli.md` holds the exact help texts; this covers the parts it leaves out. */
function expectCommandHelp(text: string, command: AnyCommand, path: string[]): void {
  expect(text).toStartWith(`${command.description} (dgov ${path.join(" ")})\n`);
  for (const [key, arg] of Object.entries(command.args as ArgsDef)) {
    const name = arg.type === "positional" ? key.toUpperCase() : `--${flagName(key)}`;
    expect(text).toContain(name);
    expect(text).toContain(arg.description ?? "");
  }
  expectEnd(text, command.examples);
}

function expectGroupHelp(text: string, group: CommandGroup, path: string[]): void {
  expect(text).toStartWith(
    `${group.description}\n\nUSAGE ${["dgov", ...path].join(" ")} <command>`,
  );
  const entries = Object.entries(group.subcommands);
  const listed = entries.filter(([, entry]) => entry.hidden !== true);
  const rows = /COMMANDS\n\n([\s\S]*?)\n\n/.exec(text)?.[1]?.split("\n") ?? [];
  expect(rows.map((row) => /^ {2}(\S+) +(.*)$/.exec(row)?.slice(1))).toEqual(
    listed.map(([name, entry]) => [name, entry.description]),
  );
  if (path.length > 0) {
    expectEnd(
      text,
      listed.map(([name]) => `dgov ${path.join(" ")} ${name} --help`),
    );
  }
}

/** Every help text ends with the global options, as `dgov --help` shows them, and with examples. */
function expectEnd(text: string, examples: readonly string[]): void {
  const globalOptions = /GLOBAL OPTIONS\n\n(?: .*\n)+/.exec(groupUsage(commands, [], false))?.[0];
  const lines = examples.map((example) => `  ${example}`);
  expect(text).toEndWith(`\n\n${globalOptions}\nEXAMPLES\n\n${lines.join("\n")}`);
}
