/** What a worker says, as telemetry; and its requests for permits, answered. */
import type { ParentMessage, WorkerMessage } from "../worker/protocol.ts";
import type { LiveAttempt, RunContext } from "./context.ts";
import { followRequests } from "./permit-messages.ts";
import { toSnakeCase } from "./record.ts";

/** Bytes of a result's or thought's text in an event; longer ones are a blob named by digest. */
const inlineMax = 2 * 1024;

/** Records one message of a live attempt's worker and answers it when it asks for something. */
export function onWorkerMessage(
  c: RunContext,
  live: LiveAttempt,
  message: WorkerMessage,
  reply: (answer: ParentMessage) => void,
): void {
  const provider = c.models.get(live.unit)?.provider.name ?? "";
  followRequests(c.permits, { provider, holder: live.marker }, message, reply);
  if (message.type === "permit.requested") return;
  if (message.type === "message.recorded") {
    keep(c, JSON.stringify(message.message));
    return;
  }
  c.log.note({
    run: c.run,
    plan: c.plan.name,
    unit: live.unit,
    attempt: live.attempt,
    type: message.type,
    data: bounded(c, message),
  });
}

function bounded(c: RunContext, message: WorkerMessage): Record<string, unknown> {
  const { type: _, ...rest } = message;
  if (message.type === "call") {
    const args = JSON.stringify(message.args);
    if (args.length > inlineMax) {
      return toSnakeCase({
        ...rest,
        args: null,
        argsBlob: keep(c, args),
        argsHead: args.slice(0, 256),
      });
    }
    // Arguments are the model's own keys: they keep their spelling.
    const { type: _type, args: _args, ...others } = message;
    return { ...toSnakeCase(others), args: message.args };
  }
  if (
    (message.type === "result" || message.type === "thought") &&
    message.text.length > inlineMax
  ) {
    return toSnakeCase({
      ...rest,
      text: message.text.slice(0, inlineMax),
      textBlob: keep(c, message.text),
    });
  }
  return toSnakeCase(rest);
}

/** What only telemetry names is as durable as telemetry: not at once. */
function keep(c: RunContext, text: string): string {
  return c.log.putBlob(text, { durable: false });
}
