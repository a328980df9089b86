/** The user message of an attempt: the task and everything known that may help with it. Pure. */
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

/** The attempt before, for the prompt of the next one. */
export interface EarlierAttempt {
  attempt: number;
  /** The verdict, with the output of every gate. */
  rejection: string;
  /** False when no work was kept: the worktree is as the target has it. */
  kept: boolean;
  /** Files left out of the worktree because their change conflicts with the target. */
  conflicted: string[];
  /** The change to those files, as a diff. */
  conflictedDiff: string;
}

export interface PromptInput {
  plan: CompiledPlan;
  task: CompiledTask;
  attempt: number;
  fork: number;
  /** Null for a first attempt (E1: retries get the output of the gates). */
  earlier: EarlierAttempt | null;
  /** Notes of the operator (`--note`), oldest first. */
  notes: string[];
  /** Open entries of the ledger about the task's paths, most important first. */
  ledger: readonly LedgerEntry[];
  /** Gates that fail without any change. */
  redBaseNotes: string[];
  /** Results of the read-only units that the task depends on. */
  results: { unit: string; text: string }[];
  /** A reviewer's issues in landed work, for the attempt that fixes them. */
  issues: string | null;
  /** Landed changes of a read-only unit and of the units it depends on. */
  diffs: { unit: string; text: string }[];
  /** The conversations before this fork; their diff is null for roles that change nothing. */
  previous: { summary: string; diff: string | null } | null;
}

/** The input of the first attempt at a task, as far as it is known before a run. */
export function firstAttempt(of: Pick<PromptInput, "plan" | "task" | "ledger">): PromptInput {
  return {
    ...of,
    ...{ attempt: 1, fork: 0, earlier: null, notes: [], redBaseNotes: [], results: [] },
    ...{ issues: null, diffs: [], previous: null },
  };
}

/** Characters of the whole message. */
const charsMax = 1024 * 1024;
const rejectionCharsMax = 256 * 1024;
/** Characters of one text about earlier work: a summary or a diff. */
const earlierCharsMax = 96 * 1024;
/** Bytes of a diff in a prompt. */
export const promptDiffBytesMax = 64 * 1024;
/** Characters reserved for a fence: its marks, its title and the note on what was cut. */
const fenceChars = 1024;

/**
 * The text of the user message, at most 1 MiB. First attempts get everything that retries get, but for the
 * rejection (E2). Text from the repository, from tools and from other models is fenced (C13). Results and
 * changes of other units share the room that the rest leaves.
 */
export function assemblePrompt(input: PromptInput): string {
  const before = [
    `Unit: ${input.task.id}\nAttempt: ${input.attempt}${input.fork > 0 ? `\nFork: ${input.fork}` : ""}`,
    ...renderPrompt(input.plan, input.task).parts.map((part) => part.text),
    ledgerSection(input.ledger),
  ];
  const after = [
    ...input.notes.map((note) => `Note from the operator:\n${note}`),
    ...(input.earlier === null ? [] : [earlierText(input.earlier)]),
    ...(input.previous === null ? [] : [previousText(input.previous)]),
  ];
  const others: [title: string, text: string][] = [
    ...input.results.map(({ unit, text }): [string, string] => [`result of ${unit}`, text]),
    ...(input.issues === null
      ? []
      : [["issues of the reviewer", input.issues] satisfies [string, string]]),
    ...input.diffs.map(({ unit, text }): [string, string] => [`change landed by ${unit}`, text]),
    ...input.redBaseNotes.map((note): [string, string] => [
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

function earlierText(earlier: EarlierAttempt): string {
  const changes = !earlier.kept
    ? "Nothing of it was kept: your worktree is as the target has it."
    : earlier.conflicted.length === 0
      ? "Its changes are in your worktree, uncommitted: keep what is right, fix what is wrong."
      : `Its changes are in your worktree, uncommitted, except to ${earlier.conflicted.join(", ")}: ` +
        "these files have since changed on the target and are as the target has them. Your earlier change to them:\n" +
        delimited("earlier change", earlier.conflictedDiff, earlierCharsMax);
  return [
    `Attempt ${earlier.attempt} was rejected. Fix the reason for its rejection:`,
    delimited("rejection", earlier.rejection, rejectionCharsMax),
    changes,
  ].join("\n");
}

function previousText({ summary, diff }: NonNullable<PromptInput["previous"]>): string {
  return [
    "You continue from an earlier conversation that used up its turns. Finish the task, verify it, and " +
      "call done.",
    delimited("what it did", summary, earlierCharsMax),
    ...(diff === null
      ? []
      : [
          diff === ""
            ? "It changed no files."
            : "Its changes are in your worktree, uncommitted; `git_diff` shows them as they are now:",
          diff === "" ? "" : delimited("its changes", diff, earlierCharsMax),
        ]),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

/** The user message of a self-reviewer: the task and the diff, without the worker's conversation. */
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
    delimited("the change", of.diff, earlierCharsMax),
  ].join("\n\n");
}

const severityOrder = { high: 0, normal: 1, low: 2 } as const;

/** Open ledger entries about paths that the task claims; by severity, then newest first. */
export function entriesFor(
  entries: readonly LedgerEntry[],
  { claims }: Pick<CompiledTask, "claims">,
): LedgerEntry[] {
  const own = parseClaims([...writeClaims(claims), ...claims.read]);
  const concerns = (entry: LedgerEntry): boolean =>
    parseClaims(entry.paths).some((path) => own.some((claim) => overlaps(path, claim)));
  return entries
    .filter((entry) => entry.status === "open" && concerns(entry))
    .sort(
      (a, b) =>
        severityOrder[a.severity] - severityOrder[b.severity] ||
        compareText(b.openedAt, a.openedAt) ||
        compareText(a.id, b.id),
    );
}

/** Ledger entries in one prompt, characters of all of them, and of one. */
const ledgerEntriesMax = 20;
const ledgerCharsMax = 16 * 1024;
const entryCharsMax = 2000;

/** The ledger's section of a prompt, fenced and bounded; "" without entries. */
export function ledgerSection(entries: readonly LedgerEntry[]): string {
  if (entries.length === 0) return "";
  const shown: string[] = [];
  let chars = 0;
  for (const { category, severity, paths, text } of entries.slice(0, ledgerEntriesMax)) {
    const mark = severity === "normal" ? "" : `, ${severity}`;
    const cut = text.length > entryCharsMax ? `${text.slice(0, entryCharsMax)} [cut]` : text;
    const entry = `- ${category}${mark} (${paths.join(", ")}): ${cut.replaceAll("\n", "\n  ")}`;
    chars += entry.length;
    if (chars > ledgerCharsMax) break;
    shown.push(entry);
  }
  const left = entries.length - shown.length;
  if (left > 0) shown.push(`[${left} more were left out]`);
  return [
    "Entries of the project's ledger about the paths you claim. Follow its rules; do not fix what the task does not ask for.",
    delimited("ledger", shown.join("\n"), ledgerCharsMax + 1024),
  ].join("\n");
}
