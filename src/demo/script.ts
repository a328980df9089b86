/**
 * The script of a scripted model: rules that choose a reply by the conversation alone.
 *
 * A rule is selected by unit, attempt, fork and role, which the prompts state in lines like
 * `Unit: tasks/main.a`; the number of turns so far selects the reply within the rule. The same conversation
 * therefore always gets the same reply, across retries of a request and restarts of dgov.
 */

/** A fault in the transmission of one answer. */
export type WireFault =
  /** An error status. `retryAfter` and `location` are headers. */
  | { kind: "status"; status: number; retryAfter?: string; location?: string; body?: string }
  /** The connection closes before the headers, or after the first fragment of the answer. */
  | { kind: "reset_before_headers" | "reset_after_headers" }
  /** Nothing is sent, or nothing after the first fragment, until the client disconnects. */
  | { kind: "hang_before_headers" | "hang_after_headers" }
  /** The stream ends normally but incomplete: no finish reason, no `[DONE]`. */
  | { kind: "cut_stream" }
  /** A chunk that is not JSON; an error object as a chunk; HTML instead of a stream; an empty body. */
  | { kind: "invalid_json" | "error_chunk" | "html_body" | "empty_body" }
  /** Chunks without a choice. */
  | { kind: "empty_choices" };

interface ScriptedCall {
  tool: string;
  /** An object is sent as JSON; a string is sent unchanged, for invalid arguments. */
  args: unknown;
  /** Null omits the id; default: a generated id. */
  id?: string | null;
}

/** One reply of the model. Without calls and text it is an empty answer. */
export interface ModelTurn {
  text?: string;
  calls?: ScriptedCall[];
  /** Default `tool_calls` when there are calls, else `stop`. */
  finish?: string | null;
  /** Null omits usage; default: estimated from the characters. */
  usage?: { prompt: number; cached: number; completion: number } | null;
  /** Awaited before the reply is sent. */
  until?: () => Promise<unknown>;
  /** Faults of the first requests of this turn, in order; later requests get the reply. */
  faults?: WireFault[];
  /** The fault of every request of this turn. */
  fault?: WireFault;
  /** Deviations of compatible servers from the wire format. */
  quirks?: { noIndex?: boolean; sameIndex?: boolean; repeatName?: boolean; keepAlive?: number };
}

/** The facts of a conversation that select a reply. */
export interface ScriptedConversation {
  unit: string | null;
  attempt: number;
  fork: number;
  role: string | null;
  /** 1 for the first reply. */
  turn: number;
  /** The request's messages as the client sent them. */
  messages: WireMessage[];
  /** Names of the tools in the request. */
  tools: string[];
}

export interface WireMessage {
  role: string;
  content?: unknown;
  tool_calls?: { id: string; function: { name: string; arguments: string } }[];
  tool_call_id?: string;
}

export interface ModelRule {
  /** Full unit id; default: any unit. */
  unit?: string;
  attempt?: number;
  fork?: number;
  role?: string;
  when?: (conversation: ScriptedConversation) => boolean;
  /** Replies by turn; the last one repeats. */
  turns: (ModelTurn | ((conversation: ScriptedConversation) => ModelTurn))[];
}

export interface ModelScript {
  /** The first matching rule is used. */
  rules: ModelRule[];
  /** The reply when no rule matches. Default: `done` with status blocked. */
  otherwise?: ModelTurn;
}

/** A reply with one tool call. */
export function call(tool: string, args: unknown): ModelTurn {
  return { calls: [{ tool, args }] };
}

/** A reply that calls `done`. */
export function done(
  summary: string,
  more: { status?: "complete" | "incomplete" | "blocked"; result?: unknown } = {},
): ModelTurn {
  return call("done", { status: "complete", summary, ...more });
}

/** Reads unit, attempt, fork, role and turn from the messages of a request. */
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
  const rule = script.rules.find((candidate) => matches(candidate, conversation));
  const turn = rule?.turns[Math.min(conversation.turn, rule.turns.length) - 1];
  if (turn !== undefined) return typeof turn === "function" ? turn(conversation) : turn;
  return (
    script.otherwise ?? done("the script has no rule for this conversation", { status: "blocked" })
  );
}

function matches(rule: ModelRule, conversation: ScriptedConversation): boolean {
  return (
    (rule.unit ?? conversation.unit) === conversation.unit &&
    (rule.attempt ?? conversation.attempt) === conversation.attempt &&
    (rule.fork ?? conversation.fork) === conversation.fork &&
    (rule.role ?? conversation.role) === conversation.role &&
    (rule.when?.(conversation) ?? true)
  );
}

/** The number of turns that the client removed from its history, from the notice in the messages. */
function cutTurns(messages: WireMessage[]): number {
  for (const message of messages) {
    const cut = /^\[(\d+) earlier turns? (?:was|were) cut/.exec(contentText(message.content));
    if (cut) return Number(cut[1]);
  }
  return 0;
}

/** The text of a message's content: a string, or a list of parts. */
export function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part: unknown) =>
      typeof part === "object" && part !== null && "text" in part ? String(part.text) : "",
    )
    .join("");
}
