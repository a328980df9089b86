/** The keys of `.dgov/project.toml`, in the order in which they are documented. */
import { availableParallelism } from "node:os";
import { gates, sandbox } from "./gate-keys.ts";
import {
  anyText,
  anyValue,
  fixedTable,
  flag,
  key,
  map,
  naturalNumber,
  nonEmptyText,
  nonNegativeNumber,
  oneOf,
  positiveInteger,
  requiredKey,
  scalar,
  shellCommand,
  textList,
  type Written,
} from "./keys.ts";

const project = fixedTable(
  "The project: its language, its directories and the commands that check it",
  {
    language: key(anyText, "Language of the project; selects the checks of claims and imports", {
      default: "unknown",
    }),
    src_dir: key(anyText, "Directory of the sources", { default: "src/" }),
    test_dir: key(anyText, "Directory of the tests", { default: "tests/" }),
    source_extensions: key(
      textList,
      "Extensions of the files that checkers run on, each with its dot",
      { default: [] },
    ),
    test_markers: key(textList, "Accepted in older files; has no effect", { default: [] }),
    line_length: key(positiveInteger, "Maximum line length that workers are told to keep", {
      default: 99,
      unit: "characters",
    }),
    setup_cmd: key(shellCommand, "Shell command that installs dependencies in a fresh checkout"),
    test_cmd: key(shellCommand, "Shell command of the tests gate"),
    lint_cmd: key(
      shellCommand,
      "Shell command of the lint gate; {files} is replaced by the changed files",
    ),
    lint_fix_cmd: key(
      shellCommand,
      "Shell command that applies lint fixes before an attempt is committed",
    ),
    format_cmd: key(
      shellCommand,
      "Shell command that formats files before an attempt is committed",
    ),
    format_check_cmd: key(shellCommand, "Shell command of the format gate"),
    type_check_cmd: key(shellCommand, "Shell command of the types gate"),
    coverage_cmd: key(shellCommand, "Shell command that writes a coverage report to {output}"),
    history_gates: key(
      textList,
      "Gates whose commands see the target's history: commits, the target branch, tags and remote branches. A command that names {base} or DGOV_BASE, the parent of the candidate, sees it without this key",
      { default: [] },
    ),
    exclusive_gates: key(
      textList,
      "Gates whose commands run while no other gate command of the run does",
      { default: [] },
    ),
    coverage_threshold: key(
      nonNegativeNumber,
      "Decrease of coverage that the coverage gate allows",
      {
        default: 2,
        unit: "percentage points",
      },
    ),
    review_hooks: key(textList, "Shell commands that must pass before an attempt is committed", {
      default: [],
    }),
    bootstrap_timeout: key(positiveInteger, "Time limit of setup_cmd", {
      default: 300,
      unit: "seconds",
    }),
    settlement_timeout: key(positiveInteger, "Time limit of each gate", {
      default: 600,
      unit: "seconds",
    }),
    worker_iteration_budget: key(positiveInteger, "Model turns an attempt may take", {
      default: 50,
    }),
    worker_iteration_warn_at: key(positiveInteger, "Accepted in older files; has no effect", {
      legacy: true,
    }),
    worker_tree_max_lines: key(
      naturalNumber,
      "Maximum length of the file list in a worker's first message",
      { default: 80, unit: "lines" },
    ),
    provider: key(nonEmptyText, "Name of the [providers.*] table that is used by default", {
      derivedDefault: "the only one",
    }),
    default_agent: key(
      nonEmptyText,
      "Model or alias used when neither task, plan nor provider names one",
    ),
    llm_base_url: key(nonEmptyText, "Older form: base_url of a provider named llm", {
      legacy: true,
    }),
    llm_api_key_env: key(nonEmptyText, "Older form: api_key_env of a provider named llm", {
      legacy: true,
    }),
  },
);

const price = fixedTable("Prices per million tokens; without them no cost is computed", {
  input: requiredKey(nonNegativeNumber, "Price of input tokens"),
  cached: key(nonNegativeNumber, "Price of input tokens read from the provider's cache", {
    derivedDefault: "`input`",
  }),
  output: requiredKey(nonNegativeNumber, "Price of output tokens"),
});

