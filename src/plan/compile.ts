/**
 * Compiling: read -> parse -> resolve -> rules -> SOPs -> bytes. Same plan text and SOP assignment,
 * same bytes. Nothing is written here, and every problem is reported at once.
 */
import type { Config } from "../config/config.ts";
import { resolveModel } from "../config/providers.ts";
import type { Diagnostic } from "../error.ts";
import { didYouMean, suggest } from "../std/suggest.ts";
import { assemble } from "./assemble.ts";
import type { CompiledPlan } from "./compiled.ts";
import { sortDiagnostics } from "./diagnostic.ts";
import { buildPlan, type Plan, taskDiagnostic } from "./plan.ts";
import type { PlanFiles } from "./plan-files.ts";
import { verifyTools } from "./prompt-text.ts";
import type { RuleContext } from "./rule-context.ts";
import { rules } from "./rules/index.ts";
import type { SopChoice, SopPicker } from "./sops/picker.ts";
import { readSops } from "./sops/read.ts";
import type { Sop } from "./sops/sop.ts";
import { type ParsedPlan, parsePlan } from "./source.ts";

/** What checking a plan takes; whatever touches the machine is passed in. */
export interface CheckInput {
  files: PlanFiles;
  config: Config;
  /** Providers and models must resolve. */
  needModels: boolean;
  /** Which of these paths (project-relative, folders end in `/`) the repository ignores. */
  ignored(paths: string[]): Promise<ReadonlySet<string>>;
  /** Whether a path (project-relative) exists. */
  exists(path: string): boolean;
  /** Folders of submodules, project-relative. */
  submodules: readonly string[];
  /** Which of these programs are not there; without it nobody is asked. */
  missingTools?(programs: string[]): ReadonlySet<string>;
  /** What each of these files (those that are code) imports within the project; without it nobody looks. */
  imported?(paths: string[]): Promise<ReadonlyMap<string, readonly string[]>>;
}

export interface CompileInput extends CheckInput {
  /** The plan's folder, relative to the project root. */
  dir: string;
  picker: SopPicker;
}

export type CompileResult =
  | {
      ok: true;
      plan: CompiledPlan;
      bytes: string;
      warnings: Diagnostic[];
      edges: number;
      /** Why each unit got its SOPs. */
      sops: ReadonlyMap<string, SopChoice>;
    }
  | { ok: false; diagnostics: Diagnostic[] };

/** Compiles the plan; every diagnostic at once, sorted by place. */
export async function compilePlan(input: CompileInput): Promise<CompileResult> {
  const { plan, sops, diagnostics } = await check(parsePlan(input.files, input.dir), input);
  if (plan === null || diagnostics.some(({ severity }) => severity === "error")) {
    return { ok: false, diagnostics: sortDiagnostics(diagnostics) };
  }
  const chosen = await chooseSops(plan, sops, input.picker);
  if (chosen.diagnostics.length > 0) {
    return { ok: false, diagnostics: sortDiagnostics([...diagnostics, ...chosen.diagnostics]) };
  }
  const { compiled, bytes } = assemble(plan, sops, chosen.choices);
  return {
    ok: true,
    plan: compiled,
    bytes,
    warnings: sortDiagnostics(diagnostics),
    edges: plan.edges.reduce((sum, deps) => sum + deps.length, 0),
    sops: chosen.choices,
  };
}

/** Checks a parsed plan, compiled or not, without choosing SOPs: all diagnostics, sorted. */
export async function checkPlan(parsed: ParsedPlan, input: CheckInput): Promise<Diagnostic[]> {
  return sortDiagnostics((await check(parsed, input)).diagnostics);
}

