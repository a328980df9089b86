/** Where text goes: stdout is the answer, stderr the conversation. */

export interface Output {
  mode: "text" | "json";
  /** Colour and cursor movement are welcome on stderr. */
  readonly live: boolean;
  readonly color: boolean;
  readonly quiet: boolean;
  /** The answer: text mode prints `text`, JSON mode the document, exactly once. */
  answer(document: { schema: string; [key: string]: unknown }, text: string): void;
  /** One line to stdout at once (streams: `watch`, `--ndjson`). */
  line(text: string): void;
  /** Conversation: a line on stderr unless `--quiet`. */
  status(text: string): void;
  /** A line on stderr even with `--quiet`. */
  warn(text: string): void;
}
