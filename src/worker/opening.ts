/**
 * The first request of a conversation: system message, user message and tools. A worker sends it, and
 * `dgov compile --show` prints it.
 */
import type { ToolDefinition } from "../model/message.ts";
import type { ConversationRequest } from "./protocol.ts";
import { systemPrompt } from "./system-prompt.ts";
import { toolsFor } from "./tools/index.ts";
import { type ProjectFiles, repoMap } from "./tools/repo-map.ts";
import type { Tool } from "./tools/tool.ts";

export interface Opening {
  system: string;
  prompt: string;
  /** Part of the system message. */
  repoMap: string;
  tools: Tool[];
  /** The tools as they are described to the model. */
  definitions: ToolDefinition[];
}

/** The opening of a conversation about the project whose files are given. */
export async function openingOf(
  request: ConversationRequest,
  files: ProjectFiles,
): Promise<Opening> {
  const tools = toolsFor(request.role);
  const map = await repoMap(files, request);
  const names = tools.map(({ name }) => name);
  return {
    system: systemPrompt(request, names, map),
    prompt: request.prompt,
    repoMap: map,
    tools,
    definitions: tools.map(({ name, description, parameters }) => ({
      name,
      description,
      parameters,
    })),
  };
}
