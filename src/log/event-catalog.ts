/**
 * The event catalog: every type of event with its fields. `docs/events.md` is generated from it, and tests
 * compare every recorded event with it. Plain data.
 *
 * Types and fields may be added; existing ones never change.
 */
import type { Event } from "../kernel/event.ts";

/** A field of `data`: its type and description. A field may be missing when its type ends in `?`. */
type EventField = readonly [type: string, description: string];

export interface EventKind {
  kind: "lifecycle" | "telemetry";
  /** The subject of the event: `attempt` sets `unit` and `attempt`, `unit` only the unit, `run` neither. */
  of: "attempt" | "unit" | "run";
  /** One sentence. */
  description: string;
  fields: Readonly<Record<string, EventField>>;
}

function lifecycle(
  of: EventKind["of"],
  description: string,
  fields: EventKind["fields"] = {},
): EventKind {
  return { kind: "lifecycle", of, description, fields };
}

function telemetry(
  of: EventKind["of"],
  description: string,
  fields: EventKind["fields"] = {},
): EventKind {
  return { kind: "telemetry", of, description, fields };
}

const turn: EventField = ["number", "Turn of the conversation, from 1"];
const car: EventField = ["number", "Car of the merge train"];
const reason: EventField = ["string", "One sentence"];
const tree: EventField = ["string", "Tree id"];

