/**
 * The whole user message of an attempt: the task and everything dgov knows that may help.
 *
 * First attempts get everything retries get (E2); a retry also gets what its predecessor was
 * rejected for, in the gates' own words (E1). Pure: the caller looks things up.
 */

import { overlaps } from "../../claims/overlap.ts";
import { parseClaims } from "../../claims/path.ts";
import type { LedgerEntry } from "../../ledger/entry.ts";
import {
  type CompiledPlan,
  type CompiledTask,
  renderPrompt,
  writeClaims,
} from "../../plan/compiled.ts";
import { delimited } from "../../std/fence.ts";
import { compareText } from "../../std/order.ts";

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
  ledger: readonly LedgerEntry[];
  /** Failures that are there without the attempt. */
  baselineNotes: string[];
  /** Results of read-only units this one depends on. */
  results: { unit: string; text: string }[];
  /** What a reviewer found in work that has landed, for the attempt that mends it. */
  findings: string | null;
  /** Changes of the units a reviewer judges. */
  diffs: { unit: string; text: string }[];
  /** What the conversation before this fork left; the diff is null for roles that change nothing. */
  handover: { account: string; diff: string | null } | null;
}

/** Characters of the whole message, and of what is told about one rejection or left by one fork. */
const charsMax = 1024 * 1024;
const rejectionCharsMax = 256 * 1024;
const leftCharsMax = 96 * 1024;
/** Bytes of a diff that goes into a prompt. */
export const promptDiffBytesMax = 64 * 1024;

/**
 * Text of the user message, at most 1 MiB. What comes from the repository, from tools and from other
 * models is fenced (C13). Results and changes of others give way first: they share what room is left.
 */
export function assemblePrompt(facts: PromptFacts): string {
  const before = [
    `Unit: ${facts.task.id}\nAttempt: ${facts.attempt}${facts.fork > 0 ? `\nFork: ${facts.fork}` : ""}`,
    ...renderPrompt(facts.plan, facts.task).parts.map((part) => part.text),
    ledgerSection(facts.ledger),
  ];
  const after = [
    ...facts.notes.map((note) => `Note from the operator:\n${note}`),
    ...(facts.earlier === null ? [] : [earlierText(facts.earlier)]),
    ...(facts.handover === null ? [] : [handoverText(facts.handover)]),
  ];
  const others: [title: string, text: string][] = [
    ...facts.results.map(({ unit, text }): [string, string] => [`result of ${unit}`, text]),
    ...(facts.findings === null
      ? []
      : [["findings of the reviewer", facts.findings] satisfies [string, string]]),
    ...facts.diffs.map(({ unit, text }): [string, string] => [`change landed by ${unit}`, text]),
    ...facts.baselineNotes.map((note): [string, string] => [
      "failing before your change, not charged",
      note,
    ]),
  ];
  const room = charsMax - [...before, ...after].join("\n\n").length;
  const share = Math.max(0, Math.floor(room / Math.max(1, others.length)) - fenceChars);
  const between = others.map(([title, text]) => delimited(title, text, share));
  const text = [...before, ...between, ...after].filter((part) => part.trim() !== "").join("\n\n");
  if (text.length <= charsMax) return text;
  return `${text.slice(0, charsMax - 200)}\n\n[the rest of this message, ${text.length - charsMax} characters, was cut]`;
}

/** Room for the marks around a text, its title, and words on what was cut. */
const fenceChars = 1024;

function earlierText(earlier: EarlierAttempt): string {
  const conflicts =
    earlier.conflicted.length === 0
      ? "Its changes are in your worktree, uncommitted: keep what is right, mend what is wrong."
      : `Its changes are in your worktree, uncommitted, except to ${earlier.conflicted.join(", ")}: ` +
        "these changed on the target meanwhile and are as the target has them. Your earlier change to them:\n" +
        delimited("earlier change", earlier.conflictedDiff, leftCharsMax);
  return [
    `Attempt ${earlier.attempt} was rejected. Mend what it was rejected for:`,
    delimited("rejection", earlier.rejection, rejectionCharsMax),
    conflicts,
  ].join("\n");
}

function handoverText({ account, diff }: NonNullable<PromptFacts["handover"]>): string {
  return [
    "You continue from an earlier conversation that used up its turns. Finish the task, verify it, and " +
      "call done.",
    delimited("what it did", account, leftCharsMax),
    ...(diff === null
      ? []
      : [
          diff === ""
            ? "It changed no files."
            : "Its changes are in your worktree, uncommitted; `git_diff` shows them as they are now:",
          diff === "" ? "" : delimited("its changes", diff, leftCharsMax),
        ]),
  ]
    .filter((part) => part !== "")
    .join("\n");
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
      'Call done with result {"approved": true or false, "issues": [{"file": "...", "line": 1, "text": "..."}]}.',
    delimited("the task", `${of.task.summary}\n\n${of.task.prompt}`, charsMax / 2),
    delimited("the change", of.diff, leftCharsMax),
  ].join("\n\n");
}

// ------------------------------------------------------------
// What of the ledger concerns a task: open entries whose paths overlap its claims. Pure.

/** Entries, and characters of them all, that one prompt gets. */
const ledgerEntriesMax = 20;
const ledgerCharsMax = 16 * 1024;
const entryCharsMax = 2000;

const weights = { high: 0, normal: 1, low: 2 } as const;

/** Open entries about what the task reads or writes; the gravest first, then the newest. */
export function entriesFor(
  entries: readonly LedgerEntry[],
  { claims }: Pick<CompiledTask, "claims">,
): LedgerEntry[] {
  const own = parseClaims([...writeClaims(claims), ...claims.read]);
  const concerned = (entry: LedgerEntry): boolean =>
    parseClaims(entry.paths).some((path) => own.some((claim) => overlaps(path, claim)));
  return entries
    .filter((entry) => entry.status === "open" && concerned(entry))
    .sort(
      (a, b) =>
        weights[a.severity] - weights[b.severity] ||
        compareText(b.openedAt, a.openedAt) ||
        compareText(a.id, b.id),
    );
}

/** The section of a prompt, fenced and bounded; what is left out is said. "" without entries. */
export function ledgerSection(entries: readonly LedgerEntry[]): string {
  if (entries.length === 0) return "";
  const shown: string[] = [];
  let chars = 0;
  for (const { category, severity, paths, text } of entries.slice(0, ledgerEntriesMax)) {
    const grave = severity === "normal" ? "" : `, ${severity}`;
    const cut = text.length > entryCharsMax ? `${text.slice(0, entryCharsMax)} [cut]` : text;
    const entry = `- ${category}${grave} (${paths.join(", ")}): ${cut.replaceAll("\n", "\n  ")}`;
    chars += entry.length;
    if (chars > ledgerCharsMax) break;
    shown.push(entry);
  }
  const left = entries.length - shown.length;
  if (left > 0) shown.push(`[${left} more were left out]`);
  return [
    "The project's ledger, of the paths you claim. Follow its rules; do not mend what you were not asked to.",
    delimited("ledger", shown.join("\n"), ledgerCharsMax + 1024),
  ].join("\n");
}
