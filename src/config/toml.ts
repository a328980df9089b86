/** Parsing and rendering of TOML; the only file that imports the library. */
import { parse, stringify, TomlError } from "smol-toml";

type ParsedToml =
  | { ok: true; value: Record<string, unknown> }
  | { ok: false; line: number; column: number; message: string };

/** Parses a document. Line and column of a syntax error count from 1; its message is one sentence. */
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

/** A document that parses to the same values. */
export function stringifyToml(value: Record<string, unknown>): string {
  return stringify(value);
}

/** Values of a table by key; null leaves a key out. */
export type TomlTableValues = Readonly<
  Record<string, string | number | boolean | readonly string[] | null>
>;

/** A table with its header, keys in the given order. `name` is TOML already; keys may be dotted. */
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

/** A basic string on one line. JSON escapes are valid in TOML; DEL also needs one. */
export function tomlString(text: string): string {
  return JSON.stringify(text).replaceAll("\x7f", "\\u007f");
}
