/** A compiled plan: what `_compiled.toml` holds and what a run executes. */
import type { Dag, Role } from "../kernel/dag.ts";

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
