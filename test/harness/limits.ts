/**
 * Time limits of tests. A limit ends a test that hangs; no test passes or fails by speed. All limits
 * scale with the machine: `test/run.ts` measures it and sets DGOV_TEST_SCALE (a factor, at least 1).
 */

/** Time limit of one test on an idle machine, in milliseconds. */
export const testLimitMs = 120_000;

/** Largest factor: a hung test ends within 40 minutes on the slowest machine. */
const scaleMax = 20;

/** The factor for this run; 1 when tests are started without `test/run.ts`. */
export const limitScale = scaleFrom(process.env["DGOV_TEST_SCALE"]);

/** A factor from text: a number between 1 and 20, otherwise 1. */
export function scaleFrom(text: string | undefined): number {
  const scale = Number(text ?? "1");
  return scale >= 1 && scale <= scaleMax ? scale : 1;
}

/** A limit for this machine, in whole units of the argument (milliseconds or seconds). */
export function scaled(limit: number): number {
  return Math.ceil(limit * limitScale);
}

/**
 * The factor for a machine: how many runnable processes share a core, or how much slower than expected
 * processes start, whichever is larger; between 1 and 20.
 */
export function measuredScale(o: {
  /** Load average of the last minute. */
  load: number;
  cores: number;
  /** Median time to start a process and wait for it, in milliseconds. */
  spawnMs: number;
}): number {
  const shared = 1 + o.load / o.cores;
  const slow = o.spawnMs / expectedSpawnMs;
  return Math.min(scaleMax, Math.max(1, Math.round(Math.max(shared, slow) * 10) / 10));
}

/** Time to start `git --version` on the machine the limits were chosen on, with a margin. */
const expectedSpawnMs = 10;

/** Prefix of the line by which the preload tells `test/run.ts` that a test file ended. */
export const fileEnded = "@@dgov-test-file-ended ";
