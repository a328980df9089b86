/**
 * Checks of warm verdicts: after a number of landings that were judged on layers, the tip is judged in a tree without
 * any, in which everything is installed and compiled.
 */
import type { SettlementContext } from "../../context.ts";
import { stackKey } from "./footing.ts";

/** The check that is due after a run; null when nothing was judged on layers. */
export interface ColdCheck {
  due: boolean;
  /** Landings since the last passed check, those of this run included. */
  landings: number;
  /** Records the result. A failed check removes all layers: what landed may have come from them. */
  record(result: "passed" | "failed" | "not_made"): void;
}

/** Decides whether a run that landed `count` units on layers checks its tip. `[sandbox] cold_check` is the number of landings; 0 never. */
export async function coldCheck(c: SettlementContext, count: number): Promise<ColdCheck | null> {
  const ground = await c.ground();
  const every = c.config.sandbox.coldCheck;
  if (ground === null || count === 0) return null;
  const { store, right } = ground;
  const landings = store.warmLandings() + count;
  return {
    due: every > 0 && landings >= every,
    landings,
    record(result) {
      if (result === "failed") store.dropStack(stackKey(c, right));
      store.noteWarmLandings(result === "passed" ? 0 : landings);
    },
  };
}
