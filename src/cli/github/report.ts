/** `run` and `preflight` under GitHub Actions: annotations on stderr, and a step summary. */
import { appendFileSync } from "node:fs";
import { relative } from "node:path";
import type { DgovError } from "../../error.ts";
import type { Context } from "../command.ts";
import { type Annotation, annotationLine } from "./workflow.ts";

/** GitHub shows ten of a kind for a step and fifty for a job: more are noise. */
const annotationsMax = 50;
/** GitHub takes a summary of at most 1 MiB from a step. */
const summaryBytesMax = 512 * 1024;

/** Whether a step of GitHub Actions runs this process. */
export function onGitHub(env: Context["env"]): boolean {
  return env["GITHUB_ACTIONS"] === "true";
}

/** Says everything; a summary that cannot be written is a warning. */
export function report(
  { env, output }: Context,
  o: { projectRoot: string; annotations: readonly Annotation[]; summary: string | null },
): void {
  const folder = folderInWorkspace(env["GITHUB_WORKSPACE"], o.projectRoot);
  for (const one of o.annotations.slice(0, annotationsMax)) {
    const file = one.file === null ? null : `${folder}${one.file}`;
    output.warn(annotationLine({ ...one, file }));
  }
  const path = env["GITHUB_STEP_SUMMARY"];
  if (o.summary === null || path === undefined || path === "") return;
  try {
    appendFileSync(path, `${o.summary.slice(0, summaryBytesMax)}\n`);
  } catch (error) {
    output.warn(
      `the step summary was not written: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** An invalid plan or configuration, at its lines. */
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

/** The project's folder as annotations name files: below the workspace, with a slash at its end. */
function folderInWorkspace(workspace: string | undefined, projectRoot: string): string {
  if (workspace === undefined || workspace === "") return "";
  const folder = relative(workspace, projectRoot).replaceAll("\\", "/");
  return folder === "" || folder.startsWith("..") ? "" : `${folder}/`;
}
