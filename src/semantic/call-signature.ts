/** Checks calls against signatures. */
import type { Arguments, Signature } from "../languages/symbol-table/symbol-table.ts";
import { plural } from "../std/text.ts";

/**
 * Mismatch of a call and a signature, as a verb phrase about the function; null when the call may match. The
 * first `skipped` positional arguments are the receiver.
 */
export function argumentMismatch(
  call: Arguments,
  signature: Signature,
  skipped = 0,
): string | null {
  if (call.open) return null;
  const { parameters, rest, keywordRest } = signature;
  const positions = parameters.filter((one) => one.positional);
  const given = call.positional - skipped;
  if (given > positions.length && !rest) {
    return `takes ${atMost(positions.length)}, but ${given} ${given === 1 ? "is" : "are"} given`;
  }
  const byPosition = new Set(positions.slice(0, Math.max(0, given)));
  for (const keyword of call.keywords) {
    const named = parameters.find((one) => one.keyword && one.name === keyword);
    if (named === undefined) {
      if (!keywordRest) return `has no parameter \`${keyword}\``;
    } else if (byPosition.has(named)) return `receives \`${keyword}\` twice`;
  }
  const missing = parameters.filter(
    (one) => one.required && !byPosition.has(one) && !call.keywords.includes(one.name),
  );
  if (missing.length === 0) return null;
  return `requires ${missing.map(({ name }) => `\`${name}\``).join(", ")}, which this call does not pass`;
}

function atMost(count: number): string {
  if (count === 0) return "no arguments";
  return `at most ${plural(count, "argument")}`;
}

/** True for signatures that accept the same calls. */
export function sameSignature(a: Signature, b: Signature): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
