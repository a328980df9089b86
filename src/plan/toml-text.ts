/** Plan files as text: TOML with the keys in the order given, whatever the strings in it. Pure. */

/** Values of a table's keys; null leaves a key out. */
export type TomlValues = Readonly<
  Record<string, string | number | boolean | readonly string[] | null>
>;

/** A table with its header. `name` is written as it is; keys may be dotted. */
export function tomlTable(name: string, values: TomlValues): string {
  const lines = Object.entries(values)
    .filter(([, value]) => value !== null)
    .map(
      ([key, value]) => `${/^[\w.-]+$/.test(key) ? key : tomlString(key)} = ${rendered(value)}\n`,
    );
  return `[${name}]\n${lines.join("")}`;
}

function rendered(value: TomlValues[string]): string {
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
