/** For commands that run another command and include its answer in their own. */
import type { Context } from "./command.ts";

interface CapturedAnswer {
  context: Context;
  /** The captured answer; an empty document and text before there is one. */
  answered: { document: Record<string, unknown>; text: string };
}

/** A context in which `answer` is captured instead of printed. The log still goes to stderr. */
export function captureAnswer(context: Context): CapturedAnswer {
  const answered: CapturedAnswer["answered"] = { document: {}, text: "" };
  const { output } = context;
  const capturing = {
    ...output,
    answer(document: Record<string, unknown>, text: string) {
      Object.assign(answered, { document, text });
    },
  };
  return { context: { ...context, output: capturing }, answered };
}
