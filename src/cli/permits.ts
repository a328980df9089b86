/** One rate limiter for all that a command asks models: planner, choice of SOPs and workers share it. */
import type { Config } from "../config/config.ts";
import { providerLimits, RateLimiter } from "../runner/rate-limiter.ts";
import { systemClock } from "../std/clock.ts";
import type { Context } from "./command.ts";

const known = new WeakMap<Context, RateLimiter>();

/** The limiter of a command, with the limits of the configuration it began with. */
export function permitsOf(context: Context, config: Config): RateLimiter {
  const found = known.get(context);
  if (found !== undefined) return found;
  const made = new RateLimiter((name) => providerLimits(config.providers[name]), systemClock);
  known.set(context, made);
  return made;
}
