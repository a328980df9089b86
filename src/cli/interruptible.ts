/** Work that runs commands and ends with them when a person stops it. */

/**
 * Runs `use` with a signal that SIGINT and SIGTERM abort, and gives what it gives, or the exit code
 * of the signal. What runs below has sessions of its own: the terminal's signal does not reach it.
 * A second signal ends the process at once.
 */
export async function interruptible(
  use: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const abort = new AbortController();
  let code = 0;
  const stop = (exitCode: number) => (): void => {
    if (code !== 0) process.exit(exitCode);
    code = exitCode;
    abort.abort();
  };
  const handlers = [
    ["SIGINT", stop(130)],
    ["SIGTERM", stop(143)],
  ] as const;
  for (const [name, handler] of handlers) process.on(name, handler);
  try {
    const result = await use(abort.signal);
    return code === 0 ? result : code;
  } finally {
    for (const [name, handler] of handlers) process.off(name, handler);
  }
}
