/** done: the worker's own word on how it ended. The loop acts on it; nobody has to believe it. */
import type { WorkerRole } from "../protocol.ts";
import { answer, args, everyRole, type Tool } from "./tool.ts";

/** The tool as a role is offered it. */
export function doneTool(role: WorkerRole): Tool {
  return {
    name: "done",
    description:
      "End the work: complete when the task is done and verified, incomplete when it is not, blocked when it cannot be.",
    parameters: args({
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
    roles: everyRole,
    run: async () => answer("ended"),
  };
}
