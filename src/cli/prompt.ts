/**
 * Prompts on stderr. Only this module uses the prompt library, which loads with the first question.
 * Cancelling a prompt throws USAGE.
 */
import { DgovError } from "../error.ts";
import { printable } from "./render/printable.ts";

/** The value of a prompt. Throws USAGE when it was cancelled. */
async function promptValue<T>(answer: Promise<T | symbol>): Promise<T> {
  const given = await answer;
  const { isCancel } = await import("@clack/prompts");
  if (isCancel(given)) throw new DgovError("USAGE", "cancelled");
  return given as T;
}

const output = process.stderr;

/** Asks a yes/no question; the default is no. */
export async function confirm(question: string): Promise<boolean> {
  const clack = await import("@clack/prompts");
  return promptValue<boolean>(
    clack.confirm({ message: printable(question), initialValue: false, output }),
  );
}

/** Asks for one of several options; returns its value. */
export async function select<T extends string>(
  question: string,
  options: readonly { value: T; label: string; hint?: string }[],
): Promise<T> {
  const clack = await import("@clack/prompts");
  const choice = clack.select({
    message: printable(question),
    options: options.map((one) => ({ ...one, label: printable(one.label) })) as Parameters<
      typeof clack.select<T>
    >[0]["options"],
    output,
  });
  return promptValue<T>(choice as Promise<T | symbol>);
}

/** Asks for a line of text, which may be empty; `initial` is the text to edit. */
export async function promptText(question: string, initial = ""): Promise<string> {
  const clack = await import("@clack/prompts");
  const given = clack.text({ message: printable(question), initialValue: initial, output });
  return (await promptValue<string | undefined>(given)) ?? "";
}
