/**
 * Preconditions of a run: a first commit, a branch to land on, a checkout without changes that workers would not
 * see, and keys for endpoints that the user trusts. `dgov doctor` judges by the same functions: those named `require`
 * and `find` change nothing unless a question is answered with yes.
 */
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { coversAny } from "../claims/cover.ts";
import { parseClaims } from "../claims/path.ts";
import { ownFolders } from "../claims/reserved.ts";
import type { Config, ProviderConfig } from "../config/config.ts";
import { requireEditedProvider, resolveModel } from "../config/providers.ts";
import { isTrusted, recordTrust, trustOrigin } from "../config/trust.ts";
import { DgovError, type DgovErrorOptions } from "../error.ts";
import { bootstrapCommit } from "../git/bookkeeping.ts";
import type { Oid } from "../git/objects.ts";
import {
  branchTip,
  createBranch,
  headOf,
  isBranchName,
  refNamed,
  upstreamOf,
} from "../git/refs.ts";
import { type Repository, requireIdentity } from "../git/repository.ts";
import { dirtyPaths } from "../git/working-tree.ts";
import { type CompiledPlan, type CompiledTask, writeClaims } from "../plan/compiled.ts";
import { compiledName } from "../plan/compiled-file.ts";
import { listed, plural } from "../std/text.ts";

export type Confirm = (question: string) => Promise<boolean>;

/** Answers to the questions of a command. */
interface Answers {
  /** Yes to every question. */
  yes: boolean;
  /** Asks; null without a terminal. */
  confirm: Confirm | null;
}

/**
 * Files outside `.dgov/` that the first commit of an empty repository would take; null when there is a commit. Throws
 * WORKTREE_DIRTY when there are such files, without a confirmation or `yes`. For a local project dgov makes no commit,
 * and this throws REFUSED.
 */
export async function requireFirstCommit(
  repository: Repository,
  { prefix, local }: { prefix: string; local: boolean },
  o: Answers,
): Promise<string[] | null> {
  const head = await headOf(repository);
  if (head.kind === "detached" || head.commit !== null) return null;
  if (local) {
    throw new DgovError("REFUSED", "the repository has no commits", { hint: "make the first one" });
  }
  const others = (await dirtyPaths(repository))
    .map(({ path }) => path)
    .filter((path) => !path.startsWith(`${prefix}.dgov/`));
  if (others.length === 0 || o.yes) return others;
  const files = `${plural(others.length, "file")} now (${listed(others, 3)})`;
  const question = `This repository has no commits. Commit all ${files}?`;
  if (o.confirm !== null && (await o.confirm(question))) return others;
  throw new DgovError(
    "WORKTREE_DIRTY",
    "the repository has no commits, and files outside .dgov/ that would be committed",
    { hint: "commit them yourself", orFlag: "run again with -y to let dgov make the first commit" },
  );
}

/** Makes the first commit of an empty repository. Throws as `requireFirstCommit`. */
export async function ensureFirstCommit(
  repository: Repository,
  project: { prefix: string; local: boolean },
  o: Answers & { config: Config; status(text: string): void },
): Promise<void> {
  const others = await requireFirstCommit(repository, project, o);
  if (others === null) return;
  const identity = await requireIdentity(repository);
  await bootstrapCommit(repository, others.length > 0 ? "all" : [`${project.prefix}.dgov`], {
    message: "chore: bootstrap repository for dgov\n",
    identity,
    policy: o.config.merge,
  });
  o.status(
    others.length > 0 ? "made the first commit" : "made the first commit, with .dgov/ alone",
  );
}

/** Branches of `[run]`. */
interface Branches extends Pick<Config["run"], "target" | "protected"> {
  /** Called with a branch that `wanted` did not name, before anything is done with it. May throw. */
  agree?(target: string): Promise<void>;
}

