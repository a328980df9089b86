/** Columns of text, and the few ways numbers are shown. */

/** Rows with their columns aligned; the last column is as long as it is. */
export function table(rows: readonly (readonly string[])[], indent = "  "): string[] {
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

/** `850 ms`, `12.3 s`, `4 min 05 s`, `2 h 03 min`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const two = (n: number): string => String(n).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} min`;
}

/** `1 unit`, `3 units`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** A phase or status word as people read it. */
export function words(phase: string): string {
  return phase.replaceAll("_", " ");
}

/** A commit as people read it. */
export function short(commit: string): string {
  return commit.slice(0, 10);
}

/** `2026-01-02 03:04:05` (UTC) of an RFC 3339 time. */
export function moment(at: string): string {
  return at.slice(0, 19).replace("T", " ");
}

/** Every line two or more spaces in. */
export function indented(text: string, indent: string): string {
  return text
    .split("\n")
    .map((line) => (indent + line).trimEnd())
    .join("\n");
}

const clipCharsMax = 120;

/** The beginning of a reason, for lists; the whole of it stands in the review. */
export function clip(text: string): string {
  const line = text.split("\n", 1)[0] ?? "";
  return line.length < text.length || line.length > clipCharsMax
    ? `${line.slice(0, clipCharsMax)}...`
    : line;
}
