/**
 * `dgov plan create`: a planner model drafts a plan for a goal, the operator decides, the plan is compiled.
 *
 * Order: keys and trust, the planner's checkout, conversation, decision, change of project.toml, SOPs,
 * compiled file, and the rename that publishes the plan.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { projectPath } from "../config/find.ts";
import { requireConfig } from "../config/load.ts";
import { DgovError, type Diagnostic } from "../error.ts";
import { openRepository, type Repository } from "../git/repository.ts";
import { dirtyPaths } from "../git/working-tree.ts";
import type { CompileResult } from "../plan/compile.ts";
import type { CompiledPlan } from "../plan/compiled.ts";
import { writeCompiled } from "../plan/compiled-file.ts";
import { plansFolder } from "../plan/locate.ts";
import { filesOnDisk } from "../plan/plan-files.ts";
import { Conversation, type Drafted } from "../planner/conversation.ts";
import { planName } from "../planner/draft.ts";
import { DraftFolder } from "../planner/draft-folder.ts";
import { planFiles } from "../planner/files.ts";
import { openPlannerWorkspace, type PlannerWorkspace } from "../planner/workspace.ts";
import { childEnvironment } from "../process/environment.ts";
import { type Confirm, requireModels } from "../runner/preconditions.ts";
import type { RateLimiter } from "../runner/rate-limiter.ts";
import { present } from "../std/assert.ts";
import { renderDiagnostics } from "../std/diagnostics.ts";
import { delimited } from "../std/fence.ts";
import { words } from "../std/text.ts";
import type { WorkerMessage } from "../worker/protocol.ts";
import type { PlanDraft, PlannerAnswer } from "../worker/roles/planner.ts";
import { compileFromDisk, invalidPlan, newTokenSum, type TokenSum } from "./compile.ts";
import { freeName } from "./create-plan-folder.ts";
import { type ProjectChange, proposeProjectChange } from "./project-change.ts";

/** The decision on a draft; `again` returns it to the planner with what should be different. */
export type Decision = { kind: "accept" | "edit" } | { kind: "again"; text: string };

/** The person who decides about drafts. */
export interface Operator {
  /** Answers a question of the planner. */
  answer(question: string): Promise<string>;
  /** Decides on a draft; `plan` is null when it does not compile, and it cannot be accepted then. */
  decide(draft: {
    plan: CompiledPlan | null;
    diagnostics: readonly Diagnostic[];
  }): Promise<Decision>;
  /** Edits the draft's files in a folder. */
  edit(dir: string): Promise<void>;
  /** Agrees to a change of project.toml. */
  confirm: Confirm;
}

export interface CreateRequest {
  projectRoot: string;
  env: Record<string, string | undefined>;
  goal: string;
  /** Null (`--auto`) accepts the first draft that compiles. */
  operator: Operator | null;
  /** Prompts for trust in an endpoint; null when prompts are not possible. */
  confirmTrust: Confirm | null;
  /** `--name`, safe and free. */
  name: string | null;
  model: string | null;
  applyConfig: boolean;
  limiter(config: Config): RateLimiter;
  status(text: string): void;
  /** Text that `--quiet` does not hide. */
  warn(text: string): void;
  signal: AbortSignal;
}

type Compiled = Extract<CompileResult, { ok: true }>;

export interface CreatedPlan {
  name: string;
  dir: string;
  compiled: Compiled;
  /** Messages sent to the planner. */
  rounds: number;
  change: ProjectChange;
  /** Tokens of all rounds and of choosing SOPs. */
  spent: TokenSum;
}

/** A draft on disk that compiles. */
interface Written {
  name: string;
  dir: string;
  compiled: Compiled;
}

/** State of one `dgov plan create`. */
interface Session {
  request: CreateRequest;
  config: Config;
  repository: Repository;
  workspace: PlannerWorkspace;
  folder: DraftFolder;
  spent: TokenSum;
}

