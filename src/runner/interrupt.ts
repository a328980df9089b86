/** An operator's interrupt, as the run loop takes it. */
import type { Performer } from "./ports.ts";

/** Feeds an interrupt into the loop, and stops everything that is under way when it comes. */
export async function interruptible<T>(
  interrupt: AbortSignal,
  abort: AbortController,
  performer: Performer,
  body: (performer: Performer) => Promise<T>,
): Promise<T> {
  let deliver: Parameters<Performer["connect"]>[0] | null = null;
  const stop = (): void => {
    deliver?.({
      event: { type: "run.interrupted", cause: "signal", reason: "interrupted by the operator" },
    });
    abort.abort();
  };
  interrupt.addEventListener("abort", stop);
  try {
    return await body({
      ...performer,
      connect: (report) => {
        deliver = report;
        performer.connect(report);
        if (interrupt.aborted) stop();
      },
    });
  } finally {
    interrupt.removeEventListener("abort", stop);
  }
}
