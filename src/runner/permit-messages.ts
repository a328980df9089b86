/** What a worker says of its requests, as the rate limiter takes it. */
import type { ParentMessage, TokenUsage, WorkerMessage } from "../worker/protocol.ts";
import type { Permits } from "./permits.ts";

/** Asks for, holds and gives back permits as the worker's messages say; others are none of it. */
export function followRequests(
  permits: Permits,
  { provider, holder }: { provider: string; holder: string },
  message: WorkerMessage,
  reply: (answer: ParentMessage) => void,
): void {
  switch (message.type) {
    case "permit.requested":
      permits.request(provider, {
        holder,
        tokens: message.estimatedTokens,
        grant: () => reply({ type: "permit.granted", id: message.id }),
      });
      return;
    case "provider.limited":
      permits.pause(provider, message.retryAfterMs);
      permits.release(provider, holder);
      return;
    case "provider.retried":
      permits.release(provider, holder);
      return;
    case "turn.finished":
      permits.release(provider, holder, tokensOf(message.usage));
      return;
    default:
  }
}

/** What providers count against a minute: both directions, cached or not. */
export function tokensOf(usage: TokenUsage | null): number | null {
  return usage === null ? null : usage.promptTokens + usage.completionTokens;
}
