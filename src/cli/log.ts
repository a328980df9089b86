/**
 * The log on stderr: everything dgov prints there but prompts and the live progress display.
 *
 * It uses consola's levels. `error` and `warn` name their level, `log` is text without one, and
 * `info` is a status line, which `--quiet` hides. `consola/core` has no reporters or prompts of its
 * own and loads in half a millisecond.
 */
import { type ConsolaInstance, createConsola, LogLevels, type LogObject } from "consola/core";
import { withOwnPaths } from "../config/find.ts";
import { DgovError } from "../error.ts";
import { renderError } from "./error-report.ts";
import { printable } from "./render/printable.ts";

export type Log = Pick<ConsolaInstance, "error" | "warn" | "log" | "info">;

/** A log of which `write` gets each message with its final newline. Names of own files are shown as paths from `cwd`. */
export function createLog(o: {
  quiet: boolean;
  color: boolean;
  cwd: string;
  write(text: string): void;
}): Log {
  return createConsola({
    level: o.quiet ? LogLevels.log : LogLevels.info,
    // consola drops repeated messages; two units may report the same within a second.
    throttle: 0,
    reporters: [
      {
        log(message) {
          const text = printable(withOwnPaths(render(message), o.cwd));
          o.write(`${o.color ? text.replace(labels, colored) : text}\n`);
        },
      },
    ],
  });
}

function render({ type, args }: LogObject): string {
  return args
    .map((arg) => {
      if (arg instanceof DgovError) return renderError(arg);
      return `${type === "warn" ? "warning: " : type === "error" ? "error: " : ""}${arg}`;
    })
    .join(" ");
}

/** Labels at the beginning of lines of errors and diagnostics. */
const labels = /^( *)(error|warning|hint|Caused by):/gm;
const colors: Record<string, string> = {
  error: "31;1",
  warning: "33",
  hint: "36",
  "Caused by": "2",
};

function colored(_: string, indent: string, word: string): string {
  return `${indent}\u001b[${colors[word] ?? "0"}m${word}:\u001b[0m`;
}
