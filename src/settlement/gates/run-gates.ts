/**
 * The gates on one tree: all of them, cheap ones first, so that one retry sees every failure.
 *
 * A verdict that depends on nothing new is taken from the cache. Never throws for what a gate does.
 */
import type { Config } from "../../config/config.ts";
import { treeOfCommit } from "../../git/commit.ts";
import type { Oid } from "../../git/objects.ts";
import { type DiffEntry, diffTrees, listTree } from "../../git/trees.ts";
import type { Blame } from "../../kernel/event.ts";
import type { GateProgress, GateVerdict, SettlementContext } from "../context.ts";
import { isSource } from "../source-files.ts";
import { withGateTree } from "../trees/lease.ts";
import type { VerdictKey } from "../verdict-cache.ts";
import { formatGate, lintGate, typesGate } from "./checkers.ts";
import { coverageGate } from "./coverage.ts";
import {
  type Gate,
  type GateInput,
  type GateName,
  type GateRequest,
  type TreeGate,
  verdictOf,
} from "./gate.ts";
import { semanticGate } from "./semantic.ts";
import { setupGate } from "./setup.ts";
import { structureGate } from "./structure.ts";
import { testsGate } from "./tests.ts";

export type { GateVerdict } from "../context.ts";
export type { GateName, GateRequest } from "./gate.ts";

/** In the order of their price; those that read objects go first. Setup comes before all, and is run by whoever needs a tree. */
const gates: readonly Gate[] = [
  semanticGate,
  structureGate,
  formatGate,
  lintGate,
  typesGate,
  testsGate,
  coverageGate,
];

/** Gates whose verdict every landing of a plan needs. */
export function requiredGates(config: Config, testCmds: readonly (string | null)[]): GateName[] {
  return gates
    .filter((gate) => [null, ...testCmds].some((testCmd) => gate.configured(config, testCmd)))
    .map((gate) => gate.name);
}

export interface GatesResult {
  passed: boolean;
  verdicts: GateVerdict[];
  blame: Blame | null;
  reason: string;
}

/**
 * Files that commands with `{file}` get: those that changed, or, when nothing did, all (`all`) or a
 * few (`sample`, enough to see that the command runs).
 */
export type FileChoice = "changed" | "all" | "sample";

const sampleFiles = 20;

/** Judges a tree against a base. */
export async function runGates(
  c: SettlementContext,
  request: GateRequest & { files?: FileChoice },
): Promise<GatesResult> {
  const baseTree = await treeOfCommit(c.repository, request.base);
  const same = request.tree === baseTree;
  const changed = same ? [] : await diffTrees(c.repository, baseTree, request.tree);
  const files = await sourceFiles(c, changed, request, same);
  const input: GateInput = { context: c, request, baseTree, changed, files };
  const asked = gates.filter((gate) => gate.configured(c.config, request.testCmd));
  const verdicts = new Map<string, GateVerdict>();
  const settle = (...settled: GateVerdict[]): void => {
    for (const verdict of settled) verdicts.set(verdict.gate, verdict);
    c.report(
      ...settled.map((verdict) => {
        return { kind: "finished" as const, ...progressOf(request, verdict.gate), verdict };
      }),
    );
  };
  const open: Gate[] = [];
  const known: GateVerdict[] = [];
  for (const gate of asked) {
    const applies = await gate.applies(input);
    const found = applies.runs ? await knownVerdict(gate, input) : null;
    if (found !== null) known.push(found);
    else if (applies.runs) open.push(gate);
    else known.push(verdictOf(gate.name, { status: "not_applicable", reason: applies.reason }));
  }
  if (known.length > 0) settle(...known);
  for (const gate of open) {
    if (gate.reads === "objects") await judgeOne(input, gate, () => gate.run(input), settle);
  }
  const inTree = open.filter((gate) => gate.reads === "gate_tree");
  if (inTree.length > 0 && !request.signal.aborted) await judge(input, inTree, settle);
  return summary([...verdicts.values()], asked, request.signal);
}

/** Runs gates in one gate tree, one after the other, once the tree is set up. */
async function judge(
  input: GateInput,
  open: readonly TreeGate[],
  settle: (verdict: GateVerdict) => void,
): Promise<void> {
  const { context: c, request } = input;
  const { signal } = request;
  await withGateTree(c, request, async (place) => {
    if (setupGate.applies(input).runs) {
      c.report({ kind: "started", ...progressOf(request, setupGate.name) });
      const setup = await setupGate.run(input, place);
      if (signal.aborted) return;
      settle(setup);
      if (setup.status !== "passed") return;
    }
    for (const gate of open) await judgeOne(input, gate, () => gate.run(input, place), settle);
  });
}