/** Creates the plan; null when it was interrupted. Throws REFUSED when the planner makes no plan. */
export async function createPlan(request: CreateRequest): Promise<CreatedPlan | null> {
  const { projectRoot, env, status, signal } = request;
  const repository = await openRepository(projectRoot);
  if ((await dirtyPaths(repository)).some(({ path }) => !/(?:^|\/)\.dgov\//.test(path))) {
    status("the planner works on the last commit; it does not see uncommitted changes");
  }
  const config = requireConfig(projectRoot);
  const planner = { id: "the planner", agent: request.model, provider: null };
  const models = await requireModels(
    config,
    { defaultAgent: null, defaultProvider: null, tasks: [planner] },
    { env, yes: false, confirm: request.confirmTrust, takenOver: new Map() },
  );
  const spent = newTokenSum();
  const workspace = await openPlannerWorkspace({
    repository,
    projectRoot,
    config,
    model: present(models.get(planner.id), "the planner's model"),
    env,
    permits: request.limiter(config),
    signal,
    onMessage: (message) => {
      if (message.type === "turn.finished") spent.add(message.usage);
      const line = progressLine(message);
      if (line !== null) status(line);
    },
  });
  const folder = new DraftFolder(projectRoot);
  try {
    return await converse({ request, config, repository, workspace, folder, spent });
  } finally {
    folder.remove();
    await workspace.close();
  }
}

async function converse(session: Session): Promise<CreatedPlan | null> {
  const { projectRoot, goal, operator, status, signal } = session.request;
  const charter = filesOnDisk(projectRoot).read(".dgov/governor.md");
  const conversation = new Conversation<Written>(
    { goal, charter: charter.ok ? charter.text : null },
    {
      explore: (prompt, round) => explore(session.workspace, prompt, round),
      ask: operator === null ? null : (questions) => answers(operator, questions),
      check: (draft) => check(session, draft),
      status,
    },
  );
  for (;;) {
    const drafted = await conversation.draft();
    if (signal.aborted) return null;
    if (!drafted.ok) throw noPlan(drafted);
    const { rounds, draft } = drafted;
    const written =
      operator === null ? drafted.checked : await review(session, operator, drafted, conversation);
    if (written !== null) return publish(session, { written, draft, rounds });
  }
}

/** The planner's answer, or the reason why it gave none; a draft needs the verdict `complete`. */
async function explore(
  workspace: PlannerWorkspace,
  prompt: string,
  round: number,
): Promise<{ ok: true; answer: PlannerAnswer } | { ok: false; reason: string }> {
  const end = await workspace.explore(prompt, round);
  const answer = end.result as Partial<PlannerAnswer> | null;
  if (answer?.kind === "questions" || (answer?.kind === "draft" && end.outcome === "complete")) {
    return { ok: true, answer: answer as PlannerAnswer };
  }
  return { ok: false, reason: `${words(end.outcome)}: ${end.reason}` };
}

async function answers(operator: Operator, questions: readonly string[]): Promise<string[]> {
  const given: string[] = [];
  for (const question of questions) given.push(await operator.answer(question));
  return given;
}

function noPlan({ reason, diagnostics }: Extract<Drafted<unknown>, { ok: false }>): DgovError {
  if (diagnostics.length > 0) return new DgovError("PLAN_INVALID", reason, { diagnostics });
  return new DgovError("REFUSED", `the planner made no plan: ${reason}`, {
    hint: "dgov doctor --online, or say more in the goal",
  });
}

/** Writes a draft to the draft folder and compiles it there, without asking a model for SOPs. */
async function check(
  session: Session,
  draft: PlanDraft,
): Promise<
  { ok: true; checked: Written } | { ok: false; text: string; diagnostics: Diagnostic[] }
> {
  const { request, folder } = session;
  const name = await freeName(request.projectRoot, planName(draft, request.name));
  const dir = folder.write(name, planFiles(draft, name));
  const result = await compile(session, { name, dir });
  if (result.ok) return { ok: true, checked: { name, dir, compiled: result } };
  return { ...result, text: renderDiagnostics(result.diagnostics) };
}

/**
 * Compiles a draft where it lies. Diagnostics name its files relative to it, warnings as in the place
 * where the plan will be. Throws PLAN_INVALID for errors in other files, which the planner cannot fix.
 */
async function compile(
  { request, config, repository, spent }: Session,
  { name, dir, asksForSops = false }: { name: string; dir: string; asksForSops?: boolean },
): Promise<CompileResult> {
  const { projectRoot, env, warn } = request;
  const result = await compileFromDisk({
    projectRoot,
    repository,
    config,
    env,
    location: { dir, name, archived: false, kind: "plan" },
    needModels: true,
    sops: asksForSops
      ? {
          limiter: request.limiter(config),
          fresh: false,
          onModelCall: ({ usage }) => spent.add(usage),
        }
      : null,
    warn: (text) => warn(`warning: ${text}`),
  });
  const prefix = `${projectPath(projectRoot, dir)}/`;
  const moved = (one: Diagnostic, to: string): Diagnostic =>
    one.file.startsWith(prefix) ? { ...one, file: to + one.file.slice(prefix.length) } : one;
  if (result.ok) {
    const published = `${projectPath(projectRoot, `${plansFolder("plan")}/${name}`)}/`;
    return { ...result, warnings: result.warnings.map((one) => moved(one, published)) };
  }
  const foreign = result.diagnostics.filter(
    ({ severity, file }) => severity === "error" && !file.startsWith(prefix),
  );
  if (foreign.length > 0) throw invalidPlan(name, foreign);
  return { ok: false, diagnostics: result.diagnostics.map((one) => moved(one, "")) };
}

/** Lets the operator edit and decide; null when the planner is to draft again. */
async function review(
  session: Session,
  operator: Operator,
  drafted: Extract<Drafted<Written>, { ok: true }>,
  conversation: Conversation<Written>,
): Promise<Written | null> {
  const { name, dir } = drafted.checked;
  let compiled: CompileResult = drafted.checked.compiled;
  let edited = false;
  for (;;) {
    const decision = await operator.decide(
      compiled.ok
        ? { plan: compiled.plan, diagnostics: compiled.warnings }
        : { plan: null, diagnostics: compiled.diagnostics },
    );
    if (decision.kind === "again") {
      conversation.object(drafted.draft, decision.text + (edited ? editedText(dir, compiled) : ""));
      return null;
    }
    if (decision.kind === "accept" && compiled.ok) return { name, dir, compiled };
    edited = true;
    await operator.edit(dir);
    compiled = await compile(session, { name, dir });
  }
}

const editedCharsMax = 50_000;

/** The operator's edits of the draft, as text for the planner. */
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

/** Applies the change of project.toml, chooses SOPs, writes the compiled file and moves the plan to its place. */
async function publish(
  session: Session,
  { written, draft, rounds }: { written: Written; draft: PlanDraft; rounds: number },
): Promise<CreatedPlan> {
  const { request, folder, spent } = session;
  const { projectRoot, operator, applyConfig, status, warn } = request;
  const { name, dir } = written;
  const proposed = draft.config ?? {};
  const change =
    Object.keys(proposed).length === 0
      ? { proposed, applied: false, backup: null }
      : await proposeProjectChange({
          projectRoot,
          proposed,
          apply: applyConfig,
          confirm: operator === null ? null : (question) => operator.confirm(question),
          status,
          warn,
        });
  const config = change.applied ? requireConfig(projectRoot) : session.config;
  const compiled = await compile({ ...session, config }, { name, dir, asksForSops: true });
  if (!compiled.ok) throw invalidPlan(name, compiled.diagnostics);
  writeCompiled(dir, compiled.bytes);
  return { name, dir: folder.publish(name), compiled, rounds, change, spent };
}

const lineCharsMax = 120;

/** A status line for what the planner thinks or does; null for other messages. */
function progressLine(message: WorkerMessage): string | null {
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

/**
 * Opens the plan files of a folder in the operator's editor and waits for its end. False when neither
 * VISUAL nor EDITOR is set.
 */
export async function editInEditor(
  dir: string,
  env: Record<string, string | undefined>,
): Promise<boolean> {
  const editor = env["VISUAL"] || env["EDITOR"];
  if (!editor) return false;
  const files = readdirSync(dir, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".toml") && !/(?:^|\/)_compiled/.test(name))
    .map((name) => join(dir, name));
  const extra = ["DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"];
  // The variables hold shell text, as git reads them.
  const child = Bun.spawn(["/bin/sh", "-c", `${editor} "$@"`, "sh", ...files.sort()], {
    cwd: dir,
    env: { ...childEnvironment(env, { extra, deny: [] }), TERM: env["TERM"] ?? "dumb" },
    stdio: ["inherit", "inherit", "inherit"],
  });
  await child.exited;
  return true;
}
