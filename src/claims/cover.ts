/** Which paths a claim covers: byte for byte, the path itself and everything below it. */
import type { Claim, Segment } from "./path.ts";
import { literalTokens, meet } from "./pattern.ts";

/**
 * Whether a claim covers a path (normalised, below the project root). A `.gitignore` is covered only
 * by a claim that spells it: what it hides from git would otherwise escape review.
 */
export function covers(claim: Claim, path: string): boolean {
  if (path === claim.text) return true;
  if (isGitignore(path)) return false;
  if (path.startsWith(`${claim.text}/`)) return true;
  if (!claim.glob) return false;
  const names = path.split("/");
  return claim.readings.some((reading) => fits(reading, names));
}

/** Whether any of the claims covers the path. */
export function coversAny(claims: readonly Claim[], path: string): boolean {
  return claims.some((claim) => covers(claim, path));
}

function isGitignore(path: string): boolean {
  return path.slice(path.lastIndexOf("/") + 1).toLowerCase() === ".gitignore";
}

/** Whether the segments fit the names or a leading part of them. */
function fits(segments: readonly Segment[], names: readonly string[]): boolean {
  // reach[j]: the segments read so far fit exactly the first j names.
  let reach = names.map((_, j) => j === 0);
  reach.push(false);
  for (const segment of segments) {
    const next = reach.map(() => false);
    for (let j = 0; j <= names.length; j++) {
      if (!reach[j]) continue;
      if (segment.kind === "globstar") next.fill(true, j);
      else if (j < names.length && fitsName(segment, names[j] ?? "")) next[j + 1] = true;
    }
    reach = next;
  }
  return reach.includes(true);
}

function fitsName(segment: Exclude<Segment, { kind: "globstar" }>, name: string): boolean {
  return segment.kind === "name"
    ? segment.text === name
    : meet(segment.tokens, literalTokens(name), "bytes");
}
