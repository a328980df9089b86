/** What a tool is, and the answers it gives. A tool never throws for what a model asks. */
import { mayWrite, type ScopePolicy } from "../../claims/verdict.ts";
import type { ToolErrorKind, WorkerRequest, WorkerRole } from "../protocol.ts";

export interface ToolContext {
  request: WorkerRequest;
  /** The project's root in the worktree; paths of arguments are relative to it. */
  root: string;
  signal: AbortSignal;
}

export interface ToolResult {
  ok: boolean;
  text: string;
  errorKind: ToolErrorKind | null;
  /** The file the call was about, when it was about one. */
  target: string | null;
  /** Size before clipping. */
  rawBytes: number;
  clipped: boolean;
}

/** The part of JSON Schema that tools describe their arguments with. */
export type ArgumentSchema = {
  type: "object";
  properties: Record<string, Property>;
  required: string[];
  additionalProperties: false;
};

export type Property =
  | { type: "string"; description: string; enum?: readonly string[] }
  | { type: "integer"; description: string; minimum?: number; maximum?: number }
  | { type: "boolean"; description: string }
  | { type: "object"; description: string };

export interface Tool {
  name: string;
  description: string;
  parameters: ArgumentSchema;
  roles: readonly WorkerRole[];
  /** `args` have passed the schema. */
  run(args: Record<string, unknown>, context: ToolContext): Promise<ToolResult>;
}

export const allRoles: readonly WorkerRole[] = ["worker", "researcher", "reviewer", "planner"];
export const workerOnly: readonly WorkerRole[] = ["worker"];

/** The schema of a tool's arguments; names ending in `?` are optional. */
export function argumentSchema(properties: Record<string, Property>): ArgumentSchema {
  const named = Object.entries(properties).map(
    ([name, property]) => [name.replace(/\?$/, ""), property] as const,
  );
  return {
    type: "object",
    properties: Object.fromEntries(named),
    required: Object.keys(properties).filter((name) => !name.endsWith("?")),
    additionalProperties: false,
  };
}

/** A good answer. */
export function toolAnswer(text: string, target: string | null = null): ToolResult {
  const rawBytes = Buffer.byteLength(text);
  return { ok: true, text, errorKind: null, target, rawBytes, clipped: false };
}

/** An answer that says what went wrong and, where possible, what to do instead. */
export function toolError(
  errorKind: ToolErrorKind,
  text: string,
  target: string | null = null,
): ToolResult {
  return { ...toolAnswer(text, target), ok: false, errorKind };
}

const changedFilesMax = 100;

/** The claims of a request as the one scope judge wants them. */
export function scopePolicyFor(request: WorkerRequest): ScopePolicy {
  const { claims, scope, projectDir } = request;
  return { claims, scope, projectDir, filesMax: changedFilesMax };
}

/** Null when the request's claims allow writing (or deleting) a path; the refusal otherwise. */
export function claimViolation(
  request: WorkerRequest,
  path: string,
  action: "write" | "delete" = "write",
): ToolResult | null {
  const allowed = mayWrite(path, scopePolicyFor(request), action);
  if (allowed.ok) return null;
  const text = `${path} may not be changed by this task: ${allowed.reason}`;
  return toolError("not_permitted", text, path);
}
