/**
 * Collects a stream's bytes within a limit: everything while it fits, else head and tail with a
 * note of what was left out between them. Memory stays below twice the limit.
 */
export class BoundedOutput {
  /** Bytes seen, kept or not. */
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
    // Whole chunks leave while what stays still covers the tail's half.
    for (;;) {
      const first = this.#tail[0];
      if (first === undefined || this.#tailBytes - first.length < this.#max - half) return;
      this.#tail.shift();
      this.#tailBytes -= first.length;
    }
  }

  /** The bytes kept: all of them, or head, note and tail. */
  take(): Uint8Array {
    if (!this.overflowed) return Buffer.concat([...this.#head, ...this.#tail]);
    const { head, note, tail } = this.#cut();
    return Buffer.concat([head, note, tail]);
  }

  /** Same, as text; bytes that are not UTF-8 become U+FFFD. */
  text(): string {
    if (!this.overflowed) return Buffer.concat([...this.#head, ...this.#tail]).toString();
    const { head, note, tail } = this.#cut();
    return untorn(head) + note.toString() + untorn(tail);
  }

  #cut(): { head: Buffer; note: Buffer; tail: Buffer } {
    const head = Buffer.concat(this.#head);
    const kept = Buffer.concat(this.#tail);
    const tail = kept.subarray(Math.max(0, kept.length - (this.#max - head.length)));
    const left = this.bytes - head.length - tail.length;
    return { head, note: Buffer.from(`\n[... ${left} bytes left out ...]\n`), tail };
  }
}

/** Decodes a piece cut at arbitrary bytes, without the halves of characters at its ends. */
function untorn(bytes: Buffer): string {
  let start = 0;
  while (start < 3 && start < bytes.length && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return new TextDecoder().decode(bytes.subarray(start), { stream: true });
}
