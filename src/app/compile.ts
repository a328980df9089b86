/**
 * Compiles and checks plans on disk: gives the pure compiler (plan/compile.ts) the project's files,
 * what git knows of them, the imports of claimed files, and a SOP picker.
 */
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, join, relative } from "node:path";
import type { Config } from "../config/config.ts";
import { projectPath } from "../config/find.ts";
import { requireEditedProvider, resolveModel } from "../config/providers.ts";
import { DgovError, type Diagnostic } from "../error.ts";
import { headOf } from "../git/refs.ts";
import { findRepository, type Repository } from "../git/repository.ts";
import { listTree, submodulePaths } from "../git/trees.ts";
import { ignoredPaths } from "../git/working-tree.ts";
import { importIndex, manifestNames } from "../languages/import-index.ts";
import { importsOf } from "../languages/imports.ts";
import { languageOf } from "../languages/language.ts";
import type { TokenUsage } from "../model/usage.ts";
import {
  type CheckInput,
  type CompileInput,
  type CompileResult,
  checkPlan,
  compilePlan,
} from "../plan/compile.ts";
import type { CompiledPlan } from "../plan/compiled.ts";
import { compiledName, writeCompiled } from "../plan/compiled-file.ts";
import type { PlanLocation } from "../plan/locate.ts";
import { filesOnDisk } from "../plan/plan-files.ts";
import { parseCompiledPlan, parsePlan } from "../plan/source.ts";
import { landedUnits } from "../runner/history/landings.ts";
import type { RateLimiter } from "../runner/rate-limiter.ts";
import type { Compiler, ModelCall } from "../runner/run-request.ts";
import { readText } from "../std/files.ts";
import { plural } from "../std/text.ts";
import { type SopRequests, sopPicker } from "./sop-picker.ts";

export interface CheckRequest {
  projectRoot: string;
  config: Config;
  /** Looked up when left out. With null, no path counts as ignored and imports are unknown. */
  repository?: Repository | null;
  /** A task without a provider or model is an error. */
  needModels: boolean;
  env: Record<string, string | undefined>;
  /** As `landed` of the compiler. Default: the units that have landed on the branch that is checked out. */
  landed?: CheckInput["landed"];
}

export interface CompileRequest extends CheckRequest {
  location: PlanLocation;
  /** Requests to a model that chooses SOPs; null to use cached choices and the rules only. */
  sops: SopRequests | null;
  /** As `beforePicking` of the compiler. */
  beforePicking?: CompileInput["beforePicking"];
  /** Called with warnings that are not diagnostics, e.g. why the rules chose the SOPs. */
  warn(text: string): void;
}

/** Compiles a plan from disk; writes nothing but the cache of SOP choices. */
export async function compileFromDisk(request: CompileRequest): Promise<CompileResult> {
  const { projectRoot, config, env, sops: requests, warn, beforePicking } = request;
  return compilePlan({
    ...(await checkInput(request)),
    dir: planFolder(request),
    picker: sopPicker({ projectRoot, config, env, requests, warn }),
    ...(beforePicking === undefined ? {} : { beforePicking }),
  });
}

/** Checks a plan tree as compiling does, without choosing SOPs. Gives all diagnostics. */
export async function checkSource(
  request: CheckRequest & { location: PlanLocation },
): Promise<{ diagnostics: Diagnostic[]; units: number }> {
  const input = await checkInput(request);
  const parsed = parsePlan(input.files, planFolder(request));
  return { diagnostics: await checkPlan(parsed, input), units: parsed.source?.tasks.length ?? 0 };
}

/** Checks a compiled file without comparing it to its source. Gives the plan's name and all diagnostics. */
export async function checkCompiledFile(
  request: CheckRequest & { path: string },
): Promise<{ name: string; diagnostics: Diagnostic[]; units: number }> {
  const input = await checkInput(request);
  const file = projectPath(request.projectRoot, request.path);
  const parsed = parseCompiledPlan(input.files, file);
  const name = parsed.source?.root.name ?? file;
  return {
    name,
    diagnostics: await checkPlan(parsed, input),
    units: parsed.source?.tasks.length ?? 0,
  };
}

