/** State of a run's attempts: the live ones, and what the next attempt of each unit has to know. */
import type { FileChange } from "../../git/worktrees/changed-files.ts";
import type { Worktree } from "../../git/worktrees/worktree-files.ts";
import type { RejectionVerdict } from "../../kernel/event.ts";
import { emptyCandidateReasons, integrationFailed } from "../../kernel/reasons.ts";
import type { PhaseChange } from "../../kernel/state.ts";
import type { WorkerMessage } from "../../worker/protocol.ts";
import type { RunRecord } from "../records.ts";
import { type LastRejection, lastRejection } from "./empty-diff.ts";
import type { EarlierAttempt } from "./prompt.ts";
import type { WiderClaims } from "./wider-claims.ts";

/** Kept work of a rejected or abandoned attempt. */
export interface EarlierWork {
  attempt: number;
  /** Text for the next attempt's prompt: the verdict, with the output of the gates. */
  rejection: string;
  /** The verdict of the unit's last rejection in an earlier run; absent in work of the current one. */
  verdict?: string | null;
  /** It passed every gate in an earlier run, and only a checkout kept it from landing: no worker is needed. */
  passed?: boolean;
  /** The tree that gates of an earlier run rejected as the attempt's fault; absent in work of the current one. */
  rejectedTree?: string | null;
  ref: string | null;
  commit: string | null;
  base: string | null;
}

/** An attempt with a worktree, in any phase. The kernel's live phases end before the review. */
export interface LiveAttempt {
  unit: string;
  attempt: number;
  /** `DGOV_ATTEMPT` of its processes. */
  marker: string;
  tree: Worktree;
  /** A reviewer's unit that fixes the issues it reported. */
  fixing: boolean;
  earlier: EarlierAttempt | null;
  /** Summary of its conversations, for the prompt of a fork. */
  summary: ForkSummary;
  /** Changes of its worktree against the base, read after its processes ended; null before. */
  changes: FileChange[] | null;
  /** Stops its processes. */
  abort: AbortController;
}

/** The attempts that have a worktree, at most one for each unit. */
export class LiveAttempts {
  readonly #byUnit = new Map<string, LiveAttempt>();
  /** Units with a tool call since the radar last read their files. */
  readonly touched = new Set<string>();
  /** Unfinished removals of worktrees. */
  readonly removals = new Set<Promise<void>>();

  add(live: LiveAttempt): void {
    this.#byUnit.set(live.unit, live);
  }

  delete({ unit }: LiveAttempt): void {
    this.#byUnit.delete(unit);
  }

  /** The attempt an action names; null when it is over. */
  find({ unit, attempt }: { unit: string; attempt: number }): LiveAttempt | null {
    const live = this.#byUnit.get(unit);
    return live?.attempt === attempt ? live : null;
  }

  all(): LiveAttempt[] {
    return [...this.#byUnit.values()];
  }
}

/** A commit that passed the claims review, and the base it was made on. */
export interface Reviewed {
  attempt: number;
  base: string;
  commit: string;
}

/**
 * Reason why an attempt may be rejected.
 *
 * It is pending until the kernel has decided, because the kernel may discard the verdict: a candidate judged
 * on speculation fails together with work that never lands. When the unit's phase then says that the attempt
 * is over, the rejection is recorded and becomes the `rejection` of the unit's earlier work.
 */
interface PendingRejection {
  verdict: RejectionVerdict;
  reason: string;
  /** Text for the next attempt's prompt. */
  detail: string;
  /** Verdicts as in `attempt.rejected`. */
  gates?: Record<string, unknown>[];
  /** The change of the plan that would allow the attempt's paths. */
  widerClaims?: WiderClaims | null;
}

/** Memory of a run between the attempts of its units. */
export class RunMemory {
  readonly #putBlob: (text: string) => string | null;
  readonly #earlier: Map<string, EarlierWork>;
  readonly #rejections = new Map<string, LastRejection>();
  readonly #pending = new Map<string, PendingRejection & { attempt: number }>();
  /** By unit: the commit it landed as, in this run or an earlier one. */
  readonly landed = new Map<string, string>();
  /** The commit of the last landing of this run; null before the first. */
  lastLanded: string | null = null;
  /** By read-only unit: its result, for the prompts of its dependents. */
  readonly results = new Map<string, string>();
  /** By unit: its last reviewed commit. */
  readonly reviewed = new Map<string, Reviewed>();
  /** By unit: the last tree that gates rejected as the attempt's fault; `here`: in this run. */
  readonly rejectedTrees = new Map<string, { tree: string; here: boolean }>();
  /** By reviewer's unit: the issues it reported in landed work. */
  readonly issues = new Map<string, string>();

  /** `earlier` is the kept work of earlier runs; `putBlob` stores a text and returns its digest; null when it cannot. */
  constructor(earlier: ReadonlyMap<string, EarlierWork>, putBlob: (text: string) => string | null) {
    this.#earlier = new Map(earlier);
    this.#putBlob = putBlob;
    for (const [unit, { verdict, rejectedTree }] of earlier) {
      if (verdict) this.#noteRejection(unit, { verdict, here: false });
      if (rejectedTree) this.rejectedTrees.set(unit, { tree: rejectedTree, here: false });
    }
  }

