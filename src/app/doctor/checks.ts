/** `dgov doctor`: checks everything a run needs, one thing at a time. */

import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Config, ProviderConfig } from "../../config/config.ts";
import { childVariables } from "../../config/execution-policy.ts";
import { configFile, findProject, isLocal, ownPath, projectPath } from "../../config/find.ts";
import { sandboxExceptions } from "../../config/gates.ts";
import { loadConfig } from "../../config/load.ts";
import { endpointOf, requireEditedProvider, resolveModel } from "../../config/providers.ts";
import { isTrusted, trustOrigin } from "../../config/trust.ts";
import { DgovError } from "../../error.ts";
import { headOf } from "../../git/refs.ts";
import {
  gitVersion,
  openRepository,
  prefixOf,
  projectDirOf,
  type Repository,
  requireIdentity,
  signsEveryCommit,
} from "../../git/repository.ts";
import { listSubmodules, missingPaths, submoduleRemedy } from "../../git/submodules.ts";
import { openEventLogForReading } from "../../log/event-log.ts";
import { openProvider } from "../../model/provider.ts";
import { declaredName, listPlans } from "../../plan/locate.ts";
import { childEnvironment, toolchainVariablesIn } from "../../process/environment.ts";
import { requireNoRun } from "../../process/lock.ts";
import { lastTarget } from "../../runner/history/runs.ts";
import { runPaths } from "../../runner/paths.ts";
import {
  type Confirm,
  findTarget,
  requireCleanTree,
  requireFirstCommit,
  requireHistory,
  requireKeys,
  requireTrust,
  staleTarget,
} from "../../runner/preconditions.ts";
import { requireWritable } from "../../runner/run-environment.ts";
import { findLevel } from "../../sandbox/levels.ts";
import { type FoundBaseline, findBaseline } from "../../settlement/structure/baseline.ts";
import { configuredSentrux } from "../../settlement/structure/engine.ts";
import { hasSource } from "../../settlement/structure/scan.ts";
import { copiedText, readCopiedFiles } from "../../settlement/trees/copied-files.ts";
import { readText } from "../../std/files.ts";
import { limitSignal } from "../../std/limit.ts";
import { errorMessage, listed, plural, short } from "../../std/text.ts";
import { baselineFile, metadataFile } from "../../structure/baseline.ts";
import { outdatedSchemas } from "../json-schemas.ts";
import { checkCommands } from "./commands.ts";
import { type Add, type DoctorCheck, openRows, Question, type Rows } from "./rows.ts";

interface DoctorRequest {
  cwd: string;
  env: Record<string, string | undefined>;
  /** Sends one tiny request to the endpoint. */
  online: boolean;
  /** True on a terminal, where a run asks instead of ending. */
  interactive: boolean;
}

/** Results of all checks, in order. A failed check ends those that depend on it. */
export async function runChecks(o: DoctorRequest): Promise<DoctorCheck[]> {
  const rows = openRows(o.cwd);
  const { checks, add, condition } = rows;
  if (!(await condition("git", gitVersion))) return checks;
  let repository: Repository | null = null;
  await condition("repository", async () => {
    repository = await openRepository(o.cwd);
    return repository.topLevel;
  });
  const root = findProject(o.cwd);
  if (root !== null) {
    // Both kinds of files, or one: no other check is possible before that is known.
    const place = await condition("project", async () => {
      return isLocal(root) ? `local: ${ownPath(root, ".dgov")}` : null;
    });
    if (!place) return checks;
  }
  const found = root === null ? null : loadConfig(root);
  const config = found?.ok ? found.config : null;
  if (repository !== null) await checkRepository(repository, { ...o, root, config }, rows);
  if (root === null) {
    add("project", "fail", `no .dgov folder in ${o.cwd} or above it`, "dgov init");
    return checks;
  }
  for (const d of found?.ok === false ? found.diagnostics : []) {
    add("config", "fail", `${d.file}:${d.line ?? 1}: ${d.message}`, d.hint);
  }
  if (config === null) return checks;
  add("config", "ok", projectPath(root, configFile));
  await checkSchemas(root, add);
  await checkProvider(o, config, rows);
  const environment = childEnvironment(o.env, childVariables(config));
  checkToolchainVariables(o.env, config, add);
  await checkCommands({ root, config, environment, repository }, add);
  await checkSandbox(config, add);
  if (repository !== null) {
    await checkStructure(repository, { root, config, environment }, add);
  }
  return checks;
}

