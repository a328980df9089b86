/**
 * What a run remembers of its units between attempts: earlier work, reviewed commits, results,
 * findings, and why an attempt may be rejected.
 */
import type { PhaseChange } from "../../kernel/draft.ts";
import type { EarlierWork, Reviewed } from "../context.ts";
import type { Answer } from "../ports.ts";

/** Why an attempt may not land; `detail` is what the next one is told. */
export interface Suspicion {
  verdict: string;
  reason: string;
  detail: string;
  gates?: unknown;
}

export class Memory {
  readonly #putBlob: (text: string) => string;
  readonly #earlier: Map<string, EarlierWork>;
  readonly #suspicions = new Map<string, Suspicion & { attempt: number }>();
  /** Commit each unit landed as in this run or an earlier one. */
  readonly landed = new Map<string, string>();
  /** Results of read-only units, handed to their dependents. */
  readonly results = new Map<string, string>();
  /** Each unit's reviewed commit, and the base it was made on. */
  readonly reviewed = new Map<string, Reviewed>();
  /** What reviewers found in what had landed, by their unit. */
  readonly findings = new Map<string, string>();

  /** `earlier` is the kept work of earlier runs; `putBlob` stores a text and gives its digest. */
  constructor(earlier: ReadonlyMap<string, EarlierWork>, putBlob: (text: string) => string) {
    this.#earlier = new Map(earlier);
    this.#putBlob = putBlob;
  }

  /** Last rejected work of a unit: what its next attempt starts from. */
  earlier(unit: string): EarlierWork | undefined {
    return this.#earlier.get(unit);
  }

  /** Work was kept; it counts as abandoned until something else is said of it. */
  keep(unit: string, work: Omit<EarlierWork, "rejection">): void {
    this.#earlier.set(unit, { ...work, rejection: "the attempt was abandoned" });
  }

  /** The unit's work is on the target: nothing of an earlier attempt is to be gone on with. */
  hasLanded(unit: string, commit: string): void {
    this.landed.set(unit, commit);
    this.#earlier.delete(unit);
  }

  /** Remembers why an attempt may be rejected; it is recorded when the kernel says that it is. */
  suspect({ unit, attempt }: { unit: string; attempt: number }, why: Suspicion): void {
    this.#suspicions.set(unit, { ...why, attempt });
  }

  /** The attempt is over and did not land: its evidence, for everybody and for the next prompt. */
  evidence({ unit, to }: PhaseChange): NonNullable<Answer["records"]> {
    if (to === "landed" || to === "done") this.#suspicions.delete(unit);
    if (to !== "waiting" && to !== "failed" && to !== "timed_out") return [];
    const why = this.#suspicions.get(unit);
    if (why === undefined) return [];
    this.#suspicions.delete(unit);
    const work = this.#earlier.get(unit);
    if (work !== undefined) this.#earlier.set(unit, { ...work, rejection: why.detail });
    const data = {
      verdict: why.verdict,
      reason: why.reason,
      detail: this.#putBlob(why.detail),
      ref: work?.ref ?? null,
      ...(why.gates === undefined ? {} : { gates: why.gates }),
    };
    return [{ unit, attempt: why.attempt, type: "attempt.rejected", data }];
  }
}
