/**
 * Every kind of event a log may hold, with its fields: what `docs/events.md` prints and what the
 * tests hold every recorded event against. Plain data.
 *
 * Kinds and fields may be added; one that is here stays as it is.
 */
import type { Event } from "../kernel/event.ts";

/** A field of `data`: its type in words, and what it says. A type that ends in `?` may be missing. */
export type EventField = readonly [type: string, means: string];

export interface EventKind {
  kind: "lifecycle" | "telemetry";
  /** What `unit` and `attempt` hold: both, the unit alone, or neither. */
  of: "attempt" | "unit" | "run";
  /** One sentence. */
  means: string;
  fields: Readonly<Record<string, EventField>>;
}

function lifecycle(
  of: EventKind["of"],
  means: string,
  fields: EventKind["fields"] = {},
): EventKind {
  return { kind: "lifecycle", of, means, fields };
}

function telemetry(
  of: EventKind["of"],
  means: string,
  fields: EventKind["fields"] = {},
): EventKind {
  return { kind: "telemetry", of, means, fields };
}

const turn: EventField = ["number", "Turn of the conversation, from 1"];
const car: EventField = ["number", "Car of the merge train"];
const reason: EventField = ["string", "One sentence"];
const tree: EventField = ["string", "Tree id"];

/** What the kernel was told: replaying these, in order, gives the state of the run. */
const kernelKinds = {
  "run.started": lifecycle("run", "A run begins.", {
    dag: ["object", "Units with role, dependencies and limits, as the kernel schedules them"],
    limits: ["object", "Jobs, retries, speculation, gates at once, rebuilds"],
    order: ['"ready" or "plan"', "Landing order"],
    tip: ["string", "Commit of the target branch"],
    gates: ["string[]", "Gates whose verdict a landing needs"],
    settled: ["object[]", "Units that need no work: `unit`, and `as` landed or done"],
    plan_digest: ["string", "Digest of the compiled plan, which is kept"],
    plan_path: ["string", "Folder of the plan"],
    target: ["string", "Target branch"],
    before: ["string", "Commit of the target before the run"],
    mode: ['"bare", "continue" or "restart"', "How the run was asked for"],
    only: ["string[]", "Units given with `--only`"],
    units: ["object[]", "Every unit: `unit`, `summary`, `role`, `depends_on`, `digest`"],
  }),
  "attempt.prepared": lifecycle("attempt", "The worktree of an attempt is there.", {
    base: ["string", "Commit it starts from"],
  }),
  "attempt.unprepared": lifecycle("attempt", "The worktree of an attempt could not be made.", {
    reason,
    retriable: ["boolean", "Whether another attempt may go better"],
  }),
  "worker.exited": lifecycle("attempt", "A worker's process has ended.", {
    fork: ["number", "0, or which clean-context relaunch"],
    outcome: [
      "string",
      "complete, incomplete, blocked, exhausted, no_progress, disapproved, provider_failed, refused_by_provider, crashed or timed_out",
    ],
    reason,
  }),
  "self_review.finished": lifecycle("attempt", "The clean-context reviewer has judged the diff.", {
    approved: ["boolean", "Whether the attempt goes on"],
    reason,
  }),
  "review.finished": lifecycle("attempt", "The structural review has judged the change.", {
    passed: ["boolean", "Whether the attempt goes on"],
    commit: ["string?", "When passed: the commit dgov made of the change"],
    tree: ["string?", "When passed: its tree"],
    verdict: ["string?", "When not: which rule said no"],
    reason: ["string?", "When not: one sentence"],
    retriable: ["boolean?", "When not: whether another attempt may go better"],
  }),
  "candidate.built": lifecycle("attempt", "The change was merged onto what is to be below it.", {
    car,
    onto: ["string", "Commit below the candidate"],
    commit: ["string", "The candidate"],
    tree,
  }),
  "candidate.conflicted": lifecycle("attempt", "The change does not merge.", {
    car,
    onto: ["string", "Commit it was to be merged onto"],
    reason,
  }),
  "gates.finished": lifecycle("attempt", "Every gate has judged a tree.", {
    car: ["number or null", "Car of the merge train; null for the attempt's own tree"],
    tree,
    verdicts: ["object", "Status by gate: passed, failed, flaky, not_applicable or errored"],
    passed: ["boolean", "Whether the tree may land"],
    blame: ["string or null", "attempt, integration, base or environment"],
    reason,
  }),
  "target.moved": lifecycle("run", "The target branch is elsewhere than it was left.", {
    tip: ["string", "Where it is now"],
  }),
  "checkout.changed": lifecycle("run", "A checkout that blocked a landing has changed."),
  "landing.finished": lifecycle("attempt", "The candidate is the tip of the target branch.", {
    car,
    commit: ["string", "The landed commit"],
  }),
  "landing.refused": lifecycle("attempt", "The candidate did not become the tip.", {
    car,
    cause: ["string", "target_moved, blocked_by_checkout or proof_failed"],
    reason,
    tip: ["string", "Tip of the target then"],
  }),
  "run.interrupted": lifecycle("run", "The run is to end early.", {
    cause: ['"signal" or "repository_changed"', "Who or what ended it"],
    reason,
  }),
  "run.finished": lifecycle("run", "A run is over.", {
    status: ["string", "complete, partial, failed or interrupted"],
    exit_code: ["number", "Exit code of the command"],
    recovered: ["boolean?", "True when a later run closed this one after a crash"],
    duration_ms: ["number?", "From start to end"],
    before: ["string?", "Tip of the target before the run"],
    after: ["string?", "Tip of the target after it"],
    target: ["string?", "Target branch"],
    verification: ["object?", "The gates on the branch: `status` and `reason`"],
    archived_to: ["string or null?", "New folder of the plan"],
    warnings: ["string[]?", "What went less than well"],
    degraded: ["boolean?", "Whether the structure got worse"],
    structural: [
      "object or null?",
      "Quality `before` and `after`, `baseline`, what `degraded`, `warnings` and `offenders`",
    ],
  }),
} as const satisfies Record<Event["type"], EventKind>;

