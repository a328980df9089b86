/** Reads `.dgov/project.toml`: parsing, validation and values in force. Reports every problem with its position. */
import { isAbsolute, posix, resolve } from "node:path";
import { DgovError, type Diagnostic } from "../error.ts";
import { readText } from "../std/files.ts";
import { didYouMean, suggest } from "../std/suggest.ts";
import type { Config } from "./config.ts";
import { configFile, isLocal, ownPath, projectPath } from "./find.ts";
import { gateProblems } from "./gates.ts";
import { valueInForce, valuesInForce } from "./keys.ts";
import { gateKeys, projectKeys, type WrittenConfig } from "./project-keys.ts";
import { providerProblems, providersOf } from "./providers.ts";
import { keyProblems } from "./schema.ts";
import { parseToml } from "./toml.ts";
import { type SourcePosition, type TomlPositions, tomlPositions } from "./toml-positions.ts";

type LoadedConfig = { ok: true; config: Config } | { ok: false; diagnostics: Diagnostic[] };

/** Loads the configuration of a project; a project without the file has the defaults. */
export function loadConfig(projectRoot: string): LoadedConfig {
  // A missing file has no keys; one that cannot be read does not mean the defaults.
  const loaded = parseConfig(readText(ownPath(projectRoot, configFile)) ?? "", projectRoot);
  if (loaded.ok) return loaded;
  const file = projectPath(projectRoot, configFile);
  return { ok: false, diagnostics: loaded.diagnostics.map((one) => ({ ...one, file })) };
}

/** The configuration of a project. Throws CONFIG_INVALID with every diagnostic. */
export function requireConfig(projectRoot: string): Config {
  const loaded = loadConfig(projectRoot);
  if (loaded.ok) return loaded.config;
  throw new DgovError("CONFIG_INVALID", `${projectPath(projectRoot, configFile)} has errors`, {
    diagnostics: loaded.diagnostics,
  });
}

/** Validates the text of a project.toml. Relative paths in it are relative to `projectRoot`. */
export function parseConfig(text: string, projectRoot: string): LoadedConfig {
  const parsed = parseToml(text);
  if (!parsed.ok) {
    const excerpt = text.split(/\r?\n/)[parsed.line - 1] ?? null;
    const position = { line: parsed.line, column: parsed.column, excerpt };
    const problem = { code: "toml-syntax", message: parsed.message, hint: null };
    return { ok: false, diagnostics: [diagnostic(problem, position)] };
  }
  const positions = tomlPositions(text);
  const invalid = keyProblems(projectKeys, parsed.value).map(({ path, ...problem }) => {
    // The code of a missing key in project.toml is `wrong-type`.
    const code = problem.code === "missing-key" ? "wrong-type" : problem.code;
    return diagnostic({ ...problem, code }, positions.find(path));
  });
  if (invalid.length > 0) {
    return { ok: false, diagnostics: invalid.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)) };
  }
  const config = configInForce(parsed.value as WrittenConfig, projectRoot, positions);
  const inconsistent = inconsistencies(config, positions);
  return inconsistent.length > 0 ? { ok: false, diagnostics: inconsistent } : { ok: true, config };
}

function diagnostic(
  problem: { code: string; message: string; hint: string | null },
  position: (Omit<SourcePosition, "excerpt"> & { excerpt: string | null }) | null,
): Diagnostic {
  return {
    severity: "error",
    ...problem,
    file: configFile,
    line: position?.line ?? null,
    column: position?.column ?? null,
    unit: null,
    excerpt: position?.excerpt ?? null,
  };
}

/** Problems that involve more than one key or the meaning of a value. */
function inconsistencies(config: Config, positions: TomlPositions): Diagnostic[] {
  const found: Diagnostic[] = [];
  if (config.provider !== null && !Object.hasOwn(config.providers, config.provider)) {
    const problem = {
      code: "unknown-provider",
      message: `\`project.provider\` names \`${config.provider}\`, which is not under [providers]`,
      hint: didYouMean(suggest(config.provider, Object.keys(config.providers)), null),
    };
    found.push(diagnostic(problem, positions.find(["project", "provider"])));
  }
  for (const { path, ...problem } of providerProblems(config)) {
    found.push(diagnostic(problem, positions.find(path)));
  }
  for (const { path, value, ...problem } of gateProblems(config)) {
    found.push(diagnostic(problem, positions.find(path, value)));
  }
  for (const entry of config.scope.ignore) {
    if (!/^(\.dgov|\.sentrux|\.coverage-baseline)(\/|$)/.test(entry)) continue;
    const message = `\`scope.ignore_files\` must not match the reserved path \`${entry}\``;
    const position = positions.find(["scope", "ignore_files"]);
    found.push(diagnostic({ code: "reserved-path", message, hint: null }, position));
  }
  return found;
}

