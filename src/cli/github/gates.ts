/** What gates said no to, as annotations. Pure. */
import type { Annotation } from "./workflow.ts";

/** A gate's verdict, as far as it is told here. */
export interface ToldGate {
  gate: string;
  status?: string;
  reason: string;
  tail: string;
  diagnostics: readonly {
    file: string;
    line: number | null;
    column: number | null;
    code: string;
    message: string;
  }[];
}

/** Characters of a gate's output in an annotation without a place. */
const tailMax = 2000;

/** One for each charged diagnostic; of a failing gate that has none, one with the end of its output. */
export function gateAnnotations(gates: readonly ToldGate[], of: string | null): Annotation[] {
  const failed = gates.filter(
    ({ status = "failed" }) => status === "failed" || status === "errored",
  );
  return failed.flatMap(({ gate, reason, tail, diagnostics }): Annotation[] => {
    const title = of === null ? gate : `${gate}: ${of}`;
    if (diagnostics.length === 0) {
      const message = [reason, tail.trim().slice(-tailMax)].filter(Boolean).join("\n");
      return [{ level: "error", file: null, line: null, column: null, title, message }];
    }
    return diagnostics.map(({ file, line, column, code, message }) => ({
      level: "error",
      file: file === "" ? null : file,
      line,
      column,
      title,
      message: code === "" || message.includes(code) ? message : `${message} [${code}]`,
    }));
  });
}
