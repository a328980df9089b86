/**
 * Runs the gates on one tree: all of them, cheap ones first, so that one retry sees every failure. Verdicts
 * whose inputs are unchanged come from the cache.
 */
import type { Config } from "../../config/config.ts";
import { treeOfCommit } from "../../git/commit.ts";
import type { Oid } from "../../git/objects.ts";
import type { Blame } from "../../kernel/event.ts";
import type { SettlementContext } from "../context.ts";
import { withGateTree } from "../trees/gate-trees.ts";
import { type GateProgress, type GateVerdict, redBase, verdictOf } from "../verdict.ts";
import type { VerdictKey } from "../verdict-cache.ts";
import { formatGate, lintGate, typesGate } from "./checkers.ts";
import { coverageGate } from "./coverage.ts";
import { type Gate, type GateInput, type GateRequest, gateInput, type TreeGate } from "./gate.ts";
import { appliesTo, inputOf } from "./history.ts";
import { projectGates } from "./project-gates.ts";
import { semanticGate } from "./semantic.ts";
import { setupGate } from "./setup.ts";
import { structureGate } from "./structure.ts";
import { testsGate } from "./tests.ts";

/**
 * All gates by cost, those that read objects first; those of `[[gates]]` are placed by their kind. The setup gate is
 * not listed: it runs before the first gate that needs a checked-out tree.
 */
function gatesOf(config: Config): Gate[] {
  const own = projectGates(config);
  const checkers = own.filter(({ isFlaky }) => !isFlaky);
  const tests = own.filter(({ isFlaky }) => isFlaky);
  return [
    ...[semanticGate, structureGate, formatGate, lintGate, typesGate],
    ...checkers,
    testsGate,
    ...tests,
    coverageGate,
  ];
}

/** The gates that the configuration asks for, for a unit with this `test_cmd`. */
export function configuredGates(config: Config, testCmd: string | null): Gate[] {
  return gatesOf(config).filter((gate) => gate.configured(config, testCmd));
}

/** Names of the gates that a landing needs a verdict of, for a plan whose units have these `test_cmd`s. */
export function requiredGates(config: Config, testCmds: readonly (string | null)[]): string[] {
  return gatesOf(config)
    .filter((gate) => [null, ...testCmds].some((testCmd) => gate.configured(config, testCmd)))
    .map((gate) => gate.name);
}

export interface GatesResult {
  passed: boolean;
  verdicts: GateVerdict[];
  /** Cause of the failure; null for a pass. */
  blame: Blame | null;
  /** The failing gates and their reasons; "" for a pass. */
  reason: string;
}

/** Judges a tree against a base with every configured gate. */
export async function runGates(c: SettlementContext, request: GateRequest): Promise<GatesResult> {
  const input = await gateInput(c, request);
  const configured = configuredGates(c.config, request.testCmd);
  const verdicts = new Map<string, GateVerdict>();
  const settle = (...settled: GateVerdict[]): void => {
    const behind = request.behind?.() ?? null;
    const blamed = settled.map((verdict) => withTrueBase(verdict, request, behind));
    for (const verdict of blamed) verdicts.set(verdict.gate, verdict);
    c.report(
      ...blamed.map((verdict) => {
        return { kind: "finished" as const, ...progressOf(request, verdict.gate), verdict, behind };
      }),
    );
  };
  const open: Gate[] = [];
  const known: GateVerdict[] = [];
  for (const gate of configured) {
    const own = await inputOf(gate, input);
    const applies = await appliesTo(gate, own);
    const repeats = request.alone === true || request.cold === true;
    const confirms = repeats && gate.reads === "gate_tree";
    const cached = applies.runs && !confirms ? await cachedVerdict(gate, own) : null;
    if (cached !== null) known.push(cached);
    else if (applies.runs) open.push(gate);
    else known.push(verdictOf(gate.name, { status: "not_applicable", reason: applies.reason }));
  }
  if (known.length > 0) settle(...known);
  for (const gate of open) {
    if (gate.reads === "objects") await runGate(input, gate, (own) => gate.run(own), settle);
  }
  const treeGates = open.filter((gate) => gate.reads === "gate_tree");
  const screened = configured.every(
    ({ reads, name }) => reads === "gate_tree" || !isBad(verdicts.get(name)),
  );
  if (screened && !request.signal.aborted) request.onScreened?.();
  // A failure on a tree that is not a unit's is no reason to keep the other failures from the reader.
  const goesOn = (screened || request.unit === null) && !request.signal.aborted;
  if (treeGates.length > 0 && goesOn) await runInTree(input, treeGates, settle);
  return resultOf([...verdicts.values()], configured, request.signal);
}

/** Runs gates one after another in one gate tree, after its setup. */
async function runInTree(
  input: GateInput,
  open: readonly TreeGate[],
  settle: (verdict: GateVerdict) => void,
): Promise<void> {
  const { context: c, request } = input;
  const { signal } = request;
  await withGateTree(c, request, async (lease) => {
    if (setupGate.applies(input).runs) {
      c.report({ kind: "started", ...progressOf(request, setupGate.name) });
      const setup = await setupGate.run(input, lease);
      if (signal.aborted) return;
      settle(setup);
      if (setup.status !== "passed") return;
    }
    for (const gate of open) await runGate(input, gate, (own) => gate.run(own, lease), settle);
  });
}

