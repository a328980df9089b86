/**
 * Keeps secrets out of everything the worker says.
 *
 * The provider's key is replaced wherever it appears; text in the shape of well-known credentials is
 * replaced in what is recorded. The model itself sees files as they are, less the key: an edit of a
 * line it saw changed would not match.
 */

const mark = "[redacted]";
/** Shorter keys are placeholders of local servers, and words of everyday text. */
const keyCharsMin = 8;

/** Credentials by their prefixes; none of these occur in ordinary text. */
const shapes = new RegExp(
  [
    "-----BEGIN [A-Z ]*PRIVATE KEY-----[\\s\\S]*?-----END [A-Z ]*PRIVATE KEY-----",
    "\\b(?:sk|rk|pk)-(?:[a-z]+-)?[A-Za-z0-9_-]{20,}",
    "\\bsk_(?:live|test)_[A-Za-z0-9]{16,}",
    "\\bgh[pousr]_[A-Za-z0-9]{30,}",
    "\\bgithub_pat_[A-Za-z0-9_]{30,}",
    "\\bglpat-[A-Za-z0-9_-]{20,}",
    "\\bfw_[A-Za-z0-9]{20,}",
    "\\bxox[abposr]-[A-Za-z0-9-]{20,}",
    "\\b(?:AKIA|ASIA)[0-9A-Z]{16}\\b",
    "\\bAIza[0-9A-Za-z_-]{35}",
    "\\bnpm_[A-Za-z0-9]{36}",
    "\\beyJ[A-Za-z0-9_-]{10,}\\.eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}",
  ].join("|"),
  "g",
);

export interface Redactor {
  /** Text without the key. */
  key(text: string): string;
  /** A JSON value without the key and without anything shaped like a credential. */
  value<T>(value: T): T;
}

/** A redactor for one key; also finds the key in base64 and percent-encoding. */
export function redactorFor(apiKey: string): Redactor {
  const spellings = apiKey.length < keyCharsMin ? [] : spellingsOf(apiKey);
  const key = (text: string): string =>
    spellings.reduce((rest, spelling) => rest.replaceAll(spelling, mark), text);
  const all = (text: string): string => key(text).replace(shapes, mark);
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
