/**
 * What a command is: a name, its arguments, and a function that returns an exit code.
 *
 * citty parses and renders usage; `dispatch.ts` finds the command and calls it. Commands turn typed
 * strings into domain values first, then do their work, then answer through `Output`.
 */
import type { ArgsDef, ParsedArgs } from "citty";
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

export interface Command<A extends ArgsDef = ArgsDef> {
  name: string;
  description: string;
  args: A;
  /** Full command lines, printed under EXAMPLES by `--help`. */
  examples: string[];
  hidden?: boolean;
  /** Returns the exit code, or throws DgovError. */
  run(context: Context, args: ParsedArgs<A>): Promise<number>;
}

export function command<const A extends ArgsDef>(definition: Command<A>): Command<A> {
  return definition;
}
