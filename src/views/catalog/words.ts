/**
 * The table of words: every verdict, outcome, status and reason that output, JSON and events use for a unit, a gate,
 * a run or a plan, with its meaning and remedy. `dgov explain WORD` prints a row, `docs/verdicts.md` has all of them.
 *
 * The type of each group makes the compiler refuse a word without a row. Pure data.
 */
import { errorCodes } from "../../error.ts";
import type { Blame, GateStatus, RunStatus, WorkerOutcome } from "../../kernel/event.ts";
import * as reasons from "../../kernel/reasons.ts";
import type { Phase } from "../../kernel/state.ts";
import type { FindingKind } from "../../semantic/finding.ts";
import { suggest } from "../../std/suggest.ts";
import type { ToolErrorKind } from "../../worker/protocol.ts";
import type { PlanStatus } from "../plan-view.ts";
import type { StatusWord } from "../status.ts";
import { type UnitStateName, unitStates } from "../unit-state.ts";
import {
  type FailureEntry,
  projectFailures,
  retries,
  runFailures,
  unitFailures,
} from "./failures.ts";

export interface WordRow {
  /** One sentence or two. */
  means: string;
  /** The steps to take: clauses without a full stop at the end. */
  remedy: string;
  /** A shortcut that would hide the failure or lose work. */
  doNot: string | null;
  /** Of a unit's verdict: the further attempts. */
  retried: string | null;
}

export interface WordGroup {
  title: string;
  /** The subject of the words, for one row of the group: "verdict of a unit". */
  of: string;
  /** Where the words are found. */
  lead: string;
  rows: Readonly<Record<string, WordRow>>;
}

function row(means: string, remedy: string): WordRow {
  return { means, remedy, doNot: null, retried: null };
}

const nothing = "nothing to do";
const wait = "wait; `dgov watch` follows the run";
const goOn = "`dgov run PLAN --continue`";

/** Names in the advice of the table. */
const place = { plan: "PLAN", unit: "UNIT", ref: "REF", target: "TARGET" };

function ofFailures(
  entries: Readonly<Record<string, FailureEntry>>,
  retried: Readonly<Record<string, string>> = {},
): Record<string, WordRow> {
  return Object.fromEntries(
    Object.entries(entries).map(([word, { means, first, next, doNot }]) => {
      const step = first(place);
      const lead = step === "" ? "" : `${step}; then `;
      const remedy = `${lead}\`${next(place)}\``;
      return [word, { means, remedy, doNot, retried: retried[word] ?? null }];
    }),
  );
}

const outcomes = {
  complete: row(
    "The worker says that its task is done. The claims and the gates decide whether it lands.",
    nothing,
  ),
} satisfies Record<Exclude<WorkerOutcome, keyof typeof unitFailures>, WordRow>;

const gateStatuses = {
  passed: row("The gate found nothing wrong with the tree.", nothing),
  failed: row(
    "The gate found something wrong with the tree.",
    "read its output: `dgov plan review PLAN --only UNIT`",
  ),
  flaky: row(
    'The gate failed, then passed on the same tree. It counts as passed unless `[merge] flaky` is "fail".',
    "make the test deterministic",
  ),
  not_applicable: row("The gate has nothing to judge here; its reason says why.", nothing),
  errored: row(
    "The gate could not produce a result. It never counts as passed.",
    "make its command run on this machine: `dgov doctor`",
  ),
} satisfies Record<GateStatus, WordRow>;

const blames = {
  attempt: row("The change of the attempt causes the failure.", "see `gate_failed`"),
  integration: row(
    "The change passes alone and fails with what landed since it started.",
    "see `integration_failed`",
  ),
  base: row("The target's tip fails in the same way without the change.", "see `base_red`"),
  other_base: row(
    "The base fails in the same way and is not the target's tip, so nothing is decided yet.",
    wait,
  ),
  environment: row("The machine causes the failure.", "see `gate_unrunnable`"),
} satisfies Record<Blame, WordRow>;