const otherLifecycle = {
  "base.checked": lifecycle(
    "run",
    "Every gate that applies has judged the base, before any worker.",
    {
      tip: ["string", "Commit of the target branch"],
      gates: ["object[]", "Verdicts, with the fields of gate.finished; a failed one is a red base"],
    },
  ),
  "unit.changed": lifecycle("attempt", "A unit went from one phase to another.", {
    from: ["string", "Phase it left"],
    to: ["string", "Phase it is in"],
    reason: ["string or null", "Why, when there is something to say"],
  }),
  "unit.result": lifecycle("attempt", "A read-only unit gave its answer.", {
    result: ["string", "The answer, bounded"],
    outcome: ["string", "As in worker.exited"],
    inputs: ["object", "Landed commits the answer is about, by unit"],
  }),
  "unit.undone": lifecycle(
    "unit",
    "What a unit landed was taken back; `run` is the run that had landed it.",
    {
      undo: ["string", "The undoing run"],
      commit: ["string", "Commit that takes it back"],
      reverted: ["string", "Commit that was taken back"],
      target: ["string", "Branch"],
    },
  ),
  "worker.started": lifecycle("attempt", "A worker's process runs.", {
    pid: ["number", "Process id"],
    start: ["string or null", "Start of the process, which with the id names it"],
    fork: ["number", "0, or which clean-context relaunch"],
    model: ["string", "Model the worker asks"],
    provider: ["string", "Provider by name"],
  }),
  "attempt.kept": lifecycle("attempt", "The work of an attempt is kept under a ref.", {
    ref: ["string", "Keep-ref"],
    commit: ["string", "Commit it names"],
    omitted: ["string[]", "Files left out because they are too large"],
    base: ["string", "Commit the attempt started from"],
  }),
  "attempt.autofixed": lifecycle("attempt", "Formatter or fixer changed lines of the attempt.", {
    paths: ["string[]", "Files"],
  }),
  "attempt.rejected": lifecycle("attempt", "An attempt does not land, and why.", {
    verdict: ["string", "Which rule or step said no"],
    reason,
    detail: ["string", "Blob of what the next attempt is told"],
    ref: ["string or null", "Where the work is kept"],
    gates: ["object[]?", "Every gate's verdict when the gates said no"],
  }),
  "gate.started": lifecycle("attempt", "A gate begins.", {
    gate: ["string", "Name of the gate"],
    tree,
    car: ["number or null", "Car of the merge train; null for the attempt's own tree"],
  }),
  "gate.finished": lifecycle("attempt", "A gate has judged a tree.", {
    gate: ["string", "Name of the gate"],
    tree,
    car: ["number or null", "Car of the merge train; null for the attempt's own tree"],
    status: ["string", "passed, failed, flaky, not_applicable or errored"],
    command: ["string or null", "Command after substitution"],
    exit: ["string or null", "How it ended, in words"],
    duration_ms: ["number", "How long it took"],
    reason,
    output: ["string or null", "Blob of its whole output"],
    tail: ["string", "End of its output"],
    diagnostics: [
      "object[]",
      "What is new against the base: file, line, column, code, message, severity",
    ],
    changed_paths: ["string[]", "Files it changed in its tree, which was undone"],
    cached: ["boolean", "Whether an earlier verdict on the same tree was used"],
  }),
  "landing.started": lifecycle("attempt", "The target branch is about to move.", {
    target: ["string", "Branch"],
    from: ["string", "Its tip"],
    to: ["string", "The candidate"],
    car,
    tree,
  }),
  "landing.lock": lifecycle("attempt", "git's lock on the branch is held.", {
    pid: ["number", "Process that holds it"],
  }),
  "repository.changed": lifecycle("run", "git's shared configuration changed while workers ran.", {
    diff: ["string", "What changed"],
  }),
  "conflict.predicted": lifecycle("attempt", "Work in progress will conflict.", {
    with: ["string or null", "The other unit; null for what has landed"],
    kind: ["string", "text_conflict, or which semantic check"],
    path: ["string", "File"],
    symbol: ["string or null", "Name it is about"],
    message: ["string", "One sentence"],
  }),
  "conflict.cleared": lifecycle("attempt", "A predicted conflict is gone.", {
    with: ["string or null", "The other unit; null for what has landed"],
    kind: ["string", "As in conflict.predicted"],
    path: ["string", "File"],
    symbol: ["string or null", "Name it is about"],
    message: ["string", "One sentence"],
  }),
  "plan.archived": lifecycle("run", "A plan was archived by hand after its run.", {
    from: ["string", "Folder it was in"],
    to: ["string", "Folder it is in"],
  }),
  "run.pruned": lifecycle("run", "Telemetry of a run was forgotten.", {
    telemetry: ["number", "Events removed"],
    kept_refs: ["string[]", "Keep-refs removed"],
  }),
} as const satisfies Record<string, EventKind>;

