/** Help texts: the usage that citty renders, global options, and examples. */
import { type ArgDef as CittyArgDef, type CommandDef, renderUsage } from "citty";
import { aliasesOf, flagName, globalArgs } from "./args.ts";
import type { AnyCommand, ArgDef, ArgsDef, CommandGroup } from "./command.ts";
import { findCommand } from "./line.ts";

/** Help of one command. `path` is its name and the names of its groups, without `dgov`. */
export async function commandUsage(
  command: AnyCommand,
  path: readonly string[],
  color: boolean,
): Promise<string> {
  const definition: CommandDef = {
    meta: { name: path.join(" "), description: command.description },
    args: cittyArgs(command.args as ArgsDef),
  };
  const usage = await renderUsage(definition, { meta: { name: "dgov" } });
  const examples = command.examples.map((example) => `  ${example}`);
  const text = [
    usage.trimEnd(),
    "",
    "GLOBAL OPTIONS",
    "",
    ...globalLines(),
    "",
    "EXAMPLES",
    "",
    ...examples,
  ].join("\n");
  return color ? text : plainText(text);
}

/** Help of a group; of dgov itself when `path` is empty. */
export function groupUsage(group: CommandGroup, path: readonly string[], color: boolean): string {
  const name = ["dgov", ...path].join(" ");
  const rows = Object.entries(group.subcommands)
    .filter(([, entry]) => entry.hidden !== true)
    .map(([word, entry]): [string, string] => [word, entry.description]);
  const text = [
    group.description,
    "",
    `USAGE ${name} <command> [OPTIONS]`,
    "",
    "COMMANDS",
    "",
    ...columns(rows),
    "",
    "GLOBAL OPTIONS",
    "",
    ...globalLines(),
    "",
    "EXAMPLES",
    "",
    ...(path.length === 0 ? rootExamples : rows.map(([word]) => `${name} ${word} --help`)).map(
      (example) => `  ${example}`,
    ),
  ].join("\n");
  return color ? text : plainText(text);
}

const rootExamples = [
  "dgov demo",
  "dgov init",
  "dgov run my-plan",
  "dgov plan review my-plan",
  "dgov help exit-codes",
];

function globalLines(): string[] {
  return columns(
    Object.entries(globalArgs).map(([key, definition]): [string, string] => {
      const long = key === "color" ? "--no-color" : `--${flagName(key)}`;
      const names = [...aliasesOf(definition).map((alias) => `-${alias}`), long].join(", ");
      const value = "valueHint" in definition ? `=<${definition.valueHint}>` : "";
      return [`${names}${value}`, definition.description];
    }),
  );
}

function columns(rows: [string, string][]): string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd());
}

/** Definitions as citty shows them: names in kebab-case, and notes on repetition and bare flags. */
function cittyArgs(args: ArgsDef): Record<string, CittyArgDef> {
  return Object.fromEntries(
    Object.entries(args).map(([key, definition]) => [
      definition.type === "positional" ? key : flagName(key),
      described(definition),
    ]),
  );
}

/** Options of an enumeration that are longer than this move from the flag's column to its description. */
const optionCharsMax = 30;

function described(definition: ArgDef): CittyArgDef {
  const { repeated, words, bare, ...given } = definition;
  const options = definition.type === "enum" ? (definition.options ?? []) : [];
  const long = options.join("|").length > optionCharsMax;
  const plain = long ? { ...given, type: "string" as const } : given;
  const notes = [
    long ? `one of ${options.join(", ")}` : null,
    repeated === true || words !== undefined ? "may be repeated" : null,
    bare === undefined ? null : `alone it means ${bare}; use = for another value`,
  ].filter((note) => note !== null);
  if (notes.length === 0) return plain as CittyArgDef;
  return {
    ...plain,
    description: `${plain.description ?? ""} (${notes.join("; ")})`,
  } as CittyArgDef;
}

/** The text without colours and without the trailing spaces that citty leaves. */
function plainText(text: string): string {
  return Bun.stripANSI(text).replace(/[ \t]+$/gm, "");
}

/** Help on the command or group at `path` (`[]` is dgov itself), or null when there is none. */
export async function helpText(
  commands: CommandGroup,
  path: readonly string[],
): Promise<string | null> {
  const target = await findCommand(commands, path);
  if (target === null) return null;
  return "subcommands" in target
    ? groupUsage(target, path, false)
    : commandUsage(target, path, false);
}
