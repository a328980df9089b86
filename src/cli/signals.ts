/** SIGINT and SIGTERM. Only this module listens for them in a command. */

/** The state of a listener for SIGINT and SIGTERM. */
interface Interrupt extends Disposable {
  /** Aborted by the first signal. */
  signal: AbortSignal;
  /** 130 after SIGINT, 143 after SIGTERM, null before any signal. */
  readonly exitCode: number | null;
}

/**
 * Listens until disposed. The first signal calls `onFirst` and aborts `signal`, so that work ends in
 * order: subprocesses have sessions of their own and do not get the terminal's signal. The second
 * ends the process at once; the run lock is released with it, and workers end when stdin closes.
 */
export function listenForSignals(onFirst: () => void = () => {}): Interrupt {
  const abort = new AbortController();
  let exitCode: number | null = null;
  const handler = (code: number) => (): void => {
    if (exitCode !== null) process.exit(code);
    exitCode = code;
    onFirst();
    abort.abort();
  };
  const handlers = [
    ["SIGINT", handler(130)],
    ["SIGTERM", handler(143)],
  ] as const;
  for (const [name, on] of handlers) process.on(name, on);
  return {
    signal: abort.signal,
    get exitCode() {
      return exitCode;
    },
    [Symbol.dispose]() {
      for (const [name, on] of handlers) process.off(name, on);
    },
  };
}

/** The result of `use`, or the exit code of the signal that aborted it. */
export async function interruptible(
  use: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  using interrupt = listenForSignals();
  const result = await use(interrupt.signal);
  return interrupt.exitCode ?? result;
}

/** Waits for the first signal. */
export async function untilSignal(): Promise<void> {
  using interrupt = listenForSignals();
  const { signal } = interrupt;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