async function check(
  parsed: ParsedPlan,
  input: CheckInput,
): Promise<{ plan: Plan | null; sops: Sop[]; diagnostics: Diagnostic[] }> {
  const sops = readSops(input.files);
  const diagnostics = [...parsed.diagnostics, ...sops.diagnostics];
  if (parsed.source === null) return { plan: null, sops: sops.sops, diagnostics };
  const { plan, diagnostics: unresolved } = buildPlan(parsed.source);
  const facts = await factsFor(plan, input);
  const found = rules.map((rule) => rule(plan, facts));
  diagnostics.push(...unresolved, ...found.flat(), ...unknownPins(plan, sops));
  return { plan, sops: sops.sops, diagnostics };
}

async function factsFor(plan: Plan, input: CheckInput): Promise<RuleContext> {
  const { config, exists, submodules, needModels, missingTools } = input;
  const programs = new Set(plan.tasks.flatMap((task) => verifyTools(task.prompt ?? "")));
  const claims = new Set<string>();
  for (const { kind, claim, text } of plan.tasks.flatMap((task) => task.parsed)) {
    if (kind !== "read" && !claim.glob)
      claims.add(text.endsWith("/") ? `${claim.text}/` : claim.text);
  }
  return {
    config,
    exists,
    submodules,
    ignored: claims.size === 0 ? new Set() : await input.ignored([...claims]),
    missingTools: programs.size === 0 ? new Set() : (missingTools?.([...programs]) ?? new Set()),
    imported: (await input.imported?.(importing(plan))) ?? new Map(),
    model: needModels ? (defaults, task) => resolveModel(config, defaults, task) : null,
  };
}

/** Files whose imports matter: those that a plan changes whose units are not all in a line. */
function importing({ tasks, order: { order }, precedence }: Plan): string[] {
  const inLine = order.every((unit, at) => {
    const next = order[at + 1];
    return next === undefined || precedence?.precedes(unit, next);
  });
  if (inLine || precedence === null) return [];
  const changed = tasks.flatMap(({ parsed }) => parsed.filter(({ kind }) => kind !== "read"));
  return [...new Set(changed.flatMap(({ claim }) => (claim.glob ? [] : [claim.text])))];
}

/** Pins of SOPs that do not exist. A file that does not parse may have held one: then nothing is said. */
function unknownPins(plan: Plan, read: ReturnType<typeof readSops>): Diagnostic[] {
  if (read.diagnostics.length > 0) return [];
  const names = read.sops.map(({ name }) => name);
  return plan.tasks.flatMap((task) =>
    (task.written.sop_mapping ?? [])
      .filter((name) => !names.includes(name))
      .map((name) => {
        const hint = didYouMean(suggest(name, names), `there are ${names.join(", ") || "none"}`);
        const message = `\`sop_mapping\` names \`${name}\`, which is no SOP of this project`;
        return taskDiagnostic(task, "sop_mapping", { code: "unknown-sop", message, hint }, name);
      }),
  );
}

/** Pins first; the picker decides for the others, and may name only SOPs there are. */
async function chooseSops(
  plan: Plan,
  sops: readonly Sop[],
  picker: SopPicker,
): Promise<{ choices: Map<string, SopChoice>; diagnostics: Diagnostic[] }> {
  const choices = new Map<string, SopChoice>();
  const open = plan.tasks.filter(({ id, written: { sop_mapping: pins } }) => {
    if (pins !== undefined) choices.set(id, { names: [...new Set(pins)], by: "pin", why: {} });
    return pins === undefined;
  });
  if (sops.length === 0 || open.length === 0) return { choices, diagnostics: [] };
  const picked = await picker.pick(open, sops);
  const known = new Set(sops.map(({ name }) => name));
  const diagnostics = open.flatMap((task) => {
    const choice = picked.get(task.id);
    if (choice === undefined) return [];
    choices.set(task.id, choice);
    const unknown = choice.names.filter((name) => !known.has(name));
    if (unknown.length === 0) return [];
    const message = `the ${choice.by} chose \`${unknown.join("`, `")}\`, which is no SOP of this project`;
    const hint = "dgov compile --recompile-sops asks again; sop_mapping pins what is wanted";
    return [taskDiagnostic(task, [], { code: "unknown-sop", message, hint })];
  });
  return { choices, diagnostics };
}
