/** Reading the `data` of recorded events, which may be older or newer than this program. */

type Data = Record<string, unknown>;

/** Text, or "" when the field is missing or of another type. */
export function text(data: Data, key: string): string {
  const value = data[key];
  return typeof value === "string" ? value : "";
}

/** Text, or null. */
export function textOrNull(data: Data, key: string): string | null {
  const value = data[key];
  return typeof value === "string" ? value : null;
}

export function number(data: Data, key: string): number {
  return numberOrNull(data, key) ?? 0;
}

export function numberOrNull(data: Data, key: string): number | null {
  const value = data[key];
  return typeof value === "number" ? value : null;
}

/** The texts of a list; anything else in it is left out. */
export function texts(data: Data, key: string): string[] {
  const value = data[key];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** The objects of a list; anything else in it is left out. */
export function objects(data: Data, key: string): Data[] {
  const value = data[key];
  return Array.isArray(value)
    ? value.filter((item): item is Data => item !== null && typeof item === "object")
    : [];
}
