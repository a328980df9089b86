/** A compiled plan: what `_compiled.toml` holds and what a run executes. */
import type { Dag, Role } from "../kernel/dag.ts";
import { sha256 } from "../std/digest.ts";

export interface Claims {
  create: string[];
  edit: string[];
  delete: string[];
  touch: string[];
  read: string[];
}

export interface CompiledTask {
  /** Full unit id. */
  id: string;
  summary: string;
  /** The task's own text, prompt files read in; SOPs are not part of it. */
  prompt: string;
  commitMessage: string;
  role: Role;
  onReject: "fail" | "fix";
  agent: string | null;
  provider: string | null;
  dependsOn: string[];
  claims: Claims;
  timeoutS: number;
  iterationBudget: number | null;
  testCmd: string | null;
  selfReview: boolean;
  maxForkDepth: number;
  /** Names of the SOPs the worker gets, in order, and who chose them. */
  sops: string[];
  sopsPickedBy: "pin" | "rules" | "model" | "none";
  /** Identity between runs; see `unitDigest`. */
  digest: string;
}

export interface CompiledPlan {
  name: string;
  summary: string;
  defaultAgent: string | null;
  defaultProvider: string | null;
  maxRetries: number;
  /** Tasks in plan order: sections as listed, files and tasks sorted by code unit, dependencies first where they must. */
  tasks: CompiledTask[];
  /** SOP bodies by name, as rendered into prompts; only those some task uses. */
  sops: Record<string, string>;
  /** SHA-256 of the compiled bytes. */
  digest: string;
}

/** The kernel's view of a compiled plan. */
export function dagOf(plan: CompiledPlan): Dag {
  return {
    units: plan.tasks.map((task) => ({
      id: task.id,
      role: task.role,
      deps: task.dependsOn,
      selfReview: task.selfReview,
      forksMax: task.maxForkDepth,
      fixesMax: task.role === "reviewer" && task.onReject === "fix" ? 1 : 0,
    })),
  };
}

/** Claims that grant writing. */
export function writeClaims(claims: Claims): string[] {
  return [...claims.create, ...claims.edit, ...claims.delete, ...claims.touch];
}

// ------------------------------------------------------------
// A unit's identity between runs. Pure.

/**
 * Covers what the unit is asked to do: summary, prompt text, commit message, role, claims,
 * dependencies, `test_cmd`, `self_review`. Not who does it or within which limits: agent, provider,
 * timeouts, SOPs. The order of claims and dependencies does not count.
 */
export function unitDigest(task: Omit<CompiledTask, "digest">): string {
  const { create, delete: remove, edit, read, touch } = task.claims;
  const identity = {
    claims: {
      create: create.toSorted(),
      delete: remove.toSorted(),
      edit: edit.toSorted(),
      read: read.toSorted(),
      touch: touch.toSorted(),
    },
    commitMessage: task.commitMessage,
    dependsOn: task.dependsOn.toSorted(),
    prompt: task.prompt,
    role: task.role,
    selfReview: task.selfReview,
    summary: task.summary,
    testCmd: task.testCmd,
  };
  return sha256(JSON.stringify(identity));
}

// ------------------------------------------------------------
// The part of a worker's message that the plan decides: SOPs, then the task's own text. Pure.

export interface PromptPart {
  name: string;
  text: string;
}

/** Exactly what the worker is sent of the plan, in order; `compile --show` prints it. */
export function renderPrompt(plan: CompiledPlan, task: CompiledTask): { parts: PromptPart[] } {
  const sops = task.sops.flatMap((name) => {
    const text = plan.sops[name];
    return text === undefined ? [] : [{ name: `sop ${name}`, text: text.trimEnd() }];
  });
  return {
    parts: [...sops, { name: "task", text: `Task: ${task.summary}\n\n${task.prompt.trimEnd()}` }],
  };
}