const telemetryKinds = {
  "turn.started": telemetry("attempt", "A turn of the conversation begins.", {
    turn,
    turns_max: ["number", "The turn budget"],
  }),
  "turn.finished": telemetry("attempt", "The model has answered.", {
    turn,
    model: ["string", "Model that was asked"],
    messages: ["string[]", "Digests of the request's messages"],
    response: ["string", "Digest of the answer"],
    finish_reason: ["string or null", "As the provider gave it"],
    usage: ["object or null", "Tokens: prompt, cached, completion"],
    duration_ms: ["number", "How long the request took"],
  }),
  thought: telemetry("attempt", "Text the model wrote beside its calls.", {
    turn,
    text: ["string", "The text, cut when long"],
    text_blob: ["string?", "Blob of the whole text, when cut"],
  }),
  call: telemetry("attempt", "The model calls a tool.", {
    turn,
    call_id: ["string", "Names the call"],
    tool: ["string", "Tool"],
    args: ["object or null", "Arguments; null when long"],
    args_blob: ["string?", "Blob of the arguments, when long"],
    args_head: ["string?", "Their beginning, when long"],
  }),
  result: telemetry("attempt", "A tool has answered.", {
    turn,
    call_id: ["string", "The call"],
    tool: ["string", "Tool"],
    ok: ["boolean", "Whether it did what was asked"],
    error_kind: ["string or null", "What kind of failure it was"],
    text: ["string", "What the model was told, cut when long"],
    text_blob: ["string?", "Blob of the whole text, when cut"],
    raw_bytes: ["number", "Size before anything was left out"],
    clipped: ["boolean", "Whether the model was told less than there was"],
    duration_ms: ["number", "How long it took"],
    target: ["string or null", "File the call was about"],
  }),
  "history.cut": telemetry("attempt", "Older messages were left out of the conversation.", {
    turn,
    messages: ["number", "How many"],
    reason,
  }),
  "provider.limited": telemetry("attempt", "The provider asked to wait (429).", {
    retry_after_ms: ["number", "How long"],
  }),
  "provider.retried": telemetry("attempt", "A request is made again.", {
    attempt: ["number", "Which retry, from 1"],
    delay_ms: ["number", "Wait before it"],
    reason,
  }),
  warning: telemetry(
    "attempt",
    "Something to know that stops nothing; `unit` is null when it is about the run.",
    {
      text: ["string", "One sentence"],
    },
  ),
  outcome: telemetry("attempt", "The worker's own last word.", {
    verdict: [
      "string",
      "complete, incomplete, blocked, exhausted, no_progress, provider_failed or refused_by_provider",
    ],
    reason,
    result: ["any", "Its summary, or a reviewer's or researcher's answer"],
  }),
  "radar.looked": telemetry("run", "Work in progress was compared.", {
    units: ["string[]", "Units"],
  }),
} as const satisfies Record<string, EventKind>;

/** Every kind by its name: the kernel's first, then the rest of the record, then telemetry. */
export const eventCatalog: Readonly<Record<string, EventKind>> = {
  ...kernelKinds,
  ...otherLifecycle,
  ...telemetryKinds,
};
