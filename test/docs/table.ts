/** Markdown tables. */

/**
 * Markdown table with a row per object. `titles` are the column headings, `keys` the fields of a row in
 * the same order; null and undefined become an empty cell.
 */
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
