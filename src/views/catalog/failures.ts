/**
 * Catalog of known failures: the meaning, who must act, the cause or manual step, the next command, and the
 * shortcut to avoid. Pure data; `diagnose.ts` finds which of them apply, `words.ts` explains them.
 */
import type { LandingProblem, RejectionVerdict } from "../../kernel/event.ts";

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
  /** One sentence or two. */
  means: string;
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
  means: string,
  intent: Intent,
  first: FailureEntry["first"] | string,
  next: FailureEntry["next"],
  doNot: string,
): FailureEntry {
  return { means, intent, first: typeof first === "string" ? () => first : first, next, doNot };
}

/** Failures of a unit, by the verdict of its rejection or the outcome of its worker. */
export const unitFailures = {
  scope_violation: entry(
    "The attempt changed paths that its task does not claim.",
    "plan_repair",
    ({ unit }) =>
      `add the paths to the claims of ${unit}, remove them from its task, or land the work with dgov land ${unit} --claim FILE`,
    continueRun,
    "apply the change manually: other tasks do not expect it",
  ),
  read_scope_violation: entry(
    "The attempt changed files that its task claims only for reading.",
    "plan_repair",
    ({ unit }) =>
      `claim the paths for writing in ${unit}, or tell the worker in its prompt to leave them unchanged`,
    continueRun,
    "drop the read claim: the worker needs the context",
  ),
  reserved_path: entry(
    "The attempt changed files of dgov, of git, or that control git; no task may change them.",
    "plan_repair",
    "remove dgov's own files from the task; edit them yourself and commit",
    continueRun,
    "claim them: reserved paths cannot be claimed",
  ),
  path_policy_violation: entry(
    "The attempt changed paths that `[scope]` of project.toml denies or does not allow.",
    "project_policy",
    "change [scope] in .dgov/project.toml, or the task",
    continueRun,
    "widen the claims: the project's policy takes precedence",
  ),
  department_violation: entry(
    "The attempt changed paths of a department that the task's summary does not name.",
    "project_policy",
    ({ unit }) => `name the department in the summary of ${unit}, or split the task`,
    continueRun,
    "remove the department",
  ),
  unsafe_path: entry(
    "The attempt left something that cannot land: a link out of the repository, a nested repository, a changed submodule or a special file.",
    "plan_repair",
    "tell the worker in the prompt not to create links, submodules or special files",
    continueRun,
    "copy the file without reading it",
  ),
  empty_diff: entry(
    "The attempt changed nothing, nothing but ignored files, or only what its base has already.",
    "plan_repair",
    ({ unit }) =>
      `check whether ${unit} is already done; if not, name the required change in its prompt`,
    review,
    sameAgain,
  ),
  diff_too_large: entry(
    "The attempt changed more files than an attempt may change.",
    "plan_repair",
    "split the task",
    review,
    "raise the limit for one task",
  ),
  hook_fail: entry(
    "A command of `[project] review_hooks` failed on the change.",
    "project_repair",
    "run the hook on the kept work",
    take,
    "remove the hook from [project] review_hooks",
  ),
  judge_changed: entry(
    'The change touches what judges it (configuration of tests or checkers, marks that skip tests), and `[merge] judge_changes` is "fail".',
    "judgement",
    ({ unit }) =>
      `read the named files in the kept work; tell ${unit} in its prompt to leave them unchanged, or land them yourself`,
    take,
    "weaken [merge] judge_changes for one task",
  ),
  tampering: entry(
    "The attempt changed git's files in its worktree, to hide or to run something.",
    "judgement",
    "read the commands the worker ran before trusting any part of the attempt",
    ({ plan, unit }) => `dgov plan review ${plan} --events ${unit}`,
    "apply its work manually",
  ),
  gate_failed: entry(
    "A gate failed on the change, and the failure is the change's.",
    "plan_repair",
    "read the gate's output",
    take,
    keepGates,
  ),
  integration_failed: entry(
    "The gates pass on the change alone and fail on it together with what landed since it started.",
    "plan_repair",
    "find the conflicting change: add depends_on between the two units, or fix the kept work",
    take,
    keepGates,
  ),
  base_red: entry(
    "A gate fails on the target's tip in the same way without the change (`base is red`). Nothing that this gate judges can land.",
    "project_repair",
    ({ target }) => `fix the gates on ${target} first: they fail without any change`,
    remediate,
    "retry the unit: it cannot land on a red base",
  ),
  gate_unrunnable: entry(
    "A gate could not produce a result on this machine, so the change was not judged.",
    "environment",
    "make the gate command run on this machine",
    () => "dgov doctor",
    "remove the gate from the configuration",
  ),
  text_conflict: entry(
    "The change and what landed since it started edit the same lines.",
    "plan_repair",
    "the target changed the same lines: add depends_on, or rebase the kept work onto the target",
    take,
    "merge the kept work without running the gates",
  ),
  self_review: entry(
    "A second conversation with the model read the change and did not approve it.",
    "judgement",
    "read what the reviewer found",
    take,
    "disable self_review",
  ),
  disapproved: entry(
    "A reviewer did not approve what landed, and no fix attempt is left.",
    "judgement",
    "read the reviewer's issues; they describe the next plan",
    ({ plan, unit }) => `dgov plan review ${plan} --only ${unit}`,
    "remove the reviewer from the plan",
  ),
  exhausted: entry(
    "The worker used all turns of its budget, its forks included.",
    "plan_repair",
    ({ unit }) => `split ${unit} or make its prompt more specific; raise iteration_budget last`,
    continueRun,
    sameAgain,
  ),
  no_progress: entry(
    "The worker repeated the same calls without a change.",
    "plan_repair",
    ({ unit }) =>
      `read which calls ${unit} repeated, and pass the missing information with dgov run --note`,
    ({ plan, unit }) => `dgov plan review ${plan} --events ${unit}`,
    sameAgain,
  ),
  incomplete: entry(
    "The worker reported that the task is not complete.",
    "plan_repair",
    "the worker names the missing part: split the task or answer with dgov run --note",
    continueRun,
    sameAgain,
  ),
  blocked: entry(
    "The worker reported an obstacle that it cannot remove.",
    "plan_repair",
    "the worker names the obstacle: widen the claims, add the dependency, or change the task",
    continueRun,
    sameAgain,
  ),
  timed_out: entry(
    "The worker was still working at the time limit of its task.",
    "plan_repair",
    ({ unit }) => `split ${unit}, or raise its timeout_s when the work needs more time`,
    continueRun,
    sameAgain,
  ),
  provider_failed: entry(
    "The provider failed, timed out or limited the rate until all retries were used.",
    "provider",
    "the provider failed or timed out several times",
    continueRun,
    "change the plan: it is not the cause",
  ),
  refused_by_provider: entry(
    "The provider refused the request in a way that no retry changes: key, model name, address or quota.",
    "provider",
    "check the API key, the model name and base_url in .dgov/project.toml",
    () => "dgov doctor --online",
    "retry: the provider gives the same answer again",
  ),
  crashed: entry(
    "The worker process ended without an outcome.",
    "environment",
    "the worker process died: check for an out-of-memory kill or a signal",
    continueRun,
    "change the plan before the cause is known",
  ),
  errored: entry(
    "A step of dgov failed on this machine; the change was not judged.",
    "environment",
    "a step of dgov failed on this machine, not the change: read the reason, check disk and permissions",
    continueRun,
    "change the plan: the work is kept and was not judged",
  ),
  dependency_lost: entry(
    "A landed dependency of the unit is no longer on the target.",
    "judgement",
    ({ target }) =>
      `the commit of a dependency is no longer on ${target}: restore it, or land the dependency again`,
    continueRun,
    "cherry-pick the lost commit without running the gates",
  ),
  setup_failed: entry(
    "`[project] setup_cmd` failed in the worktree of the attempt, so no worker was started.",
    "environment",
    "make [project] setup_cmd run in a fresh checkout",
    () => "dgov doctor",
    "change the plan: no worker was started",
  ),
  unprepared: entry(
    "The worktree of the attempt could not be created, so no worker was started.",
    "environment",
    "",
    () => "dgov doctor",
    "change the plan: no worker was started",
  ),
  blocked_by_checkout: entry(
    "A checkout of the target has a file, a merge or a lock in the way of the landing. Nothing was changed.",
    "judgement",
    "commit, stash or move the files in the way, which dgov does not touch; the kept work then lands without a worker",
    continueRun,
    "delete files without reading them",
  ),
  target_moved: entry(
    "The target branch moved or its lock is held by another process, again and again.",
    "rerun",
    ({ target }) => `another process keeps moving ${target}; wait until it finishes`,
    continueRun,
    "force-push or reset the branch",
  ),
  proof_failed: entry(
    "The candidate was not the commit that was judged, or it could not be landed. Nothing was changed.",
    "judgement",
    "read the reason: the commit is not the one that was judged",
    review,
    "merge it manually",
  ),
  target_gone: entry(
    "The target branch no longer exists.",
    "judgement",
    ({ target }) => `branch ${target} was deleted or renamed during the run: restore it`,
    continueRun,
    "start over: the work is kept",
  ),
  abandoned: entry(
    "The run ended before the unit did; its work is kept.",
    "rerun",
    nothing,
    continueRun,
    "start over with dgov run --restart: the work is kept",
  ),
  unknown: entry(
    "The unit failed for a reason that has no entry here.",
    "judgement",
    "read the recorded reason",
    review,
    sameAgain,
  ),
} as const satisfies Record<UnitFailure, FailureEntry>;

