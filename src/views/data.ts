/** Readers for the `data` of recorded events, which another version of dgov may have written. */

type Data = Record<string, unknown>;

/** Text, or "" when the field is missing or of another type. */
export function textField(data: Data, key: string): string {
  const value = data[key];
  return typeof value === "string" ? value : "";
}

/** Text, or null when the field is missing or of another type. */
export function textFieldOrNull(data: Data, key: string): string | null {
  const value = data[key];
  return typeof value === "string" ? value : null;
}

/** A number, or 0 when the field is missing or of another type. */
export function numberField(data: Data, key: string): number {
  return numberFieldOrNull(data, key) ?? 0;
}

/** A number, or null when the field is missing or of another type. */
export function numberFieldOrNull(data: Data, key: string): number | null {
  const value = data[key];
  return typeof value === "number" ? value : null;
}

/** The texts of a list; items of other types are left out. */
export function textListField(data: Data, key: string): string[] {
  const value = data[key];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** The objects of a list; items of other types are left out. */
export function objectListField(data: Data, key: string): Data[] {
  const value = data[key];
  return Array.isArray(value)
    ? value.filter((item): item is Data => item !== null && typeof item === "object")
    : [];
}