/** Inputs of the kernel: replaying these events in order gives the state of the run. */
const kernelKinds = {
  "run.started": lifecycle("run", "A run starts.", {
    dag: ["object", "Units with role, dependencies and limits, as the kernel schedules them"],
    limits: ["object", "Jobs, retries, speculation, concurrent gates, rebuilds"],
    order: ['"ready" or "plan"', "Landing order"],
    tip: ["string", "Commit of the target branch"],
    gates: ["string[]", "Gates that a landing needs a verdict of"],
    screening: ["boolean?", "True when candidates wait for `candidate.screened` of the one below"],
    settled: ["object[]", "Units that need no work: `unit`, and `as`: landed or done"],
    plan_digest: ["string", "Digest of the compiled plan, which is stored"],
    plan_path: ["string", "Folder of the plan"],
    target: ["string", "Target branch"],
    before: ["string", "Commit of the target before the run"],
    mode: ['"bare", "continue" or "restart"', "Mode in which the run was requested"],
    only: ["string[]", "Units given with `dgov run --only`"],
    sandbox: [
      "object?",
      "Confinement of commands: `level` (namespaces, landlock or off), `reason`, and `exceptions` that the project makes",
    ],
    units: ["object[]", "Every unit: `unit`, `summary`, `role`, `depends_on`, `digest`"],
  }),
  "attempt.prepared": lifecycle("attempt", "The worktree of an attempt exists.", {
    base: ["string", "Commit that the attempt starts from"],
  }),
  "attempt.unprepared": lifecycle("attempt", "The worktree of an attempt could not be created.", {
    reason,
    retriable: ["boolean", "True when another attempt may succeed"],
  }),
  "worker.exited": lifecycle("attempt", "A worker's process has ended.", {
    fork: [
      "number",
      "Number of the fork, which starts a new conversation; 0 for the first process",
    ],
    outcome: [
      "string",
      "complete, incomplete, blocked, exhausted, no_progress, disapproved, provider_failed, refused_by_provider, crashed or timed_out",
    ],
    reason,
  }),
  "self_review.finished": lifecycle(
    "attempt",
    "The self-review of the diff, in a new conversation, has finished.",
    {
      approved: ["boolean", "True when the attempt continues"],
      reason,
    },
  ),
  "review.finished": lifecycle("attempt", "The claims review of the change has finished.", {
    passed: ["boolean", "True when the attempt continues"],
    commit: ["string?", "When passed: the commit of the change"],
    tree: ["string?", "When passed: the tree of the commit"],
    verdict: ["string?", "When not passed: the violated rule"],
    reason: ["string?", "When not passed: one sentence"],
    retriable: ["boolean?", "When not passed: true when another attempt may succeed"],
  }),
  "review.satisfied": lifecycle(
    "attempt",
    "The attempt changed nothing, and the unit is landed as an earlier commit of it.",
    { commit: ["string", "The earlier commit, which the target has"] },
  ),
  "candidate.built": lifecycle("attempt", "The change was merged onto the base of its car.", {
    car,
    onto: ["string", "Parent commit of the candidate"],
    commit: ["string", "The candidate"],
    tree,
  }),
  "candidate.screened": lifecycle(
    "attempt",
    "The gates that read no checked-out tree passed; other candidates may be based on this one.",
    { car, tree },
  ),
  "candidate.conflicted": lifecycle("attempt", "The change conflicts with the base of its car.", {
    car,
    onto: ["string", "Base of the car"],
    reason,
  }),
  "candidate.failed": lifecycle(
    "attempt",
    "The candidate could not be built because of the environment; the change is not the cause.",
    { car, onto: ["string", "Base of the car"], reason },
  ),
  "gates.finished": lifecycle("attempt", "All gates of a tree have finished.", {
    car: ["number or null", "Car of the merge train; null for the attempt's own tree"],
    tree,
    verdicts: ["object", "Status by gate: passed, failed, flaky, not_applicable or errored"],
    passed: ["boolean", "True when the tree may land"],
    blame: ["string or null", "attempt, integration, base, other_base or environment"],
    reason,
  }),
  "target.moved": lifecycle(
    "run",
    "The target branch is at another commit than the run left it at.",
    {
      tip: ["string", "Its current commit"],
    },
  ),
  "checkout.changed": lifecycle("run", "A checkout that blocked a landing has changed."),
  "checkout.waited": lifecycle(
    "run",
    "The run had waited for the checkouts that block its last landings.",
    {
      wait: ["number", "Number of the wait in the run"],
      changed: ["boolean", "False when the limit was reached and none had changed"],
    },
  ),
  "landing.finished": lifecycle("attempt", "The candidate is the tip of the target branch.", {
    car,
    commit: ["string", "The landed commit"],
  }),
  "landing.refused": lifecycle("attempt", "The candidate did not become the tip.", {
    car,
    cause: [
      "string",
      "target_moved, target_gone, blocked_by_checkout, proof_failed or repository_changed",
    ],
    reason,
    tip: ["string", "Tip of the target then"],
  }),
  "run.interrupted": lifecycle("run", "The run was interrupted and ends early.", {
    cause: ['"signal" or "repository_changed"', "Cause of the interruption"],
    reason,
  }),
  "run.finished": lifecycle("run", "A run has finished.", {
    status: ["string", "complete, partial, failed or interrupted"],
    exit_code: ["number", "Exit code of the command"],
    recovered: ["boolean?", "True when a later run closed this one after a crash"],
    duration_ms: ["number?", "Duration of the run"],
    before: ["string?", "Commit of the target before the run"],
    after: ["string?", "Commit of the target after the run"],
    target: ["string?", "Target branch"],
    verification: ["object?", "Final run of the gates on the branch: `status` and `reason`"],
    archived_to: ["string or null?", "Archive folder of the plan"],
    archived_on: [
      "string or null?",
      "Branch that has the archive folder; null when the checkout has it, or none does",
    ],
    warnings: ["string[]?", "Warnings of the run, its problems included"],
    problems: ["string[]?", "Steps after the last landing that failed; the exit code is then 4"],
    degraded: ["boolean?", "True when the structure got worse"],
    structural: [
      "object or null?",
      "Quality `before` and `after`, `baseline`, what `degraded`, `warnings` and `offenders`",
    ],
  }),
} as const satisfies Record<Event["type"], EventKind>;

