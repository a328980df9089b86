/** Every tool by role, and the one way to call them: validated, bounded, never throwing. */

import { suggest } from "../../std/suggest.ts";
import type { WorkerRequest, WorkerRole } from "../protocol.ts";
import { applyPatch } from "./apply-patch.ts";
import { codeTools } from "./code.ts";
import { commandTools } from "./commands.ts";
import { fileTools } from "./files.ts";
import { jsonQuery } from "./json-query.ts";
import { scopeStatus } from "./scope-status.ts";
import { searchTools } from "./search.ts";
import {
  type ArgumentSchema,
  allRoles,
  argumentSchema,
  type Property,
  type Tool,
  type ToolContext,
  type ToolResult,
  toolAnswer,
  toolError,
} from "./tool.ts";

export type { Tool, ToolContext, ToolResult } from "./tool.ts";

/** The tools a role is offered. Read-only roles get none that writes or runs a command. */
export function toolsFor(role: WorkerRole, _request: WorkerRequest): Tool[] {
  const all = [
    ...fileTools,
    applyPatch,
    ...searchTools,
    ...codeTools,
    jsonQuery,
    ...commandTools,
    scopeStatus,
    doneTool(role),
  ];
  return all.filter((tool) => tool.roles.includes(role));
}

/** Calls a tool by name with arguments as the model wrote them. Whatever is wrong is a result. */
export async function callTool(
  tools: readonly Tool[],
  name: string,
  argumentsText: string,
  context: ToolContext,
): Promise<{ args: unknown; result: ToolResult }> {
  const tool = tools.find((one) => one.name === name);
  if (tool === undefined) {
    const known = tools.map((one) => one.name).join(", ");
    return {
      args: null,
      result: toolError("unknown_tool", `there is no tool ${name}; there are ${known}`),
    };
  }
  const parsed = parseArguments(argumentsText, tool.parameters);
  if (!parsed.ok)
    return { args: parsed.value, result: toolError("invalid_arguments", parsed.problem) };
  try {
    const result = await tool.run(parsed.value, context);
    return {
      args: parsed.value,
      result: clipResult(result, context.request.limits.toolOutputBytes),
    };
  } catch (error) {
    const text = `${name} failed: ${error instanceof Error ? error.message : String(error)}`;
    return { args: parsed.value, result: toolError("failed", text) };
  }
}

// ------------------------------------------------------------
// done: the worker's own word on how it ended. The loop acts on it; nobody has to believe it.

/** The tool as a role is offered it. */
export function doneTool(role: WorkerRole): Tool {
  return {
    name: "done",
    description:
      "End the work: complete when the task is done and verified, incomplete when it is not, blocked when it cannot be.",
    parameters: argumentSchema({
      status: {
        type: "string",
        description: "how it ended",
        enum: ["complete", "incomplete", "blocked"],
      },
      summary: { type: "string", description: "what was done, or what is missing and why" },
      ...(role === "worker"
        ? {}
        : { "result?": { type: "object", description: "the answer, as the task asks for it" } }),
    }),
    roles: allRoles,
    run: async () => toolAnswer("ended"),
  };
}

// ------------------------------------------------------------
// Arguments as a model sends them, held against a tool's schema. Pure.

export type ParsedArguments =
  | { ok: true; value: Record<string, unknown> }
  | { ok: false; problem: string; value: unknown };

/** Parses the text of a call's arguments; an empty one means none. */
export function parseArguments(text: string, schema: ArgumentSchema): ParsedArguments {
  let value: unknown;
  try {
    value = text.trim() === "" ? {} : JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, problem: `the arguments are not JSON: ${why}`, value: null };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { ok: false, problem: "the arguments must be a JSON object", value };
  }
  const given = value as Record<string, unknown>;
  const problems = [
    ...schema.required.filter((name) => !(name in given)).map((name) => `\`${name}\` is missing`),
    ...Object.entries(given).flatMap(([name, item]) => problemOf(name, item, schema)),
  ];
  return problems.length === 0
    ? { ok: true, value: given }
    : { ok: false, problem: problems.join("; "), value };
}

function problemOf(name: string, item: unknown, schema: ArgumentSchema): string[] {
  const property = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
  if (property === undefined) {
    const near = suggest(name, Object.keys(schema.properties));
    return [`unknown argument \`${name}\`${near === null ? "" : `, did you mean \`${near}\`?`}`];
  }
  return fits(item, property) ? [] : [`\`${name}\` must be ${wanted(property)}`];
}

function fits(item: unknown, property: Property): boolean {
  switch (property.type) {
    case "string":
      return typeof item === "string" && (property.enum?.includes(item) ?? true);
    case "integer": {
      const { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = property;
      return Number.isInteger(item) && Number(item) >= minimum && Number(item) <= maximum;
    }
    case "boolean":
      return typeof item === "boolean";
    case "object":
      return typeof item === "object" && item !== null;
    default:
      return property satisfies never;
  }
}

function wanted(property: Property): string {
  if (property.type === "string" && property.enum) return `one of ${property.enum.join(", ")}`;
  if (property.type !== "integer") return `a ${property.type}`.replace("a object", "an object");
  const { minimum, maximum } = property;
  const from = minimum === undefined ? "" : ` from ${minimum}`;
  return `a whole number${from}${maximum === undefined ? "" : ` up to ${maximum}`}`;
}

// ------------------------------------------------------------
// Results of bounded size: head and tail, and a word on what is between. Pure.

/** The result with at most `bytesMax` bytes of text. */
export function clipResult(result: ToolResult, bytesMax: number): ToolResult {
  const bytes = Buffer.from(result.text);
  if (bytes.length <= bytesMax) return result;
  const half = Math.floor((bytesMax - 160) / 2);
  const head = decode(bytes.subarray(0, half));
  const tail = decode(bytes.subarray(bytes.length - half));
  const left = bytes.length - 2 * half;
  const text = `${head}\n[... ${left} of ${bytes.length} bytes left out; ask for less at a time ...]\n${tail}`;
  return { ...result, text, clipped: true, rawBytes: bytes.length };
}

/** Text of bytes cut anywhere: halves of characters at the ends go. */
function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replace(/^\uFFFD+|\uFFFD+$/g, "");
}