const stateRemedies: Record<UnitStateName, string> = {
  waiting: "wait; `dgov explain UNIT` names what it waits for",
  working: wait,
  checking: wait,
  testing: wait,
  queued: wait,
  landing: wait,
  landed: "nothing to do; `dgov undo UNIT` takes it back",
  done: nothing,
  rejected: wait,
  failed: "`dgov explain UNIT`",
  timed_out: "split it, or raise its timeout_s; then `dgov run PLAN --continue`",
  skipped: "fix that unit: `dgov explain UNIT` names it",
  not_started: goOn,
  paused: wait,
  blocked: "clear the path that its reason names: `dgov explain UNIT`",
  already_satisfied: nothing,
  interrupted: goOn,
  undone: "`dgov run PLAN` runs it again",
};

const states = Object.fromEntries(
  Object.entries(unitStates).map(([state, means]) => [
    state,
    row(means, stateRemedies[state as UnitStateName]),
  ]),
);

const unitPhases = {
  pending: row(
    "The unit waits for its dependencies, or for a free worker.",
    "wait; `dgov explain UNIT` names what it waits for",
  ),
  preparing: row("The worktree of its next attempt is being made.", wait),
  working: row("Its worker works.", wait),
  forking: row(
    "Its worker used all turns; a new conversation continues in the same worktree.",
    wait,
  ),
  self_reviewing: row("A second conversation with the model reads the change.", wait),
  reviewing: row("Its changes are compared with its claims.", wait),
  queued: row("It waits for its turn in the merge train.", wait),
  integrating: row("Its candidate is being built on the target's tip or on the car before.", wait),
  validating: row("The gates run on its candidate.", wait),
  landing: row("The target is being moved to its candidate.", wait),
  waiting: row(
    "It waits for another attempt, or for a checkout that is in the way of its landing.",
    "wait, or clear the path that its reason names: `dgov explain UNIT`",
  ),
  landed: row("Its change is on the target.", "nothing to do; `dgov undo UNIT` takes it back"),
  done: row("A researcher or reviewer returned its result.", nothing),
  failed: row("It did not land, and no retry is left or would help.", "`dgov explain UNIT`"),
  timed_out: row(
    "It did not land: its attempts reached their time limit.",
    "split it, or raise its timeout_s; then `dgov run PLAN --continue`",
  ),
  skipped: row(
    "A unit that it depends on did not land.",
    "fix that unit: `dgov explain UNIT` names it",
  ),
  abandoned: row("The run ended before the unit did. Its work is kept.", goOn),
  undone: row("It landed, and `dgov undo` reverted it.", "`dgov run PLAN` runs it again"),
} satisfies Record<Phase | "undone", WordRow>;

const runPhases = {
  running: row("The run has not ended.", wait),
  complete: row("Every unit landed or is done.", nothing),
  partial: row("Some units landed and some did not.", `${goOn}, or \`dgov plan review PLAN\``),
  failed: row("No unit landed.", `\`dgov plan review PLAN\`, then ${goOn}`),
  interrupted: row("The run was stopped before its end. All work is kept.", goOn),
  crashed: row(
    "The process of the run ended without recording an end. The next run recovers it.",
    goOn,
  ),
} satisfies Record<RunStatus | "running" | "crashed", WordRow>;

const planStatuses = {
  uncompiled: row(
    "The plan has no compiled file, and has not run or is undone.",
    "`dgov compile PLAN`",
  ),
  ready: row("The plan is compiled, and has not run or is undone.", "`dgov run PLAN`"),
  running: row("A run of the plan has not ended.", wait),
  crashed: row("The process of the plan's last run ended without an end.", goOn),
  interrupted: row("Its last run was stopped before a unit landed. All work is kept.", goOn),
  failed: row("The plan ran, and no unit landed.", "`dgov plan review PLAN`"),
  partial: row("Some units of the plan landed.", `\`dgov plan review PLAN\`, or ${goOn}`),
  degraded: row(
    "All units landed, and the structure of the target got worse.",
    "`dgov plan remediate PLAN`",
  ),
  landed: row("All units of the plan landed.", nothing),
} satisfies Record<PlanStatus, WordRow>;

