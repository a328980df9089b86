/** The tools of each role, and the call of a tool: arguments checked, results bounded, errors returned. */

import { requireOwnFolder } from "../../git/own-folder.ts";
import { isInsideFolder, treeInside } from "../../sandbox/view.ts";
import { suggest } from "../../std/suggest.ts";
import { errorMessage } from "../../std/text.ts";
import type { WorkerRole } from "../protocol.ts";
import { applyPatch } from "./apply-patch.ts";
import { codeTools } from "./code-tools.ts";
import { commandTools } from "./command-tools.ts";
import { fileTools } from "./file-tools.ts";
import { jsonQuery } from "./json-query.ts";
import { scopeStatus } from "./scope-status.ts";
import { searchTools } from "./search-tools.ts";
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

/** The tools of a role. Read-only roles get no tool that writes files or runs a command. */
export function toolsFor(role: WorkerRole): Tool[] {
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

/** The tool `done`. The worker's own statement of its outcome, which the loop handles; gates verify it. */
function doneTool(role: WorkerRole): Tool {
  return {
    name: "done",
    description:
      "End the work: complete when the task is done and verified, incomplete when something is missing, blocked when you cannot continue.",
    parameters: argumentSchema({
      status: {
        type: "string",
        description: "the outcome",
        enum: ["complete", "incomplete", "blocked"],
      },
      summary: { type: "string", description: "what was done, or what is missing and why" },
      ...(role === "worker"
        ? {}
        : {
            "result?": { type: "object", description: "the answer, in the form given by the task" },
          }),
    }),
    roles: allRoles,
    run: async () => toolAnswer("ended"),
  };
}

/**
 * Calls a tool with arguments as the model wrote them. Never throws: an unknown name, invalid arguments and
 * errors of the tool are results. `args` are the parsed arguments, valid or not; null for an unknown tool or a text that is not JSON.
 */
export async function callTool(
  tools: readonly Tool[],
  name: string,
  argumentsText: string,
  context: ToolContext,
): Promise<{ args: unknown; result: ToolResult }> {
  const tool = tools.find((candidate) => candidate.name === name);
  if (tool === undefined) {
    const known = tools.map((candidate) => candidate.name).join(", ");
    return {
      args: null,
      result: toolError("unknown_tool", `there is no tool ${name}; the tools are ${known}`),
    };
  }
  const parsed = parseArguments(argumentsText, tool.parameters);
  if (!parsed.ok)
    return { args: parsed.value, result: toolError("invalid_arguments", parsed.problem) };
  try {
    // A command may have put a link in place of the worktree; the file tools would follow it.
    requireOwnFolder(context.request.worktree);
    const args = withOwnPaths(parsed.value, context);
    const result = await tool.run(args, context);
    const bytesMax = context.request.limits.toolOutputBytes;
    return { args: parsed.value, result: clipResult(result, bytesMax) };
  } catch (error) {
    const text = `${name} failed: ${errorMessage(error)}`;
    return { args: parsed.value, result: toolError("failed", text) };
  }
}

/** Arguments of tools that are paths. */
const pathArguments = new Set(["path", "file", "from", "to"]);

/** The arguments with paths as confined commands see them replaced by those of the worktree. */
function withOwnPaths(
  args: Record<string, unknown>,
  { request }: ToolContext,
): Record<string, unknown> {
  if (request.confine === null) return args;
  const own = (value: unknown): unknown =>
    typeof value === "string" && isInsideFolder(value, treeInside)
      ? `${request.worktree}${value.slice(treeInside.length)}`
      : value;
  const entries = Object.entries(args).map(([name, value]): [string, unknown] => [
    name,
    pathArguments.has(name) ? own(value) : value,
  ]);
  return Object.fromEntries(entries);
}

// ------------------------------------------------------------
// Arguments, checked against a tool's schema.

type ParsedArguments =
  | { ok: true; value: Record<string, unknown> }
  | { ok: false; problem: string; value: unknown };

/** Parses and checks the arguments of a call; an empty text is an empty object. */
function parseArguments(text: string, schema: ArgumentSchema): ParsedArguments {
  let value: unknown;
  try {
    value = text.trim() === "" ? {} : JSON.parse(text);
  } catch (error) {
    const problem = `the arguments are not JSON: ${errorMessage(error)}`;
    return { ok: false, problem, value: null };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { ok: false, problem: "the arguments must be a JSON object", value };
  }
  const given = value as Record<string, unknown>;
  const problems = [
    ...schema.required.filter((name) => !(name in given)).map((name) => `\`${name}\` is missing`),
    ...Object.entries(given).flatMap(([name, item]) => argumentProblems(name, item, schema)),
  ];
  return problems.length === 0
    ? { ok: true, value: given }
    : { ok: false, problem: problems.join("; "), value };
}

function argumentProblems(name: string, item: unknown, schema: ArgumentSchema): string[] {
  const property = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
  if (property === undefined) {
    const near = suggest(name, Object.keys(schema.properties));
    return [`unknown argument \`${name}\`${near === null ? "" : `, did you mean \`${near}\`?`}`];
  }
  return matches(item, property) ? [] : [`\`${name}\` must be ${expectation(property)}`];
}

function matches(item: unknown, property: Property): boolean {
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

/** The values of a property, e.g. `a whole number from 1 up to 20`. */
function expectation(property: Property): string {
  if (property.type === "string" && property.enum) return `one of ${property.enum.join(", ")}`;
  if (property.type !== "integer") return `a ${property.type}`.replace("a object", "an object");
  const { minimum, maximum } = property;
  const from = minimum === undefined ? "" : ` from ${minimum}`;
  return `a whole number${from}${maximum === undefined ? "" : ` up to ${maximum}`}`;
}

// ------------------------------------------------------------
// Results of bounded size.

/** The result with at most `bytesMax` bytes of text: head, a note, tail. */
function clipResult(result: ToolResult, bytesMax: number): ToolResult {
  const bytes = Buffer.from(result.text);
  if (bytes.length <= bytesMax) return result;
  const half = Math.floor((bytesMax - 160) / 2);
  const head = decode(bytes.subarray(0, half));
  const tail = decode(bytes.subarray(bytes.length - half));
  const left = bytes.length - 2 * half;
  const text = `${head}\n[... ${left} of ${bytes.length} bytes left out; request less at a time ...]\n${tail}`;
  return { ...result, text, clipped: true, rawBytes: bytes.length };
}

/** The text of a byte range, without the parts of characters cut at its ends. */
function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replace(/^\uFFFD+|\uFFFD+$/g, "");
}