/** The values in force: those written, defaults for the others. */
function configInForce(
  written: WrittenConfig,
  projectRoot: string,
  positions: TomlPositions,
): Config {
  const project = valuesInForce(projectKeys.project.keys, written.project);
  const scope = valuesInForce(projectKeys.scope.keys, written.scope);
  const worktree = valuesInForce(projectKeys.worktree.keys, written.worktree);
  const providers = providersOf(written, positions);
  const [onlyProvider, another] = Object.keys(providers);
  return {
    language: project.language,
    srcDir: project.srcDir,
    testDir: project.testDir,
    sourceExtensions: project.sourceExtensions,
    lineLength: project.lineLength,
    commands: {
      test: project.testCmd,
      lint: project.lintCmd,
      lintFix: project.lintFixCmd,
      format: project.formatCmd,
      formatCheck: project.formatCheckCmd,
      typeCheck: project.typeCheckCmd,
      coverage: project.coverageCmd,
      setup: project.setupCmd,
    },
    reviewHooks: project.reviewHooks,
    historyGates: project.historyGates,
    exclusiveGates: project.exclusiveGates,
    coverageThreshold: project.coverageThreshold,
    bootstrapTimeoutS: project.bootstrapTimeout,
    settlementTimeoutS: project.settlementTimeout,
    workerIterationBudget: project.workerIterationBudget,
    workerTreeMaxLines: project.workerTreeMaxLines,
    provider: project.provider ?? (another === undefined ? (onlyProvider ?? null) : null),
    defaultAgent: project.defaultAgent,
    providers,
    agents: written.agents ?? {},
    conventions: Object.fromEntries(
      Object.entries(written.conventions ?? {}).map(([name, value]) => [name, String(value)]),
    ),
    toolPolicy: valuesInForce(projectKeys.tool_policy.keys, written.tool_policy),
    scope: {
      allow: scope.allowFiles,
      deny: scope.denyFiles,
      ignore: scope.ignoreFiles,
      allowGitControl: scope.allowGitControl,
    },
    departments: Object.entries(written.departments ?? {}).map(([name, patterns]) => ({
      name,
      patterns,
    })),
    sentrux: valuesInForce(projectKeys.sentrux.keys, written.sentrux),
    semantic: severities(written.semantic),
    verify: Object.fromEntries(
      Object.entries(written.verify ?? {}).map(([name, recipe]) => {
        const { command, description = null, log_name: logName = null, exclusive = false } = recipe;
        return [name, { command, description, logName, exclusive }];
      }),
    ),
    sops: valuesInForce(projectKeys.sops.keys, written.sops),
    gates: (written.gates ?? []).map((gate) => {
      const values = valuesInForce(gateKeys, gate);
      return { ...values, cwd: posix.normalize(values.cwd).replace(/(.)\/$/, "$1") };
    }),
    worktree: {
      ...worktree,
      root: absolutePath(worktree.root, projectRoot),
      setup: worktree.setup ?? project.setupCmd,
    },
    sandbox: valuesInForce(projectKeys.sandbox.keys, written.sandbox),
    merge: valuesInForce(projectKeys.merge.keys, {
      ...(isLocal(projectRoot) && { trailers: "notes" as const }),
      ...written.merge,
    }),
    run: valuesInForce(projectKeys.run.keys, written.run),
  };
}

function severities(written: WrittenConfig["semantic"] = {}): Config["semantic"] {
  const values = Object.entries(projectKeys.semantic.keys).map(([kind, definition]) => [
    kind,
    valueInForce(definition, written[kind as keyof typeof written]),
  ]);
  return Object.fromEntries(values);
}

function absolutePath(path: string | null, projectRoot: string): string | null {
  return path === null || isAbsolute(path) ? path : resolve(projectRoot, path);
}
