/** The verdict of a gate on a tree, and the progress that is reported while gates run. */
import type { Oid } from "../git/objects.ts";
import type { Blame, GateStatus } from "../kernel/event.ts";
import { BoundedOutput } from "../process/bounded-output.ts";
import { endOf, failureExcerpt } from "../std/failure-excerpt.ts";
import type { CheckerDiagnostic } from "./diagnostics/diagnostic.ts";

export interface GateVerdict {
  gate: string;
  status: GateStatus;
  /** One sentence; "" for a pass with nothing to add. */
  reason: string;
  /** The command after substitution. */
  command: string | null;
  /** Description of how the command ended, such as `exit code 1`. */
  exit: string | null;
  durationMs: number;
  /** Digest of the stored output. */
  output: string | null;
  tail: string;
  /** Charged diagnostics: those the base does not have. */
  diagnostics: CheckerDiagnostic[];
  /** Paths the gate changed in its tree; the changes were reverted. */
  changedPaths: string[];
  cached: boolean;
  /** Cause of a failure; null for a pass. */
  blame: Blame | null;
}

/** A tree whose gates all passed. */
export interface JudgedTree {
  /** The run that judged it. */
  run: string;
  /** Its gates, without the ones that do not apply. */
  gates: { gate: string; command: string | null }[];
  /** Commands that printed a test runner's summary. */
  summarized: string[];
}

/** Beginning of the reason of a failure that the base has, too. */
export const redBase = "base is red";

interface GateOf {
  unit: string | null;
  attempt: number;
  car: number | null;
  tree: Oid;
  gate: string;
}

export type GateProgress =
  | ({ kind: "started" } & GateOf)
  /** `behind`: the unit whose candidate is the base and has not landed, or null. */
  | ({ kind: "finished"; verdict: GateVerdict; behind: string | null } & GateOf);

/** A verdict with defaults for everything not given: passed, without output. */
export function verdictOf(gate: string, more: Partial<GateVerdict>): GateVerdict {
  return {
    gate,
    status: "passed",
    reason: "",
    command: null,
    exit: null,
    durationMs: 0,
    output: null,
    tail: "",
    diagnostics: [],
    changedPaths: [],
    cached: false,
    blame: null,
    ...more,
  };
}

const storedBytesMax = 1024 * 1024;

/** The output to store: all of it, or the head and tail of one larger than 1 MiB. */
export function truncatedOutput(output: string): string {
  if (output.length * 3 <= storedBytesMax) return output;
  const kept = new BoundedOutput(storedBytesMax);
  kept.add(Buffer.from(output));
  return kept.text();
}

const tailBytes = 8 * 1024;

/** The last 8 KiB of an output, cut at the beginning of a line and marked with `[...]`. */
export function tailOf(output: string): string {
  return endOf(output, tailBytes);
}

/** At most 8 KiB of a command's output: what states its failures, and the end. */
export function failureTailOf(output: string): string {
  return failureExcerpt(output, { bytes: tailBytes });
}

/** The last line of an output that is not blank; "" when there is none. */
export function lastLine(output: string): string {
  return output.trim().split("\n").at(-1) ?? "";
}
