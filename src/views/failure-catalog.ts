/**
 * Catalog of known failures: who must act, the cause or manual step, the next command, and the shortcut to avoid.
 * Pure data; `diagnose.ts` finds which of them apply.
 */

/** Kind of remedy: change of the plan, the project, its policy or the machine; the provider; another run; a decision. */
export type Intent =
  | "plan_repair"
  | "project_repair"
  | "project_policy"
  | "environment"
  | "provider"
  | "rerun"
  | "judgement";

/** Names that the advice of an entry may contain. */
export interface AdviceContext {
  plan: string;
  unit: string;
  /** Keep-ref of the work, or null when none was kept. */
  ref: string | null;
  /** Target branch; for failures of the repository a path. */
  target: string;
}

export interface FailureEntry {
  intent: Intent;
  /** The cause or a manual step, to read before the command; "" when the command is enough. */
  first(place: AdviceContext): string;
  /** Next command line. */
  next(place: AdviceContext): string;
  /** A shortcut that would hide the failure or lose work. */
  doNot: string;
}

const continueRun = ({ plan }: AdviceContext): string => `dgov run ${plan} --continue`;
const review = ({ plan, unit }: AdviceContext): string => `dgov plan review ${plan} --only ${unit}`;
const take = (place: AdviceContext): string =>
  place.ref === null ? review(place) : `dgov take ${place.unit}`;
const remediate = ({ plan }: AdviceContext): string => `dgov plan remediate ${plan}`;
const nothing = (): string => "";

const keepGates = "weaken the gate, the claim or the test to get the unit landed";
const sameAgain = "run it again unchanged: the same attempt fails in the same way";

function entry(
  intent: Intent,
  first: FailureEntry["first"] | string,
  next: FailureEntry["next"],
  doNot: string,
): FailureEntry {
  return { intent, first: typeof first === "string" ? () => first : first, next, doNot };
}

/** Failures of a unit, by the verdict of its rejection or the outcome of its worker. */
export const unitFailures = {
  scope_violation: entry(
    "plan_repair",
    ({ unit }) => `add the paths to the claims of ${unit}, or remove them from its task`,
    continueRun,
    "apply the change manually: other tasks do not expect it",
  ),
  read_scope_violation: entry(
    "plan_repair",
    ({ unit }) =>
      `claim the paths for writing in ${unit}, or tell the worker in its prompt to leave them unchanged`,
    continueRun,
    "drop the read claim: the worker needs the context",
  ),
  reserved_path: entry(
    "plan_repair",
    "remove dgov's own files from the task; edit them yourself and commit",
    continueRun,
    "claim them: reserved paths cannot be claimed",
  ),
  path_policy_violation: entry(
    "project_policy",
    "change [scope] in .dgov/project.toml, or the task",
    continueRun,
    "widen the claims: the project's policy takes precedence",
  ),
  department_violation: entry(
    "project_policy",
    ({ unit }) => `name the department in the summary of ${unit}, or split the task`,
    continueRun,
    "remove the department",
  ),
  unsafe_path: entry(
    "plan_repair",
    "tell the worker in the prompt not to create links, submodules or special files",
    continueRun,
    "copy the file without reading it",
  ),
  empty_diff: entry(
    "plan_repair",
    ({ unit }) =>
      `check whether ${unit} is already done; if not, name the required change in its prompt`,
    review,
    sameAgain,
  ),
  diff_too_large: entry("plan_repair", "split the task", review, "raise the limit for one task"),
  hook_fail: entry(
    "project_repair",
    "run the hook on the kept work",
    take,
    "remove the hook from [project] review_hooks",
  ),
  judge_changed: entry(
    "judgement",
    ({ unit }) =>
      `read the named files in the kept work; tell ${unit} in its prompt to leave them unchanged, or land them yourself`,
    take,
    "weaken [merge] judge_changes for one task",
  ),
  tampering: entry(
    "judgement",
    "read the commands the worker ran before trusting any part of the attempt",
    ({ plan, unit }) => `dgov plan review ${plan} --events ${unit}`,
    "apply its work manually",
  ),
  gate_failed: entry("plan_repair", "read the gate's output", take, keepGates),
  integration_failed: entry(
    "plan_repair",
    "find the conflicting change: add depends_on between the two units, or fix the kept work",
    take,
    keepGates,
  ),
  base_red: entry(
    "project_repair",
    ({ target }) => `fix the gates on ${target} first: they fail without any change`,
    remediate,
    "retry the unit: it cannot land on a red base",
  ),
  gate_unrunnable: entry(
    "environment",
    "make the gate command run on this machine",
    () => "dgov doctor",
    "remove the gate from the configuration",
  ),
  text_conflict: entry(
    "plan_repair",
    "the target changed the same lines: add depends_on, or rebase the kept work onto the target",
    take,
    "merge the kept work without running the gates",
  ),
  self_review: entry("judgement", "read what the reviewer found", take, "disable self_review"),
  disapproved: entry(
    "judgement",
    "read the reviewer's issues; they describe the next plan",
    ({ plan, unit }) => `dgov plan review ${plan} --only ${unit}`,
    "remove the reviewer from the plan",
  ),
  exhausted: entry(
    "plan_repair",
    ({ unit }) => `split ${unit} or make its prompt more specific; raise iteration_budget last`,
    continueRun,
    sameAgain,
  ),
  no_progress: entry(
    "plan_repair",
    ({ unit }) => `read which calls ${unit} repeated, and pass the missing information with --note`,
    ({ plan, unit }) => `dgov plan review ${plan} --events ${unit}`,
    sameAgain,
  ),
  incomplete: entry(
    "plan_repair",
    "the worker names the missing part: split the task or answer with --note",
    continueRun,
    sameAgain,
  ),
  blocked: entry(
    "plan_repair",
    "the worker names the obstacle: widen the claims, add the dependency, or change the task",
    continueRun,
    sameAgain,
  ),
  timed_out: entry(
    "plan_repair",
    ({ unit }) => `split ${unit}, or raise its timeout_s when the work needs more time`,
    continueRun,
    sameAgain,
  ),
  provider_failed: entry(
    "provider",
    "the provider failed or timed out several times",
    continueRun,
    "change the plan: it is not the cause",
  ),
  refused_by_provider: entry(
    "provider",
    "check the API key, the model name and base_url in .dgov/project.toml",
    () => "dgov doctor --online",
    "retry: the provider gives the same answer again",
  ),
  crashed: entry(
    "environment",
    "the worker process died: check for an out-of-memory kill or a signal",
    continueRun,
    "change the plan before the cause is known",
  ),
  errored: entry(
    "environment",
    "a step of dgov failed on this machine, not the change: read the reason, check disk and permissions",
    continueRun,
    "change the plan: the work is kept and was not judged",
  ),
  dependency_lost: entry(
    "judgement",
    ({ target }) =>
      `the commit of a dependency is no longer on ${target}: restore it, or land the dependency again`,
    continueRun,
    "cherry-pick the lost commit without running the gates",
  ),
  setup_failed: entry(
    "environment",
    "make [project] setup_cmd run in a fresh checkout",
    () => "dgov doctor",
    "change the plan: no worker was started",
  ),
  unprepared: entry(
    "environment",
    "",
    () => "dgov doctor",
    "change the plan: no worker was started",
  ),
  blocked_by_checkout: entry(
    "judgement",
    "commit, stash or move the files in the way; dgov does not touch them",
    continueRun,
    "delete files without reading them",
  ),
  target_moved: entry(
    "rerun",
    ({ target }) => `another process keeps moving ${target}; wait until it finishes`,
    continueRun,
    "force-push or reset the branch",
  ),
  proof_failed: entry(
    "judgement",
    "read the reason: the commit is not the one that was judged",
    review,
    "merge it manually",
  ),
  target_gone: entry(
    "judgement",
    ({ target }) => `branch ${target} was deleted or renamed during the run: restore it`,
    continueRun,
    "start over: the work is kept",
  ),
  abandoned: entry("rerun", nothing, continueRun, "start over with --restart: the work is kept"),
  unknown: entry("judgement", "read the recorded reason", review, sameAgain),
} as const satisfies Record<string, FailureEntry>;

