/** Reads `.dgov/project.toml`: read -> parse -> check -> normalise. Every problem at once, with its place. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { DgovError, type Diagnostic } from "../error.ts";
import { suggest } from "../std/suggest.ts";
import type { Config } from "./config.ts";
import { configFile } from "./find.ts";
import { locateKey } from "./locate.ts";
import { providerProblems, providersOf } from "./providers.ts";
import { projectSchema, type, type WrittenConfig } from "./schema.ts";
import { parseToml } from "./toml.ts";

export { findProject } from "./find.ts";

export type LoadedConfig =
  | { ok: true; config: Config; warnings: Diagnostic[] }
  | { ok: false; diagnostics: Diagnostic[] };

/** Loads the configuration of a project; a project without the file has the defaults. */
export function loadConfig(projectRoot: string): LoadedConfig {
  let text = "";
  try {
    text = readFileSync(join(projectRoot, configFile), "utf8");
  } catch {
    return { ok: true, config: normalise({}, projectRoot, ""), warnings: [] };
  }
  return parseConfig(text, projectRoot);
}

/** The configuration, or CONFIG_INVALID with every diagnostic. */
export function requireConfig(projectRoot: string): Config {
  const loaded = loadConfig(projectRoot);
  if (loaded.ok) return loaded.config;
  throw new DgovError("CONFIG_INVALID", `${configFile} has errors`, {
    diagnostics: loaded.diagnostics,
  });
}

/** Checks and normalises the text of a project.toml. */
export function parseConfig(text: string, projectRoot: string): LoadedConfig {
  const parsed = parseToml(text);
  if (!parsed.ok) {
    const excerpt = text.split(/\r?\n/)[parsed.line - 1] ?? null;
    const place = { line: parsed.line, column: parsed.column, excerpt };
    return { ok: false, diagnostics: [diagnostic("toml-syntax", parsed.message, place)] };
  }
  const checked = projectSchema(parsed.value);
  const diagnostics = checked instanceof type.errors ? problems(checked, text) : [];
  if (diagnostics.length > 0) return { ok: false, diagnostics };
  const written = checked as WrittenConfig;
  const config = normalise(written, projectRoot, text);
  const wrong = meaning(config, text);
  return wrong.length > 0 ? { ok: false, diagnostics: wrong } : { ok: true, config, warnings: [] };
}

type Place = { line: number; column: number; excerpt: string | null } | null;

function diagnostic(
  code: string,
  message: string,
  place: Place,
  hint: string | null = null,
): Diagnostic {
  return {
    severity: "error",
    code,
    file: configFile,
    line: place?.line ?? null,
    column: place?.column ?? null,
    unit: null,
    message,
    hint,
    excerpt: place?.excerpt ?? null,
  };
}

interface SchemaProblem {
  code: string;
  path: ArrayLike<PropertyKey>;
  expected: string;
  actual: string;
}