/** Warnings about files that an earlier run of the same plan may have created or removed. */
const existenceWarnings = new Set(["creates-existing", "missing-file-claim"]);

/**
 * The compiler of a run: compiles the current source of the plan and writes `_compiled.toml` (not for
 * an archived plan). `diagnostics` gets the warnings; `repeated` when the same plan was compiled before, which printed
 * them. Throws PLAN_INVALID.
 */
export function planCompiler(o: {
  projectRoot: string;
  location: PlanLocation;
  env: Record<string, string | undefined>;
  limiter(config: Config): RateLimiter;
  warn(text: string): void;
  diagnostics(warnings: readonly Diagnostic[], o: { repeated: boolean }): void;
}): Compiler {
  return async (config, repository, run) => {
    const { location } = o;
    const modelCalls: ModelCall[] = [];
    const result = await compileFromDisk({
      ...o,
      config,
      repository,
      needModels: true,
      sops: {
        limiter: o.limiter(config),
        fresh: false,
        signal: run?.signal,
        onModelCall: (call) => modelCalls.push(call),
      },
      ...(run === undefined ? {} : { beforePicking: run.beforeModel, landed: run.settled }),
    });
    if (!result.ok) throw invalidPlan(location.name, result.diagnostics);
    const repeated = readText(join(location.dir, compiledName)) === result.bytes;
    if (!location.archived) writeCompiled(location.dir, result.bytes);
    const warnings = result.warnings.filter((d) => !existenceWarnings.has(d.code));
    if (warnings.length > 0) o.diagnostics(warnings, { repeated });
    return { plan: result.plan, bytes: result.bytes, modelCalls };
  };
}

/** Throws PROVIDER_PLACEHOLDER when a provider that a task uses still holds the values of `init`. */
export function requireEdited(config: Config, plan: CompiledPlan): void {
  for (const task of plan.tasks) {
    const resolved = resolveModel(config, plan, task);
    if (resolved.ok) requireEditedProvider(resolved.value.provider);
  }
}

/** The PLAN_INVALID error of a plan that does not compile. */
export function invalidPlan(name: string, diagnostics: readonly Diagnostic[]): DgovError {
  const errors = diagnostics.filter((d) => d.severity === "error").length;
  return new DgovError("PLAN_INVALID", `the plan ${name} has ${plural(errors, "error")}`, {
    diagnostics,
  });
}

function planFolder(of: { projectRoot: string; location: PlanLocation }): string {
  return projectPath(of.projectRoot, of.location.dir);
}

/** The facts of the project that the checks need besides the plan. */
async function checkInput(request: CheckRequest): Promise<CheckInput> {
  const { projectRoot, config, needModels } = request;
  const repository =
    request.repository === undefined ? await findRepository(projectRoot) : request.repository;
  const folder =
    repository === null ? "" : relative(repository.topLevel, realpathSync(projectRoot));
  /** The project's folder below the repository with its slash, or "". */
  const prefix = folder === "" ? "" : `${folder}/`;
  const searched = request.env["PATH"] ?? "";
  return {
    files: filesOnDisk(projectRoot),
    config,
    needModels,
    async ignored(paths) {
      if (repository === null) return new Set();
      const found = await ignoredPaths(
        repository,
        paths.map((path) => prefix + path),
      );
      if (found.size === 0) return found;
      // Git tracks a file that is in HEAD even when a pattern ignores it.
      const tracked = new Set(await trackedPaths(repository));
      const ignored = [...found].filter((path) => !tracked.has(path));
      return new Set(ignored.map((path) => path.slice(prefix.length)));
    },
    async tracked(paths) {
      if (repository === null) return new Set();
      const all = new Set(await trackedPaths(repository));
      return new Set(paths.filter((path) => all.has(prefix + path)));
    },
    exists: (path) => existsSync(join(projectRoot, path)),
    submodules: repository === null ? [] : await submodulesBelow(repository, prefix),
    missingTools: (programs) =>
      new Set(programs.filter((program) => Bun.which(program, { PATH: searched }) === null)),
    async imported(paths) {
      return repository === null
        ? new Map()
        : claimedImports({ projectRoot, repository, prefix }, paths);
    },
    landed: request.landed ?? ((plan) => landedHere({ projectRoot, repository }, plan)),
  };
}

