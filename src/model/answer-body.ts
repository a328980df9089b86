/**
 * Reads the body of an answer piece by piece, whichever form the server chose: server-sent events or
 * one JSON document, asked for or not.
 *
 * The form is told from the first characters, since content types are often wrong. Read leniently, as
 * servers write: any line ending, a byte order mark, comments as signs of life, events without a
 * blank line between them, and llama.cpp's field `error`. Pure but for the bytes it is given.
 */

export type AnswerPart =
  /** A chunk of a stream, or the whole answer. */
  | { kind: "chunk"; value: unknown; whole: boolean }
  /** The server says in the middle of a good answer that it failed. */
  | { kind: "error"; value: unknown }
  /** The stream's own end mark. */
  | { kind: "done" };

/** The parts in order. Throws a SyntaxError at what is neither JSON nor an event. */
export async function* readAnswer(body: AsyncIterable<Uint8Array>): AsyncGenerator<AnswerPart> {
  let event: SentEvent = { name: "", data: [] };
  let document: string[] | null = null;
  let begun = false;
  for await (const line of linesOf(body)) {
    if (!begun && line.trim() === "") continue;
    if (!begun && /^\s*\{/.test(line)) document = [];
    begun = true;
    if (document !== null) document.push(line);
    else if (line === "") {
      yield* partsOf(event);
      event = { name: "", data: [] };
    } else addLine(event, line);
  }
  if (document !== null)
    yield { kind: "chunk", value: JSON.parse(document.join("\n")), whole: true };
  else yield* partsOf(event);
}

interface SentEvent {
  name: string;
  data: string[];
}

function addLine(event: SentEvent, line: string): void {
  const [, field, value = ""] = /^(\w+)(?::\s?(.*))?$/s.exec(line) ?? [];
  if (field === "data") event.data.push(value);
  else if (field === "event") event.name = value;
  else if (field === "error") {
    event.name = "error";
    event.data.push(value);
  }
}

function* partsOf({ name, data }: SentEvent): Generator<AnswerPart> {
  if (data.length === 0) return;
  for (const text of textsOf(data)) {
    if (text.trim() === "[DONE]") yield { kind: "done" };
    else if (name === "error") yield { kind: "error", value: parsedOr(text, text) };
    else if (text.trim() !== "") yield { kind: "chunk", value: JSON.parse(text), whole: false };
  }
}

/** An event's data is one text over all its lines, unless each line is one by itself. */
function textsOf(data: string[]): string[] {
  if (data.length === 1) return data;
  const joined = data.join("\n");
  return parsedOr(joined, undefined) === undefined ? data : [joined];
}

function parsedOr<T>(text: string, otherwise: T): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/** Lines without their endings; the last one whether it was ended or not. */
async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let open: string[] = [];
  let afterReturn = false;
  for await (const bytes of body) {
    let text = decoder.decode(bytes, { stream: true });
    if (text === "") continue;
    if (afterReturn && text.startsWith("\n")) text = text.slice(1);
    afterReturn = text.endsWith("\r");
    const [first = "", ...others] = text.split(/\r\n|\r|\n/);
    open.push(first);
    for (const line of others) {
      yield open.join("");
      open = [line];
    }
  }
  open.push(decoder.decode());
  yield open.join("");
}
