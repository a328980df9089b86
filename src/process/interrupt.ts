/** Asking another process to stop, as a person at its terminal would, and waiting until it has. */
import { systemClock } from "../std/clock.ts";
import { processStart } from "./tree.ts";

const lookEveryMs = 50;

/**
 * Sends SIGINT to a process known by pid and start time, and waits until it has ended, at most
 * `timeoutMs`. False when it is still there then. A process that is gone already has ended.
 */
export async function interruptProcess(
  of: { pid: number; start: string },
  timeoutMs: number,
): Promise<boolean> {
  const alive = (): boolean => processStart(of.pid) === of.start;
  const deadline = systemClock.now() + timeoutMs;
  if (alive()) signal(of.pid);
  while (alive()) {
    if (systemClock.now() >= deadline) return false;
    await Bun.sleep(lookEveryMs);
  }
  return true;
}

function signal(pid: number): void {
  try {
    process.kill(pid, "SIGINT");
  } catch (error) {
    // It ended between the look and the signal.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