async function runGate(
  input: GateInput,
  gate: Gate,
  run: (own: GateInput) => Promise<GateVerdict>,
  settle: (verdict: GateVerdict) => void,
): Promise<void> {
  const { context: c, request } = input;
  if (request.signal.aborted) return;
  c.report({ kind: "started", ...progressOf(request, gate.name) });
  const own = await inputOf(gate, input);
  const verdict = await run(own);
  // The verdict of a cancelled gate does not describe the tree.
  if (request.signal.aborted) return;
  if (isFinal(gate, verdict)) c.cache.put(await cacheKey(gate, own), verdict);
  settle(verdict);
}

/**
 * True for a verdict that describes the tree, so that it is served again: a pass, or the failure of a
 * deterministic gate. A gate that could not run says nothing of the tree.
 */
function isFinal(gate: Gate, { status }: GateVerdict): boolean {
  const isFlaky = gate.reads === "gate_tree" && gate.isFlaky;
  return status !== "errored" && !(status === "failed" && isFlaky);
}

async function cachedVerdict(gate: Gate, input: GateInput): Promise<GateVerdict | null> {
  const cached = input.context.cache.get(await cacheKey(gate, input));
  if (cached !== null || gate.reads !== "gate_tree") return cached;
  return (await gate.passed?.(input)) ?? null;
}

async function cacheKey(gate: Gate, input: GateInput): Promise<VerdictKey> {
  const { onTree, onBase, context } = input;
  const setup = gate.reads === "gate_tree" ? (context.config.worktree.setup ?? "") : "";
  const command = [setup, ...(await gate.commands(input))].join("\n");
  return { tree: onTree.key, base: onBase.key, gate: gate.name, command };
}

function progressOf(
  { unit, attempt, car, tree }: GateRequest,
  gate: string,
): Omit<Extract<GateProgress, { kind: "started" }>, "kind"> {
  return { unit, attempt, car, tree, gate };
}

function isBad(verdict: GateVerdict | undefined): boolean {
  return verdict?.status === "failed" || verdict?.status === "errored";
}

/** A verdict that blames the base, with the base named: only the target's tip is called the base. */
function withTrueBase(
  verdict: GateVerdict,
  { unit, car }: GateRequest,
  behind: string | null,
): GateVerdict {
  if (verdict.blame !== "base") return verdict;
  const ownTree = unit !== null && car === null;
  const base = ownTree ? "the commit it started from" : `the candidate of ${behind}`;
  if (behind === null && !ownTree) return verdict;
  const reason = verdict.reason.replace(redBase, `${base} is red`);
  return { ...verdict, blame: "other_base", reason };
}

/** Another attempt cannot fix a broken base or environment, so these outweigh failures of the attempt. */
const blamePrecedence: readonly Blame[] = ["base", "environment", "other_base", "attempt"];

function resultOf(
  verdicts: GateVerdict[],
  configured: readonly Gate[],
  signal: AbortSignal,
): GatesResult {
  const bad = verdicts.filter(isBad);
  const missing = configured.filter((gate) => !verdicts.some((v) => v.gate === gate.name));
  if (bad.length === 0 && missing.length === 0) {
    return { passed: true, verdicts, blame: null, reason: "" };
  }
  if (bad.length === 0) {
    const names = missing.map((gate) => gate.name).join(", ");
    const reason = signal.aborted ? "cancelled" : `no verdict of ${names}`;
    return { passed: false, verdicts, blame: "environment", reason };
  }
  const blame = blamePrecedence.find((one) => bad.some((v) => v.blame === one)) ?? "attempt";
  const reason = bad.map(
    (v) => `${v.gate} ${v.status === "errored" ? "could not run" : "failed"}: ${v.reason}`,
  );
  return { passed: false, verdicts, blame, reason: reason.join("; ") };
}

/**
 * Runs every gate on the base, before any worker starts. `ok` is false when a gate cannot run at all,
 * with the verdicts of those gates; `red` are the gates that fail on the base.
 */
export async function checkGatesRunnable(
  c: SettlementContext,
  base: Oid,
): Promise<
  { ok: true; verdicts: GateVerdict[]; red: GateVerdict[] } | { ok: false; verdicts: GateVerdict[] }
> {
  const tree = await treeOfCommit(c.repository, base);
  const { verdicts } = await runGates(c, {
    unit: null,
    attempt: 0,
    car: null,
    tree,
    commit: base,
    base,
    testCmd: null,
    marker: `check/${base.slice(0, 12)}`,
    signal: c.signal,
    files: "sample",
    buildsLayer: "base",
  });
  const unrunnable = verdicts.filter(
    (v) => v.status === "errored" || (v.gate === "setup" && v.status === "failed"),
  );
  if (unrunnable.length > 0) return { ok: false, verdicts: unrunnable };
  return { ok: true, verdicts, red: verdicts.filter((v) => v.status === "failed") };
}
