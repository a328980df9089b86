/** What a checker says about one place, and how its output is read. Pure. */

export interface Diagnostic {
  /** As the tool wrote it, without a leading `./` and without the tree's own path. */
  file: string;
  line: number | null;
  column: number | null;
  code: string;
  message: string;
}

/** Reads one tool's output; [] when it is none of its own. */
export type DiagnosticParser = (output: string) => Diagnostic[];

/** A path as a diagnostic names it. */
export function fileName(path: string): string {
  return path.trim().replace(/^\.\//, "");
}

/** A diagnostic from the parts a pattern found. */
export function diagnostic(parts: {
  file: string;
  line?: string | undefined;
  column?: string | undefined;
  code?: string | undefined;
  message: string;
}): Diagnostic {
  return {
    file: fileName(parts.file),
    line: parts.line === undefined ? null : Number(parts.line),
    column: parts.column === undefined ? null : Number(parts.column),
    code: parts.code ?? "",
    message: parts.message.trim(),
  };
}
