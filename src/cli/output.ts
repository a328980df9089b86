/**
 * Where text goes: stdout is the answer, stderr the conversation.
 *
 * Text may come from a model, a gate or the repository: it is made printable here, so that no command
 * can forget it. Writes go straight to the file descriptors: they are complete when they return,
 * whatever ends the process next, and the streams of `process`, which take half of the start-up
 * time, are not made.
 */
import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import { assert } from "../std/assert.ts";
import type { TerminalLog } from "./log.ts";
import { printable, printableJson } from "./render/printable.ts";

export interface Output {
  mode: "text" | "json";
  /** Cursor movement is welcome on stderr. */
  readonly live: boolean;
  /** Colour is welcome on stderr. */
  readonly color: boolean;
  readonly quiet: boolean;
  /** Aborted when nobody reads stdout any more (broken pipe): streams stop, quietly. */
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
  /** Conversation: a line on stderr unless `--quiet`. */
  status(text: string): void;
  /** A line on stderr even with `--quiet`. */
  warn(text: string): void;
}

interface Document {
  schema: string;
  [key: string]: unknown;
}

export interface OutputOptions {
  json: boolean;
  quiet: boolean;
  /** False for `--no-color`; null when nothing was said. */
  color: boolean | null;
  env: Record<string, string | undefined>;
}

/** The output of this process, and whether anything was written to stdout yet. */
export interface ProcessOutput extends Output {
  readonly answered: boolean;
  /** From here on the conversation has its levels in colour, where stderr is a terminal. */
  converse(): Promise<void>;
}

/** Output on the process's own streams. A broken pipe aborts `closed` and is otherwise ignored. */
export function processOutput(options: OutputOptions): ProcessOutput {
  const { json, quiet, env } = options;
  const closing = new AbortController();
  let answered = false;
  const terminal = isatty(stderr) && env["TERM"] !== "dumb" && !json;
  const write = (text: string): void => {
    answered = true;
    if (closing.signal.aborted) return;
    if (!writeAll(stdout, text.endsWith("\n") ? text : `${text}\n`)) closing.abort();
  };
  let log: TerminalLog | null = null;
  const say = (text: string): void => {
    writeAll(stderr, `${printable(text)}\n`);
  };
  const color = terminal && options.color !== false && !env["NO_COLOR"];
  const writeJson = (value: object): void => write(printableJson(JSON.stringify(value)));
  return {
    mode: json ? "json" : "text",
    live: terminal && !quiet,
    color,
    quiet,
    closed: closing.signal,
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
    status(text) {
      if (log !== null) log.status(text);
      else if (!quiet) say(text);
    },
    warn(text) {
      if (log !== null) log.warn(text);
      else say(text);
    },
    async converse() {
      if (!terminal) return;
      const { terminalLog } = await import("./log.ts");
      log = await terminalLog({ quiet, color, write: (text) => writeAll(stderr, text) });
    },
  };
}

const stdout = 1;
const stderr = 2;

/** Writes a whole text; false when the reader is gone. A full pipe is waited for. */
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

/** `DGOV_JSON=1|true|yes`, in any case. */
export function wantsJson(env: Record<string, string | undefined>): boolean {
  return /^(1|true|yes)$/i.test(env["DGOV_JSON"] ?? "");
}