function problems(errors: Iterable<SchemaProblem>, text: string): Diagnostic[] {
  return [...errors]
    .map((error) => {
      const path = Array.from(error.path, String);
      const name = path.join(".");
      const place = locateKey(text, path);
      if (error.code === "predicate" || error.expected === "removed") {
        const near = suggest(path.at(-1) ?? "", siblings(path));
        const hint = near === null ? null : `did you mean ${near}?`;
        return diagnostic("unknown-key", `unknown key \`${name}\``, place, hint);
      }
      return diagnostic(
        "wrong-type",
        `\`${name}\` must be ${wantedOf(error)}, not ${error.actual}`,
        place,
      );
    })
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

/** What was expected, in words; a choice of values comes wrapped in a sentence of its own. */
function wantedOf({ expected }: SchemaProblem): string {
  return /must be (.+) \(was /.exec(expected)?.[1] ?? expected;
}

/** Keys that could stand where the last part of the path stands. */
function siblings(path: string[]): string[] {
  const json = projectSchema.json as { optional?: { key: string; value: unknown }[] };
  let here: unknown = json;
  for (const part of path.slice(0, -1)) {
    const field = fieldsOf(here).find(({ key }) => key === part);
    // A table whose keys the project names has one shape for all of them.
    here =
      field?.value ?? (here as { index?: { value: unknown }[] } | undefined)?.index?.[0]?.value;
  }
  return fieldsOf(here).map((field) => field.key);
}

function fieldsOf(node: unknown): { key: string; value: unknown }[] {
  const { optional = [], required = [] } = (node ?? {}) as {
    optional?: { key: string; value: unknown }[];
    required?: { key: string; value: unknown }[];
  };
  return [...required, ...optional];
}

/** What the schema cannot say. */
function meaning(config: Config, text: string): Diagnostic[] {
  const wrong: Diagnostic[] = [];
  if (config.provider !== null && !Object.hasOwn(config.providers, config.provider)) {
    const near = suggest(config.provider, Object.keys(config.providers));
    wrong.push(
      diagnostic(
        "unknown-provider",
        `\`project.provider\` names \`${config.provider}\`, which is not under [providers]`,
        locateKey(text, ["project", "provider"]),
        near === null ? null : `did you mean ${near}?`,
      ),
    );
  }
  for (const { code, path, message, hint } of providerProblems(config)) {
    wrong.push(diagnostic(code, message, locateKey(text, path), hint));
  }
  for (const entry of config.scope.ignore) {
    if (/^(\.dgov|\.sentrux|\.coverage-baseline)(\/|$)/.test(entry)) {
      wrong.push(
        diagnostic(
          "reserved-path",
          `\`scope.ignore_files\` cannot hide the reserved path \`${entry}\``,
          locateKey(text, ["scope", "ignore_files"]),
        ),
      );
    }
  }
  return wrong;
}

function normalise(written: WrittenConfig, projectRoot: string, text: string): Config {
  const project = written.project ?? {};
  const providers = providersOf(written, text);
  const names = Object.keys(providers);
  const policy = written.tool_policy ?? {};
  const none = (value: string | undefined): string | null =>
    value === undefined || value.trim() === "" ? null : value;
  const root = written.worktree?.root;
  return {
    language: project.language ?? "unknown",
    srcDir: project.src_dir ?? "src/",
    testDir: project.test_dir ?? "tests/",
    sourceExtensions: project.source_extensions ?? [],
    testMarkers: project.test_markers ?? [],
    lineLength: project.line_length ?? 99,
    commands: {
      test: none(project.test_cmd),
      lint: none(project.lint_cmd),
      lintFix: none(project.lint_fix_cmd),
      format: none(project.format_cmd),
      formatCheck: none(project.format_check_cmd),
      typeCheck: none(project.type_check_cmd),
      coverage: none(project.coverage_cmd),
      setup: none(project.setup_cmd),
    },
    reviewHooks: project.review_hooks ?? [],
    coverageThreshold: project.coverage_threshold ?? 2,
    bootstrapTimeoutS: project.bootstrap_timeout ?? 300,
    settlementTimeoutS: project.settlement_timeout ?? 600,
    workerIterationBudget: project.worker_iteration_budget ?? 50,
    workerTreeMaxLines: project.worker_tree_max_lines ?? 80,
    provider: project.provider ?? (names.length === 1 ? (names[0] ?? null) : null),
    defaultAgent: project.default_agent ?? null,
    providers,
    agents: written.agents ?? {},
    conventions: Object.fromEntries(
      Object.entries(written.conventions ?? {}).map(([key, value]) => [key, String(value)]),
    ),
    toolPolicy: {
      restrictRunBash: policy.restrict_run_bash ?? false,
      denyShellCommands: policy.deny_shell_commands ?? [],
      denyShellFileMutations: policy.deny_shell_file_mutations ?? false,
      requireWrappedVerifyTools: policy.require_wrapped_verify_tools ?? false,
      requireUvRun: policy.require_uv_run ?? false,
    },
    scope: {
      allow: written.scope?.allow_files ?? [],
      deny: written.scope?.deny_files ?? [],
      ignore: written.scope?.ignore_files ?? [],
      allowGitControl: written.scope?.allow_git_control ?? false,
    },
    departments: Object.entries(written.departments ?? {}).map(([name, patterns]) => ({
      name,
      patterns,
    })),
    sentrux: {
      engine: written.sentrux?.engine ?? "auto",
      mode: written.sentrux?.mode ?? "diff",
      onDegraded: written.sentrux?.on_degraded ?? "warn",
      staleCommits: written.sentrux?.stale_commits ?? 10,
      staleDays: written.sentrux?.stale_days ?? 14,
      includeTests: written.sentrux?.include_tests ?? false,
    },
    verify: Object.fromEntries(
      Object.entries(written.verify ?? {}).map(([name, recipe]) => [
        name,
        {
          command: recipe.command,
          description: recipe.description ?? null,
          logName: recipe.log_name ?? null,
        },
      ]),
    ),
    sops: { picker: written.sops?.picker ?? "model" },
    worktree: {
      root: root === undefined ? null : isAbsolute(root) ? root : resolve(projectRoot, root),
      copy: written.worktree?.copy ?? null,
      setup: written.worktree?.setup ?? none(project.setup_cmd),
      keepMibMax: written.worktree?.keep_mib_max ?? 100,
    },
    merge: {
      order: written.merge?.order ?? "ready",
      speculation: written.merge?.speculation ?? 4,
      flaky: written.merge?.flaky ?? "pass",
      sign: written.merge?.sign ?? false,
      rebuilds: written.merge?.rebuilds ?? 5,
    },
    run: {
      jobs: written.run?.jobs ?? 4,
      maxGates: written.run?.max_gates ?? availableParallelism(),
      crashRetries: written.run?.crash_retries ?? 2,
      timeoutRetries: written.run?.timeout_retries ?? 1,
      env: written.run?.env ?? [],
    },
  };
}