const otherLifecycle = {
  "base.checked": lifecycle(
    "run",
    "The base was judged, before any worker, or did not have to be: no gate ran for work that its review rejects.",
    {
      tip: ["string", "Commit of the target branch"],
      gates: [
        "object[]",
        "Verdicts with the fields of gate.finished; a failed one means a red base",
      ],
      judged_by: [
        "string?",
        "The earlier run whose verdicts these are; its tree is the same but for dgov's own files",
      ],
    },
  ),
  "unit.changed": lifecycle("attempt", "A unit changed its phase.", {
    from: ["string", "Previous phase"],
    to: ["string", "New phase"],
    reason: ["string or null", "Reason, if any"],
  }),
  "unit.result": lifecycle("attempt", "A read-only unit has returned its result.", {
    result: ["string", "The result, bounded in size"],
    outcome: ["string", "As in worker.exited"],
    inputs: ["object", "Landed commits that the result is about, by unit"],
  }),
  "unit.undone": lifecycle(
    "unit",
    "The landed change of a unit was reverted; `run` is the run that landed it.",
    {
      undo: ["string", "Id of the undo"],
      commit: ["string", "The revert commit"],
      reverted: ["string", "The reverted commit"],
      target: ["string", "Branch"],
    },
  ),
  "worker.started": lifecycle("attempt", "A worker's process has started.", {
    pid: ["number", "Process id"],
    start: [
      "string or null",
      "Start time of the process, which together with the id identifies it",
    ],
    fork: [
      "number",
      "Number of the fork, which starts a new conversation; 0 for the first process",
    ],
    model: ["string", "Model of the worker"],
    provider: ["string", "Name of the provider"],
  }),
  "attempt.kept": lifecycle("attempt", "The work of an attempt is kept under a ref.", {
    ref: ["string", "Keep-ref"],
    commit: ["string", "Commit of the keep-ref"],
    omitted: ["string[]", "Files that were omitted because of their size or kind"],
    base: ["string", "Commit that the attempt started from"],
  }),
  "attempt.autofixed": lifecycle("attempt", "A formatter or fixer changed files of the attempt.", {
    paths: ["string[]", "Files"],
  }),
  "attempt.judge_changed": lifecycle(
    "attempt",
    "The attempt changed what judges it: configuration of tests or checkers, or marks that skip tests.",
    { changes: ["object[]", "`path` and `what` of each change"] },
  ),
  "finding.accepted": lifecycle(
    "attempt",
    "The operator accepted a finding of the semantic gate in work that lands with `dgov land`.",
    {
      fingerprint: ["string", "Digest of the finding's kind, path and symbol"],
      kind: ["string", "Kind of finding"],
      path: ["string", "File"],
      line: ["number or null", "Line in the tree that was rejected, from 1"],
      message: ["string", "One sentence"],
      commit: ["string or null", "Commit of the work"],
    },
  ),
  "claims.widened": lifecycle(
    "attempt",
    "The operator added write claims to the unit for work that lands with `dgov land`.",
    {
      claims: ["string[]", "The added claims, relative to the project"],
      commit: ["string or null", "Commit of the work"],
    },
  ),
  "attempt.rejected": lifecycle("attempt", "An attempt was rejected.", {
    verdict: ["string", "Rule or step that rejected it"],
    reason,
    detail: [
      "string or null",
      "Blob of the text for the next attempt; null when it was not stored",
    ],
    ref: ["string or null", "Keep-ref of the work"],
    gates: ["object[]?", "Verdicts of all gates when a gate failed"],
    wider_claims: [
      "object?",
      "Change of the plan that would allow the paths: `file`, `table`, `key`, its new `value`, and the added `paths`",
    ],
  }),
  "gate.started": lifecycle("attempt", "A gate has started.", {
    gate: ["string", "Name of the gate"],
    tree,
    car: ["number or null", "Car of the merge train; null for the attempt's own tree"],
  }),
  "gate.finished": lifecycle("attempt", "A gate has finished on a tree.", {
    gate: ["string", "Name of the gate"],
    tree,
    car: ["number or null", "Car of the merge train; null for the attempt's own tree"],
    behind: ["string?", "Unit whose candidate the tree is based on, when that has not landed"],
    status: ["string", "passed, failed, flaky, not_applicable or errored"],
    command: ["string or null", "Command after substitution"],
    exit: ["string or null", "Description of how the command ended"],
    duration_ms: ["number", "Duration"],
    reason,
    output: ["string or null", "Blob of the complete output"],
    tail: ["string", "Failures in the output, and its end"],
    diagnostics: [
      "object[]",
      "Diagnostics that the base does not have: file, line, column, code, message, severity; of the semantic gate also fingerprint",
    ],
    changed_paths: ["string[]", "Files that the gate changed; the changes were undone"],
    cached: ["boolean", "True when an earlier verdict on the same tree was used"],
  }),
  "landing.started": lifecycle("attempt", "The target branch is about to move.", {
    target: ["string", "Branch"],
    from: ["string", "Its tip"],
    to: ["string", "The candidate"],
    car,
    tree,
    note: ["string?", "Its trailers, when they are in a git note"],
  }),
  "landing.lock": lifecycle("attempt", "git's lock on the branch is held.", {
    pid: ["number", "Process that holds the lock"],
  }),
  "repository.changed": lifecycle(
    "run",
    "State that workers share with the operator changed while workers ran: git's configuration, dependencies, or a ref that names an attempt's work.",
    {
      diff: ["string", "The changed lines"],
    },
  ),
  "commits.appeared": lifecycle("run", "Commits that dgov did not make appeared on refs.", {
    commits: [
      "object[]",
      "The commits: `commit`, `ref`, `author`, `subject`, and `made_from`: the attempt's commit that it has the tree of or is based on, or null",
    ],
  }),
  "conflict.predicted": lifecycle("attempt", "Work in progress is predicted to conflict.", {
    with: ["string or null", "The other unit; null for what has landed"],
    kind: ["string", "text_conflict, or which semantic check"],
    path: ["string", "File"],
    symbol: ["string or null", "Name it is about"],
    message: ["string", "One sentence"],
  }),
  "conflict.cleared": lifecycle("attempt", "A predicted conflict no longer exists.", {
    with: ["string or null", "The other unit; null for what has landed"],
    kind: ["string", "As in conflict.predicted"],
    path: ["string", "File"],
    symbol: ["string or null", "Name it is about"],
    message: ["string", "One sentence"],
  }),
  "plan.archived": lifecycle("run", "A plan was archived after the end of its run.", {
    from: ["string", "Previous folder"],
    to: ["string", "New folder"],
    on: ["string?", "Branch that has the new folder, when it is not checked out"],
  }),
  "run.pruned": lifecycle("run", "Telemetry of a run was pruned.", {
    telemetry: ["number", "Number of removed events"],
    kept_refs: ["string[]", "Keep-refs that were removed"],
  }),
} as const satisfies Record<string, EventKind>;