const provider = fixedTable("", {
  base_url: requiredKey(
    nonEmptyText,
    "URL of an OpenAI-compatible endpoint, without /chat/completions",
  ),
  api_key_env: requiredKey(
    nonEmptyText,
    "Name of the environment variable that holds the API key; never the key itself",
  ),
  auth: key(
    oneOf("bearer", "api-key"),
    "Header that carries the key: Authorization: Bearer KEY, or api-key: KEY",
    { default: "bearer" },
  ),
  default_agent: key(nonEmptyText, "Model used when neither task nor plan names one"),
  request_timeout_s: key(positiveInteger, "Time limit until an answer begins", {
    default: 120,
    unit: "seconds",
  }),
  idle_timeout_s: key(positiveInteger, "Time limit between two parts of an answer", {
    default: 60,
    unit: "seconds",
  }),
  retries: key(naturalNumber, "Retries of a request after 429, 5xx or a lost connection", {
    default: 6,
  }),
  retry_after_max_s: key(naturalNumber, "Longest Retry-After that is respected", {
    default: 120,
    unit: "seconds",
  }),
  context_tokens: key(positiveInteger, "Size of the model's context", {
    default: 128_000,
    unit: "tokens",
  }),
  max_concurrent: key(positiveInteger, "Concurrent requests of the whole run", { default: 16 }),
  requests_per_minute: key(
    positiveInteger,
    "Requests of the whole run in any minute; unlimited when missing",
  ),
  tokens_per_minute: key(
    positiveInteger,
    "Estimated tokens of the whole run in any minute; unlimited when missing",
  ),
  stream: key(flag, "Request streamed answers", { default: true }),
  stream_usage: key(flag, "Request token counts with streamed answers", { default: true }),
  max_tokens: key(positiveInteger, "Token limit of an answer; the server decides when missing"),
  max_tokens_field: key(
    oneOf("max_tokens", "max_completion_tokens"),
    "Request field that carries max_tokens",
    { default: "max_tokens" },
  ),
  temperature: key(nonNegativeNumber, "Sampling temperature; not sent when missing"),
  parallel_tool_calls: key(
    flag,
    "Whether the model may call several tools at once; not sent when missing",
  ),
  return_reasoning: key(flag, "Send the model's reasoning back with its answers", {
    default: false,
  }),
  headers: map("Additional headers of every request", key(anyText, ""), { emptyByDefault: true }),
  query: map("Query parameters of every request", key(anyText, ""), { emptyByDefault: true }),
  body: map("Additional fields of every request body", key(anyValue, ""), {
    emptyByDefault: true,
  }),
  price,
});

/** Severity of one kind of semantic finding. */
const severity = (finding: string) =>
  key(oneOf("block", "note", "off"), `${finding}; an uncertain finding is a note even with block`, {
    default: "block",
  });

const recipe = fixedTable("", {
  command: requiredKey(nonEmptyText, "Shell command"),
  description: key(anyText, "Description that `dgov verify list` shows"),
  log_name: key(anyText, "Name of the output file below .dgov/runtime/verify"),
  exclusive: key(
    flag,
    "As `test_cmd` of a task, run it while no other gate command of the run does",
    {
      default: false,
    },
  ),
  parser: key(anyText, "Accepted in older files; has no effect", { legacy: true }),
});

