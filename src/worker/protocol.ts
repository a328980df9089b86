/**
 * The protocol between the runner or planner (the parent) and a worker process.
 *
 * The parent writes one `WorkerRequest` line to the worker's stdin, then `ParentMessage` lines. The worker
 * writes `WorkerMessage` lines to stdout, and exits with its tools when stdin closes. Each line is one JSON
 * object.
 */

import type { Endpoint } from "../model/endpoint.ts";
import type { TokenUsage } from "../model/usage.ts";
import type { WireConfine } from "../process/confine.ts";

/** Token counts in `turn.finished`; the parent imports the type with the protocol. */
export type { TokenUsage } from "../model/usage.ts";

export type WorkerRole = "worker" | "researcher" | "reviewer" | "planner";

export interface WorkerRequest {
  schema: "dgov.worker-request/1";
  role: WorkerRole;
  run: string;
  plan: string;
  unit: string;
  /** The task's summary, which names the departments whose paths it may write; "" for roles without claims. */
  summary: string;
  attempt: number;
  fork: number;
  /** Values that are removed from every message, besides the provider's key. */
  secrets?: string[];
  /** Value of `DGOV_ATTEMPT` for every process the worker starts. */
  marker: string;
  /** Absolute path of the attempt's worktree (the repository's root, not the project's). */
  worktree: string;
  /**
   * The project's folder below the worktree, e.g. `packages/app`, or "". Tool paths and claims are
   * relative to it.
   */
  projectDir: string;
  /** Commit the attempt started from. */
  base: string;
  /** Ask the parent before a complete `done` ends the work: gates rejected a tree of this unit before. */
  offersDone: boolean;
  /** The complete user message: task, SOPs, ledger, gates that fail on the base, earlier rejections. */
  prompt: string;
  claims: { create: string[]; edit: string[]; delete: string[]; touch: string[]; read: string[] };
  model: string;
  provider: WorkerProvider;
  limits: WorkerLimits;
  /** Shell texts of the configured commands; null for those not configured. */
  commands: WorkerCommands;
  toolPolicy: WorkerToolPolicy;
  /** The checkout and the git dir of the operator, which `restrict_run_bash` protects. */
  operatorPaths: string[];
  scope: { allow: string[]; deny: string[]; ignore: string[]; allowGitControl: boolean };
  departments: { name: string; patterns: string[] }[];
  /** The confinement of tool processes; null where they are not confined. */
  confine: WireConfine | null;
  /** The complete environment of tool processes, except the marker. */
  toolEnvironment: Record<string, string>;
  project: {
    language: string;
    srcDir: string;
    testDir: string;
    sourceExtensions: string[];
    lineLength: number;
    conventions: Record<string, string>;
  };
}

/** The part of a request from which the first messages of its conversation are made. */
export type ConversationRequest = Pick<
  WorkerRequest,
  | "role"
  | "unit"
  | "attempt"
  | "fork"
  | "prompt"
  | "claims"
  | "limits"
  | "commands"
  | "toolPolicy"
  | "scope"
  | "project"
>;

/** Includes the API key, which is sent through stdin only and never written to disk. */
export interface WorkerProvider extends Endpoint {
  name: string;
  retriesMax: number;
  retryAfterMaxMs: number;
  contextTokens: number;
  /** First backoff delay and longest backoff delay. */
  backoffMinMs: number;
  backoffMaxMs: number;
}

interface WorkerLimits {
  /** Model turns. */
  iterationBudget: number;
  toolOutputBytes: number;
  bashTimeoutMs: number;
  bashTimeoutMaxMs: number;
  commandTimeoutMs: number;
  treeMaxLines: number;
}

interface WorkerCommands {
  test: string | null;
  lint: string | null;
  lintFix: string | null;
  format: string | null;
  typeCheck: string | null;
  /** `[verify.*]` recipes by name. */
  verify: Record<string, string>;
  /** `[[gates]]` by name that a change of the claimed paths has to pass. */
  gates: Record<string, string>;
}

export interface WorkerToolPolicy {
  restrictRunBash: boolean;
  denyShellCommands: string[];
  denyShellFileMutations: boolean;
  requireWrappedVerifyTools: boolean;
  requireUvRun: boolean;
}

/** The outcomes that a worker reports itself. The parent adds `crashed`, `timed_out` and `disapproved`. */
export type WorkerVerdict =
  | "complete"
  | "incomplete"
  | "blocked"
  | "exhausted"
  | "no_progress"
  | "provider_failed"
  | "refused_by_provider";

export type WorkerMessage =
  /** Requests permission from the parent's rate limiter to send one model request. */
  | { type: "permit.requested"; id: number; estimatedTokens: number }
  /** Asks the parent whether a complete `done` may end the work; only with `offersDone` in the request. */
  | { type: "done.offered"; id: number }
  | { type: "provider.limited"; retryAfterMs: number }
  | { type: "provider.retried"; attempt: number; delayMs: number; reason: string }
  | { type: "turn.started"; turn: number; turnsMax: number }
  /** A message of the conversation, sent once; requests refer to it by digest (SHA-256 of its JSON). */
  | { type: "message.recorded"; digest: string; message: unknown }
  | {
      type: "turn.finished";
      turn: number;
      model: string;
      messages: string[];
      response: string;
      finishReason: string | null;
      usage: TokenUsage | null;
      durationMs: number;
    }
  | { type: "thought"; turn: number; text: string }
  | { type: "call"; turn: number; callId: string; tool: string; args: unknown }
  | {
      type: "result";
      turn: number;
      callId: string;
      tool: string;
      ok: boolean;
      /** Null when ok. */
      errorKind: ToolErrorKind | null;
      /** The text sent to the model. */
      text: string;
      /** Size before clipping. */
      rawBytes: number;
      clipped: boolean;
      durationMs: number;
      /** The file that the call read or changed, when it was one file. */
      target: string | null;
    }
  | { type: "history.cut"; turn: number; messages: number; reason: string }
  | { type: "warning"; text: string }
  /** The last message. `result` is a worker's summary text, or the typed answer of another role. */
  | { type: "outcome"; verdict: WorkerVerdict; reason: string; result: unknown };

export type ToolErrorKind =
  | "invalid_arguments"
  | "unknown_tool"
  | "not_permitted"
  | "not_found"
  | "ambiguous"
  | "conflict"
  | "timeout"
  | "command_failed"
  | "unsupported"
  | "failed";

export type ParentMessage =
  | { type: "permit.granted"; id: number }
  /** `problem` is the reason why the work is not done; null accepts the end. */
  | { type: "done.answered"; id: number; problem: string | null };