  /** Kept work of a unit, which its next attempt starts from. */
  earlier(unit: string): EarlierWork | undefined {
    return this.#earlier.get(unit);
  }

  /** Stores kept work. Its rejection is "abandoned" unless a pending one is settled later. */
  keep(unit: string, work: Omit<EarlierWork, "rejection">): void {
    this.#earlier.set(unit, { ...work, rejection: "the attempt was abandoned" });
  }

  /** The last rejection of a unit's work since it landed. */
  rejection(unit: string): LastRejection | undefined {
    return this.#rejections.get(unit);
  }

  #noteRejection(unit: string, rejection: LastRejection): void {
    const last = lastRejection(this.#rejections.get(unit), rejection);
    if (last !== undefined) this.#rejections.set(unit, last);
  }

  /** Stores a landing; later attempts of the unit do not start from earlier work. */
  setLanded(unit: string, commit: string): void {
    this.landed.set(unit, commit);
    this.lastLanded = commit;
    this.#earlier.delete(unit);
    this.#rejections.delete(unit);
  }

  setPendingRejection(
    { unit, attempt }: { unit: string; attempt: number },
    rejection: PendingRejection,
  ): void {
    this.#pending.set(unit, { ...rejection, attempt });
  }

  /**
   * Attributes the failed gates of a pending rejection to what landed. False when there is none, or when a
   * gate could not run, which proves nothing.
   */
  blameIntegration({ unit, attempt }: { unit: string; attempt: number }): boolean {
    const pending = this.#pending.get(unit);
    if (pending?.attempt !== attempt || pending.gates === undefined) return false;
    if (pending.gates.some(({ status }) => status === "errored")) return false;
    this.#pending.set(unit, {
      ...pending,
      reason: `${pending.reason}; ${integrationFailed}`,
      detail: `The gates pass on your change alone and fail on it together with what landed since.\n\n${pending.detail}`,
      gates: pending.gates.map((gate) =>
        gate["status"] === "failed" ? { ...gate, blame: "integration" } : gate,
      ),
    });
    return true;
  }

  /** Settles the pending rejection of a unit whose phase changed; returns what to record of it. */
  settleRejection({ unit, to }: PhaseChange): RunRecord[] {
    if (to === "landed" || to === "done") this.#pending.delete(unit);
    if (to !== "waiting" && to !== "failed" && to !== "timed_out") return [];
    const rejection = this.#pending.get(unit);
    if (rejection === undefined) return [];
    this.#pending.delete(unit);
    const { attempt, verdict, reason, detail, gates, widerClaims } = rejection;
    const empty = emptyCandidateReasons.has(reason);
    this.#noteRejection(unit, { verdict: empty ? "empty_diff" : verdict, here: true });
    const work = this.#earlier.get(unit);
    if (work !== undefined) this.#earlier.set(unit, { ...work, rejection: detail });
    const data = {
      verdict,
      reason,
      detail: this.#putBlob(detail),
      ref: work?.ref ?? null,
      ...(gates === undefined ? {} : { gates }),
      ...(widerClaims == null ? {} : { wider_claims: { ...widerClaims } }),
    };
    return [{ unit, attempt, type: "attempt.rejected", data }];
  }
}

/** Tool calls in a summary, the last ones; characters of one call and of the last message. */
const callsMax = 60;
const callCharsMax = 200;
const messageCharsMax = 4000;

/** Arguments whose text is in the files by now. */
const bulky: ReadonlySet<string> = new Set(["content", "old_text", "new_text", "patch", "summary"]);

/** Summary of an exhausted conversation, passed to its fork: its tool calls and its last message, bounded. */
export class ForkSummary {
  readonly #calls: string[] = [];
  readonly #pending = new Map<string, string>();
  #count = 0;
  #turns = 0;
  #lastMessage = "";

  /** Adds one message of the worker. */
  observe(message: WorkerMessage): void {
    if (message.type === "turn.started") this.#turns++;
    if (message.type === "thought" && message.text.trim() !== "") this.#lastMessage = message.text;
    if (message.type === "call") this.#pending.set(message.callId, argumentsText(message.args));
    if (message.type !== "result") return;
    const args = this.#pending.get(message.callId) ?? "";
    this.#pending.delete(message.callId);
    this.#count++;
    const outcome = message.ok ? "ok" : (message.errorKind ?? "failed");
    this.#calls.push(`- ${message.tool} ${args}: ${outcome}`);
    if (this.#calls.length > callsMax) this.#calls.shift();
  }

  /** The summary, oldest call first. */
  text(): string {
    const kept = this.#calls.length;
    const cut = this.#count > kept ? `; the last ${kept}` : "";
    const message = this.#lastMessage.slice(0, messageCharsMax);
    return [
      `${this.#turns} turns, ${this.#count} tool calls${cut}:`,
      ...this.#calls,
      ...(message === "" ? [] : ["", `Last message: ${message}`]),
    ].join("\n");
  }
}

/** A call's arguments on one line, without bulky texts. */
function argumentsText(args: unknown): string {
  const texts = Object.entries(Object(args) as Record<string, unknown>)
    .filter(([name]) => !bulky.has(name))
    .map(([, value]) => (typeof value === "string" ? value : JSON.stringify(value)));
  return texts.join(" ").replace(/\s+/g, " ").slice(0, callCharsMax);
}
