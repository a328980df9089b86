/**
 * Where text goes: stdout is the answer, stderr the log.
 *
 * Text may come from a model, a gate or the repository: it is made printable here, so that no command
 * can forget it. Writes go straight to the file descriptors: they are complete when they return,
 * even if the process ends right after, and the streams of `process`, half of the start-up time,
 * are not created.
 */
import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import { assert } from "../std/assert.ts";
import { snakeCase } from "../std/case.ts";
import { createLog, type Log } from "./log.ts";
import { printable, printableJson } from "./render/printable.ts";

export interface Output {
  mode: "text" | "json";
  /** stderr takes colours. */
  readonly color: boolean;
  /**
   * Keeps rows below the log; `rows` is called for each redraw. Null where stderr is no terminal, in
   * JSON mode and with `--quiet`.
   */
  footer(rows: () => string[]): Footer | null;
  /** Aborted when the reader of stdout is gone (broken pipe): streams stop, and the exit code is 0. */
  readonly closed: AbortSignal;
  /**
   * The answer: text mode prints `text`, JSON mode the document, exactly once. `exact` text is
   * written byte for byte: dgov's own colours, or a patch for another program.
   */
  answer(document: Document, text: string, options?: { exact: boolean }): void;
  /** One line to stdout at once (streams: `watch`). */
  line(text: string): void;
  /** One document to stdout at once, on a line of its own (`--ndjson`). */
  record(document: object): void;
  /** Messages on stderr. */
  readonly log: Log;
}

/** Rows at the end of stderr that are replaced when they are redrawn, and erased when disposed. */
interface Footer extends Disposable {
  redraw(): void;
}

interface Document {
  schema: string;
  [key: string]: unknown;
}

export interface OutputOptions {
  json: boolean;
  quiet: boolean;
  /** False for `--no-color`; null when neither flag was given. */
  color: boolean | null;
  /** Folder that the command is for. */
  cwd: string;
  env: Record<string, string | undefined>;
}

/** Output on the process's own streams; `answered` once anything was written to stdout. */
interface ProcessOutput extends Output {
  readonly answered: boolean;
}

/** Output on the process's own streams. A broken pipe aborts `closed` and is otherwise ignored. */
export function processOutput(options: OutputOptions): ProcessOutput {
  const { json, quiet, env } = options;
  const closing = new AbortController();
  let answered = false;
  const terminal = isatty(stderr) && env["TERM"] !== "dumb" && !json;
  const color = terminal && options.color !== false && !env["NO_COLOR"];
  const write = (text: string): void => {
    answered = true;
    if (closing.signal.aborted) return;
    if (!writeAll(stdout, text.endsWith("\n") ? text : `${text}\n`)) closing.abort();
  };
  let footerRows: (() => string[]) | null = null;
  let drawn = 0;
  const writeAboveFooter = (text: string): void => {
    const erase = drawn === 0 ? "" : `\u001b[${drawn}A\u001b[0J`;
    const rows = footerRows?.() ?? [];
    drawn = rows.length;
    writeAll(stderr, `${erase}${text}${rows.map((row) => `${row}\n`).join("")}`);
  };
  const log = createLog({ quiet, color, cwd: options.cwd, write: writeAboveFooter });
  const writeJson = (value: object): void => write(printableJson(JSON.stringify(value)));
  return {
    mode: json ? "json" : "text",
    color,
    footer(rows) {
      if (!terminal || quiet) return null;
      footerRows = rows;
      return {
        redraw: () => writeAboveFooter(""),
        [Symbol.dispose]() {
          footerRows = null;
          writeAboveFooter("");
        },
      };
    },
    closed: closing.signal,
    log,
    get answered() {
      return answered;
    },
    answer(document, text, options = { exact: false }) {
      assert(!answered, "a command answers once");
      if (json) writeJson(document);
      else if (text !== "") write(options.exact ? text : printable(text));
      answered = true;
    },
    line: (text) => write(printable(text)),
    record: writeJson,
  };
}

const stdout = 1;
const stderr = 2;

/** Writes a whole text; false when the reader is gone. Waits while the pipe is full. */
function writeAll(descriptor: number, text: string): boolean {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : null;
      if (code === "EPIPE" || code === "EBADF") return false;
      if (code !== "EAGAIN") throw error;
      Bun.sleepSync(1);
    }
  }
  return true;
}

/** Reports whether `DGOV_JSON` is 1, true or yes, in any case. */
export function wantsJson(env: Record<string, string | undefined>): boolean {
  return /^(1|true|yes)$/i.test(env["DGOV_JSON"] ?? "");
}

/** Answers with a view: the document is the view in snake_case, `text` was rendered from it. */
export function answerView(output: Output, schema: string, view: object, text: string): void {
  output.answer({ schema, ...snakeCase(view) }, text);
}
