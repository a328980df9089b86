/**
 * Area patterns of `[scope]` and `[departments]`.
 *
 * Unlike a claim, an area pattern matches a path when it matches the whole path or a folder above it, and `*`
 * also matches `/`. A pattern without a slash also matches any single name in the path (`node_modules`, `*.lock`).
 */
import { literalTokens, meet, tokenize } from "./pattern.ts";

/** True when an area pattern matches a path, relative to the project root. */
export function areaMatches(pattern: string, path: string): boolean {
  const text = pattern.replace(/^(?:\.\/+)+/, "").replace(/\/+$/, "");
  if (text === "") return false;
  const names = path.split("/");
  const folders = names.map((_, i) => names.slice(0, i + 1).join("/"));
  if (!/[*?[]/.test(text)) {
    return folders.includes(text) || (!text.includes("/") && names.includes(text));
  }
  const tokens = tokenize(text, { brackets: true });
  const candidates = text.includes("/") ? folders : [...folders, ...names];
  return candidates.some((candidate) => meet(tokens, literalTokens(candidate), "bytes"));
}

/** The first area pattern that matches the path, or null. */
export function areaOf(patterns: readonly string[], path: string): string | null {
  return patterns.find((pattern) => areaMatches(pattern, path)) ?? null;
}

export interface Department {
  name: string;
  patterns: readonly string[];
}

/**
 * The department that owns a path and that the task has not opted into, or null. The first department
 * with a matching pattern decides; a task opts in by naming it in its summary as a whole word.
 */
export function foreignDepartment(
  departments: readonly Department[],
  path: string,
  summary: string,
): string | null {
  const owner = departments.find((department) => areaOf(department.patterns, path) !== null);
  return owner === undefined || namesWord(summary, owner.name) ? null : owner.name;
}

function namesWord(text: string, word: string): boolean {
  const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?<![\\p{L}\\p{N}_])${escaped}(?![\\p{L}\\p{N}_])`, "iu").test(text);
}