/** The name of a branch that may be given as a full ref. */
function branchOf(name: string): string {
  return name.replace(/^refs\/heads\//, "");
}

/** True when a pattern of `[run] protected` names the branch; `*` does not match a slash, `**` does. Pure. */
export function isProtected(branch: string, patterns: readonly string[]): boolean {
  return patterns
    .map(branchOf)
    .some((pattern) => pattern === branch || new Bun.Glob(pattern).match(branch));
}

/** Throws REFUSED for a branch of `[run] protected`. */
export function requireUnprotected(
  branch: string,
  o: Pick<Branches, "protected">,
  next: Pick<DgovErrorOptions, "hint" | "orFlag">,
): void {
  if (!isProtected(branch, o.protected)) return;
  throw new DgovError("REFUSED", `${branch} is protected by [run] protected`, next);
}

/** A branch to land on. */
interface Target {
  target: string;
  /** Where it is created; null when it exists. */
  createAt: Oid | null;
  /** Its tip; HEAD for a branch that does not exist yet, null in a repository without a commit. */
  tip: Oid | null;
}

/**
 * The branch to land on: `wanted`, else `[run] target`, else the one that is checked out. Throws REFUSED for a
 * protected branch and for a name of something else than a branch, TARGET_MISSING when there is no branch to land on.
 */
export async function findTarget(
  repository: Repository,
  wanted: string | undefined,
  branches: Branches,
): Promise<Target> {
  const head = await headOf(repository);
  const named = wanted ?? branches.target;
  if (named === null && head.kind === "detached") {
    throw new DgovError("TARGET_MISSING", "HEAD is detached, so there is no branch to land on", {
      hint: "check out a branch",
      orFlag: "name one with --target BRANCH",
    });
  }
  const target = branchOf(named ?? (head.kind === "branch" ? head.branch : ""));
  if (target === "HEAD") throw notABranch(target, head.kind === "branch" ? head.branch : null);
  const hint = "check out another branch";
  requireUnprotected(target, branches, { hint, orFlag: "name one with --target BRANCH" });
  if (wanted === undefined) await branches.agree?.(target);
  const tip = await branchTip(repository, target);
  if (tip !== null || head.commit === null) return { target, createAt: null, tip };
  if (!(await isBranchName(repository, target))) {
    throw new DgovError("TARGET_MISSING", `${target} cannot be the name of a branch`);
  }
  const other = await refNamed(repository, target);
  if (other !== null || /^(?:refs|heads)\//.test(target)) {
    const branch = /^refs\/heads\/(.+)$/.exec(other ?? "")?.[1];
    throw notABranch(target, branch ?? null);
  }
  return { target, createAt: head.commit, tip: head.commit };
}

/** The branch to land on and its tip; a missing branch is created at HEAD. Throws as `findTarget`. */
export async function resolveTarget(
  ...args: Parameters<typeof findTarget>
): Promise<{ target: string; tip: Oid }> {
  const { target, createAt, tip } = await findTarget(...args);
  if (tip === null) throw new DgovError("TARGET_MISSING", "HEAD has no commits");
  if (createAt !== null) await createBranch(args[0], target, createAt);
  return { target, tip };
}

/** A branch that lacks commits of its upstream, as of the last fetch, with the remedy; null when it lacks none. */
export async function staleTarget(
  repository: Repository,
  target: string,
): Promise<{ message: string; hint: string } | null> {
  const found = await upstreamOf(repository, target);
  if (found === null || found.behind === 0) return null;
  const { upstream, ahead, behind } = found;
  const ours = ahead === 0 ? "" : ` and ${ahead} ahead of`;
  const message = `${target} is ${plural(behind, "commit")} behind${ours} ${upstream}, as of the last fetch`;
  return { message, hint: `git pull on ${target}, to build on them` };
}

/** REFUSED for a name that git would take for something else if there were a branch of that name. */
function notABranch(name: string, meant: string | null): DgovError {
  return new DgovError("REFUSED", `${name} is not the name of a branch`, {
    hint: "name the branch itself in [run] target",
    orFlag: `with --target ${meant ?? "BRANCH"}`,
  });
}

/**
 * Asks before a plan runs on another branch than `last`, that of its last run. Throws TARGET_CHANGED without a yes from
 * a terminal; `-y` names no branch, so it is none.
 */
export async function confirmTarget(
  { plan, last, target }: { plan: string; last: string | null; target: string },
  confirm: Confirm | null,
): Promise<void> {
  if (last === null || last === target) return;
  const question = `${plan} last ran on ${last}. Run it on ${target} now?`;
  if (confirm !== null && (await confirm(question))) return;
  throw new DgovError("TARGET_CHANGED", `${plan} last ran on ${last}, and now would on ${target}`, {
    hint: `dgov run ${plan} --target ${last}, or --target ${target}`,
  });
}

/** Paths that a message lists. */
const shownMax = 10;

/**
 * Paths of the repository with uncommitted changes outside dgov's own folders, without the compiled files of plans there;
 * `prefix` is the project's.
 */
export async function uncommittedPaths(repository: Repository, prefix: string): Promise<string[]> {
  return (await dirtyPaths(repository))
    .map(({ path }) => path)
    .filter(
      (path) =>
        !ownFolders.some((folder) => path.startsWith(prefix + folder)) &&
        !isCompiledFile(join(repository.topLevel, path)),
    );
}

/** True for the file that compiling writes beside the `_root.toml` of a plan. */
function isCompiledFile(path: string): boolean {
  return basename(path) === compiledName && existsSync(join(dirname(path), "_root.toml"));
}

/** WORKTREE_DIRTY for uncommitted changes outside dgov's own folders; with `allow`, only for those in write claims. */
export async function requireCleanTree(
  repository: Repository,
  prefix: string,
  plan: { tasks: readonly Pick<CompiledTask, "claims">[] },
  allow: boolean,
): Promise<void> {
  const dirty = await uncommittedPaths(repository, prefix);
  if (dirty.length === 0) return;
  const claims = parseClaims(plan.tasks.flatMap((task) => writeClaims(task.claims)));
  const inClaims = dirty.filter((path) => coversAny(claims, path.slice(prefix.length)));
  if (allow && inClaims.length === 0) return;
  const paths = allow ? inClaims : dirty;
  const lines = paths.slice(0, shownMax).map((path) => `  ${path}`);
  if (paths.length > shownMax) lines.push(`  and ${paths.length - shownMax} more`);
  const problem = allow
    ? "uncommitted changes to files that the plan claims"
    : "uncommitted changes that workers would not see";
  throw new DgovError("WORKTREE_DIRTY", `${problem}:\n${lines.join("\n")}`, {
    hint: "commit or stash them",
    ...(allow ? {} : { orFlag: "add --allow-dirty when the plan does not touch them" }),
  });
}

/** Throws ENVIRONMENT for a shallow clone, unless `yes` allows to run every unit that it does not show as landed. */
export function requireHistory({ shallow }: Repository, yes: boolean): void {
  if (!shallow || yes) return;
  throw new DgovError("ENVIRONMENT", "shallow clone: previously landed units cannot be detected", {
    hint: "git fetch --unshallow",
    orFlag: "run again with -y to run every unit",
  });
}

/** Provider and model of a task, with the key in hand. */
export interface ModelAccess {
  provider: ProviderConfig;
  model: string;
  apiKey: string;
}

/**
 * Provider, model and key by unit. CONFIG_INVALID, PROVIDER_PLACEHOLDER, PROVIDER_UNTRUSTED or KEY_MISSING; the last
 * names every missing key.
 */
export async function requireModels(
  config: Config,
  plan: Pick<CompiledPlan, "defaultAgent" | "defaultProvider"> & {
    tasks: readonly Pick<CompiledTask, "id" | "agent" | "provider">[];
  },
  o: Answers & {
    env: Record<string, string | undefined>;
    /** Units that need no model. */
    takenOver: ReadonlyMap<string, unknown>;
  },
): Promise<Map<string, ModelAccess>> {
  const models = new Map<string, ModelAccess>();
  for (const task of plan.tasks) {
    if (o.takenOver.has(task.id)) continue;
    const resolved = resolveModel(config, plan, task);
    if (!resolved.ok) {
      throw new DgovError("CONFIG_INVALID", `${task.id}: ${resolved.problem}`, {
        hint: resolved.hint,
      });
    }
    const { provider, model } = resolved.value;
    requireEditedProvider(provider);
    models.set(task.id, { provider, model, apiKey: o.env[provider.apiKeyEnv] ?? "" });
  }
  const providers = [...models.values()].map((m) => m.provider);
  await requireTrust(providers, o);
  requireKeys(providers, o.env);
  return models;
}

/** Throws KEY_MISSING with every variable that is not set. */
export function requireKeys(
  providers: readonly ProviderConfig[],
  env: Record<string, string | undefined>,
): void {
  const missing = new Map<string, string>();
  for (const { apiKeyEnv, name } of providers) {
    if ((env[apiKeyEnv] ?? "") === "") missing.set(apiKeyEnv, name);
  }
  const [first] = missing.keys();
  if (first === undefined) return;
  const names = [...missing].map(([name, provider]) => `${name} (for [providers.${provider}])`);
  throw new DgovError("KEY_MISSING", `not set in the environment: ${names.join(", ")}`, {
    hint: `export ${first}=...`,
  });
}

/** Asks for each endpoint that is not trusted yet, once; records the agreement. PROVIDER_UNTRUSTED without one. */
export async function requireTrust(
  providers: readonly ProviderConfig[],
  o: Answers & { env: Record<string, string | undefined> },
): Promise<void> {
  const asked = new Set<string>();
  for (const provider of providers) {
    const pair = { baseUrl: provider.baseUrl, apiKeyEnv: provider.apiKeyEnv };
    const origin = trustOrigin(provider.baseUrl);
    const key = `${origin} ${provider.apiKeyEnv}`;
    if (asked.has(key) || isTrusted(o.env, pair)) continue;
    asked.add(key);
    const question = `This repository asks to send ${provider.apiKeyEnv} to ${origin}. Trust it?`;
    if (!o.yes && (o.confirm === null || !(await o.confirm(question)))) {
      const problem = `the repository wants ${provider.apiKeyEnv} sent to ${origin}, which you have not agreed to`;
      throw new DgovError("PROVIDER_UNTRUSTED", problem, {
        hint: "check .dgov/project.toml, then set DGOV_TRUST_PROVIDERS=1",
        orFlag: "run again with -y",
      });
    }
    recordTrust(o.env, pair);
  }
}
