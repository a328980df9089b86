/** The tools of one request, ready to be offered and called. */
import { join } from "node:path";
import type { ToolOffer } from "../model/message.ts";
import type { ToolAnswer } from "./loop.ts";
import type { WorkerRequest } from "./protocol.ts";
import { callTool, toolsFor } from "./tools/index.ts";
import { repoMap } from "./tools/repo-map.ts";

/** What a session needs of the tools; the loop never sees more. */
export interface Toolbox {
  offers: readonly ToolOffer[];
  /** Runs one call; never throws. */
  call(tool: string, argumentsText: string): Promise<{ args: unknown; result: ToolAnswer }>;
  /** The repository at a glance, for the system prompt. */
  repoMap(): Promise<string>;
}

/** The tools of the request's role, working in its worktree until the signal. */
export async function openToolbox(request: WorkerRequest, signal: AbortSignal): Promise<Toolbox> {
  const tools = toolsFor(request.role, request);
  const context = { request, root: join(request.worktree, request.projectDir), signal };
  return {
    offers: tools.map(({ name, description, parameters }) => ({ name, description, parameters })),
    call: (tool, argumentsText) => callTool(tools, tool, argumentsText, context),
    repoMap: () => repoMap(context),
  };
}