const telemetryKinds = {
  "turn.started": telemetry("attempt", "A turn of the conversation has started.", {
    turn,
    turns_max: ["number", "The turn budget"],
  }),
  "turn.finished": telemetry("attempt", "The model has responded.", {
    turn,
    model: ["string", "Requested model"],
    messages: ["string[]", "Digests of the request's messages"],
    response: ["string", "Digest of the response"],
    finish_reason: ["string or null", "Finish reason of the provider"],
    usage: ["object or null", "Tokens: prompt, cached, completion"],
    duration_ms: ["number", "Duration of the request"],
  }),
  thought: telemetry("attempt", "Text that the model wrote besides tool calls.", {
    turn,
    text: ["string", "The text, cut when long"],
    text_blob: ["string?", "Blob of the complete text, when cut"],
  }),
  call: telemetry("attempt", "The model calls a tool.", {
    turn,
    call_id: ["string", "Id of the call"],
    tool: ["string", "Tool"],
    args: ["object or null", "Arguments; null when long"],
    args_blob: ["string?", "Blob of the arguments, when long"],
    args_head: ["string?", "Beginning of the arguments, when long"],
  }),
  result: telemetry("attempt", "A tool has returned.", {
    turn,
    call_id: ["string", "Id of the call"],
    tool: ["string", "Tool"],
    ok: ["boolean", "True when the call succeeded"],
    error_kind: ["string or null", "Kind of error"],
    text: ["string", "Text for the model, cut when long"],
    text_blob: ["string?", "Blob of the complete text, when cut"],
    raw_bytes: ["number", "Size before cutting"],
    clipped: ["boolean", "True when the text was cut for the model"],
    duration_ms: ["number", "Duration"],
    target: ["string or null", "File that the call was about"],
  }),
  "history.cut": telemetry("attempt", "Older messages were removed from the conversation.", {
    turn,
    messages: ["number", "Number of messages"],
    reason,
  }),
  "provider.limited": telemetry("attempt", "The provider limited the rate (429).", {
    retry_after_ms: ["number", "Time to wait"],
  }),
  "provider.retried": telemetry("attempt", "A request is retried.", {
    attempt: ["number", "Number of the retry, from 1"],
    delay_ms: ["number", "Wait before the retry"],
    reason,
  }),
  warning: telemetry("attempt", "A warning; `unit` is null when it is about the run.", {
    text: ["string", "One sentence"],
  }),
  outcome: telemetry("attempt", "The outcome that the worker reports.", {
    verdict: [
      "string",
      "complete, incomplete, blocked, exhausted, no_progress, provider_failed or refused_by_provider",
    ],
    reason,
    result: ["any", "Summary of the work, or the result of a reviewer or researcher"],
  }),
  "radar.looked": telemetry("run", "The radar has compared work in progress.", {
    units: ["string[]", "Units"],
  }),
} as const satisfies Record<string, EventKind>;

/** Every event by type: kernel events, other lifecycle events, telemetry. */
export const eventCatalog: Readonly<Record<string, EventKind>> = {
  ...kernelKinds,
  ...otherLifecycle,
  ...telemetryKinds,
};
