/** `dgov plan create` in order: keys and trust, checkout, conversation, decision, writing, compiling. */
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Context } from "../cli/command.ts";
import { permitsOf } from "../cli/permits.ts";
import { renderDiagnostics } from "../cli/render/diagnostics.ts";
import { renderDraft } from "../cli/render/draft.ts";
import type { Config } from "../config/config.ts";
import { requireConfig } from "../config/load.ts";
import { DgovError, type Diagnostic } from "../error.ts";
import type { Repository } from "../git/repository.ts";
import type { CompileResult } from "../plan/compile.ts";
import { writeCompiled } from "../plan/compiled-file.ts";
import { plansFolder } from "../plan/locate.ts";
import { filesOnDisk } from "../plan/plan-files.ts";
import { Conversation, type Drafted } from "../planner/conversation.ts";
import { planName } from "../planner/draft.ts";
import { DraftFolder } from "../planner/draft-folder.ts";
import { planFiles } from "../planner/files.ts";
import { openPlannerWorkspace, type PlannerWorkspace } from "../planner/workspace.ts";
import { requireModels } from "../runner/preconditions.ts";
import { present } from "../std/assert.ts";
import { delimited } from "../std/fence.ts";
import type { WorkerMessage } from "../worker/protocol.ts";
import type { PlanDraft, PlannerAnswer } from "../worker/roles/planner.ts";
import { compileFromDisk, invalidPlan } from "./compile.ts";
import { freeName } from "./create-plan-folder.ts";
import { type ProjectChange, proposeProjectChange } from "./project-change.ts";
import { newTokenSum, type TokenSum } from "./token-usage.ts";

export interface CreateRequest {
  projectRoot: string;
  repository: Repository;
  goal: string;
  /** Nobody is asked anything but for trust. */
  auto: boolean;
  /** `--name`, safe and free. */
  name: string | null;
  model: string | null;
  applyConfig: boolean;
  signal: AbortSignal;
}

export type Compiled = Extract<CompileResult, { ok: true }>;

export interface CreatedPlan {
  name: string;
  dir: string;
  compiled: Compiled;
  /** The plan as text: graph and files. */
  shown: string;
  /** Messages the planner was sent. */
  rounds: number;
  change: ProjectChange;
  /** Of every round, and of choosing SOPs. */
  spent: TokenSum;
}

/** A draft on disk that compiles. */
interface Written {
  name: string;
  dir: string;
  compiled: Compiled;
}

/** Makes the plan; null when the operator stopped it. REFUSED when the planner has none to give. */
export async function createPlan(
  context: Context,
  request: CreateRequest,
): Promise<CreatedPlan | null> {
  const { projectRoot, repository, signal } = request;
  const config = requireConfig(projectRoot);
  const confirm = context.interactive ? (await import("../cli/prompt.ts")).confirm : null;
  const planner = { id: "the planner", agent: request.model, provider: null };
  const models = await requireModels(
    config,
    { defaultAgent: null, defaultProvider: null, tasks: [planner] },
    { env: context.env, yes: false, confirm, takenOver: new Map() },
  );
  const spent = newTokenSum();
  const site = await openPlannerWorkspace({
    repository,
    projectRoot,
    config,
    model: present(models.get(planner.id), "the planner's model"),
    env: context.env,
    permits: permitsOf(context, config),
    signal,
    onMessage: (message) => {
      if (message.type === "turn.finished") spent.add(message.usage);
      show(context, message);
    },
  });
  const folder = new DraftFolder(projectRoot);
  try {
    return await converse(context, request, { config, site, folder, spent });
  } finally {
    folder.remove();
    await site.close();
  }
}

interface Ground {
  config: Config;
  site: PlannerWorkspace;
  folder: DraftFolder;
  spent: TokenSum;
}

