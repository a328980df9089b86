/**
 * How this program starts itself: compiled, `process.execPath` is the program; from source it is
 * Bun, and the entry file follows. Bun is told to read no `bunfig.toml` and no `.env`: the folder it
 * is started in is a worker's. Under `bun test` the entry is the test file, so tests pass their own
 * command line.
 */
export function ownCommand(): string[] {
  if (Bun.isStandaloneExecutable) return [process.execPath];
  return [process.execPath, "--config=/dev/null", "--no-env-file", Bun.main];
}
