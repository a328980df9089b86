/** Finds JSON objects in text written by a model: bare, in code fences or in prose. Pure. */

/** Opening braces tried in one text. */
const triesMax = 50;

/** Every outermost JSON object in the text, in order. */
export function jsonObjectsIn(text: string): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = [];
  let tries = 0;
  for (let at = text.indexOf("{"); at >= 0 && tries < triesMax; tries++) {
    const end = endOfObject(text, at);
    const value = end === -1 ? null : parsed(text.slice(at, end));
    if (value !== null) found.push(value);
    at = text.indexOf("{", value === null ? at + 1 : end);
  }
  return found;
}

/** The JSON object that a text consists of, alone or in one code fence; null for any other text. */
export function wholeObject(text: string): Record<string, unknown> | null {
  const trimmed = text.trim();
  const inFence = /^(`{3,}|~{3,})[ \t]*(?:json)?[ \t]*\r?\n([\s\S]*)\n[ \t]*\1$/i.exec(
    trimmed,
  )?.[2];
  const json = inFence ?? trimmed;
  const value = parsed(json);
  return value === null || repeatsKey(json) ? null : value;
}

/** True when an object in a valid JSON text has a key twice, so that its value depends on the reader. */
export function repeatsKey(json: string): boolean {
  const keysOfOpen: Set<string>[] = [];
  for (const [token, text, colon] of json.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}[\]]/g)) {
    if (token === "{" || token === "[") keysOfOpen.push(new Set());
    else if (token === "}" || token === "]") keysOfOpen.pop();
    else if (text !== undefined && colon !== undefined) {
      // A key may be written with escapes.
      const key = String(JSON.parse(text));
      const keys = keysOfOpen.at(-1);
      if (keys?.has(key)) return true;
      keys?.add(key);
    }
  }
  return false;
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
