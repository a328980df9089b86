/**
 * The conversation of a long command at a terminal: the same words as anywhere else, with their
 * levels in colour. consola does the levels, and is loaded only here, when it is asked for.
 */
import { printable } from "./render/printable.ts";

export interface TerminalLog {
  status(text: string): void;
  warn(text: string): void;
}

/** Words dgov begins a line with to say what kind it is. */
const labels = /^( *)(error|warning|hint|Caused by):/gm;
const colors: Record<string, string> = {
  error: "31;1",
  warning: "33",
  hint: "36",
  "Caused by": "2",
};

/** One logger; `write` gets whole lines. With `quiet` only warnings are let through. */
export async function terminalLog(o: {
  quiet: boolean;
  color: boolean;
  write(text: string): void;
}): Promise<TerminalLog> {
  const { createConsola, LogLevels } = await import("consola/core");
  const log = createConsola({
    level: o.quiet ? LogLevels.warn : LogLevels.info,
    // Two tasks may well say the same within a second: nothing is left out.
    throttle: 0,
    reporters: [
      {
        log: ({ args }) => {
          const text = printable(args.join(" "));
          o.write(`${o.color ? text.replace(labels, colored) : text}\n`);
        },
      },
    ],
  });
  return { status: (text) => log.info(text), warn: (text) => log.warn(text) };
}

function colored(_: string, indent: string, word: string): string {
  return `${indent}\u001b[${colors[word] ?? "0"}m${word}:\u001b[0m`;
}
