/**
 * Removes secrets from a worker's output.
 *
 * The provider's key is replaced everywhere. Text that looks like a well-known credential is replaced only
 * in messages to the parent: the model sees file contents unchanged but for the key, because an edit
 * with redacted old text would not match the file.
 */

import { credentialText } from "../std/credentials.ts";

const replacement = "[redacted]";
/** Shorter keys are placeholders for local servers and occur in ordinary text. */
const keyCharsMin = 8;

export interface Redactor {
  /** The text without the key. */
  key(text: string): string;
  /** The JSON value without the key and without text that looks like a credential. */
  value<T>(value: T): T;
}

/** A redactor for one key, also in base64, hexadecimal and percent-encoding. */
export function redactorFor(apiKey: string): Redactor {
  const spellings = apiKey.length < keyCharsMin ? [] : spellingsOf(apiKey);
  const key = (text: string): string =>
    spellings.reduce((rest, spelling) => rest.replaceAll(spelling, replacement), text);
  const all = (text: string): string => key(text).replace(credentialText, replacement);
  return { key, value: (value) => mapText(value, all) as typeof value };
}

function spellingsOf(apiKey: string): string[] {
  const base64 = Buffer.from(apiKey).toString("base64").replace(/=+$/, "");
  const all = [apiKey, base64, encodeURIComponent(apiKey), Buffer.from(apiKey).toString("hex")];
  return [...new Set(all)];
}

function mapText(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === "string") return map(value);
  if (Array.isArray(value)) return value.map((item) => mapText(item, map));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [map(name), mapText(inner, map)]),
  );
}
