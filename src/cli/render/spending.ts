/** Tokens and cost as text. */
import { plural } from "../../std/text.ts";
import type { Spending } from "../../views/review.ts";

/** A number of tokens; `unknown` when the endpoint reported none. */
export function tokenCount(tokens: number | null): string {
  return tokens === null ? "unknown" : String(tokens);
}

/**
 * The cost as the end of a line, `, cost 0.1234`. It says `at least` when the cost of some turns is not known, and is
 * empty when that of none is. Turns whose tokens the endpoint did not report are counted.
 */
export function costText({ cost, costAtLeast, turns, unmeteredTurns }: Spending): string {
  const least = cost === null ? "at least " : "";
  const known = costAtLeast === null ? "" : `, cost ${least}${costAtLeast.toFixed(4)}`;
  const unmetered = unmeteredTurns === turns ? "" : `${unmeteredTurns} of ${plural(turns, "turn")}`;
  return unmeteredTurns === 0 || unmetered === ""
    ? known
    : `${known} (no usage reported for ${unmetered})`;
}
