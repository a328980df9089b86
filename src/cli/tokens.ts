/** Tokens a command spent outside of a run: on choosing SOPs, on planning. */
import type { Usage } from "../model/message.ts";

export interface Tokens {
  /** Null where the server did not say. */
  add(usage: Usage | null): void;
  /** As a document has it. */
  document(): { prompt_tokens: number; completion_tokens: number };
}

/** A sum of nothing yet. */
export function newTokens(): Tokens {
  const sum = { prompt_tokens: 0, completion_tokens: 0 };
  return {
    add(usage) {
      sum.prompt_tokens += usage?.promptTokens ?? 0;
      sum.completion_tokens += usage?.completionTokens ?? 0;
    },
    document: () => ({ ...sum }),
  };
}
