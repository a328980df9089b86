/**
 * Parsing of claims: patterns of the paths that a task reads or writes, relative to the project root.
 *
 * A claim covers the path itself and everything below it. `src/app`, `./src/app` and `src/app/` are equal.
 */
import { type Token, tokenize } from "./pattern.ts";

/** A segment of a claim: `**`, a plain name, or a pattern. */
export type Segment =
  | { kind: "globstar" }
  | { kind: "name"; text: string }
  | { kind: "pattern"; text: string; tokens: Token[] };

export interface Claim {
  /** Normalised: no `./`, no doubled or trailing slash. */
  text: string;
  glob: boolean;
  /**
   * The interpretations of the claim as segments. With brackets there are two: `[id]` is a set of characters, and
   * also the folder of that name (`app/[id]/page.tsx` may be a real path).
   */
  readings: Segment[][];
}

type ParsedClaim = { ok: true; claim: Claim } | { ok: false; problem: string };

const charsMax = 4096;

/** Parses one claim. `problem` completes the sentence "the claim `x` ...". */
export function parseClaim(text: string): ParsedClaim {
  const problem = problemOf(text);
  if (problem !== null) return { ok: false, problem };
  const segments = normalSegments(text);
  if (segments.length === 0) {
    return { ok: false, problem: "names no path; write `**` to claim the whole project" };
  }
  const readings = [segments.map((segment) => readSegment(segment, true))];
  if (text.includes("[")) readings.push(segments.map((segment) => readSegment(segment, false)));
  const glob = readings[0]?.some((segment) => segment.kind !== "name") ?? false;
  return { ok: true, claim: { text: segments.join("/"), glob, readings } };
}

/** The valid claims. Invalid ones were reported when the plan was compiled. */
export function parseClaims(texts: readonly string[]): Claim[] {
  return texts.flatMap((text) => {
    const parsed = parseClaim(text);
    return parsed.ok ? [parsed.claim] : [];
  });
}

function problemOf(text: string): string | null {
  if (text.trim() === "") return "is empty";
  if (text.length > charsMax) return `is longer than ${charsMax} characters`;
  if (text.includes("\0")) return "contains a NUL byte";
  if (text.includes("\\")) return "contains a backslash; paths are written with `/`";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is the check for them
  if (/[\x01-\x1f\x7f]/.test(text)) return "contains a control character";
  if (text !== text.trim()) return "begins or ends with a space";
  if (text.startsWith("/")) return "is absolute; claims are relative to the project root";
  if (text.startsWith("~/")) return "begins with `~/`; claims are relative to the project root";
  if (text.split("/").includes("..")) return "contains `..`";
  if (/\{[^{}]*,[^{}]*\}/.test(text)) return "uses braces; write one claim for each alternative";
  return null;
}

function normalSegments(text: string): string[] {
  return text.split("/").filter((segment) => segment !== "" && segment !== ".");
}

function readSegment(text: string, brackets: boolean): Segment {
  if (text === "**") return { kind: "globstar" };
  const tokens = tokenize(text, { brackets });
  return tokens.every((token) => token.kind === "char")
    ? { kind: "name", text }
    : { kind: "pattern", text, tokens };
}