/**
 * Failure of a unit: a recorded verdict, outcome or problem, or a more exact name that `diagnose` gives it.
 * `repository_changed` ends the whole run.
 */
export type UnitFailure =
  | RejectionVerdict
  | Exclude<LandingProblem, "repository_changed">
  | "integration_failed"
  | "base_red"
  | "gate_unrunnable"
  | "dependency_lost"
  | "setup_failed"
  | "unprepared"
  | "abandoned"
  | "unknown";

/** Further attempts after each failure, within `[plan] max_retries` when no other limit is named. */
export const retries = {
  scope_violation: "no",
  read_scope_violation: "yes",
  reserved_path: "no",
  path_policy_violation: "no",
  department_violation: "no",
  unsafe_path: "no",
  empty_diff: "once",
  diff_too_large: "no",
  hook_fail: "yes",
  judge_changed: "yes",
  tampering: "no",
  gate_failed: "yes",
  integration_failed: "yes",
  base_red: "no",
  gate_unrunnable: "no",
  text_conflict: "yes",
  self_review: "yes",
  disapproved: 'fix attempts, with `on_reject = "fix"`',
  exhausted: "yes, of a worker",
  no_progress: "yes, of a worker",
  incomplete: "yes, of a worker",
  blocked: "no",
  timed_out: "`[run] timeout_retries` times",
  provider_failed: "`[run] crash_retries` times",
  refused_by_provider: "no",
  crashed: "`[run] crash_retries` times",
  errored: "when the review failed",
  dependency_lost: "no",
  setup_failed: "no",
  unprepared: "`[run] crash_retries` times",
  blocked_by_checkout:
    "when the checkout changes, and once at the end of the wait (`[merge] checkout_wait_s`)",
  target_moved: "it is built again on the new tip",
  proof_failed: "no",
  target_gone: "no",
  abandoned: "no",
  unknown: "",
} as const satisfies Record<UnitFailure, string>;

