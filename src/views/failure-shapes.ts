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
export interface Place {
  plan: string;
  unit: string;
  /** The keep-ref of the work, when some is kept. */
  ref: string | null;
  /** The branch that is landed on. */
  target: string;
}

export interface Shape {
  intent: Intent;
  /** What to do by hand before the command; "" when there is nothing. */
  first(place: Place): string;
  /** The command line to type. */
  next(place: Place): string;
  /** What not to do about it. */
  doNot: string;
}

const goOn = ({ plan }: Place): string => `dgov run ${plan} --continue`;
const review = ({ plan, unit }: Place): string => `dgov plan review ${plan} --only ${unit}`;
const take = (place: Place): string =>
  place.ref === null ? review(place) : `dgov take ${place.unit}`;
const remediate = ({ plan }: Place): string => `dgov plan remediate ${plan}`;
const nothing = (): string => "";

const keepGates = "weaken the gate, the claim or the test to get the unit landed";
const sameAgain = "run it again unchanged: the same attempt fails in the same way";

function shape(
  intent: Intent,
  first: Shape["first"] | string,
  next: Shape["next"],
  doNot: string,
): Shape {
  return { intent, first: typeof first === "string" ? () => first : first, next, doNot };
}

/** Shapes of a unit that did not land, by the verdict of its rejection or the end of its worker. */
export const unitShapes = {
  scope_violation: shape(
    "plan_repair",
    ({ unit }) => `add the paths to the claims of ${unit}, or take them out of its task`,
    goOn,
    "accept the change by hand: no other task knows of it",
  ),
  read_scope_violation: shape(
    "plan_repair",
    ({ unit }) =>
      `claim the paths for writing in ${unit}, or say in its prompt to leave them alone`,
    goOn,
    "drop the read claim: the worker needs the context",
  ),
  reserved_path: shape(
    "plan_repair",
    "take dgov's own files out of the task; change them yourself and commit",
    goOn,
    "claim them: they are reserved whatever a plan says",
  ),
  path_policy_violation: shape(
    "project_policy",
    "change [scope] in .dgov/project.toml, or the task",
    goOn,
    "widen the claims: the project's policy stands above them",
  ),
  department_violation: shape(
    "project_policy",
    ({ unit }) => `name the department in the summary of ${unit}, or split the task`,
    goOn,
    "remove the department",
  ),
  unsafe_path: shape(
    "plan_repair",
    "say in the prompt that links, submodules and special files are not wanted",
    goOn,
    "copy the file over by hand without looking at it",
  ),
  empty_diff: shape(
    "plan_repair",
    ({ unit }) => `see whether ${unit} is done already; if not, say in its prompt what must change`,
    review,
    sameAgain,
  ),
  diff_too_large: shape("plan_repair", "split the task", review, "raise the limit for one task"),
  hook_fail: shape(
    "project_repair",
    "run the hook yourself on the kept work",
    take,
    "take the hook out of [project] review_hooks",
  ),
  tampering: shape(
    "judgement",
    "read what the worker ran before you trust anything of the attempt",
    ({ plan, unit }) => `dgov plan review ${plan} --events ${unit}`,
    "take its work over by hand",
  ),
  gate_failed: shape("plan_repair", "read the gate's output", take, keepGates),
  integration_failed: shape(
    "plan_repair",
    "see what it met: add depends_on between the two units, or mend the kept work",
    take,
    keepGates,
  ),
  base_red: shape(
    "project_repair",
    ({ target }) => `mend the gates on ${target} first: they fail without any change`,
    remediate,
    "retry the unit: it cannot land on a red base",
  ),
  gate_unrunnable: shape(
    "environment",
    "make the gate's command run on this machine",
    () => "dgov doctor",
    "take the gate out of the configuration",
  ),
  text_conflict: shape(
    "plan_repair",
    "the target changed the same lines: add depends_on, or mend the kept work on the target as it is",
    take,
    "merge the kept work yourself past the gates",
  ),
  self_review: shape("judgement", "read what the reviewer found", take, "switch self_review off"),
  disapproved: shape(
    "judgement",
    "read the reviewer's issues; they are the next plan",
    ({ plan, unit }) => `dgov plan review ${plan} --only ${unit}`,
    "drop the reviewer from the plan",
  ),
  exhausted: shape(
    "plan_repair",
    ({ unit }) => `split ${unit} or say more in its prompt; raise iteration_budget only then`,
    goOn,
    sameAgain,
  ),
  no_progress: shape(
    "plan_repair",
    ({ unit }) => `read what ${unit} repeated, and tell it with --note what it did not know`,
    ({ plan, unit }) => `dgov plan review ${plan} --events ${unit}`,
    sameAgain,
  ),
  incomplete: shape(
    "plan_repair",
    "the worker says what is missing: split the task or answer it with --note",
    goOn,
    sameAgain,
  ),
  blocked: shape(
    "plan_repair",
    "the worker says what it lacks: widen the claims, add the dependency, or change the task",
    goOn,
    sameAgain,
  ),
  timed_out: shape(
    "plan_repair",
    ({ unit }) => `split ${unit}, or raise its timeout_s when the work is really that long`,
    goOn,
    sameAgain,
  ),
  provider_failed: shape(
    "provider",
    "the provider did not answer in time or with an error, several times over",
    goOn,
    "change the plan: nothing is wrong with it",
  ),
  refused_by_provider: shape(
    "provider",
    "check the key, the model's name and base_url in .dgov/project.toml",
    () => "dgov doctor --online",
    "retry: such answers do not change by themselves",
  ),
  crashed: shape(
    "environment",
    "the worker's process died: look for a lack of memory or a signal",
    goOn,
    "change the plan before you know why",
  ),
  dependency_lost: shape(
    "judgement",
    ({ target }) =>
      `what the unit builds on is no longer on ${target}: bring it back, or land it anew`,
    goOn,
    "copy the lost commit by hand past the gates",
  ),
  setup_failed: shape(
    "environment",
    "make [project] setup_cmd run in a fresh checkout",
    () => "dgov doctor",
    "change the plan: no worker was started",
  ),
  unprepared: shape(
    "environment",
    "",
    () => "dgov doctor",
    "change the plan: no worker was started",
  ),
  blocked_by_checkout: shape(
    "judgement",
    "commit, stash or move the files in the way; what is there is yours and stays untouched",
    goOn,
    "delete files you have not looked at",
  ),
  target_moved: shape(
    "rerun",
    ({ target }) => `somebody else kept moving ${target}; let them finish`,
    goOn,
    "force the branch",
  ),
  proof_failed: shape(
    "judgement",
    "what was about to land was not what was judged: read the reason",
    review,
    "land it by hand",
  ),
  abandoned: shape("rerun", nothing, goOn, "start over with --restart: the work is kept"),
  unknown: shape("judgement", "read the recorded reason", review, sameAgain),
} as const satisfies Record<string, Shape>;

