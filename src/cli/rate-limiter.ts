/** The rate limiter of a command, shared by its planner, SOP picker and workers. */
import type { Config } from "../config/config.ts";
import { providerLimits, RateLimiter } from "../runner/rate-limiter.ts";
import { systemClock } from "../std/clock.ts";
import type { Context } from "./command.ts";

const known = new WeakMap<Context, RateLimiter>();

/** The limiter of a command, created at the first call with the limits of `config`. */
export function rateLimiterOf(context: Context, config: Config): RateLimiter {
  const found = known.get(context);
  if (found !== undefined) return found;
  const made = new RateLimiter((name) => providerLimits(config.providers[name]), systemClock);
  known.set(context, made);
  return made;
}