/** Every table of the file. */
export const projectKeys = {
  project,
  providers: map("Model endpoints by name", provider),
  agents: map("Aliases of model names", key(nonEmptyText, "")),
  conventions: map("Project facts that workers are told, by name", key(scalar, "")),
  tool_policy: fixedTable("Restrictions of the workers' shell", {
    restrict_run_bash: key(
      flag,
      "Apply the other rules of this table, and deny commands that enter the operator's checkout or git dir",
      { default: false },
    ),
    deny_shell_commands: key(textList, "Programs or command prefixes that are denied", {
      default: [],
    }),
    deny_shell_file_mutations: key(
      flag,
      "Deny commands that change files; workers use their edit tools instead",
      { default: false },
    ),
    require_wrapped_verify_tools: key(
      flag,
      "Deny checkers in the shell; workers use the verify tools instead",
      { default: false },
    ),
    require_uv_run: key(flag, "Deny Python programs that are not started with uv run", {
      default: false,
    }),
  }),
  scope: fixedTable("Limits on the paths that tasks may change, whatever they claim", {
    allow_files: key(textList, "If not empty, only matching paths may change", { default: [] }),
    deny_files: key(textList, "Matching paths may not change", { default: [] }),
    ignore_files: key(
      textList,
      "Changes to matching paths that no claim covers are left out of the attempt",
      { default: [] },
    ),
    allow_git_control: key(
      flag,
      "Let an exact claim cover .gitattributes, .gitmodules or .worktreeinclude",
      {
        default: false,
      },
    ),
  }),
  departments: map(
    "Paths reserved for tasks that name the department in their summary",
    key(textList, ""),
  ),
  sentrux: fixedTable("The structure gate", {
    engine: key(oneOf("auto", "builtin", "external"), "Program that measures the structure", {
      default: "auto",
    }),
    mode: key(
      oneOf("diff", "strict", "off"),
      "diff rejects degradation by the attempt itself; strict also compares every tree with the baseline; off judges nothing",
      { default: "diff" },
    ),
    on_degraded: key(oneOf("warn", "fail"), "Effect of a degraded structure on landing", {
      default: "warn",
    }),
    stale_commits: key(naturalNumber, "Age at which a baseline counts as stale", {
      default: 10,
      unit: "commits",
    }),
    stale_days: key(naturalNumber, "Age at which a baseline counts as stale", {
      default: 14,
      unit: "days",
    }),
    include_tests: key(flag, "Measure test files too", { default: false }),
  }),
  semantic: fixedTable(
    "The semantic gate: what each kind of finding does. block rejects the change, note reports it, off drops it",
    {
      syntax_conflict: severity("Each side parses and the merge does not, or has conflict markers"),
      same_symbol_edit: severity("Both sides edited one symbol in the same place"),
      duplicate_definition: severity("Both sides add the same name"),
      signature_drift: severity("A call does not match the new parameters of its function"),
      stale_reference: severity("A name is used that was removed, renamed or moved"),
      ordering_conflict: severity("Both sides take the same number, predecessor or value"),
    },
  ),
  verify: map(
    'Named commands, run by `dgov verify run NAME` and by `test_cmd = "verify:NAME"` of tasks',
    recipe,
  ),
  gates,
  sops: fixedTable("Standard operating procedures given to workers", {
    picker: key(oneOf("model", "rules"), "Selection of a task's SOPs: by a model or by rules", {
      default: "model",
    }),
  }),
  worktree: fixedTable("Worktrees of attempts", {
    root: key(
      nonEmptyText,
      "Directory that contains the worktrees and gate trees; set one without hidden folders when tests refuse hidden paths",
      {
        derivedDefault: "the user's cache",
      },
    ),
    copy: key(
      textList,
      "Ignored files and folders that trees get from the checkout: dependency folders (`node_modules`, `vendor`, ...), which are detected while none is named, and files such as `.env`. `.worktreeinclude` names more of the latter",
      { derivedDefault: "detected" },
    ),
    copy_to: key(
      oneOf("gates", "workers"),
      "Trees that get the files of `copy` which are no dependencies: gate trees while a command runs, or worktrees too",
      { default: "gates" },
    ),
    copy_files_max: key(positiveInteger, "Limit of the files that are copied, dependencies apart", {
      default: 200,
      unit: "files",
    }),
    copy_mib_max: key(positiveInteger, "Limit of their size together", {
      default: 20,
      unit: "MiB",
    }),
    setup: key(anyText, "Shell command that is run in each worktree instead of setup_cmd", {
      derivedDefault: "`setup_cmd`",
    }),
    keep_mib_max: key(
      positiveInteger,
      "Size limit of an attempt's kept work; files beyond it are left out and named",
      {
        default: 100,
        unit: "MiB",
      },
    ),
  }),
  merge: fixedTable("The merge train", {
    order: key(oneOf("ready", "plan"), "Landing order: as units become ready, or plan order", {
      default: "ready",
    }),
    speculation: key(
      positiveInteger,
      "Candidates that are tested at once, each on top of the previous one",
      { default: 4 },
    ),
    flaky: key(oneOf("pass", "fail"), "Verdict of a gate that failed and then passed", {
      default: "pass",
    }),
    judge_changes: key(
      oneOf("note", "fail"),
      "Changes of test and checker configuration, and skip marks added to existing tests: report them, or reject the attempt",
      { default: "note" },
    ),
    trailers: key(
      oneOf("message", "notes"),
      "Place of the trailers of landed commits: their message, or git notes (refs/notes/dgov)",
      { default: "message", derivedDefault: '"message"; "notes" in a local project' },
    ),
    sign: key(flag, "Sign the commits of dgov on a branch as git is configured to", {
      default: false,
    }),
    signoff: key(
      flag,
      "Add Signed-off-by, with the name and address of git's configuration, to the commits of dgov on a branch",
      { default: false },
    ),
    rebuilds: key(
      naturalNumber,
      "Rebuilds of a candidate after the target moved, before other candidates go first",
      { default: 5 },
    ),
    checkout_wait_s: key(
      naturalNumber,
      "Seconds that a run waits for a file in the way in the checkout, or a merge there, when nothing else is left to do",
      { derivedDefault: "600; 10 without a terminal" },
    ),
  }),
  run: fixedTable("Limits of a run", {
    jobs: key(positiveInteger, "Workers that run at once", { default: 4 }),
    max_gates: key(positiveInteger, "Gates that run at once", {
      default: availableParallelism(),
      derivedDefault: "number of cores",
    }),
    crash_retries: key(naturalNumber, "Retries of a unit after a crash or a provider failure", {
      default: 2,
    }),
    timeout_retries: key(naturalNumber, "Retries of a unit after a timeout", { default: 1 }),
    env: key(textList, "Environment variables that gates and tools receive too", {
      default: [],
    }),
    bookkeeping: key(
      oneOf("commit", "none"),
      "End of a run: commit its history, the archived plan and refreshed baselines, or leave all files that git tracks as they are",
      { default: "commit" },
    ),
    target: key(
      nonEmptyText,
      "Branch that dgov run lands on without --target; created at HEAD when missing",
      { derivedDefault: "the branch that is checked out" },
    ),
    protected: key(
      textList,
      "Branches that no run and no undo may change; patterns like `release/*`, in which `*` does not match a slash and `**` does",
      { default: [] },
    ),
  }),
  sandbox,
};

/** A valid project.toml as parsed. */
export type WrittenConfig = { [K in keyof typeof projectKeys]?: Written<(typeof projectKeys)[K]> };
export type WrittenProvider = Written<typeof provider>;

/** Keys of one `[[gates]]` table. */
export const gateKeys = gates.keys;

/** Keys of one `[providers.<name>]` table. */
export const providerKeys = provider.keys;
