/** Compiling from the command line: the wiring between a plan on disk and the pure compiler. */
import { existsSync, realpathSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { Context } from "../cli/command.ts";
import { permitsOf } from "../cli/permits.ts";
import { renderDiagnostics } from "../cli/render/diagnostics.ts";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { resolveModel } from "../config/resolve.ts";
import { DgovError, type Diagnostic } from "../error.ts";
import { headOf } from "../git/refs.ts";
import { openRepository, type Repository } from "../git/repository.ts";
import { listTree, submodulePaths } from "../git/trees.ts";
import { ignoredPaths } from "../git/working-tree.ts";
import { type CheckInput, type CompileResult, checkPlan, compilePlan } from "../plan/compile.ts";
import type { CompiledPlan } from "../plan/compiled.ts";
import { writeCompiled } from "../plan/compiled-file.ts";
import { filesOnDisk } from "../plan/files.ts";
import type { PlanLocation } from "../plan/locate.ts";
import type { AskedTurn } from "../runner/asked.ts";
import { sopPicker } from "./sop-picker.ts";

export interface CheckRequest {
  projectRoot: string;
  config: Config;
  /** Null outside a repository: nothing is known to be ignored. */
  repository: Repository | null;
  /** Providers and models must resolve. */
  needModels: boolean;
}

export interface CompileRequest extends CheckRequest {
  location: PlanLocation;
  /** `asks`: a model may choose SOPs; `asks-again`: kept choices do not count; `offline`: nobody is asked. */
  sops: "asks" | "asks-again" | "offline";
  /** Told what each request for SOPs took. */
  asked(turn: AskedTurn): void;
  /** Told what has been warned of beside the diagnostics. */
  noted?(text: string): void;
}

/** Compiles a plan from disk; writes nothing but the SOP choices a model made. */
export async function compileFromDisk(
  context: Context,
  request: CompileRequest,
): Promise<CompileResult> {
  const { projectRoot, config, sops } = request;
  const picker = sopPicker({
    projectRoot,
    config,
    env: context.env,
    offline: sops === "offline",
    fresh: sops === "asks-again",
    warn: (text) => {
      context.output.warn(`warning: ${text}`);
      request.noted?.(text);
    },
    permits: permitsOf(context, config),
    asked: request.asked,
  });
  return compilePlan({
    ...(await checkInput(context, request)),
    dir: planFolder(request),
    picker,
  });
}

/** Checks a plan tree as compile does, SOPs chosen by nobody: all diagnostics. */
export async function checkSource(
  context: Context,
  request: CheckRequest & { location: PlanLocation },
): Promise<{ diagnostics: Diagnostic[]; units: number }> {
  const { parsePlan } = await import("../plan/source.ts");
  const input = await checkInput(context, request);
  const parsed = parsePlan(input.files, planFolder(request));
  return { diagnostics: await checkPlan(parsed, input), units: parsed.source?.tasks.length ?? 0 };
}

/** Checks a compiled file as it stands: all diagnostics. */
export async function checkCompiledFile(
  context: Context,
  request: CheckRequest & { path: string },
): Promise<{ diagnostics: Diagnostic[]; units: number }> {
  const { parseCompiledPlan } = await import("../plan/compiled-source.ts");
  const input = await checkInput(context, request);
  const file = relative(request.projectRoot, request.path).split(sep).join("/");
  const parsed = parseCompiledPlan(input.files, file);
  return {
    diagnostics: await checkPlan(parsed, input),
    units: parsed.source?.tasks.length ?? 0,
  };
}

function planFolder(of: { projectRoot: string; location: PlanLocation }): string {
  return relative(of.projectRoot, of.location.dir).split(sep).join("/");
}

/** The repository the project lies in, or null when it lies in none or in one dgov cannot read. */
export async function repositoryOf(projectRoot: string): Promise<Repository | null> {
  try {
    return await openRepository(projectRoot);
  } catch (error) {
    if (error instanceof DgovError && error.code !== "INTERNAL") return null;
    throw error;
  }
}

async function checkInput(context: Context, request: CheckRequest): Promise<CheckInput> {
  const { projectRoot, config, repository, needModels } = request;
  const prefix =
    repository === null ? "" : relative(repository.topLevel, realpathSync(projectRoot));
  const inRepository = (path: string): string => (prefix === "" ? path : `${prefix}/${path}`);
  const below = (path: string): string => (prefix === "" ? path : path.slice(prefix.length + 1));
  const searched = context.env["PATH"] ?? "";
  return {
    files: filesOnDisk(projectRoot),
    config,
    needModels,
    async ignored(paths) {
      if (repository === null) return new Set();
      const found = await ignoredPaths(repository, paths.map(inRepository));
      if (found.size === 0) return found;
      // What is tracked is seen by git whatever its ignore files say.
      const tracked = await trackedPaths(repository);
      return new Set([...found].filter((path) => !tracked.has(path)).map(below));
    },
    exists: (path) => existsSync(join(projectRoot, path)),
    submodules: repository === null ? [] : await submodulesBelow(repository, prefix),
    missingTools: (programs) =>
      new Set(programs.filter((program) => Bun.which(program, { PATH: searched }) === null)),
    async imported(paths) {
      if (repository === null) return new Map();
      const { claimedImports } = await import("./claimed-imports.ts");
      const folder = prefix === "" ? "" : `${prefix}/`;
      return claimedImports({ projectRoot, repository, folder }, paths);
    },
  };
}

async function trackedPaths(repository: Repository): Promise<Set<string>> {
  const { commit } = await headOf(repository);
  const tree = commit === null ? [] : await listTree(repository, commit);
  return new Set(tree.map(({ path }) => path));
}

/** Submodules of the project, relative to it. */
async function submodulesBelow(repository: Repository, prefix: string): Promise<string[]> {
  const { commit } = await headOf(repository);
  const all = await submodulePaths(repository, commit);
  const folder = prefix === "" ? "" : `${prefix}/`;
  return all.filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length));
}

