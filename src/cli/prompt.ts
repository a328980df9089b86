/**
 * Prompts on stderr. Only this module uses the prompt library, which loads with the first question.
 *
 * A key that was pressed before a question appeared does not answer it. Cancelling a prompt throws USAGE; a
 * signal that arrives while a question waits throws the signal's reason, or ends a command that does not
 * listen for signals.
 */
import { DgovError } from "../error.ts";
import { printable } from "./render/printable.ts";
import { listenForSignals } from "./signals.ts";
import { discardTypedInput } from "./typed-input.ts";

type Clack = typeof import("@clack/prompts");

/** The value of a prompt, which `show` starts. */
async function ask<T>(
  show: (clack: Clack, signal: AbortSignal) => Promise<T | symbol>,
): Promise<T> {
  const clack = await import("@clack/prompts");
  using interrupt = listenForSignals();
  // Not after it is shown: an answer typed at once, by a program or on a busy machine, must count.
  discardTypedInput();
  const given = await show(clack, interrupt.signal);
  if (interrupt.exitCode !== null) {
    if (interrupt.only) process.exit(interrupt.exitCode);
    throw interrupt.signal.reason;
  }
  if (clack.isCancel(given)) throw new DgovError("USAGE", "cancelled");
  return given as T;
}

const output = process.stderr;

/** Asks a yes/no question; the default is no. */
export async function confirm(question: string): Promise<boolean> {
  const message = printable(question);
  return ask<boolean>((clack, signal) =>
    clack.confirm({ message, initialValue: false, output, signal }),
  );
}

/** Asks for one of several options; returns its value. */
export async function select<T extends string>(
  question: string,
  options: readonly { value: T; label: string; hint?: string }[],
): Promise<T> {
  const message = printable(question);
  return ask<T>((clack, signal) =>
    clack.select({
      message,
      options: options.map((one) => ({ ...one, label: printable(one.label) })) as Parameters<
        typeof clack.select<T>
      >[0]["options"],
      output,
      signal,
    }),
  );
}

/** Asks for a line of text, which may be empty; `initial` is the text to edit. */
export async function promptText(question: string, initial = ""): Promise<string> {
  const message = printable(question);
  const given = await ask<string | undefined>((clack, signal) =>
    clack.text({ message, initialValue: initial, output, signal }),
  );
  return given ?? "";
}
