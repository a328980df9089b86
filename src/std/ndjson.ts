/**
 * Newline-delimited JSON over byte streams, both ways.
 *
 * A line longer than the cap, or one that is not JSON, is reported and skipped; a last line without
 * a newline (the writer was killed) is reported as `unterminated`, never as a message.
 */
export type NdjsonItem =
  | { kind: "message"; value: unknown }
  | { kind: "malformed"; text: string }
  | { kind: "too_long"; bytesMax: number }
  | { kind: "unterminated"; text: string };

/** Reads messages from a stream of bytes. `lineCharsMax` bounds the memory a line may take. */
export async function* readNdjson(
  stream: AsyncIterable<Uint8Array>,
  lineCharsMax = 64 * 1024 * 1024,
): AsyncGenerator<NdjsonItem> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  let length = 0;
  let overflowed = false;
  const take = (): NdjsonItem | null => {
    const line = parts.join("");
    parts = [];
    length = 0;
    if (overflowed) {
      overflowed = false;
      return { kind: "too_long", bytesMax: lineCharsMax };
    }
    if (line.trim() === "") return null;
    try {
      return { kind: "message", value: JSON.parse(line) };
    } catch {
      return { kind: "malformed", text: line.slice(0, 4096) };
    }
  };
  const add = (text: string): void => {
    length += text.length;
    if (length > lineCharsMax) {
      overflowed = true;
      parts = [];
    } else parts.push(text);
  };
  for await (const chunk of stream) {
    const text = decoder.decode(chunk, { stream: true });
    let from = 0;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", from)) {
      add(text.slice(from, at));
      from = at + 1;
      const item = take();
      if (item) yield item;
    }
    if (from < text.length) add(text.slice(from));
  }
  const rest = parts.join("") + decoder.decode();
  if (rest.trim() !== "") yield { kind: "unterminated", text: rest.slice(0, 4096) };
}

/** One value as one line. */
export function ndjsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