/** Refuses to go on while a provider some task uses still holds the text of `init`. */
export function requireEdited(config: Config, plan: CompiledPlan): void {
  for (const task of plan.tasks) {
    const resolved = resolveModel(config, plan, task);
    if (!resolved.ok || !resolved.value.provider.placeholder) continue;
    const { name, line } = resolved.value.provider;
    throw new DgovError(
      "PROVIDER_PLACEHOLDER",
      `.dgov/project.toml${line === null ? "" : `:${line}`}: [providers.${name}] still holds the placeholders of init`,
      { hint: "set base_url, default_agent and api_key_env" },
    );
  }
}

const existenceWarnings = new Set(["creates-existing", "missing-file-claim"]);

/** As `dgov run` compiles: current source, written down, warnings shown; PLAN_INVALID otherwise. */
export async function compileForRun(
  context: Context,
  request: Omit<CompileRequest, "needModels" | "sops" | "asked">,
): Promise<{ plan: CompiledPlan; bytes: string; asked: AskedTurn[] }> {
  const asked: AskedTurn[] = [];
  const result = await compileFromDisk(context, {
    ...request,
    needModels: true,
    sops: "asks",
    asked: (turn) => asked.push(turn),
  });
  if (!result.ok) throw invalidPlan(request.location.name, result.diagnostics);
  if (!request.location.archived) writeCompiled(request.location.dir, result.bytes);
  // What exists already may be what an earlier run of this plan landed.
  const warnings = result.warnings.filter((d) => !existenceWarnings.has(d.code));
  if (warnings.length > 0) context.output.status(renderDiagnostics(warnings));
  return { plan: result.plan, bytes: result.bytes, asked };
}

/** The error of a plan that does not compile. */
export function invalidPlan(
  name: string,
  diagnostics: Extract<CompileResult, { ok: false }>["diagnostics"],
): DgovError {
  const errors = diagnostics.filter((d) => d.severity === "error").length;
  return new DgovError(
    "PLAN_INVALID",
    `the plan ${name} has ${errors} ${errors === 1 ? "error" : "errors"}`,
    {
      diagnostics,
    },
  );
}

/** The configuration for compiling; CONFIG_INVALID with every diagnostic. */
export function configFor(projectRoot: string): Config {
  const loaded = loadConfig(projectRoot);
  if (loaded.ok) return loaded.config;
  throw new DgovError("CONFIG_INVALID", ".dgov/project.toml has errors", {
    diagnostics: loaded.diagnostics,
  });
}
