/**
 * Compiling a plan: parse, resolve references, apply the rules, choose SOPs, render. The same plan text and
 * SOP choices result in the same bytes. Writes no files; reports every problem at once.
 */
import type { Config } from "../config/config.ts";
import { resolveModel } from "../config/providers.ts";
import type { Diagnostic } from "../error.ts";
import { didYouMean, suggest } from "../std/suggest.ts";
import { assemble } from "./assemble.ts";
import type { CompiledPlan } from "./compiled.ts";
import { ProposedDependencies } from "./dependency-order.ts";
import { sortDiagnostics } from "./diagnostic.ts";
import { lockfilePlaces } from "./lockfiles.ts";
import { buildPlan, type Plan, taskDiagnostic } from "./plan.ts";
import type { PlanFiles } from "./plan-files.ts";
import { verifyTools } from "./prompt-text.ts";
import type { RuleContext } from "./rule-context.ts";
import { conflictCodes } from "./rules/claims.ts";
import { rules } from "./rules/index.ts";
import type { SopChoice, SopPicker } from "./sops/picker.ts";
import { readSops } from "./sops/read.ts";
import type { Sop } from "./sops/sop.ts";
import { type ParsedPlan, parsePlan } from "./source.ts";

/** Input of the checks. Access to the machine is passed in as functions. */
export interface CheckInput {
  files: PlanFiles;
  config: Config;
  /** True when every task must resolve to a provider and a model. */
  needModels: boolean;
  /** The paths among these (relative to the project, folders end in `/`) that the repository ignores. */
  ignored(paths: string[]): Promise<ReadonlySet<string>>;
  /** The paths among these, relative to the project, that git tracks. Without it lockfiles are not checked. */
  tracked?(paths: string[]): Promise<ReadonlySet<string>>;
  /** True when a path, relative to the project, exists. */
  exists(path: string): boolean;
  /** Folders of submodules, relative to the project. */
  submodules: readonly string[];
  /** The programs among these that are not installed. Without it the programs are not checked. */
  missingTools?(programs: string[]): ReadonlySet<string>;
  /** The files of the project that each of these source files imports. Without it imports are not checked. */
  imported?(paths: string[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** The units that have landed with their present text, and will not run again. Asked only when claims conflict. */
  landed?(plan: CompiledPlan): Promise<ReadonlySet<string>>;
}

export interface CompileInput extends CheckInput {
  /** The plan's folder, relative to the project root. */
  dir: string;
  picker: SopPicker;
  /**
   * Called with the checked plan, still without SOPs, before the picker may send a request. Returns the units for
   * which it may send one, since a worker will read their SOPs; all when left out. May throw.
   */
  beforePicking?: (plan: CompiledPlan) => Promise<ReadonlySet<string>>;
}

export type CompileResult =
  | {
      ok: true;
      plan: CompiledPlan;
      bytes: string;
      warnings: Diagnostic[];
      edges: number;
      /** The choice of SOPs for each unit, with reasons. */
      sops: ReadonlyMap<string, SopChoice>;
    }
  | { ok: false; diagnostics: Diagnostic[] };

/** Compiles a plan. Diagnostics are sorted by position. */
export async function compilePlan(input: CompileInput): Promise<CompileResult> {
  const { plan, sops, diagnostics } = await check(parsePlan(input.files, input.dir), input);
  if (plan === null || diagnostics.some(({ severity }) => severity === "error")) {
    return { ok: false, diagnostics: sortDiagnostics(diagnostics) };
  }
  const open = await input.beforePicking?.(assemble(plan, sops, new Map()).compiled);
  const chosen = await chooseSops(plan, sops, input.picker, open);
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

/** Checks a parsed plan without choosing SOPs. Returns all diagnostics, sorted by position. */
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
  const context = await ruleContext(plan, input);
  const found = await checkRules(plan, context, input);
  diagnostics.push(...unresolved, ...found, ...unknownPins(plan, sops));
  return { plan, sops: sops.sops, diagnostics };
}

/** Applies the rules. Conflicts with the claims of landed units are left out: these units do not run again. */
async function checkRules(
  plan: Plan,
  context: RuleContext,
  input: CheckInput,
): Promise<Diagnostic[]> {
  const found = rules.flatMap((rule) => rule(plan, context));
  if (!found.some(({ code }) => conflictCodes.has(code))) return found;
  const landed = await input.landed?.(assemble(plan, [], new Map()).compiled);
  if (landed === undefined || landed.size === 0) return found;
  const proposals = new ProposedDependencies(plan.edges);
  return rules.flatMap((rule) => rule(plan, { ...context, proposals, landed }));
}

async function ruleContext(plan: Plan, input: CheckInput): Promise<RuleContext> {
  const { config, exists, submodules, needModels, missingTools } = input;
  const programs = new Set(plan.tasks.flatMap((task) => verifyTools(task.prompt ?? "")));
  const claims = new Set<string>();
  for (const { kind, claim, text } of plan.tasks.flatMap((task) => task.parsed)) {
    if (kind !== "read" && !claim.glob)
      claims.add(text.endsWith("/") ? `${claim.text}/` : claim.text);
  }
  const lockfiles = [...claims].flatMap((path) => lockfilePlaces(path).flat());
  return {
    config,
    proposals: new ProposedDependencies(plan.edges),
    landed: new Set(),
    lockfiles:
      lockfiles.length === 0 ? new Set() : ((await input.tracked?.(lockfiles)) ?? new Set()),
    exists,
    submodules,
    ignored: claims.size === 0 ? new Set() : await input.ignored([...claims]),
    missingTools: programs.size === 0 ? new Set() : (missingTools?.([...programs]) ?? new Set()),
    imported: (await input.imported?.(filesWithCheckedImports(plan))) ?? new Map(),
    model: needModels ? (defaults, task) => resolveModel(config, defaults, task) : null,
  };
}

/** The files that a plan changes; none when its units run one after another and so cannot conflict. */
function filesWithCheckedImports({ tasks, order: { order }, precedence }: Plan): string[] {
  const sequential = order.every((unit, at) => {
    const next = order[at + 1];
    return next === undefined || precedence?.precedes(unit, next);
  });
  if (sequential || precedence === null) return [];
  const changed = tasks.flatMap(({ parsed }) => parsed.filter(({ kind }) => kind !== "read"));
  return [...new Set(changed.flatMap(({ claim }) => (claim.glob ? [] : [claim.text])))];
}

/** Pins of SOPs that do not exist. None when a SOP file does not parse, since it may define the pinned one. */
function unknownPins(plan: Plan, read: ReturnType<typeof readSops>): Diagnostic[] {
  if (read.diagnostics.length > 0) return [];
  const names = read.sops.map(({ name }) => name);
  return plan.tasks.flatMap((task) =>
    (task.written.sop_mapping ?? [])
      .filter((name) => !names.includes(name))
      .map((name) => {
        const hint = didYouMean(
          suggest(name, names),
          names.length === 0 ? "the project has no SOPs" : `SOPs: ${names.join(", ")}`,
        );
        const message = `\`sop_mapping\` names the SOP \`${name}\`, which does not exist`;
        return taskDiagnostic(task, "sop_mapping", { code: "unknown-sop", message, hint }, name);
      }),
  );
}

/** The SOPs of each task: those it pins, or those the picker chooses. Reports choices that do not exist. */
async function chooseSops(
  plan: Plan,
  sops: readonly Sop[],
  picker: SopPicker,
  asked: ReadonlySet<string> | undefined,
): Promise<{ choices: Map<string, SopChoice>; diagnostics: Diagnostic[] }> {
  const choices = new Map<string, SopChoice>();
  const open = plan.tasks.filter(({ id, written: { sop_mapping: pins } }) => {
    if (pins !== undefined) choices.set(id, { names: [...new Set(pins)], by: "pin", why: {} });
    return pins === undefined;
  });
  if (sops.length === 0 || open.length === 0) return { choices, diagnostics: [] };
  const picked = await picker.pick(open, sops, asked);
  const known = new Set(sops.map(({ name }) => name));
  const diagnostics = open.flatMap((task) => {
    const choice = picked.get(task.id);
    if (choice === undefined) return [];
    choices.set(task.id, choice);
    const unknown = choice.names.filter((name) => !known.has(name));
    if (unknown.length === 0) return [];
    const message = `the ${choice.by} chose the SOP \`${unknown.join("`, `")}\`, which does not exist`;
    const hint = "choose again with dgov compile --recompile-sops, or pin SOPs with sop_mapping";
    return [taskDiagnostic(task, [], { code: "unknown-sop", message, hint })];
  });
  return { choices, diagnostics };
}
