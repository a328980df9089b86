/** `_compiled.toml`: a compiled plan as text, and back. Written whole or not at all. */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseToml, stringifyToml } from "../config/toml.ts";
import { sha256 } from "../std/digest.ts";
import type { CompiledPlan, CompiledTask } from "./compiled.ts";

export const compiledName = "_compiled.toml";

/** The plan with its digest, the SHA-256 of its bytes. */
export function withDigest(plan: Omit<CompiledPlan, "digest">): CompiledPlan {
  return { ...plan, digest: sha256(renderCompiled(plan)) };
}

/** The bytes of a compiled plan. */
export function renderCompiled(plan: Omit<CompiledPlan, "digest">): string {
  const tasks = plan.tasks.map((task) => [task.id, renderTask(task)]);
  return `# Made by dgov compile; edits are lost.\n${stringifyToml({
    plan: {
      name: plan.name,
      summary: plan.summary,
      ...optional("default_agent", plan.defaultAgent),
      ...optional("default_provider", plan.defaultProvider),
      max_retries: plan.maxRetries,
      order: plan.tasks.map((task) => task.id),
    },
    sops: plan.sops,
    tasks: Object.fromEntries(tasks),
  })}\n`;
}

function optional(key: string, value: string | number | null): Record<string, string | number> {
  return value === null ? {} : { [key]: value };
}

function renderTask(task: CompiledTask): Record<string, unknown> {
  const files = Object.entries(task.claims).filter(([, paths]) => paths.length > 0);
  return {
    summary: task.summary,
    prompt: task.prompt,
    commit_message: task.commitMessage,
    role: task.role,
    on_reject: task.onReject,
    ...optional("agent", task.agent),
    ...optional("provider", task.provider),
    depends_on: task.dependsOn,
    timeout_s: task.timeoutS,
    ...optional("iteration_budget", task.iterationBudget),
    ...optional("test_cmd", task.testCmd),
    self_review: task.selfReview,
    max_fork_depth: task.maxForkDepth,
    sops: task.sops,
    sops_picked_by: task.sopsPickedBy,
    digest: task.digest,
    files: Object.fromEntries(files),
  };
}

/** A plan from the bytes `renderCompiled` made; null when they are something else. */
export function readCompiled(text: string): CompiledPlan | null {
  const parsed = parseToml(text);
  if (!parsed.ok) return null;
  const { plan, sops, tasks } = parsed.value as {
    plan?: Record<string, unknown>;
    sops?: Record<string, string>;
    tasks?: Record<string, Record<string, unknown>>;
  };
  if (plan === undefined || tasks === undefined || !Array.isArray(plan["order"])) return null;
  return {
    name: String(plan["name"]),
    summary: String(plan["summary"]),
    defaultAgent: (plan["default_agent"] as string | undefined) ?? null,
    defaultProvider: (plan["default_provider"] as string | undefined) ?? null,
    maxRetries: Number(plan["max_retries"]),
    sops: sops ?? {},
    tasks: (plan["order"] as string[]).flatMap((id) => {
      const task = tasks[id];
      return task === undefined ? [] : readTask(id, task);
    }),
    digest: sha256(text),
  };
}

function readTask(id: string, t: Record<string, unknown>): CompiledTask {
  const files = (t["files"] ?? {}) as Partial<CompiledTask["claims"]>;
  return {
    id,
    summary: String(t["summary"]),
    prompt: String(t["prompt"]),
    commitMessage: String(t["commit_message"]),
    role: t["role"] as CompiledTask["role"],
    onReject: t["on_reject"] as CompiledTask["onReject"],
    agent: (t["agent"] as string | undefined) ?? null,
    provider: (t["provider"] as string | undefined) ?? null,
    dependsOn: t["depends_on"] as string[],
    claims: { create: [], edit: [], delete: [], touch: [], read: [], ...files },
    timeoutS: Number(t["timeout_s"]),
    iterationBudget: (t["iteration_budget"] as number | undefined) ?? null,
    testCmd: (t["test_cmd"] as string | undefined) ?? null,
    selfReview: t["self_review"] === true,
    maxForkDepth: Number(t["max_fork_depth"]),
    sops: t["sops"] as string[],
    sopsPickedBy: t["sops_picked_by"] as CompiledTask["sopsPickedBy"],
    digest: String(t["digest"]),
  };
}

/** Replaces the compiled file of a plan folder: readers see the old bytes or the new ones. */
export function writeCompiled(planDir: string, bytes: string): void {
  const path = join(planDir, compiledName);
  const aside = `${path}.${process.pid}`;
  const file = openSync(aside, "w", 0o644);
  try {
    writeSync(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(aside, path);
}
