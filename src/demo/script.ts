/**
 * What a scripted model says: plain data (and, where a test needs it, functions), chosen by the
 * conversation alone.
 *
 * A rule is found by unit, attempt, fork and role, which the prompts name in lines like
 * `Unit: tasks/main.a`; within a rule the number of turns already taken picks the reply. So the same
 * conversation always gets the same answer, across retries of a request and restarts of dgov.
 */

/** How one answer goes wrong on the wire. */
export type WireFault =
  /** An error status; `retryAfter` is the header as sent, `location` that of a redirect. */
  | { kind: "status"; status: number; retryAfter?: string; location?: string; body?: string }
  /** The connection closes before anything was sent, or after the first words of the answer. */
  | { kind: "reset_before_headers" | "reset_after_headers" }
  /** Nothing is ever sent, or nothing after the first words, until the client gives up. */
  | { kind: "hang_before_headers" | "hang_after_headers" }
  /** The stream ends in good order but half-way: no finish reason, no `[DONE]`. */
  | { kind: "cut_stream" }
  /** A chunk that is not JSON; an error object as a chunk; HTML and nothing at all instead of a stream. */
  | { kind: "invalid_json" | "error_chunk" | "html_body" | "empty_body" }
  /** Chunks without a choice in them. */
  | { kind: "empty_choices" };

export interface ScriptedCall {
  tool: string;
  /** An object is sent as JSON; text is sent as it is, for broken arguments. */
  args: unknown;
  /** Null leaves the id out; absent invents one. */
  id?: string | null;
}

/** One reply of the model. Without calls and text it is an empty answer. */
export interface ModelTurn {
  text?: string;
  calls?: ScriptedCall[];
  /** Default `tool_calls` when there are calls, else `stop`. */
  finish?: string | null;
  /** Default: counted from the characters; null leaves usage out. */
  usage?: { prompt: number; cached: number; completion: number } | null;
  /** The reply waits for this. */
  until?: () => Promise<unknown>;
  /** One per request of this turn, in order; the requests after the last one get the reply. */
  faults?: WireFault[];
  /** Every request of this turn goes wrong like this. */
  fault?: WireFault;
  /** Oddities of compatible servers. */
  quirks?: { noIndex?: boolean; sameIndex?: boolean; repeatName?: boolean; keepAlive?: number };
}

/** What a rule can look at. */
export interface ScriptedConversation {
  unit: string | null;
  attempt: number;
  fork: number;
  role: string | null;
  /** 1 for the first reply. */
  turn: number;
  /** The request's messages as the client sent them. */
  messages: WireMessage[];
  /** Names of the tools on offer. */
  tools: string[];
}

export interface WireMessage {
  role: string;
  content?: unknown;
  tool_calls?: { id: string; function: { name: string; arguments: string } }[];
  tool_call_id?: string;
}

export interface ModelRule {
  /** Full unit id; absent for any. */
  unit?: string;
  attempt?: number;
  fork?: number;
  role?: string;
  when?: (conversation: ScriptedConversation) => boolean;
  /** By turn; the last one is repeated. */
  turns: (ModelTurn | ((conversation: ScriptedConversation) => ModelTurn))[];
}

export interface ModelScript {
  /** The first rule that fits answers. */
  rules: ModelRule[];
  /** The answer when none does. Default: a `done` that says blocked. */
  otherwise?: ModelTurn;
}

/** A reply that calls one tool. */
export function call(tool: string, args: unknown): ModelTurn {
  return { calls: [{ tool, args }] };
}

/** A reply that ends the work. */
export function done(
  summary: string,
  more: { status?: "complete" | "incomplete" | "blocked"; result?: unknown } = {},
): ModelTurn {
  return call("done", { status: "complete", summary, ...more });
}

/** Reads who is asking, and how far along, from the messages of a request. */
export function conversationOf(messages: WireMessage[], tools: string[]): ScriptedConversation {
  const head = messages
    .filter((message, index) => message.role === "system" || index <= 1)
    .map((message) => contentText(message.content))
    .join("\n");
  const field = (name: string): string | null =>
    new RegExp(`^${name}: (.+)$`, "m").exec(head)?.[1]?.trim() ?? null;
  return {
    unit: field("Unit"),
    attempt: Number(field("Attempt") ?? 1),
    fork: Number(field("Fork") ?? 0),
    role: field("Role"),
    turn:
      messages.filter((message) => message.role === "assistant").length + cutTurns(messages) + 1,
    messages,
    tools,
  };
}

/** The reply to a conversation. */
export function replyTo(script: ModelScript, conversation: ScriptedConversation): ModelTurn {
  const rule = script.rules.find((candidate) => fits(candidate, conversation));
  const turn = rule?.turns[Math.min(conversation.turn, rule.turns.length) - 1];
  if (turn !== undefined) return typeof turn === "function" ? turn(conversation) : turn;
  return script.otherwise ?? done("the script has nothing for this", { status: "blocked" });
}

function fits(rule: ModelRule, conversation: ScriptedConversation): boolean {
  return (
    (rule.unit ?? conversation.unit) === conversation.unit &&
    (rule.attempt ?? conversation.attempt) === conversation.attempt &&
    (rule.fork ?? conversation.fork) === conversation.fork &&
    (rule.role ?? conversation.role) === conversation.role &&
    (rule.when?.(conversation) ?? true)
  );
}

/** Turns the client cut from its history say so in a message; they were taken all the same. */
function cutTurns(messages: WireMessage[]): number {
  for (const message of messages) {
    const cut = /^\[(\d+) earlier turns? (?:was|were) cut/.exec(contentText(message.content));
    if (cut) return Number(cut[1]);
  }
  return 0;
}

/** The text of a message's content, whichever of its two shapes it has. */
export function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part: unknown) =>
      typeof part === "object" && part !== null && "text" in part ? String(part.text) : "",
    )
    .join("");
}
