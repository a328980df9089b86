/**
 * The command line that starts this program again: the compiled program itself or, from source, Bun with
 * the entry file. Bun reads no `bunfig.toml` and no `.env`, because it is started in a worker's folder.
 * Under `bun test` the entry file is the test, so tests pass a command line of their own.
 */
export function ownCommand(): string[] {
  if (Bun.isStandaloneExecutable) return [process.execPath];
  return [process.execPath, "--config=/dev/null", "--no-env-file", Bun.main];
}
