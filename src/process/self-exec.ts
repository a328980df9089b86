/**
 * How this program starts itself: compiled, `process.execPath` is the program; from source it is
 * Bun, and the entry file follows. Under `bun test` the entry is the test file, so tests pass their
 * own command line.
 */
export function selfCommand(): string[] {
  return Bun.isStandaloneExecutable ? [process.execPath] : [process.execPath, Bun.main];
}
