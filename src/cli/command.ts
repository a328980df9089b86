/**
 * What a command is: a name, its arguments, and a function that returns an exit code.
 *
 * citty parses and renders usage; `dispatch.ts` finds the command and calls it. Commands turn typed
 * strings into domain values first, then do their work, then answer through `Output`.
 */
import type { ArgDef as CittyArgDef, ParsedArgs } from "citty";
import type { Output } from "./output.ts";

/** What every command is handed besides its own arguments. */
export interface Context {
  output: Output;
  /** `-C/--root`, absolute; the current directory when not given. */
  cwd: string;
  /** The environment as dgov was started with. */
  env: Record<string, string | undefined>;
  /** Prompts may be shown: stdin and stderr are terminals and no machine mode is on. */
  interactive: boolean;
}

/** citty's definition of one argument, and what citty does not know. */
export type ArgDef = CittyArgDef & {
  /** May be given several times; `args` then always holds a `string[]`, in the order typed. */
  repeated?: true;
  /** Takes this many words each time (`--note U TEXT` takes 2); `args` holds a `string[][]`. */
  words?: number;
  /** The only values there are; shells offer them. The command itself refuses others. */
  choices?: readonly string[];
  /** The value when the flag is written alone: such a flag takes a value only with `=`. */
  bare?: string;
};

export type ArgsDef = Record<string, ArgDef>;

/** The arguments as `run` gets them, by the names of the definition. */
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

/** Several commands under one word. */
export interface CommandGroup {
  name: string;
  description: string;
  /** The subcommand the word stands for alone; without one it prints its usage and exits 2. */
  alone?: string;
  subcommands: Record<string, Entry>;
}

/** A command in a table: given, or loaded when it is asked for (with a description for the table). */
export type Entry = AnyCommand | LazyCommand;

export interface LazyCommand {
  description: string;
  hidden?: boolean;
  load(): Promise<AnyCommand | CommandGroup>;
}

/** A command whose arguments are not known statically, as the dispatcher handles it. */
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
