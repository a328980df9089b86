/** What a gate is: something that judges one tree against another. */
import type { Config } from "../../config/config.ts";
import type { Oid } from "../../git/objects.ts";
import type { DiffEntry } from "../../git/trees.ts";
import { BoundedOutput } from "../../process/bounded-output.ts";
import type { GateVerdict, SettlementContext } from "../context.ts";
import type { GateTreeLease } from "../trees/lease.ts";

export type GateName =
  | "setup"
  | "format"
  | "lint"
  | "types"
  | "tests"
  | "coverage"
  | "structure"
  | "semantic";

export interface GateRequest {
  /** Null for gates of nobody's: preflight, verification. */
  unit: string | null;
  attempt: number;
  car: number | null;
  tree: Oid;
  /** The commit the change is judged against. */
  base: Oid;
  /**
   * The attempt a candidate was made of: its own base, and its commit. Absent when the tree is
   * nothing but a change of `base`, made by nobody else meanwhile.
   */
  change?: { base: Oid; commit: Oid };
  testCmd: string | null;
  marker: string;
  signal: AbortSignal;
}

/** What a gate is asked about. */
export interface GateInput {
  context: SettlementContext;
  request: GateRequest;
  baseTree: Oid;
  /** Everything that differs between the base's tree and the tree. */
  changed: readonly DiffEntry[];
  /** Source files to look at, relative to the project: those the tree has, and of them the base's. */
  files: { inTree: readonly string[]; inBase: readonly string[] };
}

export type Applies = { runs: true } | { runs: false; reason: string };

interface GateQuestions {
  name: GateName;
  /** Whether the project asks for it at all, for a unit with this test command of its own. */
  configured(config: Config, testCmd: string | null): boolean;
  /** Whether there is anything to judge; a reason is a recorded outcome. */
  applies(input: GateInput): Applies | Promise<Applies>;
  /**
   * What its verdict depends on besides tree, base and environment: the commands, filled in, or the
   * settings and commits it reads.
   */
  commands(input: GateInput): string[] | Promise<string[]>;
}

/** Runs commands, so it is given the tree as files. */
export interface TreeGate extends GateQuestions {
  reads: "gate_tree";
  /** A pass that holds against any base, when all it takes was seen to pass on this tree. */
  passed?(input: GateInput): Promise<GateVerdict | null>;
  run(input: GateInput, place: GateTreeLease): Promise<GateVerdict>;
}

/** Reads objects out of git; nothing is checked out for it. */
export interface ObjectGate extends GateQuestions {
  reads: "objects";
  run(input: GateInput): Promise<GateVerdict>;
}

export type Gate = TreeGate | ObjectGate;

/** A verdict with everything not given left empty. */
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

const keptBytes = 1024 * 1024;

/** What is kept of an output: all of it, or its head and tail. */
export function truncatedOutput(output: string): string {
  if (output.length * 3 <= keptBytes) return output;
  const kept = new BoundedOutput(keptBytes);
  kept.add(Buffer.from(output));
  return kept.text();
}

const tailBytes = 8 * 1024;

/** The last 8 KiB of an output, from the beginning of a line. */
export function tailOf(output: string): string {
  const bytes = Buffer.from(output);
  if (bytes.length <= tailBytes) return output;
  const tail = bytes.subarray(-tailBytes).toString();
  return `[...]\n${tail.slice(tail.indexOf("\n") + 1)}`;
}
