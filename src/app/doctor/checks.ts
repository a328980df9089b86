/** `dgov doctor`: checks everything a run needs, one thing at a time. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Config, ProviderConfig } from "../../config/config.ts";
import { childVariables } from "../../config/execution-policy.ts";
import { configFile, findProject } from "../../config/find.ts";
import { gatesWithoutHistory } from "../../config/gate-history.ts";
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
} from "../../git/repository.ts";
import { openProvider } from "../../model/provider.ts";
import { childEnvironment } from "../../process/environment.ts";
import { describeExit } from "../../process/exit-result.ts";
import { runProcess } from "../../process/spawn.ts";
import { type FoundBaseline, findBaseline } from "../../settlement/structure/baseline.ts";
import { configuredSentrux } from "../../settlement/structure/engine.ts";
import { hasSource } from "../../settlement/structure/scan.ts";
import { limitSignal } from "../../std/limit.ts";
import { errorMessage, short } from "../../std/text.ts";
import { baselineFile, metadataFile } from "../../structure/baseline.ts";

export interface DoctorCheck {
  check: string;
  state: "ok" | "warn" | "fail";
  detail: string;
  /** The next command to type, or null. */
  next: string | null;
}

interface DoctorRequest {
  cwd: string;
  env: Record<string, string | undefined>;
  /** Sends one tiny request to the endpoint. */
  online: boolean;
}

/** Adds one result. */
type Add = (
  check: string,
  state: DoctorCheck["state"],
  detail: string,
  next?: string | null,
) => void;

/** Results of all checks, in order. A failed check ends those that depend on it. */
export async function runChecks(o: DoctorRequest): Promise<DoctorCheck[]> {
  const checks: DoctorCheck[] = [];
  const add: Add = (check, state, detail, next = null) => {
    checks.push({ check, state, detail, next });
  };
  try {
    add("git", "ok", await gitVersion());
  } catch (error) {
    add("git", "fail", errorMessage(error), "install git 2.38 or newer");
    return checks;
  }
  const repository = await openRepository(o.cwd).catch((error: unknown) => {
    add("repository", "fail", errorMessage(error), "git init");
    return null;
  });
  if (repository !== null) {
    add("repository", "ok", repository.topLevel);
    await checkRepository(repository, add);
  }
  const root = findProject(o.cwd);
  if (root === null) {
    add("project", "fail", "no .dgov folder here or above", "dgov init");
    return checks;
  }
  const loaded = loadConfig(root);
  if (!loaded.ok) {
    for (const d of loaded.diagnostics) {
      add("config", "fail", `${d.file}:${d.line ?? 1}: ${d.message}`, d.hint);
    }
    return checks;
  }
  const { config } = loaded;
  add("config", "ok", configFile);
  await checkProvider(o, config, add);
  const environment = childEnvironment(o.env, childVariables(config));
  await checkCommands(root, config, environment, add);
  add("sandbox", "warn", "off: a worker can read and write what you can", null);
  if (repository !== null) {
    await checkStructure(repository, { root, config, environment }, add);
  }
  return checks;
}

async function checkRepository(repository: Repository, add: Add): Promise<void> {
  try {
    const { name, email } = await requireIdentity(repository);
    add("identity", "ok", `${name} <${email}>`);
  } catch (error) {
    if (!(error instanceof DgovError) || error.code !== "ENVIRONMENT") throw error;
    add("identity", "fail", error.message, error.hint);
  }
  const folder = join(repository.commonDir, "hooks");
  const hooks = existsSync(folder)
    ? readdirSync(folder).filter((name) => !name.endsWith(".sample"))
    : [];
  if (hooks.length > 0) {
    add("hooks", "warn", `${hooks.join(", ")}: git hooks do not run here; gates are the hooks`);
  }
  if (existsSync(join(repository.topLevel, ".gitmodules"))) {
    add("submodules", "warn", "submodules are left to setup_cmd; their content cannot be claimed");
  }
  if (repository.shallow) {
    const detail = "shallow clone: previously landed units cannot be detected";
    add("history", "warn", detail, "git fetch --unshallow");
  }
}

/** The endpoint of the project's own model: its key, the user's agreement, and a request when online. */
async function checkProvider(
  { env, online }: DoctorRequest,
  config: Config,
  add: Add,
): Promise<void> {
  const none = { defaultAgent: null, defaultProvider: null };
  const resolved = resolveModel(config, none, { agent: null, provider: null });
  if (!resolved.ok) {
    add("endpoint", "fail", resolved.problem, resolved.hint);
    return;
  }
  const { provider, model } = resolved.value;
  const { apiKeyEnv } = provider;
  const origin = trustOrigin(provider.baseUrl);
  try {
    requireEditedProvider(provider);
  } catch (error) {
    if (!(error instanceof DgovError)) throw error;
    add("endpoint", "fail", error.message, error.hint);
    return;
  }
  add("endpoint", "ok", `${model} at ${origin}`);
  const key = env[apiKeyEnv] ?? "";
  if (key === "") add("key", "fail", `${apiKeyEnv} is not set`, `export ${apiKeyEnv}=...`);
  else add("key", "ok", `${apiKeyEnv} is set`);
  const trusted = isTrusted(env, provider);
  if (trusted) add("trust", "ok", `${apiKeyEnv} may be sent to ${origin}`);
  else {
    const detail = `you have not agreed yet to send ${apiKeyEnv} to ${origin}`;
    add("trust", "warn", detail, "dgov run asks, or takes -y");
  }
  if (online && key !== "" && trusted) await checkOnline(provider, model, key, add);
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

const builtins = new Set([
  "test",
  "[",
  "true",
  "false",
  "echo",
  "cd",
  "if",
  "for",
  "sh",
  "exec",
  "set",
  ":",
]);

/** Starts the program of each configured command with `--version`, in the gates' environment. */
async function checkCommands(
  root: string,
  config: Config,
  environment: Record<string, string>,
  add: Add,
): Promise<void> {
  const configured = Object.entries(config.commands).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  );
  if (configured.length === 0) {
    const detail = "no gate is configured: every change within its claims would land";
    add("gates", "warn", detail, `set test_cmd in ${configFile}`);
  }
  for (const { message, hint } of gatesWithoutHistory(config))
    add("gate history", "warn", message, hint);
  const seen = new Set<string>();
  for (const [key, text] of configured) {
    const name = key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    const program = firstWord(text);
    if (program === null || builtins.has(program) || seen.has(program)) continue;
    seen.add(program);
    const run = await runProcess({
      argv: [program, "--version"],
      cwd: root,
      env: environment,
      timeoutMs: 30_000,
      outputBytesMax: 16 * 1024,
    });
    if (run.result.kind === "not_found")
      add(`${name} command`, "fail", `${program} is not on PATH`, `install ${program}`);
    else if (run.result.kind === "exited" && run.result.code === 0)
      add(`${name} command`, "ok", `${program}: ${run.combined.trim().split("\n")[0] ?? ""}`);
    else
      add(`${name} command`, "ok", `${program} is there (--version: ${describeExit(run.result)})`);
  }
}

/** The program a shell command starts with, after assignments; null when it is not a plain word. */
function firstWord(text: string): string | null {
  const word = text
    .trim()
    .split(/\s+/)
    .find((part) => !/^[A-Za-z_]\w*=/.test(part));
  return word === undefined || /["'`$(){}<>|&;]/.test(word) ? null : word;
}
