/** Every tool by role, and the one way to call them: validated, bounded, never throwing. */
import type { WorkerRequest, WorkerRole } from "../protocol.ts";
import { applyPatch } from "./apply-patch.ts";
import { parseArguments } from "./arguments.ts";
import { bounded } from "./bounds.ts";
import { codeTools } from "./code.ts";
import { commandTools } from "./commands.ts";
import { doneTool } from "./done.ts";
import { fileTools } from "./files.ts";
import { jsonQuery } from "./json-query.ts";
import { scopeStatus } from "./scope-status.ts";
import { searchTools } from "./search.ts";
import { refusal, type Tool, type ToolContext, type ToolResult } from "./tool.ts";

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
      result: refusal("unknown_tool", `there is no tool ${name}; there are ${known}`),
    };
  }
  const parsed = parseArguments(argumentsText, tool.parameters);
  if (!parsed.ok)
    return { args: parsed.value, result: refusal("invalid_arguments", parsed.problem) };
  try {
    const result = await tool.run(parsed.value, context);
    return { args: parsed.value, result: bounded(result, context.request.limits.toolOutputBytes) };
  } catch (error) {
    const text = `${name} failed: ${error instanceof Error ? error.message : String(error)}`;
    return { args: parsed.value, result: refusal("failed", text) };
  }
}