async function judgeOne(
  input: GateInput,
  gate: Gate,
  run: () => Promise<GateVerdict>,
  settle: (verdict: GateVerdict) => void,
): Promise<void> {
  const { context: c, request } = input;
  if (request.signal.aborted) return;
  c.report({ kind: "started", ...progressOf(request, gate.name) });
  const verdict = await run();
  // What was cut short says nothing about the tree.
  if (request.signal.aborted) return;
  c.cache.put(await keyOf(gate, input), verdict);
  settle(verdict);
}

async function knownVerdict(gate: Gate, input: GateInput): Promise<GateVerdict | null> {
  const known = input.context.cache.get(await keyOf(gate, input));
  if (known !== null || gate.reads !== "gate_tree") return known;
  return (await gate.passed?.(input)) ?? null;
}

async function keyOf(gate: Gate, input: GateInput): Promise<VerdictKey> {
  const { request, baseTree, context } = input;
  const setup = gate.reads === "gate_tree" ? (context.config.worktree.setup ?? "") : "";
  const command = [setup, ...(await gate.commands(input))].join("\n");
  return { tree: request.tree, base: baseTree, gate: gate.name, command };
}

function progressOf(
  { unit, attempt, car, tree }: GateRequest,
  gate: string,
): Omit<Extract<GateProgress, { kind: "started" }>, "kind"> {
  return { unit, attempt, car, tree, gate };
}

/** A base or a machine that is broken is not mended by another attempt, whatever else is wrong. */
const gravest: readonly Blame[] = ["base", "environment", "attempt"];

function summary(
  verdicts: GateVerdict[],
  asked: readonly Gate[],
  signal: AbortSignal,
): GatesResult {
  const bad = verdicts.filter((v) => v.status === "failed" || v.status === "errored");
  const missing = asked.filter((gate) => !verdicts.some((v) => v.gate === gate.name));
  if (bad.length === 0 && missing.length === 0) {
    return { passed: true, verdicts, blame: null, reason: "" };
  }
  if (bad.length === 0) {
    const names = missing.map((gate) => gate.name).join(", ");
    const reason = signal.aborted ? "cancelled" : `no verdict of ${names}`;
    return { passed: false, verdicts, blame: "environment", reason };
  }
  const blame = gravest.find((one) => bad.some((v) => v.blame === one)) ?? "attempt";
  const reason = bad.map(
    (v) => `${v.gate} ${v.status === "errored" ? "could not judge" : "failed"}: ${v.reason}`,
  );
  return { passed: false, verdicts, blame, reason: reason.join("; ") };
}

/** Source files the gates are given, relative to the project; deleted ones are nobody's to check. */
async function sourceFiles(
  c: SettlementContext,
  changed: readonly DiffEntry[],
  { tree, files = "changed" }: { tree: Oid; files?: FileChoice },
  same: boolean,
): Promise<GateInput["files"]> {
  const prefix = c.projectDir === "" ? "" : `${c.projectDir}/`;
  const wanted = (path: string, mode: string): boolean =>
    mode.startsWith("100") && path.startsWith(prefix) && isSource(c.config, path);
  const name = (path: string): string => path.slice(prefix.length);
  if (same && files !== "changed") {
    const all = (await listTree(c.repository, tree)).filter((e) => wanted(e.path, e.mode));
    const names = all.map(({ path }) => name(path));
    const inTree = files === "sample" ? names.slice(0, sampleFiles) : names;
    return { inTree, inBase: inTree };
  }
  const inTree = changed.filter((e) => wanted(e.path, e.newMode));
  const inBase = inTree.filter((e) => e.oldMode.startsWith("100"));
  return { inTree: inTree.map(({ path }) => name(path)), inBase: inBase.map((e) => name(e.path)) };
}

/**
 * Every gate once on the base, before a token is spent. One that cannot run at all is an error of
 * the environment; one that fails there is red, and said to be.
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
    base,
    testCmd: null,
    marker: `check/${base.slice(0, 12)}`,
    signal: c.signal,
    files: "sample",
  });
  const unrunnable = verdicts.filter(
    (v) => v.status === "errored" || (v.gate === "setup" && v.status === "failed"),
  );
  if (unrunnable.length > 0) return { ok: false, verdicts: unrunnable };
  return { ok: true, verdicts, red: verdicts.filter((v) => v.status === "failed") };
}
