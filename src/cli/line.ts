/**
 * The command line, read in one pass for a call, for completion and for help.
 *
 * Commands declare their arguments as citty definitions, and citty renders the usage text. citty's
 * parser accepts unknown flags, takes a flag for the value of another and keeps the last of several
 * values; the reader here works from the same definitions and reports each of these as an error.
 */
import { DgovError } from "../error.ts";
import { suggest } from "../std/suggest.ts";
import { aliasesOf, flagName, globalArgs, usageError } from "./args.ts";
import type { AnyCommand, ArgDef, Args, ArgsDef, CommandGroup } from "./command.ts";

/** One value of an argument: `true`/`false`, a text, or the texts of an argument with `words`. */
export type Value = boolean | string | string[];

/** A command line as read. Errors are values, because completion ignores them. */
export interface Line {
  /** Names down to the command or group, e.g. `["plan", "list"]`; empty for dgov itself. */
  path: string[];
  target: AnyCommand | CommandGroup;
  /** Values of the arguments given, in the order typed, by their keys in the definition. */
  values: Map<string, Value[]>;
  /** Positional words beyond those the command defines. */
  extra: string[];
  /** `--` has been read: all words after it are positional. */
  literal: boolean;
  /** The flag at the end of the line that lacks a value, and how many of its values were given. */
  unfinished: { key: string; given: number } | null;
  /** An unknown command, or a module that failed to load. Reported even with `--help`. */
  commandError: DgovError | null;
  /** The first error in the arguments. */
  argumentError: DgovError | null;
}

/** Reads a complete command line; the words after `dgov`. A group alone is its default command. */
export async function readLine(commands: CommandGroup, words: readonly string[]): Promise<Line> {
  const line = await readPartialLine(commands, words);
  const { target } = line;
  if (!("subcommands" in target) || target.alone === undefined) return line;
  if (line.commandError === null && !wantsHelp(line)) await enter(line, target.alone);
  return line;
}

/** Reads a command line as far as it is typed. */
export async function readPartialLine(
  commands: CommandGroup,
  words: readonly string[],
): Promise<Line> {
  const line: Line = {
    path: [],
    target: commands,
    values: new Map(),
    extra: [],
    literal: false,
    unfinished: null,
    commandError: null,
    argumentError: null,
  };
  const rest = [...words];
  /** The group of which the default command was entered because a flag came first. */
  let implied: CommandGroup | null = null;
  while ("subcommands" in line.target && line.commandError === null) {
    const group: CommandGroup = line.target;
    const [word] = rest;
    if (word === undefined) break;
    if (findFlag(word, globalArgs) !== null) {
      rest.shift();
      readFlag(line, word, rest, globalArgs);
    } else if (line.path.length === 0 && (word === "--version" || word === "-v")) {
      rest.shift();
      await enter(line, "version");
    } else if (!word.startsWith("-")) {
      rest.shift();
      await enter(line, word);
    } else if (group.alone !== undefined) {
      implied = group;
      await enter(line, group.alone);
    } else break;
  }
  const args = "subcommands" in line.target ? {} : (line.target.args as ArgsDef);
  readArguments(line, rest, args);
  if (implied !== null && wantsHelp(line)) {
    line.target = implied;
    line.path.pop();
  }
  return line;
}

/** `--help` or `-h` was given. */
export function wantsHelp(line: Line): boolean {
  return line.values.get("help")?.includes(true) === true;
}

/** The last value of a flag that takes a text. */
export function flagText(line: Line, key: string): string | undefined {
  const value = line.values.get(key)?.at(-1);
  return typeof value === "string" ? value : undefined;
}

/**
 * The arguments of the line's command as its `run` takes them: by key, lists for repeated flags,
 * undefined or citty's `default` for what was not given. Throws USAGE when the line has an error.
 */
