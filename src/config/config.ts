/** `.dgov/project.toml` as the program uses it: every key present, defaults applied, units in names. */

export interface ProviderConfig {
  name: string;
  baseUrl: string;
  apiKeyEnv: string;
  /** The header the key travels in: `Authorization: Bearer KEY` or `api-key: KEY`. */
  auth: "bearer" | "api-key";
  defaultAgent: string | null;
  requestTimeoutS: number;
  idleTimeoutS: number;
  retries: number;
  retryAfterMaxS: number;
  contextTokens: number;
  /** Requests in flight at once for the whole run. */
  maxConcurrent: number;
  /** Requests, and estimated tokens, of the whole run in any minute; null for no limit. */
  requestsPerMinute: number | null;
  tokensPerMinute: number | null;
  stream: boolean;
  /** Whether a streamed answer is asked for its token counts. */
  streamUsage: boolean;
  /** Tokens an answer may have; null leaves it to the server. */
  maxTokens: number | null;
  maxTokensField: "max_tokens" | "max_completion_tokens";
  temperature: number | null;
  /** Null leaves the field out of the request. */
  parallelToolCalls: boolean | null;
  /** Whether the model's reasoning is sent back with its answers. */
  returnReasoning: boolean;
  headers: Record<string, string>;
  /** Added to the address of every request. */
  query: Record<string, string>;
  /** Further fields of every request. */
  body: Record<string, unknown>;
  /** Per million tokens; null when no price is configured, and cost is then left out. */
  price: { input: number; cached: number; output: number } | null;
  /** Still the text `init` wrote; `run`, `compile` and `doctor` refuse it by file and line. */
  placeholder: boolean;
  /** Line of the table's header in project.toml. */
  line: number | null;
}

export interface VerifyRecipe {
  command: string;
  description: string | null;
  logName: string | null;
}

export interface Config {
  language: string;
  srcDir: string;
  testDir: string;
  sourceExtensions: string[];
  testMarkers: string[];
  lineLength: number;
  /** Shell text; null when not configured. */
  commands: {
    test: string | null;
    lint: string | null;
    lintFix: string | null;
    format: string | null;
    formatCheck: string | null;
    typeCheck: string | null;
    coverage: string | null;
    setup: string | null;
  };
  reviewHooks: string[];
  coverageThreshold: number;
  bootstrapTimeoutS: number;
  settlementTimeoutS: number;
  workerIterationBudget: number;
  workerTreeMaxLines: number;
  /** Name of the project's provider; null when there are several and none is chosen, or none at all. */
  provider: string | null;
  /** `[project] default_agent`, the last resort of model resolution. */
  defaultAgent: string | null;
  providers: Record<string, ProviderConfig>;
  /** Alias to model name. */
  agents: Record<string, string>;
  conventions: Record<string, string>;
  toolPolicy: {
    restrictRunBash: boolean;
    denyShellCommands: string[];
    denyShellFileMutations: boolean;
    requireWrappedVerifyTools: boolean;
    requireUvRun: boolean;
  };
  scope: { allow: string[]; deny: string[]; ignore: string[]; allowGitControl: boolean };
  departments: { name: string; patterns: string[] }[];
  sentrux: {
    engine: "auto" | "builtin" | "external";
    mode: "diff" | "strict";
    onDegraded: "warn" | "fail";
    staleCommits: number;
    staleDays: number;
    includeTests: boolean;
  };
  verify: Record<string, VerifyRecipe>;
  sops: { picker: "model" | "rules" };
  worktree: {
    /** Absolute path of the folder attempts are made in; null for the user's cache folder. */
    root: string | null;
    /** Dependency folders to copy; null for those detected. */
    copy: string[] | null;
    setup: string | null;
    keepMibMax: number;
  };
  merge: {
    order: "ready" | "plan";
    speculation: number;
    flaky: "pass" | "fail";
    sign: boolean;
    rebuilds: number;
  };
  run: {
    jobs: number;
    maxGates: number;
    crashRetries: number;
    timeoutRetries: number;
    /** Names of environment variables that gates and tools get besides the allow-list. */
    env: string[];
  };
}
