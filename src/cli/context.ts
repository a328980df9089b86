/** What a command gets besides its arguments, made from the global flags and the environment. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { isatty } from "node:tty";
import { usageError } from "./args.ts";
import type { Context } from "./command.ts";
import type { Output } from "./output.ts";

/** `root` is `-C` as typed; a directory that is not there is a USAGE error. */
export function makeContext(
  output: Output,
  options: { root: string | undefined; env: Context["env"] },
): Context {
  const cwd = resolve(options.root ?? ".");
  if (options.root !== undefined && !statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    throw usageError(`--root: no directory ${options.root}`);
  }
  const interactive = output.mode === "text" && isatty(0) && isatty(2);
  return { output, cwd, env: options.env, interactive };
}
