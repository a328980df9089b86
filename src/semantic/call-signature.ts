/** Whether a call can be of a function with this signature. */
import type { Arguments, Signature } from "../languages/symbol-table/symbol-table.ts";

/** What is wrong with a call, in words; null when it can fit. `skipped` arguments are the object itself. */
export function argumentMismatch(
  call: Arguments,
  signature: Signature,
  skipped = 0,
): string | null {
  if (call.open) return null;
  const { parameters, rest, keywordRest } = signature;
  const places = parameters.filter((one) => one.positional);
  const given = call.positional - skipped;
  if (given > places.length && !rest) {
    return `takes ${atMost(places.length)}, but ${given} ${given === 1 ? "is" : "are"} given`;
  }
  const byPlace = new Set(places.slice(0, Math.max(0, given)));
  for (const keyword of call.keywords) {
    const named = parameters.find((one) => one.keyword && one.name === keyword);
    if (named === undefined) {
      if (!keywordRest) return `has no parameter \`${keyword}\``;
    } else if (byPlace.has(named)) return `gets \`${keyword}\` twice`;
  }
  const missing = parameters.filter(
    (one) => one.required && !byPlace.has(one) && !call.keywords.includes(one.name),
  );
  if (missing.length === 0) return null;
  return `needs ${missing.map(({ name }) => `\`${name}\``).join(", ")}, which this call does not give`;
}

function atMost(count: number): string {
  if (count === 0) return "no arguments";
  return `at most ${count} argument${count === 1 ? "" : "s"}`;
}

/** Whether two signatures are called in the same ways. */
export function sameSignature(a: Signature, b: Signature): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
