/**
 * What parent and worker say to each other: the only file both programs share.
 *
 * The parent writes one `WorkerRequest` line on the worker's stdin, then `ParentMessage` lines; the
 * worker writes `WorkerMessage` lines on stdout and ends, with its tools, when stdin closes. Every
 * line is one JSON object.
 */
import type { Endpoint } from "../model/endpoint.ts";

export type WorkerRole = "worker" | "researcher" | "reviewer" | "planner";

export interface WorkerRequest {
  schema: "dgov.worker-request/1";
  role: WorkerRole;
  run: string;
  plan: string;
  unit: string;
  attempt: number;
  fork: number;
  /** Value of `DGOV_ATTEMPT` for every process the worker starts. */
  marker: string;
  /** Absolute path of the attempt's worktree (the repository's root, not the project's). */
  worktree: string;
  /** The project's folder below the worktree, "" or like `packages/app`. Tool paths and claims are relative to it. */
  projectDir: string;
  /** Commit the attempt started from. */
  base: string;
  /** The whole user message: task, SOPs, ledger, baseline notes, earlier rejections. */
  prompt: string;
  claims: { create: string[]; edit: string[]; delete: string[]; touch: string[]; read: string[] };
  model: string;
  provider: WorkerProvider;
  limits: WorkerLimits;
  /** Shell text of the configured commands; null when not configured. */
  commands: WorkerCommands;
  toolPolicy: WorkerToolPolicy;
  scope: { allow: string[]; deny: string[]; ignore: string[]; allowGitControl: boolean };
  /** Environment for tool processes, complete; nothing else is added but the marker. */
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

/** The key itself is in it. It travels on stdin only and is never written anywhere. */
export interface WorkerProvider extends Endpoint {
  name: string;
  retriesMax: number;
  retryAfterMaxMs: number;
  contextTokens: number;
  /** Longest first backoff step and cap, milliseconds. */
  backoffMinMs: number;
  backoffMaxMs: number;
}

export interface WorkerLimits {
  /** Model turns. */
  iterationBudget: number;
  toolOutputBytes: number;
  bashTimeoutMs: number;
  bashTimeoutMaxMs: number;
  commandTimeoutMs: number;
  treeMaxLines: number;
}

export interface WorkerCommands {
  test: string | null;
  lint: string | null;
  lintFix: string | null;
  format: string | null;
  typeCheck: string | null;
  /** `[verify.*]` recipes by name. */
  verify: Record<string, string>;
}

export interface WorkerToolPolicy {
  restrictRunBash: boolean;
  denyShellCommands: string[];
  denyShellFileMutations: boolean;
  requireWrappedVerifyTools: boolean;
  requireUvRun: boolean;
}

/** Tokens as the provider counted them; cached is part of prompt. */
export interface TokenUsage {
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
}

/** What the worker itself can say of its end; the parent adds crash and timeout. */
export type WorkerVerdict =
  | "complete"
  | "incomplete"
  | "blocked"
  | "exhausted"
  | "no_progress"
  | "provider_failed"
  | "refused_by_provider";

export type WorkerMessage =
  /** Asks the parent's rate limiter for leave to send one request. */
  | { type: "permit.requested"; id: number; estimatedTokens: number }
  | { type: "provider.limited"; retryAfterMs: number }
  | { type: "provider.retried"; attempt: number; delayMs: number; reason: string }
  | { type: "turn.started"; turn: number; turnsMax: number }
  /** A new message of the conversation, once each; requests name messages by digest (SHA-256 of its JSON). */
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
      /** Set when not ok. */
      errorKind: ToolErrorKind | null;
      /** What the model was told. */
      text: string;
      /** Size before clipping. */
      rawBytes: number;
      clipped: boolean;
      durationMs: number;
      /** The file the call was about, when it was about one. */
      target: string | null;
    }
  | { type: "history.cut"; turn: number; messages: number; reason: string }
  | { type: "warning"; text: string }
  /** The last message. `result` is the final summary: free text, or a reviewer's or researcher's typed answer. */
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

export type ParentMessage = { type: "permit.granted"; id: number };
