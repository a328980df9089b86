import { DgovError } from "../error.ts";

/**
 * Crash with INTERNAL when an invariant of dgov's own does not hold. Never for input, never caught.
 * Stays on in production.
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new DgovError("INTERNAL", `invariant violated: ${message}`);
}

/** The value, or a crash when it is absent. For lookups that cannot miss. */
export function present<T>(value: T | null | undefined, message: string): T {
  assert(value !== null && value !== undefined, message);
  return value;
}
