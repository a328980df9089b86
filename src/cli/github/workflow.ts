/**
 * GitHub Actions: annotations as lines of a step's output, and step summaries in Markdown.
 *
 * Both carry text of workers and their tools, which is escaped: no line of it can be a workflow
 * command.
 */
import { appendFileSync } from "node:fs";
import { relative } from "node:path";
import type { DgovError } from "../../error.ts";
import { errorMessage } from "../../std/text.ts";
import type { Context } from "../command.ts";

export interface Annotation {
  level: "error" | "warning" | "notice";
  /** Relative to the workspace; null for an annotation without a file. */
  file: string | null;
  line: number | null;
  column: number | null;
  title: string;
  message: string;
}

/** GitHub shows at most ten annotations of a level for a step and fifty for a job. */
const annotationsMax = 50;
/** Half of the 1 MiB that GitHub accepts as a step summary. */
const summaryBytesMax = 512 * 1024;

/** Reports whether a step of GitHub Actions runs this process. */
export function onGitHub(env: Context["env"]): boolean {
  return env["GITHUB_ACTIONS"] === "true";
}

/** Prints the annotations and appends the summary; logs a warning when that fails. */
export function report(
  { env, output }: Context,
  o: { projectRoot: string; annotations: readonly Annotation[]; summary: string | null },
): void {
  const folder = folderInWorkspace(env["GITHUB_WORKSPACE"], o.projectRoot);
  for (const one of o.annotations.slice(0, annotationsMax)) {
    const file = one.file === null ? null : `${folder}${one.file}`;
    output.log.log(annotationLine({ ...one, file }));
  }
  const path = env["GITHUB_STEP_SUMMARY"];
  if (o.summary === null || path === undefined || path === "") return;
  try {
    appendFileSync(path, `${o.summary.slice(0, summaryBytesMax)}\n`);
  } catch (error) {
    output.log.warn(`cannot write the step summary: ${errorMessage(error)}`);
  }
}

/** Annotates an invalid plan or configuration at the lines of its diagnostics. */
export function reportError(context: Context, projectRoot: string, error: DgovError): void {
  const annotations = error.diagnostics.map(
    ({ severity, file, line, column, code, message, hint }): Annotation => ({
      level: severity,
      file,
      line,
      column,
      title: `dgov: ${code}`,
      message: hint === null ? message : `${message}\n${hint}`,
    }),
  );
  report(context, { projectRoot, annotations, summary: null });
}

/** The project's folder relative to the workspace, with a slash at its end; "" for the workspace. */
function folderInWorkspace(workspace: string | undefined, projectRoot: string): string {
  if (workspace === undefined || workspace === "") return "";
  const folder = relative(workspace, projectRoot).replaceAll("\\", "/");
  return folder === "" || folder.startsWith("..") ? "" : `${folder}/`;
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

/** A Markdown table; the text of its cells is escaped. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = `|${head.map(() => "---|").join("")}`;
  return [line(head), rule, ...rows.map((row) => line(row.map(escapeCell)))].join("\n");
}

/** The text on one line, escaped for Markdown. */
export function escapeCell(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/[\\`*_[\]|~]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;");
}
