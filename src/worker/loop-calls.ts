/** Tool calls and their answers, as they go back into a conversation. Pure. */
import type { ToolCall } from "../model/message.ts";
import type { ToolAnswer } from "./loop.ts";
import { isRecord } from "./roles/json-in-text.ts";

/** A call as it goes back to the endpoint: some refuse a conversation with broken JSON or names in it. */
export function presentable(call: ToolCall): ToolCall {
  const name = /^[\w-]{1,64}$/.test(call.name) ? call.name : "unknown_tool";
  if (parsedArguments(call.argumentsText) !== null) return { ...call, name };
  const text = call.argumentsText.slice(0, 2000);
  const argumentsText = text.trim() === "" ? "{}" : JSON.stringify({ broken_arguments: text });
  return { ...call, name, argumentsText };
}

/** Arguments as an object; null when they are none. */
export function parsedArguments(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

/** The answer to a call that is not run, or whose handing over is refused. */
export function notRun(text: string): ToolAnswer {
  const rawBytes = Buffer.byteLength(text);
  return { ok: false, text, errorKind: "not_permitted", target: null, rawBytes, clipped: false };
}

/** Broken arguments in a reply that hit the output limit are cut ones: say so. */
export function explainCut(result: ToolAnswer, finishReason: string): ToolAnswer {
  if (finishReason !== "length" || result.errorKind !== "invalid_arguments") return result;
  const text = `${result.text}\nYour reply was cut by the provider's output limit; make smaller calls.`;
  return { ...result, text };
}