/** The units of a plan that have landed on HEAD with their present text. */
async function landedHere(
  { projectRoot, repository }: { projectRoot: string; repository: Repository | null },
  plan: CompiledPlan,
): Promise<ReadonlySet<string>> {
  const { commit: tip } = repository === null ? { commit: null } : await headOf(repository);
  if (repository === null || tip === null) return new Set();
  const of = { projectRoot, tip, plan: plan.name, units: plan.tasks };
  const { landed } = await landedUnits(repository, of);
  const known = new Set(landed.map(({ unit, digest }) => `${unit} ${digest}`));
  return new Set(
    plan.tasks.flatMap(({ id, digest }) => (known.has(`${id} ${digest}`) ? [id] : [])),
  );
}

/** Paths of HEAD's tree, relative to the repository. */
export async function trackedPaths(repository: Repository): Promise<string[]> {
  const { commit } = await headOf(repository);
  const tree = commit === null ? [] : await listTree(repository, commit);
  return tree.map(({ path }) => path);
}

/** Submodules of the project, relative to it. */
async function submodulesBelow(repository: Repository, prefix: string): Promise<string[]> {
  const { commit } = await headOf(repository);
  return below(prefix, await submodulePaths(repository, commit));
}

/** The paths that begin with `prefix`, without it. */
function below(prefix: string, paths: readonly string[]): string[] {
  return paths.flatMap((path) => (path.startsWith(prefix) ? [path.slice(prefix.length)] : []));
}

// Bounds of the work for a warning about imports: files read, bytes of one file, manifests read.
const filesMax = 500;
const bytesMax = 1024 * 1024;
const manifestsMax = 200;

/** The project files that each of the paths imports; paths that are not source code are left out. */
async function claimedImports(
  of: { projectRoot: string; repository: Repository; prefix: string },
  paths: readonly string[],
): Promise<Map<string, string[]>> {
  const { projectRoot, repository, prefix } = of;
  const texts = new Map<string, string>();
  for (const path of paths) {
    if (texts.size === filesMax) break;
    const text = languageOf(path) === null ? null : readBounded(join(projectRoot, path));
    if (text !== null) texts.set(path, text);
  }
  const found = new Map<string, string[]>();
  if (texts.size === 0) return found;
  const files = below(prefix, await trackedPaths(repository));
  const manifests = new Map<string, string>();
  for (const path of files) {
    if (!manifestNames.has(basename(path)) || manifests.size === manifestsMax) continue;
    const text = readBounded(join(projectRoot, path));
    if (text !== null) manifests.set(path, text);
  }
  const index = importIndex(files, manifests);
  for (const [path, text] of texts) {
    const imports = (await importsOf(path, text)) ?? [];
    found.set(path, [...new Set(imports.flatMap((one) => index.resolve(path, one)))]);
  }
  return found;
}

/** The text of a regular file of at most `bytesMax` bytes; null when it is not one or not readable. */
function readBounded(file: string): string | null {
  try {
    const stats = statSync(file, { throwIfNoEntry: false });
    return stats?.isFile() && stats.size <= bytesMax ? readFileSync(file, "utf8") : null;
  } catch {
    return null;
  }
}

// ------------------------------------------------------------
// Tokens of requests outside of runs.

export interface TokenSum {
  /** Null when the server reported no usage. */
  add(usage: TokenUsage | null): void;
  /** The sum with the field names of JSON documents; null when there were requests and none was counted. */
  document(): { prompt_tokens: number | null; completion_tokens: number | null };
}

/** An empty sum. */
export function newTokenSum(): TokenSum {
  const unknown = { prompt_tokens: null, completion_tokens: null };
  let sum: ReturnType<TokenSum["document"]> | null = null;
  return {
    add(usage) {
      if (usage === null) sum ??= unknown;
      else {
        sum = {
          prompt_tokens: (sum?.prompt_tokens ?? 0) + usage.promptTokens,
          completion_tokens: (sum?.completion_tokens ?? 0) + usage.completionTokens,
        };
      }
    },
    document: () => sum ?? { prompt_tokens: 0, completion_tokens: 0 },
  };
}
