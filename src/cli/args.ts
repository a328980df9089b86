/** Arguments that all commands share, and the values of arguments in their types. */
import { DgovError } from "../error.ts";
import type { ArgDef, ArgsDef } from "./command.ts";

/** Flags every command has, before or after its name. */
export const globalArgs = {
  json: { type: "boolean", description: "Print exactly one JSON document (also DGOV_JSON=1)" },
  quiet: { type: "boolean", description: "Leave out status lines on stderr" },
  color: { type: "boolean", description: "No colour (also NO_COLOR)" },
  root: { type: "string", alias: "C", valueHint: "DIR", description: "Work in this directory" },
  help: { type: "boolean", alias: "h", description: "Print help" },
} as const satisfies ArgsDef;

/** A USAGE error: one sentence, and what to type instead. */
export function usageError(message: string, hint?: string): DgovError {
  return new DgovError("USAGE", message, hint === undefined ? {} : { hint });
}

interface NumberFlag {
  /** As typed, e.g. `--jobs`. */
  flag: string;
  min?: number;
  max?: number;
}

/** The whole number that a flag's text is, undefined for undefined. Throws USAGE for anything else. */
export function wholeNumber(text: string | undefined, of: NumberFlag): number | undefined {
  if (text === undefined) return undefined;
  const { flag, min = 0, max = Number.MAX_SAFE_INTEGER } = of;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `${min} to ${max}`;
  throw usageError(`${flag} takes a whole number ${range}, not "${text}"`);
}

/** The name of a flag as it is typed, without `--`: `dryRun` is `dry-run`. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The one-letter names of an argument. */
export function aliasesOf(definition: ArgDef | undefined): string[] {
  if (definition === undefined || definition.type === "positional") return [];
  const alias = "alias" in definition ? definition.alias : undefined;
  return alias === undefined ? [] : typeof alias === "string" ? [alias] : [...alias];
}