/** The conditions of a run that concern the repository. */
async function checkRepository(
  repository: Repository,
  o: DoctorRequest & { root: string | null; config: Config | null },
  rows: Rows,
): Promise<void> {
  const { add, condition } = rows;
  const prefix = o.root === null ? "" : prefixOf(projectDirOf(repository, o.root));
  await condition("lock", async () => {
    requireNoRun(repository.commonDir);
    return null;
  });
  const answers = answersOf(o);
  const isBorn = await condition("commits", async () => {
    const project = { prefix, local: o.root !== null && isLocal(o.root) };
    const others = await requireFirstCommit(repository, project, answers);
    return others === null ? null : "none yet; dgov run commits .dgov/ first";
  });
  await condition("identity", async () => {
    const { name, email } = await requireIdentity(repository);
    return `${name} <${email}>`;
  });
  const { config } = o;
  if (config?.merge.sign === false && (await signsEveryCommit(repository))) {
    const detail = "commit.gpgsign signs your commits, and the ones that land are not signed";
    add("signing", "warn", detail, `set [merge] sign = true in ${configFile}`);
  }
  if (config !== null) {
    await condition("worktrees", async () => {
      const configured = config.worktree.root;
      const paths = runPaths({ repositoryId: repository.id, configured, env: o.env });
      requireWritable(paths);
      return paths.root;
    });
  }
  if (o.root !== null) await checkTarget(repository, { ...o, root: o.root }, rows);
  if (isBorn) {
    await condition("checkout", async () => {
      const { commit } = await headOf(repository);
      if (commit === null) return null;
      await requireCleanTree(repository, prefix, { tasks: [] }, false);
      return "no uncommitted changes";
    });
  }
  await condition("history", async () => {
    requireHistory(repository, false);
    return null;
  });
  const folder = join(repository.commonDir, "hooks");
  const hooks = existsSync(folder)
    ? readdirSync(folder).filter((name) => !name.endsWith(".sample"))
    : [];
  if (hooks.length > 0) {
    add("hooks", "warn", `${hooks.join(", ")}: git hooks do not run here; gates are the hooks`);
  }
  if (isBorn) await checkSubmodules(repository, add);
  if (config !== null) await checkCopied(repository, { prefix, config }, rows);
}

async function checkCopied(
  repository: Repository,
  { prefix, config }: { prefix: string; config: Config },
  { add, condition }: Rows,
): Promise<void> {
  await condition("copied files", async () => {
    const { commit } = await headOf(repository);
    const of = { repository, projectPrefix: prefix, config, commit };
    const copied = await readCopiedFiles(of);
    for (const text of copied.warnings) add("copied files", "warn", text);
    return copiedText({ ...copied, warnings: [] }, config)[0] ?? null;
  });
}

async function checkSubmodules(repository: Repository, add: Add): Promise<void> {
  const { commit } = await headOf(repository);
  const all = commit === null ? [] : await listSubmodules(repository, commit);
  if (all.length === 0) return;
  const missing = missingPaths(all);
  if (missing.length === 0) {
    const text = `${plural(all.length, "submodule")} checked out from local objects in every tree`;
    return add("submodules", "ok", `${text}; their files cannot be claimed`);
  }
  const text = `empty in every tree, since their commits are not on this machine: ${listed(missing, 5)}`;
  add("submodules", "warn", text, submoduleRemedy(missing));
}

/** The answers of the operator, who is not asked here: a question ends the condition that has it. */
function answersOf({ interactive }: DoctorRequest): { yes: false; confirm: Confirm | null } {
  const confirm: Confirm = (question) => Promise.reject(new Question(question));
  return { yes: false, confirm: interactive ? confirm : null };
}

