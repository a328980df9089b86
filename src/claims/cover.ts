/** Paths that a claim covers: those it matches byte for byte, and everything below them. */
import type { Claim, Segment } from "./path.ts";
import { literalTokens, meet } from "./pattern.ts";

/**
 * True when a claim covers a path (normalised, relative to the project root). Only the exact path covers a
 * `.gitignore`, since the files it hides from git would not be reviewed.
 */
export function covers(claim: Claim, path: string): boolean {
  if (path === claim.text) return true;
  if (isGitignore(path)) return false;
  if (path.startsWith(`${claim.text}/`)) return true;
  if (!claim.glob) return false;
  const names = path.split("/");
  return claim.readings.some((reading) => matchesPrefix(reading, names));
}

/** True when one of the claims covers the path. */
export function coversAny(claims: readonly Claim[], path: string): boolean {
  return claims.some((claim) => covers(claim, path));
}

function isGitignore(path: string): boolean {
  return path.slice(path.lastIndexOf("/") + 1).toLowerCase() === ".gitignore";
}

/** True when the segments match the names or a prefix of them. */
function matchesPrefix(segments: readonly Segment[], names: readonly string[]): boolean {
  // reach[j]: the segments so far match exactly the first j names.
  let reach = names.map((_, j) => j === 0);
  reach.push(false);
  for (const segment of segments) {
    const next = reach.map(() => false);
    for (let j = 0; j <= names.length; j++) {
      if (!reach[j]) continue;
      if (segment.kind === "globstar") next.fill(true, j);
      else if (j < names.length && matchesName(segment, names[j] ?? "")) next[j + 1] = true;
    }
    reach = next;
  }
  return reach.includes(true);
}

function matchesName(segment: Exclude<Segment, { kind: "globstar" }>, name: string): boolean {
  return segment.kind === "name"
    ? segment.text === name
    : meet(segment.tokens, literalTokens(name), "bytes");
}