export type UnitShape = keyof typeof unitShapes;

/** Shapes of a whole run. */
export const runShapes = {
  crashed_run: shape(
    "rerun",
    "the run ended without saying so; the next one closes it and keeps its work",
    goOn,
    "delete worktrees or the event log by hand",
  ),
  repository_changed: shape(
    "judgement",
    "git's own configuration changed while workers ran: undo what you did not do yourself",
    goOn,
    "go on before you know who changed it",
  ),
  red_branch: shape(
    "project_repair",
    ({ target }) => `the gates fail on the finished ${target}`,
    remediate,
    "start the next plan on a red branch",
  ),
  degraded: shape(
    "project_repair",
    "the structure got worse; the offenders are named",
    remediate,
    "save a new baseline to make it disappear",
  ),
  flaky_gate: shape(
    "project_repair",
    "the gate failed and then passed on the same tree: make it repeatable",
    () => "dgov preflight",
    'trust it, or hide it with [merge] flaky = "pass" for ever',
  ),
  not_recorded: shape(
    "environment",
    "everything landed, but dgov could not commit its own files",
    () => "dgov doctor",
    "commit .dgov/state.db",
  ),
  work_omitted: shape(
    "judgement",
    "some files were too large or of a kind that cannot be kept: look whether they matter",
    review,
    "rely on the kept work being whole",
  ),
} as const satisfies Record<string, Shape>;

export type RunShape = keyof typeof runShapes;

/** Shapes of the repository itself. */
export const projectShapes = {
  archive_policy_drift: shape(
    "project_policy",
    "take the pattern out of the ignore file: archived plans are the project's history",
    ({ target }) => `git check-ignore -v ${target}`,
    "archive plans by hand elsewhere",
  ),
  history_ignored: shape(
    "project_policy",
    "take the pattern out of the ignore file: clones share this file",
    ({ target }) => `git check-ignore -v ${target}`,
    "copy it between clones by hand",
  ),
  state_not_ignored: shape(
    "project_policy",
    "dgov's own state would be committed: .dgov/.gitignore is to name state.db*, runtime/ and out/",
    () => "dgov init",
    "commit it: it names this machine's paths and holds what workers said",
  ),
  ledger_broken: shape(
    "project_repair",
    "mend or remove the line; every other line counts",
    () => "dgov ledger list",
    "delete the file",
  ),
  forgotten_work: shape(
    "judgement",
    "its plan is gone and it never landed: take over what is wanted, then delete the ref",
    ({ ref }) => `git show ${ref}`,
    "prune it unseen",
  ),
} as const satisfies Record<string, Shape>;

export type ProjectShape = keyof typeof projectShapes;
