/**
 * Collects the bytes of a stream up to a limit. Over it, keeps the head and the tail, with a note of the
 * number of bytes left out between them. Memory stays below twice the limit.
 */
export class BoundedOutput {
  /** Number of bytes added, whether kept or not. */
  bytes = 0;
  readonly #max: number;
  readonly #head: Uint8Array[] = [];
  readonly #tail: Uint8Array[] = [];
  #headBytes = 0;
  #tailBytes = 0;

  constructor(bytesMax: number) {
    this.#max = bytesMax;
  }

  get overflowed(): boolean {
    return this.bytes > this.#max;
  }

  add(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    const half = Math.ceil(this.#max / 2);
    const room = half - this.#headBytes;
    if (room > 0) {
      this.#head.push(chunk.length <= room ? chunk : chunk.slice(0, room));
      this.#headBytes += Math.min(room, chunk.length);
    }
    const rest = room > 0 ? chunk.subarray(Math.min(room, chunk.length)) : chunk;
    if (rest.length === 0) return;
    this.#tail.push(rest);
    this.#tailBytes += rest.length;
    // Drop the oldest chunks while the others still fill the tail's half.
    for (;;) {
      const first = this.#tail[0];
      if (first === undefined || this.#tailBytes - first.length < this.#max - half) return;
      this.#tail.shift();
      this.#tailBytes -= first.length;
    }
  }

  /** All bytes or, over the limit, head, note and tail. */
  take(): Uint8Array {
    if (!this.overflowed) return Buffer.concat([...this.#head, ...this.#tail]);
    const { head, note, tail } = this.#cut();
    return Buffer.concat([head, note, tail]);
  }

  /** As `take`, decoded; bytes that are not UTF-8 become U+FFFD. */
  text(): string {
    if (!this.overflowed) return Buffer.concat([...this.#head, ...this.#tail]).toString();
    const { head, note, tail } = this.#cut();
    return decodePiece(head) + note.toString() + decodePiece(tail);
  }

  #cut(): { head: Buffer; note: Buffer; tail: Buffer } {
    const head = Buffer.concat(this.#head);
    const kept = Buffer.concat(this.#tail);
    const tail = kept.subarray(Math.max(0, kept.length - (this.#max - head.length)));
    const left = this.bytes - head.length - tail.length;
    return { head, note: Buffer.from(`\n[... ${left} bytes left out ...]\n`), tail };
  }
}

/** Decodes a piece cut at arbitrary bytes, without the partial characters at its ends. */
function decodePiece(bytes: Buffer): string {
  let start = 0;
  while (start < 3 && start < bytes.length && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return new TextDecoder().decode(bytes.subarray(start), { stream: true });
}