/** The branch to land on, its upstream, and the log with the branches of earlier runs. */
async function checkTarget(
  repository: Repository,
  o: DoctorRequest & { root: string; config: Config | null },
  { add, condition }: Rows,
): Promise<void> {
  const { config, root } = o;
  let target: string | null = null;
  if (config !== null) {
    await condition("target", async () => {
      ({ target } = await findTarget(repository, undefined, config.run));
      return target;
    });
  }
  const stale = target === null ? null : await staleTarget(repository, target);
  if (stale !== null) add("upstream", "warn", stale.message, stale.hint);
  await condition("log", async () => {
    using log = openEventLogForReading(root);
    if (log === null || target === null) return null;
    for (const location of listPlans(root)) {
      if (location.archived) continue;
      const plan = declaredName(location) ?? location.name;
      const last = lastTarget(log, plan, location);
      if (last === null || last === target) continue;
      const next = `dgov run ${plan} --target ${last}, or --target ${target}`;
      add("plan", "warn", `${plan} last ran on ${last}, and now would on ${target}`, next);
    }
    return null;
  });
}

/** The JSON Schemas that plans and project.toml name for editors; git ignores them, so that a clone has none. */
async function checkSchemas(root: string, add: Add): Promise<void> {
  const files = [configFile, ...listPlans(root).map(({ dir }) => join(dir, "_root.toml"))];
  const named = files.some((file) => readText(resolve(root, file))?.includes("#:schema "));
  const outdated = named ? await outdatedSchemas(root) : [];
  if (outdated.length === 0) return;
  add(
    "schema",
    "warn",
    `${listed(outdated, 2)}: missing or out of date (for editors)`,
    "dgov init",
  );
}

/** The level of confinement, which is tried, and the exceptions from it. */
async function checkSandbox(config: Config, add: Add): Promise<void> {
  const { mode } = config.sandbox;
  if (mode === "off") {
    add("sandbox", "warn", "off: a worker can read and write what you can", null);
    return;
  }
  const { level, reason, hint } = await findLevel();
  const detail = `${level}: ${reason}`;
  if (level === "namespaces") add("sandbox", "ok", detail);
  else if (level === "off" && mode === "require") add("sandbox", "fail", detail, hint);
  else if (level === "off") {
    add("sandbox", "warn", `${detail}; a worker can read and write what you can`, hint);
  } else add("sandbox", "warn", detail, hint);
  for (const exception of sandboxExceptions(config)) add("sandbox", "warn", exception, null);
}

/** The set variables of toolchains that commands get, and those that are withheld from them. */
function checkToolchainVariables(env: DoctorRequest["env"], config: Config, add: Add): void {
  const { extra, deny } = childVariables(config);
  const all = toolchainVariablesIn(env, deny);
  if (all.length === 0) return;
  const because = { secret: "may hold a secret", shared: "one folder for all trees" };
  const isPassed = (one: (typeof all)[number]): boolean =>
    one.withheld === null || extra.includes(one.name);
  const passed = all.filter(isPassed).map(({ name }) => name);
  const kept = all.flatMap((one) =>
    isPassed(one) || one.withheld === null ? [] : [`${one.name} (${because[one.withheld]})`],
  );
  const parts = [
    ...(passed.length > 0 ? [`${listed(passed, variablesShownMax)} passed to commands`] : []),
    ...(kept.length > 0 ? [`withheld: ${listed(kept, variablesShownMax)}`] : []),
  ];
  const shared = all.filter((one) => one.withheld === "shared" && isPassed(one));
  if (shared.length === 0) {
    add("toolchain", "ok", parts.join("; "));
    return;
  }
  const names = listed(
    shared.map(({ name }) => name),
    variablesShownMax,
  );
  const detail = `${names}: all trees share it, so a gate may use what another candidate built`;
  add("toolchain", "warn", detail, `remove it from [run] env in ${configFile}`);
}

const variablesShownMax = 12;