const statusWords = {
  running: row("A run has not ended.", wait),
  needs_attention: row(
    "Work did not land, or a run crashed, and nothing runs.",
    "the command that `dgov status` prints below",
  ),
  idle: row("Nothing runs and nothing waits for a decision.", nothing),
} satisfies Record<StatusWord, WordRow>;

const severity = "if it is wrong, a person can land the work: `dgov land UNIT --accept FINDING`";

const findingKinds = {
  syntax_conflict: row(
    "Each side parses and the merge does not, or conflict markers are left.",
    "let the next attempt resolve it, or `dgov take UNIT`",
  ),
  same_symbol_edit: row(
    "Both sides edited one symbol in adjacent lines, or one side removed a local name that the other uses.",
    `add depends_on between the units; ${severity}`,
  ),
  duplicate_definition: row(
    "Both sides add the same name.",
    `keep one of the definitions; ${severity}`,
  ),
  signature_drift: row(
    "A call does not fit the changed parameters of its function, or an implementation lacks a new required member.",
    `change the call or the implementation; ${severity}`,
  ),
  stale_reference: row(
    "A name is used that one side removed, renamed or moved.",
    `use the new name; ${severity}`,
  ),
  ordering_conflict: row(
    "Both sides take the same number, follow the same step, or give two members one value.",
    `renumber one of them; ${severity}`,
  ),
} satisfies Record<FindingKind, WordRow>;

type ReasonText = {
  [K in keyof typeof reasons]: (typeof reasons)[K] extends string ? (typeof reasons)[K] : never;
}[keyof typeof reasons];

const reasonTexts = {
  [reasons.dependencyLost]: row(
    "A landed dependency of the unit is no longer on the target.",
    `restore its commit or land the dependency again; then ${goOn}`,
  ),
  [reasons.setupFailed]: row(
    "`[project] setup_cmd` failed in the worktree of an attempt.",
    "make it run in a fresh checkout; `dgov doctor`",
  ),
  [reasons.alreadySatisfied]: row(
    "The attempt changed nothing, and an earlier commit of the unit on the target does its task. The unit is landed.",
    nothing,
  ),
  [reasons.requeued]: row(
    "The candidate failed together with a base that did not land, so it is judged again without it.",
    wait,
  ),
  [reasons.integrationFailed]: row(
    "The gates pass on the change alone and fail on it together with what landed.",
    "see `integration_failed`",
  ),
  [reasons.emptyCandidate]: row(
    "What landed since the attempt started has the same change.",
    "see `empty_diff`",
  ),
  [reasons.noBookkeepingCommit]: row(
    "Units landed, and dgov could not commit its own files.",
    "`dgov doctor`; the next run of the plan repeats it",
  ),
  [reasons.notArchived]: row(
    "Units landed, and the plan could not be moved to the archive.",
    "`dgov doctor`; the next run of the plan repeats it",
  ),
  [reasons.sharedStateChanged]: row(
    "git's configuration, hooks, dependencies or a branch of the operator changed during the run, and nothing landed after that.",
    "revert what you did not change yourself, then run again; see `repository_changed`",
  ),
} satisfies Record<ReasonText, WordRow>;

const toolErrors = {
  invalid_arguments: row("The arguments of the call do not fit the tool.", nothing),
  unknown_tool: row("The model called a tool that does not exist or that its role lacks.", nothing),
  not_permitted: row(
    "The claims or `[tool_policy]` do not allow the call.",
    "widen the claims when the task needs the path",
  ),
  not_found: row("The file or text of the call does not exist.", nothing),
  ambiguous: row("The text of an edit is in the file more than once.", nothing),
  conflict: row("The file changed, or the patch does not apply.", nothing),
  timeout: row("The command of the call reached its time limit.", "make the command faster"),
  command_failed: row("The command of the call ended with an exit code other than 0.", nothing),
  unsupported: row("The tool does not support this kind of file or language.", nothing),
  failed: row("The call failed for another reason, which its text gives.", nothing),
} satisfies Record<ToolErrorKind, WordRow>;

