/**
 * JSON objects in what a model wrote: bare, fenced, or in the middle of prose. Pure.
 */

/** Objects looked for in one text; more is noise. */
const objectsMax = 50;

export interface FoundObject {
  value: Record<string, unknown>;
  /** The text after it. */
  rest: string;
}

/** Every outermost JSON object in the text, in order. */
export function jsonObjectsIn(text: string): FoundObject[] {
  const found: FoundObject[] = [];
  let tries = 0;
  for (let at = text.indexOf("{"); at >= 0 && tries < objectsMax; tries++) {
    const end = endOfObject(text, at);
    const value = end === -1 ? null : parsed(text.slice(at, end));
    if (value !== null) found.push({ value, rest: text.slice(end) });
    at = text.indexOf("{", value === null ? at + 1 : end);
  }
  return found;
}

/** The place after the brace that closes the one at `start`, or -1. Braces in strings do not count. */
function endOfObject(text: string, start: number): number {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length; at++) {
    const char = text[at];
    if (quoted) {
      if (char === "\\") at++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === "{") depth++;
    else if (char === "}" && --depth === 0) return at + 1;
  }
  return -1;
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

/** A JSON object, as opposed to a list, null or a scalar. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
