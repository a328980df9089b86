/** `.dgov/project.toml` as the program uses it: every value in force, names in camelCase. */
import type { ValuesInForce } from "./keys.ts";
import type { gateKeys, projectKeys, providerKeys, WrittenConfig } from "./project-keys.ts";

/** Values in force of a table of project.toml; `project-keys.ts` describes each. */
type Values<Table extends keyof typeof projectKeys> = (typeof projectKeys)[Table] extends {
  keys: infer K;
}
  ? ValuesInForce<K>
  : never;

type ProviderValues = Omit<ValuesInForce<typeof providerKeys>, "price">;

/** A table `[providers.<name>]`. */
export interface ProviderConfig extends ProviderValues {
  name: string;
  /** Per million tokens; null without prices, and then no cost is computed. */
  price: { input: number; cached: number; output: number } | null;
  /** True while it contains a placeholder that `init` wrote. */
  placeholder: boolean;
  /** Line of the table's header in project.toml. */
  line: number | null;
}

/** A table `[verify.<name>]`. */
interface VerifyRecipe {
  command: string;
  description: string | null;
  logName: string | null;
  /** As a unit's `test_cmd` it runs while no other gate command runs. */
  exclusive: boolean;
}

/** A table `[[gates]]`; `cwd` is normalised, `.` for the project. */
export type GateConfig = ValuesInForce<typeof gateKeys>;

export interface Config {
  language: string;
  srcDir: string;
  testDir: string;
  sourceExtensions: string[];
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
  historyGates: Values<"project">["historyGates"];
  exclusiveGates: Values<"project">["exclusiveGates"];
  coverageThreshold: number;
  bootstrapTimeoutS: number;
  settlementTimeoutS: number;
  workerIterationBudget: number;
  workerTreeMaxLines: number;
  /** Name of the project's provider; null without providers, or with several and no choice. */
  provider: string | null;
  /** `[project] default_agent`, used when neither task, plan nor provider names a model. */
  defaultAgent: string | null;
  providers: Record<string, ProviderConfig>;
  /** Alias to model name. */
  agents: Record<string, string>;
  conventions: Record<string, string>;
  toolPolicy: Values<"tool_policy">;
  scope: { allow: string[]; deny: string[]; ignore: string[]; allowGitControl: boolean };
  departments: { name: string; patterns: string[] }[];
  sentrux: Values<"sentrux">;
  /** Severity by kind of finding, by the names of the file. */
  semantic: Required<NonNullable<WrittenConfig["semantic"]>>;
  verify: Record<string, VerifyRecipe>;
  /** In the order of the file. */
  gates: GateConfig[];
  sops: Values<"sops">;
  /** `root` is an absolute path. */
  worktree: Values<"worktree">;
  merge: Values<"merge">;
  sandbox: Values<"sandbox">;
  run: Values<"run">;
}
