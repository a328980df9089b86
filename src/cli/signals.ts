/** SIGINT and SIGTERM. Only this module listens for them in a command. */
import { isAbortError } from "../std/clock.ts";

/** The state of a listener for SIGINT and SIGTERM. */
interface Interrupt extends Disposable {
  /** Aborted by the first signal. */
  signal: AbortSignal;
  /** 130 after SIGINT, 143 after SIGTERM, null before any signal. */
  readonly exitCode: number | null;
  /** True when no other listener of this process will act on the signal. */
  readonly only: boolean;
}

let listeners = 0;

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
  listeners++;
  return {
    signal: abort.signal,
    get exitCode() {
      return exitCode;
    },
    get only() {
      return listeners === 1;
    },
    [Symbol.dispose]() {
      listeners--;
      for (const [name, on] of handlers) process.off(name, on);
    },
  };
}

/** The result of `use`, or the exit code of the signal that aborted it. */
export async function interruptible(
  use: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  using interrupt = listenForSignals();
  try {
    const result = await use(interrupt.signal);
    return interrupt.exitCode ?? result;
  } catch (error) {
    if (interrupt.exitCode !== null && isAbortError(error)) return interrupt.exitCode;
    throw error;
  }
}

/** Waits for the first signal. */
export async function untilSignal(): Promise<void> {
  using interrupt = listenForSignals();
  const { signal } = interrupt;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
