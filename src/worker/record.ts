/**
 * Records a conversation without saying anything twice: each message once, by the digest of its
 * JSON; requests name their messages by digest.
 */
import { type ChatMessage, wireMessage } from "../model/message.ts";
import { sha256 } from "../std/digest.ts";
import type { WorkerMessage } from "./protocol.ts";
import type { Redactor } from "./redact.ts";

export class Recorder {
  readonly #emit: (message: WorkerMessage) => Promise<void>;
  readonly #redactor: Redactor;
  readonly #known = new Set<string>();
  /** Messages never change once made, so each is hashed once. */
  readonly #digests = new WeakMap<ChatMessage, string>();

  constructor(emit: (message: WorkerMessage) => Promise<void>, redactor: Redactor) {
    this.#emit = emit;
    this.#redactor = redactor;
  }

  /** Digests of the messages, in order; those not seen before are sent to the parent first. */
  async record(messages: readonly ChatMessage[]): Promise<string[]> {
    const digests: string[] = [];
    for (const message of messages) digests.push(await this.#recordOne(message));
    return digests;
  }

  async #recordOne(message: ChatMessage): Promise<string> {
    const before = this.#digests.get(message);
    if (before !== undefined) return before;
    const redacted = this.#redactor.value(wireMessage(message));
    const digest = sha256(JSON.stringify(redacted));
    this.#digests.set(message, digest);
    if (!this.#known.has(digest)) {
      this.#known.add(digest);
      await this.#emit({ type: "message.recorded", digest, message: redacted });
    }
    return digest;
  }
}