export type UnitFailure = keyof typeof unitFailures;

/** Failures of a whole run. */
export const runFailures = {
  crashed_run: entry(
    "rerun",
    "the run crashed; the next run closes it and keeps its work",
    continueRun,
    "delete worktrees or the event log manually",
  ),
  repository_changed: entry(
    "judgement",
    "git's configuration, dependencies or a branch changed while workers ran: revert changes you did not make",
    continueRun,
    "continue before you know which process changed it",
  ),
  red_branch: entry(
    "project_repair",
    ({ target }) => `the gates fail on the finished ${target}`,
    remediate,
    "start the next plan on a red branch",
  ),
  degraded: entry(
    "project_repair",
    "structural quality dropped; the offenders are listed",
    remediate,
    "save a new baseline to hide it",
  ),
  flaky_gate: entry(
    "project_repair",
    "the gate failed and then passed on the same tree: make it deterministic",
    () => "dgov preflight",
    "ignore it: a flaky gate can reject a correct change or pass a wrong one",
  ),
  not_recorded: entry(
    "environment",
    "all units landed, but dgov could not commit its own files",
    () => "dgov doctor",
    "commit .dgov/state.db",
  ),
  work_omitted: entry(
    "judgement",
    "some files were too large or of a type that cannot be kept: check whether they matter",
    review,
    "assume that the kept work is complete",
  ),
} as const satisfies Record<string, FailureEntry>;

export type RunFailure = keyof typeof runFailures;

/** Failures of the repository. */
export const projectFailures = {
  archive_policy_drift: entry(
    "project_policy",
    "remove the pattern from the ignore file: archived plans are part of the project history",
    ({ target }) => `git check-ignore -v ${target}`,
    "move archived plans elsewhere",
  ),
  history_ignored: entry(
    "project_policy",
    "remove the pattern from the ignore file: clones share this file",
    ({ target }) => `git check-ignore -v ${target}`,
    "copy the file between clones manually",
  ),
  state_not_ignored: entry(
    "project_policy",
    "dgov's local state would be committed: list state.db*, runtime/ and out/ in .dgov/.gitignore",
    () => "dgov init",
    "commit it: it contains paths of this machine and worker transcripts",
  ),
  ledger_broken: entry(
    "project_repair",
    "fix or delete the line; the other lines are read normally",
    () => "dgov ledger list",
    "delete the file",
  ),
  forgotten_work: entry(
    "judgement",
    "its plan was deleted and it never landed: apply what you need, then delete the ref",
    ({ ref }) => `git show ${ref}`,
    "prune it without reading it",
  ),
} as const satisfies Record<string, FailureEntry>;

export type ProjectFailure = keyof typeof projectFailures;
