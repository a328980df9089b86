/** Compiling from the command line: the wiring between a plan on disk and the pure compiler. */
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { DgovError } from "../error.ts";
import { ignoredPaths, submodulePaths } from "../git/ignore.ts";
import type { Repository } from "../git/repository.ts";
import { headOf } from "../git/revisions.ts";
import { type CompileResult, compilePlan } from "../plan/compile.ts";
import type { CompiledPlan } from "../plan/compiled.ts";
import { writeCompiled } from "../plan/compiled-file.ts";
import { filesOnDisk } from "../plan/files.ts";
import type { PlanLocation } from "../plan/locate.ts";
import { rulesPicker } from "../plan/sops/picker.ts";
import type { Context } from "./command.ts";
import { renderDiagnostics } from "./render/diagnostics.ts";

export interface CompileRequest {
  projectRoot: string;
  location: PlanLocation;
  config: Config;
  /** Null outside a repository: nothing is known to be ignored. */
  repository: Repository | null;
  needModels: boolean;
}

/** Compiles a plan from disk; writes nothing. */
export async function compileFromDisk(request: CompileRequest): Promise<CompileResult> {
  const { projectRoot, location, config, repository } = request;
  const prefix = repository === null ? "" : relative(repository.topLevel, projectRoot);
  const inRepository = (path: string): string => (prefix === "" ? path : `${prefix}/${path}`);
  const below = (path: string): string => (prefix === "" ? path : path.slice(prefix.length + 1));
  const commit = repository === null ? null : ((await headOf(repository)).commit ?? null);
  return compilePlan({
    files: filesOnDisk(projectRoot),
    dir: relative(projectRoot, location.dir),
    config,
    picker: rulesPicker,
    needModels: request.needModels,
    async ignored(paths) {
      if (repository === null) return new Set();
      const plain = paths.filter((path) => !/[*?[]/.test(path) && !path.includes(".."));
      const found = await ignoredPaths(repository, plain.map(inRepository));
      return new Set([...found].map(below));
    },
    exists: (path) => existsSync(join(projectRoot, path)),
    submodules:
      repository === null
        ? []
        : (await submodulePaths(repository, commit))
            .filter((path) => path.startsWith(prefix === "" ? "" : `${prefix}/`))
            .map(below),
  });
}

const existenceWarnings = new Set(["creates-existing", "missing-file-claim"]);

/** As `dgov run` compiles: current source, written down, warnings shown; PLAN_INVALID otherwise. */
export async function compileForRun(
  context: Context,
  request: Omit<CompileRequest, "needModels">,
): Promise<{ plan: CompiledPlan; bytes: string }> {
  const result = await compileFromDisk({ ...request, needModels: true });
  if (!result.ok) throw invalidPlan(request.location.name, result.diagnostics);
  if (!request.location.archived) writeCompiled(request.location.dir, result.bytes);
  // What exists already may be what an earlier run of this plan landed.
  const warnings = result.warnings.filter((d) => !existenceWarnings.has(d.code));
  if (warnings.length > 0) context.output.status(renderDiagnostics(warnings));
  return { plan: result.plan, bytes: result.bytes };
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