/** The endpoint of the project's own model: its key, the user's agreement, and a request when online. */
async function checkProvider(
  o: DoctorRequest,
  config: Config,
  { add, condition }: Rows,
): Promise<void> {
  const { env, online } = o;
  const none = { defaultAgent: null, defaultProvider: null };
  const resolved = resolveModel(config, none, { agent: null, provider: null });
  if (!resolved.ok) {
    add("endpoint", "fail", resolved.problem, resolved.hint);
    return;
  }
  const { provider, model } = resolved.value;
  const { apiKeyEnv } = provider;
  const origin = trustOrigin(provider.baseUrl);
  const isEdited = await condition("endpoint", async () => {
    requireEditedProvider(provider);
    return `${model} at ${origin}`;
  });
  if (!isEdited) return;
  const hasKey = await condition("key", async () => {
    requireKeys([provider], env);
    return `${apiKeyEnv} is set`;
  });
  await condition("trust", async () => {
    await requireTrust([provider], { env, ...answersOf(o) });
    return `${apiKeyEnv} may be sent to ${origin}`;
  });
  if (online && hasKey && isTrusted(env, provider)) {
    await checkOnline(provider, model, env[apiKeyEnv] ?? "", add);
  }
}

const onlineTimeoutMs = 60_000;

async function checkOnline(
  provider: ProviderConfig,
  model: string,
  key: string,
  add: Add,
): Promise<void> {
  try {
    const reply = await openProvider(endpointOf(provider, key)).send({
      model,
      messages: [{ role: "user", content: "Say ok." }],
      tools: [],
      toolChoice: "auto",
      signal: limitSignal(onlineTimeoutMs),
    });
    if (reply.kind === "reply") add("online", "ok", "the endpoint answers");
    else add("online", "fail", `the endpoint: ${"reason" in reply ? reply.reason : reply.kind}`);
  } catch (error) {
    add("online", "fail", errorMessage(error));
  }
}

/** The engine that measures structure, and the baseline of the structure gate. */
async function checkStructure(
  repository: Repository,
  o: { root: string; config: Config; environment: Record<string, string> },
  add: Add,
): Promise<void> {
  try {
    if (o.config.sentrux.mode === "off") {
      add("structure", "ok", '[sentrux] mode is "off"');
      return;
    }
    const by = configuredSentrux(o.config, o.environment) ?? "built in";
    const { commit } = await headOf(repository);
    if (commit === null) {
      add("structure", "ok", `${by}; dgov run saves the baseline`);
      return;
    }
    const projectDir = projectDirOf(repository, o.root);
    const at = { repository, projectRoot: o.root, projectDir, config: o.config };
    const found = await findBaseline(at, { commit, checkedOut: true, now: Date.now() });
    const projectPrefix = prefixOf(projectDir);
    const measurable = await hasSource({ repository, projectPrefix }, commit);
    add("structure", ...structureRow(found, { by, measurable }));
  } catch (error) {
    const hint = error instanceof DgovError ? error.hint : undefined;
    add("structure", "fail", errorMessage(error), hint ?? 'set [sentrux] engine = "builtin"');
  }
}

/** State, detail and next command of the structural baseline. */
function structureRow(
  found: FoundBaseline,
  { by, measurable }: { by: string; measurable: boolean },
): [state: DoctorCheck["state"], detail: string, next: string | null] {
  const save = "dgov sentrux gate-save";
  if (found.from === null) {
    const { deletedIn } = found;
    if (deletedIn !== null) {
      const detail = `${by}; no baseline (deleted in ${short(deletedIn)}): structure gate disabled`;
      return ["warn", detail, save];
    }
    return measurable
      ? ["ok", `${by}; no baseline: dgov run makes it and commits it`, null]
      : ["ok", `${by}; no source in a language the sensor reads`, null];
  }
  const { state } = found;
  if (typeof state === "string") return ["fail", `baseline: ${state}`, save];
  if (found.from === "disk") {
    const files = `git add ${baselineFile} ${metadataFile}, then commit`;
    return ["warn", "baseline: not committed; runs in this checkout use it", files];
  }
  if (found.onDisk?.text === null) {
    const restore = `git checkout HEAD -- ${baselineFile} ${metadataFile}`;
    return ["warn", "baseline: deleted here; the committed one is used, not refreshed", restore];
  }
  if (state.stale !== null) return ["warn", `baseline: ${state.stale}`, save];
  return ["ok", by, null];
}
