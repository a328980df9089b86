/** A compiled plan, as `_compiled.toml` contains it and a run executes it. Pure. */
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
  /** The text of `prompt` or of the prompt file; without SOPs. */
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
  /** Network of the worker's commands; null for that of the project. */
  network: "none" | "host" | null;
  selfReview: boolean;
  maxForkDepth: number;
  /** Names of the SOPs in the worker's prompt, in order. */
  sops: string[];
  sopsPickedBy: "pin" | "rules" | "model" | "none";
  /** Result of `unitDigest`; identifies the unit across runs. */
  digest: string;
}

export interface CompiledPlan {
  name: string;
  summary: string;
  defaultAgent: string | null;
  defaultProvider: string | null;
  maxRetries: number;
  /** Every task after its dependencies; otherwise in plan order: sections as listed, files and keys sorted by code unit. */
  tasks: CompiledTask[];
  /** Rendered text of each SOP that a task uses, by name. */
  sops: Record<string, string>;
  /** SHA-256 of the compiled bytes. */
  digest: string;
}

/** The dependency graph of a compiled plan for the kernel. */
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

/** Claims for writing. */
export function writeClaims(claims: Claims): string[] {
  return [...claims.create, ...claims.edit, ...claims.delete, ...claims.touch];
}

/**
 * SHA-256 of a unit's definition: summary, prompt, commit message, role, claims, dependencies, `test_cmd` and
 * `self_review`. Agent, provider, limits and SOPs are not included, nor is the order of claims and dependencies.
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

interface PromptPart {
  name: string;
  text: string;
}

/** The parts of a worker's prompt that come from the plan: SOPs, then the task. `compile --show` prints them. */
export function renderPrompt(plan: CompiledPlan, task: CompiledTask): { parts: PromptPart[] } {
  const sops = task.sops.flatMap((name) => {
    const text = plan.sops[name];
    return text === undefined ? [] : [{ name: `sop ${name}`, text: text.trimEnd() }];
  });
  return {
    parts: [...sops, { name: "task", text: `Task: ${task.summary}\n\n${task.prompt.trimEnd()}` }],
  };
}
