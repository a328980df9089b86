/** The interface of a tool, its results, and the check of its claims. */
import { changedFilesMax, mayWrite, type ScopePolicy } from "../../claims/verdict.ts";
import type { ToolErrorKind, WorkerRequest, WorkerRole } from "../protocol.ts";

export interface ToolContext {
  request: WorkerRequest;
  /** Absolute path of the project root in the worktree; path arguments are relative to it. */
  root: string;
  signal: AbortSignal;
}

export interface ToolResult {
  ok: boolean;
  text: string;
  errorKind: ToolErrorKind | null;
  /** The file that the call read or changed, when it was one file. */
  target: string | null;
  /** Size before clipping. */
  rawBytes: number;
  clipped: boolean;
}

/** The subset of JSON Schema that describes a tool's arguments. */
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
  /** Runs the tool with arguments that match `parameters`. Reports mistakes of the model as a result. */
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

/** Tools that change the file that is their result's `target`. */
export const writingTools: ReadonlySet<string> = new Set([
  "write_file",
  "edit_file",
  "apply_patch",
  "delete_file",
  "move_file",
  "revert_file",
  "format_file",
  "lint_fix",
]);

/** A successful result. */
export function toolAnswer(text: string, target: string | null = null): ToolResult {
  const rawBytes = Buffer.byteLength(text);
  return { ok: true, text, errorKind: null, target, rawBytes, clipped: false };
}

/** A failed result: the cause and, where possible, what to do instead. */
export function toolError(
  errorKind: ToolErrorKind,
  text: string,
  target: string | null = null,
): ToolResult {
  return { ...toolAnswer(text, target), ok: false, errorKind };
}

/** The scope policy of a request, for `claims/verdict.ts`: the one of the review. */
export function scopePolicyFor(request: WorkerRequest): ScopePolicy {
  const { claims, scope, projectDir, departments, summary: unitSummary } = request;
  return { claims, scope, projectDir, filesMax: changedFilesMax, departments, unitSummary };
}

/** The error when the request's claims do not allow writing or deleting a path; null when they do. */
export function claimViolation(
  request: WorkerRequest,
  path: string,
  action: "write" | "delete" = "write",
): ToolResult | null {
  const allowed = mayWrite(path, scopePolicyFor(request), action);
  if (allowed.ok) return null;
  const text = `this task may not change ${path}: ${allowed.reason}`;
  return toolError("not_permitted", text, path);
}
