/** Everything `dgov run` will need, looked at one by one: what is so, and what to type next. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../cli/command.ts";
import type { Config } from "../config/config.ts";
import { endpointOf } from "../config/endpoint.ts";
import { childVariables } from "../config/environment.ts";
import { findProject } from "../config/find.ts";
import { loadConfig } from "../config/load.ts";
import { resolveModel } from "../config/resolve.ts";
import { isTrusted, trustOrigin } from "../config/trust.ts";
import { DgovError } from "../error.ts";
import {
  configuredIdentity,
  gitVersion,
  openRepository,
  projectDirOf,
  type Repository,
} from "../git/repository.ts";
import { childEnvironment } from "../process/environment.ts";
import { describeExit } from "../process/exit-result.ts";
import { runProcess } from "../process/spawn.ts";

export interface DoctorCheck {
  check: string;
  state: "ok" | "warn" | "fail";
  detail: string;
  /** The next command to type, or null. */
  next: string | null;
}

/** All rows. `online` sends one tiny request to the endpoint. */
export async function runChecks(context: Context, o: { online: boolean }): Promise<DoctorCheck[]> {
  const rows: DoctorCheck[] = [];
  const add = (
    check: string,
    state: DoctorCheck["state"],
    detail: string,
    next: string | null = null,
  ): void => {
    rows.push({ check, state, detail, next });
  };
  try {
    add("git", "ok", await gitVersion());
  } catch (error) {
    add("git", "fail", wordsOf(error), "install git 2.38 or newer");
    return rows;
  }
  const repository = await openRepository(context.cwd).catch((error: unknown) => {
    add("repository", "fail", wordsOf(error), "git init");
    return null;
  });
  if (repository !== null) {
    add("repository", "ok", repository.topLevel);
    await examineRepository(repository, add);
  }
  const root = findProject(context.cwd);
  if (root === null) {
    add("project", "fail", "no .dgov folder here or above", "dgov init");
    return rows;
  }
  const loaded = loadConfig(root);
  if (!loaded.ok) {
    for (const d of loaded.diagnostics) {
      add("config", "fail", `${d.file}:${d.line ?? 1}: ${d.message}`, d.hint);
    }
    return rows;
  }
  add("config", "ok", ".dgov/project.toml");
  await examineProvider(context, loaded.config, o.online, add);
  await examineCommands(context, root, loaded.config, add);
  add("sandbox", "warn", "off: a worker can read and write what you can", null);
  if (repository !== null)
    await examineStructure(repository, { context, root, config: loaded.config }, add);
  return rows;
}

/** What measures, and what it is measured against. */
async function examineStructure(
  repository: Repository,
  o: { context: Context; root: string; config: Config },
  add: Add,
): Promise<void> {
  const { baselineOnDisk } = await import("../settlement/structure/baseline.ts");
  const { chooseEngine } = await import("../settlement/structure/engine.ts");
  const { headOf } = await import("../git/refs.ts");
  const save = "dgov sentrux gate-save";
  try {
    const environment = childEnvironment(o.context.env, { deny: [] });
    const engine = chooseEngine(o.config, environment);
    const by = engine.kind === "external" ? engine.program : "built in";
    const commit = (await headOf(repository)).commit;
    const projectDir = projectDirOf(repository, o.root);
    const asking = { repository, projectRoot: o.root, projectDir, config: o.config };
    const state =
      commit === null ? null : await baselineOnDisk(asking, "", { commit, now: Date.now() });
    if (state === null) add("structure", "warn", `${by}; no baseline, so nothing is judged`, save);
    else if (typeof state === "string") add("structure", "fail", `baseline: ${state}`, save);
    else if (state.stale !== null) add("structure", "warn", `baseline: ${state.stale}`, save);
    else add("structure", "ok", by);
  } catch (error) {
    add("structure", "fail", wordsOf(error), 'set [sentrux] engine = "builtin"');
  }
}

type Add = (
  check: string,
  state: DoctorCheck["state"],
  detail: string,
  next?: string | null,
) => void;

