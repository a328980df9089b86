/** A Markdown table of objects. */

/** Columns are `keys` of each row, under `titles`; null is an empty cell. */
export function table(
  titles: readonly string[],
  rows: readonly Record<string, unknown>[],
  keys: readonly string[],
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const cell = (value: unknown): string => String(value ?? "").replaceAll("|", "\\|");
  return [
    line(titles),
    `|${titles.map(() => "---|").join("")}`,
    ...rows.map((row) => line(keys.map((key) => cell(row[key])))),
  ].join("\n");
}
