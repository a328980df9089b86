/** SIGINT and SIGTERM while a run is under way. */

/** The first signal stops the run in order; the second ends the process at once. */
export function listenForSignals(say: (text: string) => void): {
  signal: AbortSignal;
  exitCode: number | null;
  close(): void;
} {
  const abort = new AbortController();
  const state = { signal: abort.signal, exitCode: null as number | null, close };
  const handlers = { SIGINT: () => on(130), SIGTERM: () => on(143) };
  function on(code: number): void {
    if (abort.signal.aborted) {
      // The lock, the workers and their tools fall with the process: stdin closes.
      process.exit(code);
    }
    state.exitCode = code;
    say("stopping: workers are ended and their work is kept; once more ends at once");
    abort.abort();
  }
  function close(): void {
    process.off("SIGINT", handlers.SIGINT);
    process.off("SIGTERM", handlers.SIGTERM);
  }
  process.on("SIGINT", handlers.SIGINT);
  process.on("SIGTERM", handlers.SIGTERM);
  return state;
}