/** The table, in the order of the page. A word may be in more than one group. */
export const wordGroups: readonly WordGroup[] = [
  {
    title: "Units that did not land",
    of: "verdict of a unit",
    lead: "In rejections, in the outcomes of workers, in refused landings and in `dgov diagnose`.",
    rows: ofFailures(unitFailures, retries),
  },
  {
    title: "Outcomes of a worker",
    of: "outcome of a worker",
    lead: "Every other outcome is a verdict of the table above.",
    rows: outcomes,
  },
  {
    title: "Reasons",
    of: "reason",
    lead: "Fixed texts in the reasons of units and in the warnings of a run.",
    rows: reasonTexts,
  },
  { title: "Gates", of: "verdict of a gate", lead: "The status of a gate.", rows: gateStatuses },
  {
    title: "Causes of failed gates",
    of: "cause of a failed gate",
    lead: "`blame` in events and JSON.",
    rows: blames,
  },
  {
    title: "Findings of the semantic gate",
    of: "finding of the semantic gate",
    lead: "Also predicted by the radar while workers run. [Settlement](settlement.md) has the rules.",
    rows: findingKinds,
  },
  {
    title: "States of a unit",
    of: "state of a unit",
    lead: "What every command shows for a unit, and `state` in JSON. `landed`, `done` and `already_satisfied` count as landed.",
    rows: states,
  },
  {
    title: "Phases of a unit",
    of: "phase of a unit",
    lead: "`phase` in JSON: what its last run recorded.",
    rows: unitPhases,
  },
  { title: "Runs", of: "phase of a run", lead: "", rows: runPhases },
  {
    title: "Failures of a run",
    of: "finding of `dgov diagnose`",
    lead: "Printed by `dgov diagnose`.",
    rows: ofFailures(runFailures),
  },
  {
    title: "Failures of the repository",
    of: "finding of `dgov diagnose`",
    lead: "Printed by `dgov diagnose`.",
    rows: ofFailures(projectFailures),
  },
  {
    title: "Plans",
    of: "status of a plan",
    lead: "Printed by `dgov plan list`.",
    rows: planStatuses,
  },
  {
    title: "The project",
    of: "status of the project",
    lead: "The first word of `dgov status`.",
    rows: statusWords,
  },
  {
    title: "Failed tool calls",
    of: "failure of a tool call",
    lead: "The model gets the text of the failure and goes on. Counted by `dgov tools audit`.",
    rows: toolErrors,
  },
  {
    title: "Errors of dgov",
    of: "error code",
    lead: "`code` in the JSON of a command that could not do its work; each has a hint.",
    rows: Object.fromEntries(
      Object.entries(errorCodes).map(([code, { exit, meaning }]) => [
        code,
        row(
          `${meaning[0]?.toUpperCase()}${meaning.slice(1)}.`,
          `exit code ${exit}; follow the hint`,
        ),
      ]),
    ),
  },
];

export interface WordMeaning extends WordRow {
  /** The subject of the word. */
  of: string;
}

/** One form of a word: case, spaces and punctuation do not matter. */
function normalised(word: string): string {
  return word.toLowerCase().replace(/[^a-z0-9]+/g, "_");
}

/** The meanings of a word, or null with the closest word of the table. */
export function explainWord(
  typed: string,
): { word: string; meanings: WordMeaning[] } | { word: null; near: string | null } {
  const wanted = normalised(typed);
  const found = wordGroups.flatMap(({ of, rows }) =>
    Object.entries(rows).flatMap(([word, own]) =>
      normalised(word) === wanted ? [{ word, of, ...own }] : [],
    ),
  );
  const [first] = found;
  if (first !== undefined) {
    return { word: first.word, meanings: found.map(({ word: _, ...meaning }) => meaning) };
  }
  return { word: null, near: suggest(wanted, allWords()) };
}

/** Every word of the table. */
export function allWords(): string[] {
  return [...new Set(wordGroups.flatMap(({ rows }) => Object.keys(rows)))];
}
