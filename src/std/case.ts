/** Renames object keys between camelCase (TypeScript) and snake_case (JSON, SQL, TOML). Pure. */

/** `maxRetries` is `max_retries`. */
export function snakeKey(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `max_retries` is `maxRetries`. */
export function camelKey(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** A JSON value with every object key in snake_case. Not for objects keyed by user text. */
export function snakeCase(value: readonly unknown[]): unknown[];
export function snakeCase(value: object): Record<string, unknown>;
export function snakeCase(value: unknown): unknown;
export function snakeCase(value: unknown): unknown {
  return renamed(value, snakeKey);
}

/** A JSON value with every object key in camelCase. Not for objects keyed by user text. */
export function camelCase(value: unknown): unknown {
  return renamed(value, camelKey);
}

function renamed(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [rename(key), renamed(inner, rename)]),
  );
}
