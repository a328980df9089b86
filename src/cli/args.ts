/**
 * Command lines, strictly: what citty would let pass is refused here, before citty sees it.
 *
 * Unknown flags, missing values, flags given twice and extra positionals are USAGE errors with a
 * suggestion. Global flags are taken out wherever they stand. After `--` everything is positional.
 */
import { DgovError } from "../error.ts";
import { suggest } from "../std/suggest.ts";
import type { ArgDef, ArgsDef } from "./command.ts";

/** Flags every command has, before or after its name. */
export const globalArgs = {
  json: { type: "boolean", description: "Print exactly one JSON document (also DGOV_JSON=1)" },
  quiet: { type: "boolean", description: "Leave out status lines on stderr" },
  color: { type: "boolean", description: "No colour (also NO_COLOR)" },
  root: { type: "string", alias: "C", valueHint: "DIR", description: "Work in this directory" },
  help: { type: "boolean", alias: "h", description: "Print help" },
} as const satisfies ArgsDef;

/** Values of one flag, one entry for each time it was given. */
type Occurrence = boolean | string | string[];

export interface ParsedLine {
  /** By the name of the definition. */
  flags: Map<string, Occurrence[]>;
  positionals: string[];
}

/** A USAGE error: a sentence, and what to type instead. */
export function usageError(message: string, hint?: string): DgovError {
  return new DgovError("USAGE", message, hint === undefined ? {} : { hint });
}

export interface NumberFlag {
  /** As typed, e.g. `--jobs`. */
  flag: string;
  min?: number;
  max?: number;
}

/** A whole number from a flag's text; undefined stays undefined, anything else is a USAGE error. */
export function wholeNumber(text: string | undefined, of: NumberFlag): number | undefined {
  if (text === undefined) return undefined;
  const { flag, min = 0, max = Number.MAX_SAFE_INTEGER } = of;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `${min} to ${max}`;
  throw usageError(`${flag} takes a whole number ${range}, not "${text}"`);
}

/** `dryRun` and `dry-run` are typed `--dry-run`. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Reads flags and positionals by their definitions. Global flags may be among them. */
export function parseLine(words: readonly string[], own: ArgsDef): ParsedLine {
  const known: ArgsDef = { ...globalArgs, ...own };
  const line: ParsedLine = { flags: new Map(), positionals: [] };
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") {
      line.positionals.push(...rest);
      break;
    }
    if (word.startsWith("--")) readLong(word, rest, known, line);
    else if (word.startsWith("-") && word !== "-") readShort(word, rest, known, line);
    else line.positionals.push(word);
  }
  return line;
}

function readLong(word: string, rest: string[], known: ArgsDef, line: ParsedLine): void {
  const equals = word.indexOf("=");
  const typed = equals < 0 ? word : word.slice(0, equals);
  const given = equals < 0 ? null : word.slice(equals + 1);
  const key = keyOf(typed.slice(2), known);
  const negated = key === null && typed.startsWith("--no-") ? keyOf(typed.slice(5), known) : null;
  if (key !== null) take({ key, typed, given }, rest, known, line);
  else if (negated !== null && known[negated]?.type === "boolean" && given === null) {
    note(line, negated, false, typed, known);
  } else throw unknownFlag(typed, known);
}

/** `-v`, `-vy`, `-f x`, `-fx`, `-f=x`. */
function readShort(word: string, rest: string[], known: ArgsDef, line: ParsedLine): void {
  for (let at = 1; at < word.length; at++) {
    const letter = word.charAt(at);
    const typed = `-${letter}`;
    const key = Object.keys(known).find((name) => aliasesOf(known[name]).includes(letter));
    if (key === undefined) throw unknownFlag(word.length === 2 ? word : typed, known);
    if (known[key]?.type === "boolean") {
      note(line, key, true, typed, known);
      continue;
    }
    const tail = word.slice(at + 1).replace(/^=/, "");
    take({ key, typed, given: tail === "" ? null : tail }, rest, known, line);
    return;
  }
}

interface Found {
  key: string;
  typed: string;
  /** Text after `=`, or null. */
  given: string | null;
}

function take(found: Found, rest: string[], known: ArgsDef, line: ParsedLine): void {
  const { key, typed, given } = found;
  const definition = known[key];
  if (definition?.type === "boolean") {
    if (given !== null && given !== "true" && given !== "false") {
      throw usageError(`${typed} takes no value`);
    }
    note(line, key, given !== "false", typed, known);
    return;
  }
  if (definition?.bare !== undefined && given === null) {
    note(line, key, definition.bare, typed, known);
    return;
  }
  const count = definition?.words ?? 1;
  const values = given === null ? [] : [given];
  while (values.length < count) {
    const next = rest.shift();
    if (next === undefined || looksLikeFlag(next)) {
      const hint = next === undefined ? undefined : `if ${next} is the value: ${typed}=${next}`;
      throw usageError(`${typed} needs ${count === 1 ? "a value" : `${count} values`}`, hint);
    }
    values.push(next);
  }
  note(line, key, definition?.words === undefined ? (values[0] ?? "") : values, typed, known);
}

/** `-5` and `- text` are values; `-f`, `--json`, `--` are not. */
function looksLikeFlag(word: string): boolean {
  return word === "--" || /^--?[A-Za-z][\w-]*(=.*)?$/s.test(word);
}

function note(
  line: ParsedLine,
  key: string,
  value: Occurrence,
  typed: string,
  known: ArgsDef,
): void {
  const before = line.flags.get(key) ?? [];
  const definition = known[key];
  const repeatable = definition?.repeated === true || definition?.words !== undefined;
  if (before.length > 0 && !repeatable && definition?.type !== "boolean") {
    throw usageError(`${typed} is given twice`);
  }
  line.flags.set(key, [...before, value]);
}

function keyOf(typed: string, known: ArgsDef): string | null {
  return (
    Object.keys(known).find(
      (key) => known[key]?.type !== "positional" && (flagName(key) === typed || key === typed),
    ) ?? null
  );
}

/** The short names of an argument. */
export function aliasesOf(definition: ArgDef | undefined): string[] {
  if (definition === undefined || definition.type === "positional") return [];
  const alias = "alias" in definition ? definition.alias : undefined;
  return alias === undefined ? [] : typeof alias === "string" ? [alias] : [...alias];
}

function unknownFlag(typed: string, known: ArgsDef): DgovError {
  const names = Object.keys(known)
    .filter((key) => known[key]?.type !== "positional")
    .map((key) => `--${flagName(key)}`);
  const near = typed.startsWith("--") ? suggest(typed, names) : null;
  return usageError(`unknown flag ${typed}`, near === null ? undefined : `did you mean ${near}?`);
}
