/**
 * The catalog of failures dgov knows: what each means for the operator, the command that goes on
 * from it, and what would only hide it. Pure data; `diagnose.ts` finds which of them are there.
 */

/** Whose hand is needed: a plan's author, the project's, the machine's owner, or dgov's next run. */
export type Intent =
  | "plan_repair"
  | "project_repair"
  | "project_policy"
  | "environment"
  | "provider"
  | "rerun"
  | "judgement";

/** What a shape's advice may speak of. */
export interface AdviceContext {
  plan: string;
  unit: string;
  /** The keep-ref of the work, when some is kept. */
  ref: string | null;
  /** The branch that is landed on. */
  target: string;
}

export interface FailureEntry {
  intent: Intent;
  /** What to do by hand before the command; "" when there is nothing. */
  first(place: AdviceContext): string;
  /** The command line to type. */
  next(place: AdviceContext): string;
  /** What not to do about it. */
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

/** Shapes of a unit that did not land, by the verdict of its rejection or the end of its worker. */
export const unitFailures = {
  scope_violation: entry(
    "plan_repair",
    ({ unit }) => `add the paths to the claims of ${unit}, or take them out of its task`,
    continueRun,
    "accept the change by hand: no other task knows of it",
  ),
  read_scope_violation: entry(
    "plan_repair",
    ({ unit }) =>
      `claim the paths for writing in ${unit}, or say in its prompt to leave them alone`,
    continueRun,
    "drop the read claim: the worker needs the context",
  ),
  reserved_path: entry(
    "plan_repair",
    "take dgov's own files out of the task; change them yourself and commit",
    continueRun,
    "claim them: they are reserved whatever a plan says",
  ),
  path_policy_violation: entry(
    "project_policy",
    "change [scope] in .dgov/project.toml, or the task",
    continueRun,
    "widen the claims: the project's policy stands above them",
  ),
  department_violation: entry(
    "project_policy",
    ({ unit }) => `name the department in the summary of ${unit}, or split the task`,
    continueRun,
    "remove the department",
  ),
  unsafe_path: entry(
    "plan_repair",
    "say in the prompt that links, submodules and special files are not wanted",
    continueRun,
    "copy the file over by hand without looking at it",
  ),
  empty_diff: entry(
    "plan_repair",
    ({ unit }) => `see whether ${unit} is done already; if not, say in its prompt what must change`,
    review,
    sameAgain,
  ),
  diff_too_large: entry("plan_repair", "split the task", review, "raise the limit for one task"),
  hook_fail: entry(
    "project_repair",
    "run the hook yourself on the kept work",
    take,
    "take the hook out of [project] review_hooks",
  ),
  tampering: entry(
    "judgement",
    "read what the worker ran before you trust anything of the attempt",
    ({ plan, unit }) => `dgov plan review ${plan} --events ${unit}`,
    "take its work over by hand",
  ),
  gate_failed: entry("plan_repair", "read the gate's output", take, keepGates),
  integration_failed: entry(
    "plan_repair",
    "see what it met: add depends_on between the two units, or mend the kept work",
    take,
    keepGates,
  ),
  base_red: entry(
    "project_repair",
    ({ target }) => `mend the gates on ${target} first: they fail without any change`,
    remediate,
    "retry the unit: it cannot land on a red base",
  ),
  gate_unrunnable: entry(
    "environment",
    "make the gate's command run on this machine",
    () => "dgov doctor",
    "take the gate out of the configuration",
  ),
  text_conflict: entry(
    "plan_repair",
    "the target changed the same lines: add depends_on, or mend the kept work on the target as it is",
    take,
    "merge the kept work yourself past the gates",
  ),
  self_review: entry("judgement", "read what the reviewer found", take, "switch self_review off"),
  disapproved: entry(
    "judgement",
    "read the reviewer's issues; they are the next plan",
    ({ plan, unit }) => `dgov plan review ${plan} --only ${unit}`,
    "drop the reviewer from the plan",
  ),
  exhausted: entry(
    "plan_repair",
    ({ unit }) => `split ${unit} or say more in its prompt; raise iteration_budget only then`,
    continueRun,
    sameAgain,
  ),
  no_progress: entry(
    "plan_repair",
    ({ unit }) => `read what ${unit} repeated, and tell it with --note what it did not know`,
    ({ plan, unit }) => `dgov plan review ${plan} --events ${unit}`,
    sameAgain,
  ),
  incomplete: entry(
    "plan_repair",
    "the worker says what is missing: split the task or answer it with --note",
    continueRun,
    sameAgain,
  ),
  blocked: entry(
    "plan_repair",
    "the worker says what it lacks: widen the claims, add the dependency, or change the task",
    continueRun,
    sameAgain,
  ),
  timed_out: entry(
    "plan_repair",
    ({ unit }) => `split ${unit}, or raise its timeout_s when the work is really that long`,
    continueRun,
    sameAgain,
  ),
  provider_failed: entry(
    "provider",
    "the provider did not answer in time or with an error, several times over",
    continueRun,
    "change the plan: nothing is wrong with it",
  ),
  refused_by_provider: entry(
    "provider",
    "check the key, the model's name and base_url in .dgov/project.toml",
    () => "dgov doctor --online",
    "retry: such answers do not change by themselves",
  ),
  crashed: entry(
    "environment",
    "the worker's process died: look for a lack of memory or a signal",
    continueRun,
    "change the plan before you know why",
  ),
  dependency_lost: entry(
    "judgement",
    ({ target }) =>
      `what the unit builds on is no longer on ${target}: bring it back, or land it anew`,
    continueRun,
    "copy the lost commit by hand past the gates",
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
    "commit, stash or move the files in the way; what is there is yours and stays untouched",
    continueRun,
    "delete files you have not looked at",
  ),
  target_moved: entry(
    "rerun",
    ({ target }) => `somebody else kept moving ${target}; let them finish`,
    continueRun,
    "force the branch",
  ),
  proof_failed: entry(
    "judgement",
    "what was about to land was not what was judged: read the reason",
    review,
    "land it by hand",
  ),
  abandoned: entry("rerun", nothing, continueRun, "start over with --restart: the work is kept"),
  unknown: entry("judgement", "read the recorded reason", review, sameAgain),
} as const satisfies Record<string, FailureEntry>;

export type UnitFailure = keyof typeof unitFailures;

/** Shapes of a whole run. */
export const runFailures = {
  crashed_run: entry(
    "rerun",
    "the run ended without saying so; the next one closes it and keeps its work",
    continueRun,
    "delete worktrees or the event log by hand",
  ),
  repository_changed: entry(
    "judgement",
    "git's own configuration changed while workers ran: undo what you did not do yourself",
    continueRun,
    "go on before you know who changed it",
  ),
  red_branch: entry(
    "project_repair",
    ({ target }) => `the gates fail on the finished ${target}`,
    remediate,
    "start the next plan on a red branch",
  ),
  degraded: entry(
    "project_repair",
    "the structure got worse; the offenders are named",
    remediate,
    "save a new baseline to make it disappear",
  ),
  flaky_gate: entry(
    "project_repair",
    "the gate failed and then passed on the same tree: make it repeatable",
    () => "dgov preflight",
    'trust it, or hide it with [merge] flaky = "pass" for ever',
  ),
  not_recorded: entry(
    "environment",
    "everything landed, but dgov could not commit its own files",
    () => "dgov doctor",
    "commit .dgov/state.db",
  ),
  work_omitted: entry(
    "judgement",
    "some files were too large or of a kind that cannot be kept: look whether they matter",
    review,
    "rely on the kept work being whole",
  ),
} as const satisfies Record<string, FailureEntry>;

export type RunFailure = keyof typeof runFailures;

/** Shapes of the repository itself. */
export const projectFailures = {
  archive_policy_drift: entry(
    "project_policy",
    "take the pattern out of the ignore file: archived plans are the project's history",
    ({ target }) => `git check-ignore -v ${target}`,
    "archive plans by hand elsewhere",
  ),
  history_ignored: entry(
    "project_policy",
    "take the pattern out of the ignore file: clones share this file",
    ({ target }) => `git check-ignore -v ${target}`,
    "copy it between clones by hand",
  ),
  state_not_ignored: entry(
    "project_policy",
    "dgov's own state would be committed: .dgov/.gitignore is to name state.db*, runtime/ and out/",
    () => "dgov init",
    "commit it: it names this machine's paths and holds what workers said",
  ),
  ledger_broken: entry(
    "project_repair",
    "mend or remove the line; every other line counts",
    () => "dgov ledger list",
    "delete the file",
  ),
  forgotten_work: entry(
    "judgement",
    "its plan is gone and it never landed: take over what is wanted, then delete the ref",
    ({ ref }) => `git show ${ref}`,
    "prune it unseen",
  ),
} as const satisfies Record<string, FailureEntry>;

export type ProjectFailure = keyof typeof projectFailures;
