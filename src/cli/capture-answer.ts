/** A command that runs another one keeps its answer instead of having it printed. */
import type { Context } from "./command.ts";

export interface CapturedAnswer {
  context: Context;
  /** What was answered; an empty document and text before that. */
  answered: { document: Record<string, unknown>; text: string };
}

/** The context for the command within. Its conversation goes where it always goes. */
export function captureAnswer(context: Context): CapturedAnswer {
  const answered: CapturedAnswer["answered"] = { document: {}, text: "" };
  const { output } = context;
  const quiet = {
    ...output,
    live: output.live,
    answer(document: Record<string, unknown>, text: string) {
      Object.assign(answered, { document, text });
    },
  };
  return { context: { ...context, output: quiet }, answered };
}
