/** Measures and judges the working tree without a run: coverage baseline, scope verdict, verify recipes. */
import { mkdirSync, realpathSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { judgeChanges, type ScopeVerdict } from "../claims/verdict.ts";
import type { Config } from "../config/config.ts";
import { childVariables, scopePolicy } from "../config/execution-policy.ts";
import { ownRoot, projectPath } from "../config/find.ts";
import { wholeCommand } from "../config/gates.ts";
import { requireConfig } from "../config/load.ts";
import { DgovError } from "../error.ts";
import { treeOfCommit } from "../git/commit.ts";
import { headOf } from "../git/refs.ts";
import { openRepository, prefixOf, projectDirOf } from "../git/repository.ts";
import { type FileChange, operatorChanges } from "../git/worktrees/changed-files.ts";
import type { Claims } from "../plan/compiled.ts";
import { resolvePlan, resolveUnit } from "../plan/locate.ts";
import { childEnvironment } from "../process/environment.ts";
import { describeExit, succeeded } from "../process/exit-result.ts";
import { runShell } from "../process/spawn.ts";
import { uncommittedPaths } from "../runner/preconditions.ts";
import { coverageBaselineFile, writeCoverageBaseline } from "../settlement/coverage/baseline.ts";
import { measureProject } from "../settlement/coverage/figures.ts";
import { type FileCoverage, percentOf } from "../settlement/coverage/report.ts";
import { fillTemplate } from "../settlement/trees/command.ts";
import { present } from "../std/assert.ts";
import { suggest } from "../std/suggest.ts";
import { listed } from "../std/text.ts";
import { type AdHocRequest, withSettlement } from "./ad-hoc-settlement.ts";
import { compileFromDisk, invalidPlan } from "./compile.ts";

export interface SavedCoverage {
  /** The baseline file, relative to the project. */
  path: string;
  head: string;
  command: string;
  covered: number;
  total: number;
  percent: number;
  files: (FileCoverage & { percent: number })[];
}

/**
 * Measures HEAD with `coverage_cmd` and writes the coverage baseline; null when it was cancelled.
 * REFUSED without a usable `coverage_cmd` or report, WORKTREE_DIRTY with uncommitted changes.
 */
export function saveCoverageBaseline(
  request: Omit<AdHocRequest, "name"> & { onOutput(chunk: Uint8Array): void },
): Promise<SavedCoverage | null> {
  return withSettlement({ ...request, name: "coverage-baseline" }, async ({ c, config, head }) => {
    requireCoverageCommand(config);
    const dirty = await uncommittedPaths(c.repository, c.projectPrefix);
    if (dirty.length > 0) {
      throw new DgovError(
        "WORKTREE_DIRTY",
        `the baseline is made of the commit checked out, and there are uncommitted changes: ${listed(dirty, 3)}`,
        { hint: "commit or stash them first" },
      );
    }
    const tree = await treeOfCommit(c.repository, head);
    const measured = await measureProject(c, {
      tree,
      marker: `coverage-baseline/${process.pid}`,
      started: request.status,
      onOutput: request.onOutput,
    });
    if (request.signal.aborted) return null;
    if (!measured.ok) throw new DgovError("REFUSED", measured.reason, { hint: measured.hint });
    const { command, files } = measured;
    writeCoverageBaseline(ownRoot(c.projectRoot), { command, head, tree, files });
    const sum = (count: "covered" | "total"): number => files.reduce((all, f) => all + f[count], 0);
    const [covered, total] = [sum("covered"), sum("total")];
    return {
      path: coverageBaselineFile,
      head,
      command,
      covered,
      total,
      percent: percentOf({ covered, total }),
      files: files.map((file) => ({ ...file, percent: percentOf(file) })),
    };
  });
}

function requireCoverageCommand({ commands }: Config): void {
  if (commands.coverage?.includes("{output}")) return;
  const problem =
    commands.coverage === null ? "no coverage_cmd is configured" : "coverage_cmd has no {output}";
  throw new DgovError("REFUSED", problem, {
    hint: 'set [project] coverage_cmd in .dgov/project.toml, like "pytest --cov=src --cov-report=json:{output}"',
  });
}

export interface WorkingTreeScope {
  /** Null when only claims were given. */
  unit: string | null;
  claims: Claims;
  /** Changes of the working tree against HEAD, outside `.dgov/`. */
  changes: FileChange[];
  verdict: ScopeVerdict;
}

/**
 * The verdict that review would reach on the working tree, for the claims of `unit` (a full id or a
 * unique suffix, of `plan` or the only live one) and further write and read claims.
 */
export async function judgeScope(o: {
  projectRoot: string;
  env: Record<string, string | undefined>;
  unit: string | undefined;
  plan: string | undefined;
  write: readonly string[];
  read: readonly string[];
  warn(text: string): void;
}): Promise<WorkingTreeScope> {
  const { projectRoot } = o;
  const config = requireConfig(projectRoot);
  const repository = await openRepository(projectRoot);
  const none = { create: [], edit: [], delete: [], touch: [], read: [] };
  const task =
    o.unit === undefined
      ? { unit: null, summary: "", claims: none }
      : await claimsOfUnit({ ...o, config, unit: o.unit });
  const claims = {
    ...task.claims,
    touch: [...task.claims.touch, ...o.write],
    read: [...task.claims.read, ...o.read],
  };
  const { commit: head } = await headOf(repository);
  const projectDir = projectDirOf(repository, projectRoot);
  const own = `${prefixOf(projectDir)}.dgov/`;
  const all = await operatorChanges(repository, head);
  const changes = all.filter(({ path }) => !path.startsWith(own));
  const policy = scopePolicy(config, { claims, projectDir, unitSummary: task.summary });
  return { unit: task.unit, claims, changes, verdict: judgeChanges(changes, policy) };
}

async function claimsOfUnit(o: {
  projectRoot: string;
  env: Record<string, string | undefined>;
  config: Config;
  unit: string;
  plan: string | undefined;
  warn(text: string): void;
}): Promise<{ unit: string; summary: string; claims: Claims }> {
  const location = await resolvePlan(o.projectRoot, o.plan);
  const result = await compileFromDisk({
    ...o,
    location,
    repository: null,
    needModels: false,
    sops: null,
  });
  if (!result.ok) throw invalidPlan(location.name, result.diagnostics);
  const { tasks } = result.plan;
  const unit = resolveUnit(
    tasks.map((task) => task.id),
    o.unit,
  );
  const { summary, claims } = present(
    tasks.find((task) => task.id === unit),
    unit,
  );
  return { unit, summary, claims };
}

export interface RecipeResult {
  name: string;
  command: string;
  status: "pass" | "fail";
  /** Exit of the command, e.g. `exit code 1`. */
  exit: string;
  durationMs: number;
  output: string;
  /** Relative to the project; null without `log_name`. */
  logPath: string | null;
}

const outputBytesMax = 1024 * 1024;

/**
 * Runs the wanted `[verify.<name>]` recipes or gates one after the other, or every recipe when `wanted` is null.
 * Stops when `signal` is aborted. Throws NOT_FOUND for an unknown name.
 */
export async function runRecipes(
  wanted: readonly string[] | null,
  o: {
    projectRoot: string;
    env: Record<string, string | undefined>;
    status(text: string): void;
    onOutput(chunk: Uint8Array): void;
    signal: AbortSignal;
  },
): Promise<RecipeResult[]> {
  const config = requireConfig(o.projectRoot);
  const recipes = Object.keys(config.verify);
  const known = [...recipes, ...config.gates.map(({ name }) => name)];
  const names = wanted ?? recipes;
  for (const name of names) {
    if (known.includes(name)) continue;
    const near = suggest(name, known);
    throw new DgovError("NOT_FOUND", `no recipe ${name}`, {
      hint: near === null ? "dgov verify list" : `did you mean ${near}?`,
    });
  }
  const results: RecipeResult[] = [];
  for (const name of names) {
    if (o.signal.aborted) break;
    results.push(await runRecipe(name, config, o));
  }
  return results;
}

async function runRecipe(
  name: string,
  config: Config,
  o: Parameters<typeof runRecipes>[1],
): Promise<RecipeResult> {
  const gate = config.gates.find((one) => one.name === name);
  const { command: text = "", logName = null } =
    gate === undefined ? (config.verify[name] ?? {}) : { command: wholeCommand(gate) };
  const [command = text] = fillTemplate(config, text.replaceAll("{base}", "HEAD"), [
    config.srcDir.replace(/\/+$/, "") || ".",
  ]);
  o.status(`${name}: ${command}`);
  const logPath = logName === null ? null : freshLog(o.projectRoot, basename(logName));
  const done = await runShell({
    command,
    cwd: o.projectRoot,
    env: childEnvironment(o.env, childVariables(config)),
    timeoutMs: (gate?.timeoutS ?? config.settlementTimeoutS) * 1000,
    outputBytesMax,
    signal: o.signal,
    marker: `verify/${process.pid}`,
    onOutput: o.onOutput,
    ...(logPath === null ? {} : { tee: logPath }),
  });
  return {
    name,
    command,
    status: succeeded(done.result) ? "pass" : "fail",
    exit: describeExit(done.result),
    durationMs: Math.round(done.durationMs),
    output: done.combined,
    logPath: logPath === null ? null : projectPath(o.projectRoot, logPath),
  };
}

/** Absolute path of a recipe's log. Throws REFUSED when a link leads out of the project. */
function freshLog(projectRoot: string, name: string): string {
  const folder = ".dgov/runtime/verify";
  const own = ownRoot(projectRoot);
  mkdirSync(join(own, folder), { recursive: true });
  if (realpathSync(join(own, folder)) !== join(realpathSync(own), folder)) {
    throw new DgovError("REFUSED", `${folder} leads out of the project`);
  }
  const path = join(own, folder, name);
  rmSync(path, { force: true });
  return path;
}