async function examineRepository(repository: Repository, add: Add): Promise<void> {
  const identity = await configuredIdentity(repository);
  if (identity === null)
    add("identity", "fail", "git does not know who you are", "git config --global user.name NAME");
  else add("identity", "ok", `${identity.name} <${identity.email}>`);
  const folder = join(repository.commonDir, "hooks");
  const hooks = existsSync(folder)
    ? readdirSync(folder).filter((name) => !name.endsWith(".sample"))
    : [];
  if (hooks.length > 0)
    add("hooks", "warn", `${hooks.join(", ")}: git hooks do not run here; gates are the hooks`);
  if (existsSync(join(repository.topLevel, ".gitmodules"))) {
    add("submodules", "warn", "submodules are left to setup_cmd; their content cannot be claimed");
  }
  if (repository.shallow)
    add(
      "history",
      "warn",
      "a shallow clone: what landed earlier cannot be seen",
      "git fetch --unshallow",
    );
}

async function examineProvider(
  context: Context,
  config: Config,
  online: boolean,
  add: Add,
): Promise<void> {
  const resolved = resolveModel(
    config,
    { defaultAgent: null, defaultProvider: null },
    { agent: null, provider: null },
  );
  if (!resolved.ok) {
    add("endpoint", "fail", resolved.problem, resolved.hint);
    return;
  }
  const { provider, model } = resolved.value;
  if (provider.placeholder) {
    add(
      "endpoint",
      "fail",
      `.dgov/project.toml:${provider.line ?? 1}: [providers.${provider.name}] still holds the placeholders of init`,
      "set base_url, default_agent and api_key_env",
    );
    return;
  }
  add("endpoint", "ok", `${model} at ${trustOrigin(provider.baseUrl)}`);
  const key = context.env[provider.apiKeyEnv] ?? "";
  if (key === "")
    add("key", "fail", `${provider.apiKeyEnv} is not set`, `export ${provider.apiKeyEnv}=...`);
  else add("key", "ok", `${provider.apiKeyEnv} is set`);
  const trusted = context.env["DGOV_TRUST_PROVIDERS"] === "1" || isTrusted(context.env, provider);
  if (trusted)
    add("trust", "ok", `${provider.apiKeyEnv} may be sent to ${trustOrigin(provider.baseUrl)}`);
  else
    add(
      "trust",
      "warn",
      `you have not agreed yet to send ${provider.apiKeyEnv} to ${trustOrigin(provider.baseUrl)}`,
      "dgov run asks, or takes -y",
    );
  if (!online || key === "" || !trusted) return;
  const { openProvider } = await import("../model/provider.ts");
  try {
    const endpoint = openProvider(endpointOf(provider, key));
    const reply = await endpoint.send({
      model,
      messages: [{ role: "user", content: "Say ok." }],
      tools: [],
      toolChoice: "auto",
      signal: AbortSignal.timeout(onlineTimeoutMs),
    });
    if (reply.kind === "reply") add("online", "ok", "the endpoint answers");
    else
      add("online", "fail", `the endpoint: ${"reason" in reply ? reply.reason : reply.kind}`, null);
  } catch (error) {
    add("online", "fail", wordsOf(error), null);
  }
}

const onlineTimeoutMs = 60_000;

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

/** The first word of each configured command, found and started in the gates' environment. */
async function examineCommands(
  context: Context,
  root: string,
  config: Config,
  add: Add,
): Promise<void> {
  const environment = childEnvironment(context.env, childVariables(config));
  const configured = Object.entries(config.commands).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  );
  if (configured.length === 0)
    add(
      "gates",
      "warn",
      "no gate is configured: everything a worker says would land",
      "set test_cmd in .dgov/project.toml",
    );
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

/** The program a shell text starts with, assignments aside; null when it is not plain. */
export function firstWord(text: string): string | null {
  const word = text
    .trim()
    .split(/\s+/)
    .find((part) => !/^[A-Za-z_]\w*=/.test(part));
  return word === undefined || /["'`$(){}<>|&;]/.test(word) ? null : word;
}

function wordsOf(error: unknown): string {
  return error instanceof DgovError || error instanceof Error ? error.message : String(error);
}

/** The rows as text, widest check first column. */
export function renderRows(rows: readonly DoctorCheck[]): string {
  const width = Math.max(...rows.map((row) => row.check.length));
  return rows
    .map(
      (row) =>
        `${row.state.padEnd(4)}  ${row.check.padEnd(width)}  ${row.detail}${row.next === null ? "" : `\n      ${" ".repeat(width)}  -> ${row.next}`}`,
    )
    .join("\n");
}
