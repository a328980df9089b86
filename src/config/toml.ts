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
