/**
 * What GitHub Actions reads off a step: annotations as lines of its output, and a summary in Markdown.
 *
 * Both carry text of workers and their tools, so everything is escaped: no line of it can become a
 * command of its own.
 */

export interface Annotation {
  level: "error" | "warning" | "notice";
  /** Relative to the workspace; null when it is about no file. */
  file: string | null;
  line: number | null;
  column: number | null;
  title: string;
  message: string;
}

/** One `::error file=...,line=...::message` line. */
export function annotationLine(one: Annotation): string {
  const { file, line, column, title } = one;
  const properties = Object.entries({
    file,
    line: file && line,
    col: file && line && column,
    title,
  })
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
  return `::${one.level} ${properties.join(",")}::${escapeData(one.message)}`;
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** A Markdown table; what is in its cells stays text. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = `|${head.map(() => "---|").join("")}`;
  return [line(head), rule, ...rows.map((row) => line(row.map(escapeCell)))].join("\n");
}

/** Text as Markdown that shows it: one line, nothing of it markup. */
export function escapeCell(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/[\\`*_[\]|~]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;");
}
