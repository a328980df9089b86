/**
 * Removes secrets from a worker's output.
 *
 * The provider's key is replaced everywhere, and so are the values of copied ignored files. Text that looks like a
 * well-known credential is replaced only in messages to the parent: the model sees file contents unchanged but for
 * the key and the values, because an edit with redacted old text would not match the file.
 */

import { credentialText } from "../std/credentials.ts";
import { secretRemover } from "../std/secrets.ts";

const replacement = "[redacted]";

export interface Redactor {
  /** The text without the key and the other secrets. */
  key(text: string): string;
  /** The JSON value without them and without text that looks like a credential. */
  value<T>(value: T): T;
}

/** A redactor for the provider's key and other secrets. */
export function redactorFor(apiKey: string, secrets: readonly string[] = []): Redactor {
  const key = secretRemover([apiKey, ...secrets]);
  const all = (text: string): string => key(text).replace(credentialText, replacement);
  return { key, value: (value) => mapText(value, all) as typeof value };
}

function mapText(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === "string") return map(value);
  if (Array.isArray(value)) return value.map((item) => mapText(item, map));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [map(name), mapText(inner, map)]),
  );
}
