/**
 * Definitions of commands: a name, arguments, and a function that returns an exit code.
 *
 * Arguments are citty definitions with a few more properties; `line.ts` reads command lines by them.
 * A command converts its strings to domain values first, does its work, then answers on `Output`.
 */
import type { ArgDef as CittyArgDef, ParsedArgs } from "citty";
import type { Output } from "./output.ts";

/** Passed to every command besides its arguments. */
export interface Context {
  output: Output;
  /** `-C/--root`, absolute; the current directory when not given. */
  cwd: string;
  /** Environment variables of the process. */
  env: Record<string, string | undefined>;
  /** The table of all commands, for help and completion. */
  commands: CommandGroup;
  /** Prompts may be shown: stdin and stderr are terminals and no machine mode is on. */
  interactive: boolean;
}

/** citty's definition of one argument, with properties that citty does not have. */
export type ArgDef = CittyArgDef & {
  /** May be given several times; `args` then always holds a `string[]`, in the order typed. */
  repeated?: true;
  /** Takes this many words each time (`--note U TEXT` takes 2); `args` holds a `string[][]`. */
  words?: number;
  /** Values of a positional, offered by completion; its command rejects others. Flags use `enum`. */
  choices?: readonly string[];
  /** The value when the flag is written alone: such a flag takes a value only with `=`. */
  bare?: string;
};

export type ArgsDef = Record<string, ArgDef>;

/** Arguments as `run` gets them, by the keys of the definition. */
export type Args<A extends ArgsDef> = {
  [K in keyof A]: A[K] extends { words: number }
    ? string[][]
    : A[K] extends { repeated: true }
      ? string[]
      : ParsedArgs<A>[K];
};

export interface Command<A extends ArgsDef = ArgsDef> {
  name: string;
  description: string;
  args: A;
  /** Full command lines, printed under EXAMPLES by `--help`. */
  examples: string[];
  hidden?: boolean;
  /** Returns the exit code, or throws DgovError. */
  run(context: Context, args: Args<A>): Promise<number>;
}

/** Commands with a common first word. */
export interface CommandGroup {
  name: string;
  description: string;
  /** The subcommand that runs when none is given; without it the group prints its usage and exits 2. */
  alone?: string;
  subcommands: Record<string, Entry>;
}

/** A command in a table, or its description and a function that loads it. */
export type Entry = AnyCommand | LazyCommand;

export interface LazyCommand {
  description: string;
  hidden?: boolean;
  load(): Promise<AnyCommand | CommandGroup>;
}

/** A command of any argument types, as tables and the dispatcher have it. */
// biome-ignore lint/suspicious/noExplicitAny: a table holds commands of every argument type
export type AnyCommand = Command<any>;

/** Defines a command; the types of `run`'s arguments follow from `args`. */
export function command<const A extends ArgsDef>(definition: Command<A>): Command<A> {
  return definition;
}

/** Defines a group of commands. */
export function group(definition: CommandGroup): CommandGroup {
  return definition;
}
