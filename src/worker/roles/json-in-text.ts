/** Finds JSON objects in text written by a model: bare, in code fences or in prose. Pure. */

/** Opening braces tried in one text. */
const triesMax = 50;

interface FoundObject {
  value: Record<string, unknown>;
  /** The text after the object. */
  rest: string;
}

/** Every outermost JSON object in the text, in order. */
export function jsonObjectsIn(text: string): FoundObject[] {
  const found: FoundObject[] = [];
  let tries = 0;
  for (let at = text.indexOf("{"); at >= 0 && tries < triesMax; tries++) {
    const end = endOfObject(text, at);
    const value = end === -1 ? null : parsed(text.slice(at, end));
    if (value !== null) found.push({ value, rest: text.slice(end) });
    at = text.indexOf("{", value === null ? at + 1 : end);
  }
  return found;
}

/** Index after the brace that closes the one at `start`, or -1. Ignores braces in strings. */
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

/** True for a JSON object, false for a list, null or a scalar. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
