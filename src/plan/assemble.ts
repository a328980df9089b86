/** The compiled plan of a checked plan, with every default filled in. Pure. */
import { sha256 } from "../std/digest.ts";
import { type CompiledPlan, type CompiledTask, unitDigest } from "./compiled.ts";
import { renderCompiled } from "./compiled-file.ts";
import type { Plan, PlanTask } from "./plan.ts";
import { planTableKeys, taskKeys } from "./plan-keys.ts";
import type { SopChoice } from "./sops/picker.ts";
import { renderSop, type Sop } from "./sops/sop.ts";

/** The compiled plan and its bytes. Every task comes after its dependencies. */
export function assemble(
  plan: Plan,
  sops: readonly Sop[],
  choices: ReadonlyMap<string, SopChoice>,
): { compiled: CompiledPlan; bytes: string } {
  const { root } = plan.source;
  const tasks = plan.order.order.flatMap((index) => {
    const task = plan.tasks[index];
    return task === undefined ? [] : [assembleTask(task, choices.get(task.id))];
  });
  const used = new Set(tasks.flatMap((task) => task.sops));
  const content = {
    name: root.name ?? "",
    summary: root.summary ?? "",
    defaultAgent: root.default_agent || null,
    defaultProvider: root.default_provider || null,
    maxRetries: root.max_retries ?? planTableKeys.max_retries.default,
    tasks,
    sops: Object.fromEntries(
      sops.filter(({ name }) => used.has(name)).map((sop) => [sop.name, renderSop(sop)]),
    ),
  };
  const bytes = renderCompiled(content);
  return { compiled: { ...content, digest: sha256(bytes) }, bytes };
}

function assembleTask(task: PlanTask, choice: SopChoice | undefined): CompiledTask {
  const { written } = task;
  const compiled: Omit<CompiledTask, "digest"> = {
    id: task.id,
    summary: written.summary ?? "",
    prompt: task.prompt ?? "",
    commitMessage: written.commit_message ?? "",
    role: task.role,
    onReject: written.on_reject ?? taskKeys.on_reject.default,
    agent: written.agent || null,
    provider: written.provider || null,
    dependsOn: task.dependsOn,
    claims: normalClaims(task),
    timeoutS: written.timeout_s || taskKeys.timeout_s.default,
    iterationBudget: written.iteration_budget ?? null,
    testCmd: written.test_cmd || null,
    network: written.network ?? null,
    selfReview: written.self_review ?? taskKeys.self_review.default,
    maxForkDepth: written.max_fork_depth ?? taskKeys.max_fork_depth.default,
    sops: [...new Set(choice?.names ?? [])],
    sopsPickedBy: choice?.by ?? "none",
  };
  return { ...compiled, digest: unitDigest(compiled) };
}

/** The claims of a task, normalised and without duplicates. */
function normalClaims(task: PlanTask): CompiledTask["claims"] {
  const of = (kind: keyof CompiledTask["claims"]): string[] => [
    ...new Set(task.parsed.filter((claim) => claim.kind === kind).map(({ claim }) => claim.text)),
  ];
  return {
    create: of("create"),
    edit: of("edit"),
    delete: of("delete"),
    touch: of("touch"),
    read: of("read"),
  };
}
