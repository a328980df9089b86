/** Text tables with aligned columns. */

/** Rows with aligned columns; the last column is not padded. */
export function textTable(rows: readonly (readonly string[])[], indent = "  "): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.slice(0, -1).forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, Bun.stringWidth(cell));
    });
  }
  return rows.map((row) =>
    (
      indent +
      row
        .map((cell, i) => cell + " ".repeat(Math.max(0, (widths[i] ?? 0) - Bun.stringWidth(cell))))
        .join("  ")
    ).trimEnd(),
  );
}

const clipCharsMax = 120;

/** The first line of a reason, cut, for lists; `dgov plan review` shows all of it. */
export function clip(text: string): string {
  const line = text.split("\n", 1)[0] ?? "";
  return line.length < text.length || line.length > clipCharsMax
    ? `${line.slice(0, clipCharsMax)}...`
    : line;
}
