/**
 * Compiling: read -> parse -> resolve -> rules -> SOPs -> bytes. Same plan text and SOP assignment,
 * same bytes. Nothing is written here.
 */
import type { Diagnostic } from "../error.ts";
import { compareText } from "../std/order.ts";
import { suggest } from "../std/suggest.ts";
import { type CompiledPlan, type CompiledTask, writeClaims } from "./compiled.ts";
import { renderCompiled, withDigest } from "./compiled-file.ts";
import { unitDigest } from "./digest.ts";
import { joined, type PlanFiles } from "./files.ts";
import { topological } from "./order.ts";
import { at, type Plan, type PlanTask, resolveReferences } from "./plan.ts";
import { type Facts, rules } from "./rules.ts";
import type { SopPicker } from "./sops/picker.ts";
import { parseSops, renderSop, type Sop } from "./sops/sop.ts";
import { parsePlan } from "./source.ts";

export interface CompileInput {
  files: PlanFiles;
  /** The plan's folder, relative to the project root. */
  dir: string;
  config: Facts["config"];
  picker: SopPicker;
  needModels: boolean;
  /** Which of these paths the repository ignores. */
  ignored(paths: string[]): Promise<ReadonlySet<string>>;
  exists(path: string): boolean;
  submodules: readonly string[];
}

export type CompileResult =
  | { ok: true; plan: CompiledPlan; bytes: string; warnings: Diagnostic[]; edges: number }
  | { ok: false; diagnostics: Diagnostic[] };

const timeoutDefaultS = 900;
const maxRetriesDefault = 3;

/** Compiles the plan; every diagnostic at once, sorted by place. */
export async function compilePlan(input: CompileInput): Promise<CompileResult> {
  const parsed = parsePlan(input.files, input.dir);
  const diagnostics = [...parsed.diagnostics];
  if (parsed.source === null) return { ok: false, diagnostics: sorted(diagnostics) };
  const resolved = resolveReferences(parsed.source);
  diagnostics.push(...resolved.diagnostics);
  const { plan } = resolved;
  const facts: Facts = {
    config: input.config,
    ignored: await input.ignored(plan.tasks.flatMap((task) => writeClaims(task.claims))),
    exists: input.exists,
    submodules: input.submodules,
    needModels: input.needModels,
  };
  for (const rule of rules) diagnostics.push(...rule(plan, facts));
  const sops = readSops(input.files);
  diagnostics.push(...sops.diagnostics, ...unknownPins(plan, sops.sops));
  if (diagnostics.some((d) => d.severity === "error")) {
    return { ok: false, diagnostics: sorted(diagnostics) };
  }
  const picked = await pickSops(plan, sops.sops, input.picker);
  const compiled = assemble(plan, sops.sops, picked, input.picker.name);
  const bytes = renderCompiled(compiled);
  return {
    ok: true,
    plan: compiled,
    bytes,
    warnings: sorted(diagnostics),
    edges: plan.tasks.reduce((sum, task) => sum + task.deps.length, 0),
  };
}

function sorted(diagnostics: Diagnostic[]): Diagnostic[] {
  return diagnostics.sort(
    (a, b) =>
      compareText(a.file, b.file) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0) ||
      compareText(a.code, b.code) ||
      compareText(a.message, b.message),
  );
}

function readSops(files: PlanFiles): { sops: Sop[]; diagnostics: Diagnostic[] } {
  const folder = ".dgov/sops";
  const names = (files.list(folder) ?? []).filter((e) => !e.folder && e.name.endsWith(".md"));
  return parseSops(
    names.map(({ name }) => {
      const path = joined(folder, name);
      return { path, text: files.read(path) ?? "" };
    }),
  );
}

function unknownPins(plan: Plan, sops: readonly Sop[]): Diagnostic[] {
  const names = sops.map((sop) => sop.name);
  return plan.tasks.flatMap((task) =>
    (task.written.sop_mapping ?? [])
      .filter((name) => !names.includes(name))
      .map((name) => {
        const near = suggest(name, names);
        const hint =
          near !== null ? `did you mean ${near}?` : `there are ${names.join(", ") || "none"}`;
        return at(
          plan.source,
          task,
          "sop_mapping",
          "unknown-sop",
          `\`${name}\` is no SOP of this project`,
          hint,
        );
      }),
  );
}

async function pickSops(
  plan: Plan,
  sops: readonly Sop[],
  picker: SopPicker,
): Promise<Map<string, string[]>> {
  const open = plan.tasks.filter((task) => task.written.sop_mapping === undefined);
  return sops.length === 0 || open.length === 0 ? new Map() : picker.pick(open, sops);
}

function assemble(
  plan: Plan,
  sops: readonly Sop[],
  picked: ReadonlyMap<string, string[]>,
  picker: SopPicker["name"],
): CompiledPlan {
  const { root } = plan.source;
  const order = topological(plan.graph);
  const tasks = order.flatMap((id) => {
    const task = plan.byId.get(id);
    return task === undefined ? [] : compiledTask(task, picked.get(id), picker);
  });
  const used = new Set(tasks.flatMap((task) => task.sops));
  const compiled: Omit<CompiledPlan, "digest"> = {
    name: root.name,
    summary: root.summary ?? "",
    defaultAgent: root.default_agent ?? null,
    defaultProvider: root.default_provider ?? null,
    maxRetries: root.max_retries ?? maxRetriesDefault,
    tasks,
    sops: Object.fromEntries(
      sops.filter((sop) => used.has(sop.name)).map((sop) => [sop.name, renderSop(sop)]),
    ),
  };
  return withDigest(compiled);
}

function compiledTask(
  task: PlanTask,
  picked: string[] | undefined,
  picker: SopPicker["name"],
): CompiledTask {
  const { written: w } = task;
  const pinned = w.sop_mapping !== undefined;
  const compiled: Omit<CompiledTask, "digest"> = {
    id: task.id,
    summary: w.summary,
    prompt: task.prompt ?? "",
    commitMessage: w.commit_message ?? "",
    role: task.role,
    onReject: w.on_reject ?? "fail",
    agent: w.agent ?? null,
    provider: w.provider ?? null,
    dependsOn: task.deps,
    claims: task.claims,
    timeoutS: w.timeout_s ?? timeoutDefaultS,
    iterationBudget: w.iteration_budget ?? null,
    testCmd: w.test_cmd ?? null,
    selfReview: w.self_review ?? false,
    maxForkDepth: w.max_fork_depth ?? 1,
    sops: [...new Set(w.sop_mapping ?? picked ?? [])],
    sopsPickedBy: pinned ? "pin" : picked === undefined ? "none" : picker,
  };
  return { ...compiled, digest: unitDigest(compiled) };
}