async function converse(
  context: Context,
  request: CreateRequest,
  ground: Ground,
): Promise<CreatedPlan | null> {
  const { projectRoot, goal, auto, signal } = request;
  const charter = filesOnDisk(projectRoot).read(".dgov/governor.md");
  const conversation = new Conversation<Written>(
    { goal, charter: charter.ok ? charter.text : null },
    {
      explore: (prompt, round) => explore(ground.site, prompt, round),
      ask: auto ? null : ask,
      check: (draft) => check(context, request, ground, draft),
      status: (text) => context.output.log.info(text),
    },
  );
  for (;;) {
    const drafted = await conversation.draft();
    if (signal.aborted) return null;
    if (!drafted.ok) throw noPlan(drafted);
    const { rounds, draft } = drafted;
    const written = auto
      ? drafted.checked
      : await settle(context, request, ground, drafted, conversation);
    if (written !== null) return publish(context, request, ground, { written, draft, rounds });
  }
}

/** What the planner hands over; a verdict other than complete is a reason to stop. */
async function explore(
  site: PlannerWorkspace,
  prompt: string,
  round: number,
): Promise<{ ok: true; answer: PlannerAnswer } | { ok: false; reason: string }> {
  const end = await site.explore(prompt, round);
  const answer = end.result as Partial<PlannerAnswer> | null;
  if (answer?.kind === "questions" || (answer?.kind === "draft" && end.outcome === "complete")) {
    return { ok: true, answer: answer as PlannerAnswer };
  }
  return { ok: false, reason: `${end.outcome.replaceAll("_", " ")}: ${end.reason}` };
}

async function ask(questions: readonly string[]): Promise<string[]> {
  const { text } = await import("../cli/prompt.ts");
  const answers: string[] = [];
  for (const question of questions) answers.push(await text(question));
  return answers;
}

function noPlan({ reason, diagnostics }: Extract<Drafted<unknown>, { ok: false }>): DgovError {
  if (diagnostics.length > 0) return new DgovError("PLAN_INVALID", reason, { diagnostics });
  return new DgovError("REFUSED", `the planner made no plan: ${reason}`, {
    hint: "dgov doctor --online, or say more in the goal",
  });
}

/** Writes the draft where it can be compiled, and compiles it as `dgov compile` does, SOPs aside. */
async function check(
  context: Context,
  request: CreateRequest,
  ground: Ground,
  draft: PlanDraft,
): Promise<
  { ok: true; checked: Written } | { ok: false; text: string; diagnostics: Diagnostic[] }
> {
  const name = await freeName(request.projectRoot, planName(draft, request.name));
  const dir = ground.folder.write(name, planFiles(draft, name));
  const result = await compile(context, request, { ...ground, name, dir, sops: "offline" });
  if (result.ok) return { ok: true, checked: { name, dir, compiled: result } };
  return { ...result, text: renderDiagnostics(result.diagnostics) };
}

/** Compiles what lies in the folder. Diagnostics name files below it; others are not the planner's. */
async function compile(
  context: Context,
  request: CreateRequest,
  of: { config: Config; name: string; dir: string; sops: "offline" | "asks"; spent: TokenSum },
): Promise<CompileResult> {
  const { projectRoot, repository } = request;
  const result = await compileFromDisk({
    projectRoot,
    repository,
    config: of.config,
    location: { dir: of.dir, name: of.name, archived: false, kind: "plan" },
    needModels: true,
    env: context.env,
    sops:
      of.sops === "offline"
        ? null
        : {
            limiter: permitsOf(context, of.config),
            fresh: false,
            onModelCall: ({ usage }) => of.spent.add(usage),
          },
    warn: (text) => context.output.log.log(`warning: ${text}`),
  });
  const prefix = `${relative(projectRoot, of.dir)}/`;
  const moved = (one: Diagnostic, to: string): Diagnostic =>
    one.file.startsWith(prefix) ? { ...one, file: to + one.file.slice(prefix.length) } : one;
  if (result.ok) {
    // The operator reads of the place where the draft is to lie, which this one is not.
    const place = `${plansFolder("plan")}/${of.name}/`;
    return { ...result, warnings: result.warnings.map((one) => moved(one, place)) };
  }
  const foreign = result.diagnostics.filter(
    ({ severity, file }) => severity === "error" && !file.startsWith(prefix),
  );
  if (foreign.length > 0) throw invalidPlan(of.name, foreign);
  return { ok: false, diagnostics: result.diagnostics.map((one) => moved(one, "")) };
}