export function argumentsOf(line: Line, command: AnyCommand): Args<ArgsDef> {
  if (line.argumentError !== null) throw line.argumentError;
  const [extra] = line.extra;
  if (extra !== undefined) throw usageError(`unexpected argument "${extra}"`);
  const given: Record<string, unknown> = {};
  for (const [key, definition] of Object.entries(command.args as ArgsDef)) {
    const values = line.values.get(key) ?? [];
    if (definition.type === "positional" && definition.required === true && values.length === 0) {
      throw usageError(`${key.toUpperCase()} is missing`);
    }
    given[key] = isRepeatable(definition) ? values : (values.at(-1) ?? definition.default);
    if (definition.type === "enum")
      checkOption(flagName(key), given[key], definition.options ?? []);
  }
  return given as Args<ArgsDef>;
}

function checkOption(flag: string, value: unknown, options: readonly string[]): void {
  if (typeof value !== "string" || options.includes(value)) return;
  const near = suggest(value, options);
  throw usageError(
    `--${flag} takes ${options.join(", ")}, not "${value}"`,
    near === null ? undefined : `did you mean ${near}?`,
  );
}

/** The command or group at `path` below `commands`, or null. */
export async function findCommand(
  commands: CommandGroup,
  path: readonly string[],
): Promise<AnyCommand | CommandGroup | null> {
  let target: AnyCommand | CommandGroup = commands;
  for (const name of path) {
    if (!("subcommands" in target)) return null;
    const entry = entryOf(target, name);
    if (entry === null) return null;
    target = "load" in entry ? await entry.load() : entry;
  }
  return target;
}

function entryOf(group: CommandGroup, name: string) {
  return Object.hasOwn(group.subcommands, name) ? (group.subcommands[name] ?? null) : null;
}

/** Goes from a group to one of its commands. */
async function enter(line: Line, name: string): Promise<void> {
  const group = line.target as CommandGroup;
  const entry = entryOf(group, name);
  if (entry === null) {
    line.commandError = unknownCommand(name, group, line.path);
    return;
  }
  const path = [...line.path, name];
  try {
    line.target = "load" in entry ? await entry.load() : entry;
    line.path = path;
  } catch (cause) {
    line.commandError = new DgovError("INTERNAL", `cannot load the command ${path.join(" ")}`, {
      cause,
    });
  }
}

function unknownCommand(name: string, group: CommandGroup, path: readonly string[]): DgovError {
  const names = Object.entries(group.subcommands).filter(([, entry]) => entry.hidden !== true);
  const near = suggest(
    name,
    names.map(([known]) => known),
  );
  const prefix = ["dgov", ...path].join(" ");
  const hint = near === null ? `${prefix} --help` : `did you mean ${prefix} ${near}?`;
  return usageError(`unknown command ${[...path, name].join(" ")}`, hint);
}

/** Reads flags and positionals to the end of the line. Global flags may be among them. */
function readArguments(line: Line, rest: string[], args: ArgsDef): void {
  const known: ArgsDef = { ...globalArgs, ...args };
  const places = positionalsOf(args);
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (line.literal || !word.startsWith("-") || word === "-") {
      const [key] = places.shift() ?? [];
      if (key === undefined) line.extra.push(word);
      else line.values.set(key, [word]);
    } else if (word === "--") line.literal = true;
    else readFlag(line, word, rest, known);
  }
}

/** The positional arguments, in order. */
export function positionalsOf(args: ArgsDef): [string, ArgDef][] {
  return Object.entries(args).filter(([, definition]) => definition.type === "positional");
}

/** A flag as it was typed, found among the definitions. */
interface Flag {
  key: string;
  definition: ArgDef;
  /** As typed, without `=` and what follows. */
  typed: string;
  /** The text after `=`. */
  attached: string | null;
  /** `--no-FLAG`. */
  negated: boolean;
}

/** `--long`, `--long=value`, `--no-long`, or the first letter of `-abc`. */
export function findFlag(word: string, known: ArgsDef): Flag | null {
  if (!word.startsWith("-")) return null;
  if (!word.startsWith("--")) return findShort(word.charAt(1), word.slice(2), known);
  const equals = word.indexOf("=");
  const typed = equals < 0 ? word : word.slice(0, equals);
  const attached = equals < 0 ? null : word.slice(equals + 1);
  for (const [key, definition] of Object.entries(known)) {
    if (definition.type === "positional") continue;
    const names = [flagName(key), key];
    const flag = { key, definition, typed, attached };
    if (names.some((name) => typed === `--${name}`)) return { ...flag, negated: false };
    const negatable = definition.type === "boolean" && attached === null;
    if (negatable && names.some((name) => typed === `--no-${name}`)) {
      return { ...flag, negated: true };
    }
  }
  return null;
}

