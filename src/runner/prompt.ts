/**
 * The whole user message of an attempt: the task and everything dgov knows that may help.
 *
 * First attempts get everything retries get (E2); a retry also gets what its predecessor was
 * rejected for, in the gates' own words (E1). Pure: the caller looks things up.
 */
import type { Entry } from "../ledger/entry.ts";
import type { CompiledPlan, CompiledTask } from "../plan/compiled.ts";
import { renderPrompt } from "../plan/prompt.ts";
import { ledgerSection } from "./ledger.ts";

/** Why an earlier attempt did not land, and what of it is in the worktree now. */
export interface EarlierAttempt {
  attempt: number;
  /** Words of the verdict, with every gate's real output. */
  rejection: string;
  /** Files whose earlier change conflicts with the target and was left out, and that change as a diff. */
  conflicted: string[];
  conflictedDiff: string;
}

export interface PromptFacts {
  plan: CompiledPlan;
  task: CompiledTask;
  attempt: number;
  fork: number;
  earlier: EarlierAttempt | null;
  /** Notes of the operator (`--note`), oldest first. */
  notes: string[];
  /** Open entries of the ledger that concern the task, the most important first. */
  ledger: readonly Entry[];
  /** Failures that are there without the attempt. */
  baselineNotes: string[];
  /** Results of read-only units this one depends on. */
  results: { unit: string; text: string }[];
  /** What a reviewer found in work that has landed, for the attempt that mends it. */
  findings: string | null;
  /** Changes of the units a reviewer judges. */
  diffs: { unit: string; text: string }[];
}

const charsMax = 1024 * 1024;

/** Text of the user message, at most 1 MiB: what is cut is said. */
export function assemblePrompt(facts: PromptFacts): string {
  const sections = [
    `Unit: ${facts.task.id}\nAttempt: ${facts.attempt}${facts.fork > 0 ? `\nFork: ${facts.fork}` : ""}`,
    ...renderPrompt(facts.plan, facts.task).parts.map((part) => part.text),
    ledgerSection(facts.ledger),
    ...facts.results.map((r) => delimited(`Result of ${r.unit}`, r.text)),
    ...(facts.findings === null ? [] : [delimited("Findings of the reviewer", facts.findings)]),
    ...facts.diffs.map((d) => delimited(`Change landed by ${d.unit}`, d.text)),
    ...facts.baselineNotes.map((note) =>
      delimited("Failing before your change (not charged)", note),
    ),
    ...facts.notes.map((note) => delimited("Note from the operator", note)),
    ...(facts.earlier === null ? [] : [earlierText(facts.earlier)]),
    ...(facts.fork > 0 ? [forkText()] : []),
  ];
  const text = sections.filter((section) => section.trim() !== "").join("\n\n");
  if (text.length <= charsMax) return text;
  return `${text.slice(0, charsMax - 200)}\n\n[the rest of this message, ${text.length - charsMax} characters, was cut]`;
}

function delimited(title: string, body: string): string {
  return `--- ${title} ---\n${body.trimEnd()}\n--- end ---`;
}

function earlierText(earlier: EarlierAttempt): string {
  const conflicts =
    earlier.conflicted.length === 0
      ? "Its changes are in your worktree, uncommitted: keep what is right, mend what is wrong."
      : `Its changes are in your worktree, uncommitted, except to ${earlier.conflicted.join(", ")}: ` +
        "these changed on the target meanwhile and are as the target has them. Your earlier change to them:\n" +
        earlier.conflictedDiff;
  return delimited(
    `Attempt ${earlier.attempt} was rejected`,
    `${earlier.rejection}\n\n${conflicts}`,
  );
}

function forkText(): string {
  return delimited(
    "You continue from a full conversation",
    "An earlier conversation used up its turns. Its work is in your worktree, uncommitted; " +
      "`git_diff` shows it. Finish the task, verify it, and call done.",
  );
}

/** What a self-reviewer is asked: the task, the diff, and nothing of how it came about. */
export function selfReviewPrompt(of: {
  task: CompiledTask;
  attempt: number;
  diff: string;
}): string {
  return [
    `Unit: ${of.task.id}\nAttempt: ${of.attempt}`,
    "Judge whether this change does what the task asks, and nothing else. Read what you need. " +
      'Call done with result {"approved": true|false, "issues": ["..."]}.',
    delimited("The task", `${of.task.summary}\n\n${of.task.prompt}`),
    delimited("The change", of.diff),
  ].join("\n\n");
}