/** Shows the draft until the operator accepts it; null when the planner is to draft again. */
async function settle(
  context: Context,
  request: CreateRequest,
  ground: Ground,
  drafted: Extract<Drafted<Written>, { ok: true }>,
  conversation: Conversation<Written>,
): Promise<Written | null> {
  const { decide, editFiles } = await import("../cli/planner/decide.ts");
  const { name, dir } = drafted.checked;
  let compiled: CompileResult = drafted.checked.compiled;
  let edited = false;
  for (;;) {
    const faults = compiled.ok ? compiled.warnings : compiled.diagnostics;
    if (compiled.ok) context.output.log.log(`\n${renderDraft(compiled.plan)}\n`);
    if (faults.length > 0) context.output.log.log(renderDiagnostics(faults));
    const decision = await decide(compiled.ok);
    if (decision.kind === "again") {
      conversation.object(
        drafted.draft,
        decision.words + (edited ? editedText(dir, compiled) : ""),
      );
      return null;
    }
    if (decision.kind === "accept" && compiled.ok) return { name, dir, compiled };
    edited = true;
    await editFiles(context, dir);
    compiled = await compile(context, request, { ...ground, name, dir, sops: "offline" });
  }
}

const editedCharsMax = 50_000;

/** What the operator made of the draft, for the planner. */
function editedText(dir: string, compiled: CompileResult): string {
  const sections = compiled.ok
    ? new Set(compiled.plan.tasks.map(({ id }) => id.split("/")[0]))
    : [];
  const texts = [...sections].map((section) => {
    const path = `${section}/main.toml`;
    return delimited(path, readFileSync(join(dir, path), "utf8"), editedCharsMax);
  });
  return texts.length === 0
    ? ""
    : `\nThe operator has edited your draft like this:\n${texts.join("\n")}`;
}

/** The project's change, SOPs, the compiled file, and the rename that makes it a plan. */
async function publish(
  context: Context,
  request: CreateRequest,
  ground: Ground,
  of: { written: Written; draft: PlanDraft; rounds: number },
): Promise<CreatedPlan> {
  const { projectRoot, auto } = request;
  const { name, dir } = of.written;
  const proposed = of.draft.config ?? {};
  const change =
    Object.keys(proposed).length === 0
      ? { proposed, applied: false, backup: null }
      : await proposeProjectChange(context, {
          projectRoot,
          proposed,
          apply: request.applyConfig,
          confirm: auto ? null : (await import("../cli/prompt.ts")).confirm,
        });
  const config = change.applied ? requireConfig(projectRoot) : ground.config;
  const { spent } = ground;
  const compiled = await compile(context, request, { config, name, dir, sops: "asks", spent });
  if (!compiled.ok) throw invalidPlan(name, compiled.diagnostics);
  writeCompiled(dir, compiled.bytes);
  const shown = renderDraft(compiled.plan);
  const at = ground.folder.publish(name);
  return { name, dir: at, compiled, shown, rounds: of.rounds, change, spent };
}

/** A line for each thing the planner thinks and does. */
function show(context: Context, message: WorkerMessage): void {
  const line = lineOf(message);
  if (line !== null) context.output.log.info(line);
}

const lineCharsMax = 120;

function lineOf(message: WorkerMessage): string | null {
  const brief = (text: string): string => {
    const flat = text.replace(/\s+/g, " ").trim();
    return flat.length > lineCharsMax ? `${flat.slice(0, lineCharsMax)}...` : flat;
  };
  switch (message.type) {
    case "thought":
      return `planner: ${brief(message.text)}`;
    case "call":
      return message.tool === "done"
        ? null
        : `planner: > ${message.tool} ${brief(JSON.stringify(message.args ?? {}))}`;
    case "provider.retried":
      return `planner: ${message.reason}; trying again in ${Math.round(message.delayMs / 1000)} s`;
    case "warning":
      return `planner: ${brief(message.text)}`;
    default:
      return null;
  }
}
