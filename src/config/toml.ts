/** TOML text to values and back: the only place that knows the library. */
import { parse, stringify, TomlError } from "smol-toml";

export type ParsedToml =
  | { ok: true; value: Record<string, unknown> }
  | { ok: false; line: number; column: number; message: string };

/** Parses a document. A syntax error has its place (from 1) and one sentence. */
export function parseToml(text: string): ParsedToml {
  try {
    return { ok: true, value: parse(text) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [first = "invalid TOML"] = error.message.split("\n");
    const message = first.replace(/^Invalid TOML document: /, "");
    return { ok: false, line: error.line, column: error.column, message };
  }
}

/** A document that parses to the same values, whatever the strings in them. */
export function stringifyToml(value: Record<string, unknown>): string {
  return stringify(value);
}

// ------------------------------------------------------------
// Plan files as text: TOML with the keys in the order given, whatever the strings in it. Pure.

/** Values of a table's keys; null leaves a key out. */
export type TomlTableValues = Readonly<
  Record<string, string | number | boolean | readonly string[] | null>
>;

/** A table with its header. `name` is written as it is; keys may be dotted. */
export function renderTomlTable(name: string, values: TomlTableValues): string {
  const lines = Object.entries(values)
    .filter(([, value]) => value !== null)
    .map(
      ([key, value]) =>
        `${/^[\w.-]+$/.test(key) ? key : tomlString(key)} = ${renderTomlValue(value)}\n`,
    );
  return `[${name}]\n${lines.join("")}`;
}

function renderTomlValue(value: TomlTableValues[string]): string {
  if (typeof value !== "string") {
    return Array.isArray(value) ? `[${value.map(tomlString).join(", ")}]` : String(value);
  }
  if (!value.includes("\n")) return tomlString(value);
  const lines = value.split("\n").map((line) => tomlString(line).slice(1, -1));
  return `"""\n${lines.join("\n")}"""`;
}

/** A basic string on one line. JSON's escapes are TOML's, but for DEL. */
export function tomlString(text: string): string {
  return JSON.stringify(text).replaceAll("\x7f", "\\u007f");
}