function findShort(letter: string, tail: string, known: ArgsDef): Flag | null {
  const found = Object.entries(known).find(([, one]) => aliasesOf(one).includes(letter));
  if (found === undefined) return null;
  const attached = tail === "" ? null : tail.replace(/^=/, "");
  const [key, definition] = found;
  return { key, definition, typed: `-${letter}`, attached, negated: false };
}

/** Reads one word of flags, and the words of `rest` that are its values. */
function readFlag(line: Line, word: string, rest: string[], known: ArgsDef): void {
  const flag = findFlag(word, known);
  if (flag === null) {
    const typed = word.startsWith("--") ? word.replace(/=.*$/s, "") : word.slice(0, 2);
    fail(line, unknownFlag(typed, known));
  } else if (word.startsWith("--") || flag.definition.type !== "boolean") {
    readValues(line, flag, rest);
  } else readLetters(line, word, rest, known);
}

/** `-vy`, `-vf x`: letters of boolean flags, the last of which may be another one. */
function readLetters(line: Line, word: string, rest: string[], known: ArgsDef): void {
  for (let at = 1; at < word.length; at++) {
    const flag = findShort(word.charAt(at), word.slice(at + 1), known);
    if (flag === null) {
      fail(line, unknownFlag(`-${word.charAt(at)}`, known));
      return;
    }
    if (flag.definition.type !== "boolean") {
      readValues(line, flag, rest);
      return;
    }
    if (word.charAt(at + 1) === "=") {
      fail(line, usageError(`${flag.typed} takes no value`));
      return;
    }
    add(line, flag, true);
  }
}

function readValues(line: Line, flag: Flag, rest: string[]): void {
  const { definition, typed, attached } = flag;
  if (definition.type === "boolean") {
    if (attached === null || attached === "true") add(line, flag, !flag.negated);
    else if (attached === "false") add(line, flag, false);
    else fail(line, usageError(`${typed} takes no value`));
    return;
  }
  if (definition.bare !== undefined && attached === null) {
    add(line, flag, definition.bare);
    return;
  }
  const count = definition.words ?? 1;
  const values = attached === null ? [] : [attached];
  while (values.length < count) {
    const [next] = rest;
    if (next === undefined || looksLikeFlag(next)) {
      const hint = next === undefined ? undefined : `if ${next} is the value: ${typed}=${next}`;
      fail(line, usageError(`${typed} needs ${count === 1 ? "a value" : `${count} values`}`, hint));
      if (next === undefined) line.unfinished = { key: flag.key, given: values.length };
      return;
    }
    values.push(next);
    rest.shift();
  }
  add(line, flag, definition.words === undefined ? (values[0] ?? "") : values);
}

/** `-5` and `- text` are values; `-f`, `--json` and `--` are not. */
function looksLikeFlag(word: string): boolean {
  return word === "--" || /^--?[A-Za-z][\w-]*(=.*)?$/s.test(word);
}

function add(line: Line, { key, definition, typed }: Flag, value: Value): void {
  const before = line.values.get(key) ?? [];
  if (before.length > 0 && definition.type !== "boolean" && !isRepeatable(definition)) {
    fail(line, usageError(`${typed} is given twice`));
  }
  line.values.set(key, [...before, value]);
}

/** The argument may be given several times, and its values are a list. */
export function isRepeatable(definition: ArgDef): boolean {
  return definition.repeated === true || definition.words !== undefined;
}

function fail(line: Line, error: DgovError): void {
  line.argumentError ??= error;
}

function unknownFlag(typed: string, known: ArgsDef): DgovError {
  const names = Object.keys(known)
    .filter((key) => known[key]?.type !== "positional")
    .map((key) => `--${flagName(key)}`);
  const near = typed.startsWith("--") ? suggest(typed, names) : null;
  return usageError(`unknown flag ${typed}`, near === null ? undefined : `did you mean ${near}?`);
}