/** Failures of a whole run. */
export const runFailures = {
  crashed_run: entry(
    "The process of a run ended without recording the end of the run.",
    "rerun",
    "the run crashed; the next run closes it and keeps its work",
    continueRun,
    "delete worktrees or the event log manually",
  ),
  repository_changed: entry(
    "State that workers share with the operator changed while workers ran: git's configuration, hooks, dependencies or a branch. Nothing landed after that.",
    "judgement",
    "git's configuration, dependencies or a branch changed while workers ran: revert changes you did not make",
    continueRun,
    "continue before you know which process changed it",
  ),
  red_branch: entry(
    "The gates fail on the target as the run left it.",
    "project_repair",
    ({ target }) => `the gates fail on the finished ${target}`,
    remediate,
    "start the next plan on a red branch",
  ),
  degraded: entry(
    "The structure of the target is worse than its structural baseline.",
    "project_repair",
    "structural quality dropped; the offenders are listed",
    remediate,
    "save a new baseline to hide it",
  ),
  flaky_gate: entry(
    "A gate failed, then passed on the same tree.",
    "project_repair",
    "the gate failed and then passed on the same tree: make it deterministic",
    () => "dgov preflight",
    "ignore it: a flaky gate can reject a correct change or pass a wrong one",
  ),
  not_recorded: entry(
    "The units landed, and the bookkeeping commit or the archive of the plan failed.",
    "environment",
    "all units landed, but dgov could not commit its own files",
    () => "dgov doctor",
    "commit .dgov/state.db",
  ),
  work_omitted: entry(
    "The kept work of an attempt lacks files that were too large or of a kind that cannot be kept.",
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
    "git ignores the folder of archived plans.",
    "project_policy",
    "remove the pattern from the ignore file: archived plans are part of the project history",
    ({ target }) => `git check-ignore -v ${target}`,
    "move archived plans elsewhere",
  ),
  history_ignored: entry(
    "git ignores a file of dgov that clones share.",
    "project_policy",
    "remove the pattern from the ignore file: clones share this file",
    ({ target }) => `git check-ignore -v ${target}`,
    "copy the file between clones manually",
  ),
  state_not_ignored: entry(
    "git does not ignore dgov's local state.",
    "project_policy",
    "dgov's local state would be committed: list state.db*, runtime/ and out/ in .dgov/.gitignore",
    () => "dgov init",
    "commit it: it contains paths of this machine and worker transcripts",
  ),
  ledger_broken: entry(
    "A line of `.dgov/ledger.jsonl` cannot be read.",
    "project_repair",
    "fix or delete the line; the other lines are read normally",
    () => "dgov ledger list",
    "delete the file",
  ),
  forgotten_work: entry(
    "An attempt of a deleted plan left kept work.",
    "judgement",
    "its plan was deleted and it never landed: apply what you need, then delete the ref",
    ({ ref }) => `git show ${ref}`,
    "prune it without reading it",
  ),
} as const satisfies Record<string, FailureEntry>;

export type ProjectFailure = keyof typeof projectFailures;
