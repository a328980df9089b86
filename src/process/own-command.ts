import { join } from "node:path";

/** The first argument with which this program runs as the supervisor of one command. */
export const supervisorArgument = "__supervise";

/**
 * The command line that starts this program again: the compiled program itself or, from source, Bun with
 * the entry file. Bun reads no `bunfig.toml` and no `.env`, because it is started in a worker's folder.
 */
export function ownCommand(): string[] {
  if (Bun.isStandaloneExecutable) return [process.execPath];
  const entry = join(import.meta.dir, "../main.ts");
  return [process.execPath, "--config=/dev/null", "--no-env-file", entry];
}
