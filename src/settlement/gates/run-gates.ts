/**
 * The gates on one tree: all of them, cheap ones first, so that one retry sees every failure.
 *
 * What was wrong before is not charged: a failing gate is run on the base as well, and only what is
 * new counts. A verdict that depends on nothing new is taken from the cache.
 */

import { join } from "node:path";
import { diffTrees } from "../../git/diff.ts";
import { folderListing, type GateTree, provideTree } from "../../git/gate-tree.ts";
import type { Oid } from "../../git/repository.ts";
import { treeOf } from "../../git/revisions.ts";
import type { Blame } from "../../kernel/event.ts";
import type { GateProgress, GateVerdict, SettlementContext } from "../context.ts";
import { dependencyFolders, dependencyKey, prepareDependencies } from "../dependencies.ts";
import { newDiagnostics, newLines, parseDiagnostics } from "../diagnostics/parse.ts";
import { failingTests } from "../diagnostics/tests.ts";
import type { Slot } from "../slots.ts";
import { type CommandRun, fillIn, runInTree } from "./command.ts";
import { type Gate, gatesOf } from "./gate.ts";

export type { GateVerdict } from "../context.ts";
export { requiredGates } from "./gate.ts";

export interface GateRequest {
  /** Null for gates of nobody's: preflight, verification. */
  unit: string | null;
  attempt: number;
  car: number | null;
  tree: Oid;
  /** The commit the change is judged against. */
  base: Oid;
  testCmd: string | null;
  marker: string;
  signal: AbortSignal;
}

export interface GatesResult {
  passed: boolean;
  verdicts: GateVerdict[];
  blame: Blame | null;
  reason: string;
}

const tailBytes = 8 * 1024;

/** Judges a tree against a base. Never throws for what a gate does. */
export async function runGates(c: SettlementContext, o: GateRequest): Promise<GatesResult> {
  const baseTree = await treeOf(c.repository, o.base);
  const files = await sourceFiles(c, baseTree, o.tree);
  const verdicts: GateVerdict[] = [];
  const gates = gatesOf(c.config, o.testCmd).filter((gate) => gate.commands.length > 0);
  const open: { gate: Gate; commands: FilledCommand[] }[] = [];
  for (const gate of gates) {
    const commands = filledCommands(c, gate, files);
    const command = commands.map(({ text }) => text).join("\n");
    const known = cached(c, { tree: o.tree, base: baseTree, gate: gate.name, command });
    if (commands.length === 0) {
      verdicts.push(
        verdictOf(gate.name, {
          status: "not_applicable",
          reason: "no changed file is of its kind",
        }),
      );
    } else if (known !== null) verdicts.push(known);
    else open.push({ gate, commands });
  }
  for (const verdict of verdicts) tell(c, o, verdict);
  if (open.length > 0) {
    await inGateTree(
      c,
      { ...o, tree: o.tree },
      async (place) => {
        for (const { gate, commands } of open) {
          if (o.signal.aborted) break;
          c.report({ kind: "started", ...of(o, gate.name) });
          const verdict = await judge(c, o, { gate, commands, place, baseTree });
          // What was cut short says nothing about the tree.
          if (o.signal.aborted) break;
          c.cache.put(
            {
              tree: o.tree,
              base: baseTree,
              gate: gate.name,
              command: commands.map((f) => f.text).join("\n"),
            },
            verdict,
          );
          verdicts.push(verdict);
          c.report({ kind: "finished", ...of(o, gate.name), verdict });
        }
      },
      (setupFailed) => {
        verdicts.push(setupFailed);
        tell(c, o, setupFailed);
      },
    );
  }
  return summary(verdicts, gates, o.signal);
}

/** A command as it runs on the tree, and as it runs on the base (null: there is nothing to run on there). */
interface FilledCommand {
  text: string;
  onBase: string | null;
}

function filledCommands(
  c: SettlementContext,
  gate: Gate,
  files: { inTree: string[]; inBase: string[] },
): FilledCommand[] {
  return gate.commands.flatMap((template) => {
    const text = fillIn(c, template, files.inTree);
    return text === null ? [] : [{ text, onBase: fillIn(c, template, files.inBase) }];
  });
}

function of(
  o: GateRequest,
  gate: string,
): Omit<GateProgress, "kind" | "verdict"> & { gate: string } {
  return { unit: o.unit, attempt: o.attempt, car: o.car, tree: o.tree, gate };
}

function tell(c: SettlementContext, o: GateRequest, verdict: GateVerdict): void {
  c.report({ kind: "finished", ...of(o, verdict.gate), verdict });
}

function cached(
  c: SettlementContext,
  key: Parameters<SettlementContext["cache"]["get"]>[0],
): GateVerdict | null {
  return key.command === "" ? null : c.cache.get(key);
}

function summary(
  verdicts: GateVerdict[],
  gates: readonly Gate[],
  signal: AbortSignal,
): GatesResult {
  const bad = verdicts.filter((v) => v.status === "failed" || v.status === "errored");
  const missing = gates.filter((gate) => !verdicts.some((v) => v.gate === gate.name));
  if (bad.length === 0 && missing.length === 0)
    return { passed: true, verdicts, blame: null, reason: "" };
  if (bad.length === 0) {
    const reason = signal.aborted
      ? "cancelled"
      : `no verdict of ${missing.map((g) => g.name).join(", ")}`;
    return { passed: false, verdicts, blame: "environment", reason };
  }
  const blames = new Set(bad.map((v) => v.blame));
  const blame = blames.has("attempt")
    ? "attempt"
    : blames.has("environment")
      ? "environment"
      : "base";
  const reason = bad.map(
    (v) => `${v.gate} ${v.status === "errored" ? "could not judge" : "failed"}: ${v.reason}`,
  );
  return { passed: false, verdicts, blame, reason: reason.join("; ") };
}

/** Changed files a gate may be given, relative to the project: those the tree has, and of them those the base has. */
async function sourceFiles(
  c: SettlementContext,
  base: Oid,
  tree: Oid,
): Promise<{ inTree: string[]; inBase: string[] }> {
  const prefix = c.projectDir === "" ? "" : `${c.projectDir}/`;
  const wanted = c.config.sourceExtensions;
  const changes = (await diffTrees(c.repository, base, tree)).filter(
    ({ path, newMode }) =>
      newMode.startsWith("100") &&
      path.startsWith(prefix) &&
      (wanted.length === 0 || wanted.some((extension) => path.endsWith(extension))),
  );
  const names = (list: typeof changes): string[] =>
    list.map(({ path }) => path.slice(prefix.length));
  return {
    inTree: names(changes),
    inBase: names(changes.filter((e) => e.oldMode.startsWith("100"))),
  };
}

interface Place {
  gateTree: GateTree;
  keepFolders: string[];
}

/** Lends a gate tree with its dependencies prepared; `onSetupFailed` instead when that fails. */
async function inGateTree(
  c: SettlementContext,
  o: { tree: Oid; marker: string; signal: AbortSignal },
  use: (place: Place) => Promise<void>,
  onSetupFailed: (verdict: GateVerdict) => void,
): Promise<void> {
  await c.slots.borrow(o.tree, async (slot) => {
    const { gateTree } = await provideTree(c.repository, {
      path: slot.path,
      meta: slot.meta,
      tree: o.tree,
      keepFolders: keepable(slot),
    });
    slot.tree = o.tree;
    const prepared = await prepare(c, slot, o);
    if (!prepared.ok) {
      onSetupFailed(
        verdictOf("setup", {
          status: "errored",
          reason: prepared.reason,
          command: c.config.worktree.setup,
          tail: tailOf(prepared.output),
          blame: "attempt",
        }),
      );
      return;
    }
    await use({ gateTree, keepFolders: slot.prepared?.folders ?? [] });
  });
}

/** Dependency folders that are as they were right after they were prepared. */
function keepable(slot: Slot): string[] {
  if (slot.prepared === null) return [];
  const { folders, listing } = slot.prepared;
  if (folderListing(slot.path, folders) === listing) return folders;
  slot.prepared = null;
  return [];
}

async function prepare(
  c: SettlementContext,
  slot: Slot,
  o: { marker: string; signal: AbortSignal },
): Promise<{ ok: true } | { ok: false; reason: string; output: string }> {
  const key = dependencyKey(c, join(slot.path, c.projectDir));
  if (slot.prepared?.key === key) return { ok: true };
  const done = await prepareDependencies(c, {
    path: slot.path,
    marker: o.marker,
    signal: o.signal,
  });
  if (!done.ok) {
    slot.prepared = null;
    return done;
  }
  const folders = dependencyFolders(slot.path);
  slot.prepared = { key, folders, listing: folderListing(slot.path, folders) };
  return { ok: true };
}

interface Judging {
  gate: Gate;
  commands: FilledCommand[];
  place: Place;
  baseTree: Oid;
}

async function judge(c: SettlementContext, o: GateRequest, j: Judging): Promise<GateVerdict> {
  const total: GateVerdict = verdictOf(j.gate.name, {
    status: "passed",
    command: j.commands.map((f) => f.text).join(" ; "),
  });
  const outputs: string[] = [];
  for (const { text: command, onBase } of j.commands) {
    const run = await runInTree(c, { ...j.place, command, marker: o.marker, signal: o.signal });
    outputs.push(run.output);
    total.durationMs += run.durationMs;
    total.exit = run.exit;
    total.changedPaths.push(...run.changedPaths);
    const verdict = await judgeRun(c, o, j, run, onBase);
    if (verdict.status === "passed") continue;
    Object.assign(total, verdict, {
      durationMs: total.durationMs,
      changedPaths: total.changedPaths,
    });
    if (verdict.status !== "flaky") break;
  }
  total.output = c.putOutput(outputs.join("\n"));
  total.tail = tailOf(outputs.at(-1) ?? "");
  return total;
}

type Judged = Pick<GateVerdict, "status" | "reason" | "command" | "exit" | "diagnostics" | "blame">;

async function judgeRun(
  c: SettlementContext,
  o: GateRequest,
  j: Judging,
  run: CommandRun,
  onBase: string | null,
): Promise<Judged> {
  const { command, exit } = run;
  const judged = (more: Partial<Judged>): Judged => ({
    status: "passed",
    reason: "",
    command,
    exit,
    diagnostics: [],
    blame: null,
    ...more,
  });
  if (run.status === "passed") return judged({});
  if (run.status === "cancelled" || run.status === "errored") {
    const missing = /exit code 12[67]/.test(exit) ? `: ${lastLine(run.output)}` : "";
    return judged({ status: "errored", reason: `${exit}${missing}`, blame: "environment" });
  }
  if (j.gate.retried) {
    const again = await runInTree(c, { ...j.place, command, marker: o.marker, signal: o.signal });
    if (again.status === "passed") {
      const fails = c.config.merge.flaky === "fail";
      return judged({
        status: fails ? "failed" : "flaky",
        reason: `failed once (${exit}), then passed`,
        blame: fails ? "attempt" : null,
      });
    }
  }
  return againstBase(c, o, j, run, onBase, judged);
}

/** Charges only what the base does not have as well. */
async function againstBase(
  c: SettlementContext,
  o: GateRequest,
  j: Judging,
  run: CommandRun,
  onBase: string | null,
  judged: (more: Partial<Judged>) => Judged,
): Promise<Judged> {
  const failed = (more: Partial<Judged>): Judged =>
    judged({ status: "failed", reason: run.exit, blame: "attempt", ...more });
  const found = parseDiagnostics(run.output);
  if (j.baseTree === o.tree) return failed({ diagnostics: found, blame: "base" });
  const before = onBase === null ? null : await baseOutput(c, o, j, onBase);
  if (before === null) return failed({ diagnostics: found });
  if (j.gate.name === "tests") {
    const names = failingTests(run.output);
    const known = new Set(failingTests(before));
    const same =
      names.length > 0
        ? names.every((name) => known.has(name))
        : newLines(run.output, before).length === 0;
    return same
      ? failed({
          reason: `base is red: it fails in the same way without the change (${run.exit})`,
          blame: "base",
        })
      : failed({
          reason: names.length > 0 ? `${run.exit}: ${names.slice(0, 3).join(", ")}` : run.exit,
        });
  }
  const charged =
    found.length > 0
      ? newDiagnostics(found, parseDiagnostics(before))
      : newLines(run.output, before);
  if (charged.length === 0)
    return judged({ reason: "fails as it did before the change; nothing new" });
  const diagnostics = found.length > 0 ? (charged as typeof found) : [];
  return failed({ diagnostics, reason: `${run.exit}, ${charged.length} new` });
}

/** What the same gate says on the base; null when it passes there. */
async function baseOutput(
  c: SettlementContext,
  o: GateRequest,
  j: Judging,
  command: string,
): Promise<string | null> {
  const key = { tree: j.baseTree, base: j.baseTree, gate: `${j.gate.name} on base`, command };
  const known = c.cache.get(key);
  if (known !== null) return known.status === "passed" ? null : known.tail;
  let output: string | null = null;
  await inGateTree(
    c,
    { ...o, tree: j.baseTree },
    async (place) => {
      const run = await runInTree(c, { ...place, command, marker: o.marker, signal: o.signal });
      output = run.status === "failed" ? run.output : null;
      if (run.status === "cancelled") return;
      const status = run.status === "failed" ? "failed" : "passed";
      c.cache.put(
        key,
        verdictOf(j.gate.name, { status, command, exit: run.exit, tail: run.output }),
      );
    },
    () => {},
  );
  return output;
}

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

function tailOf(output: string): string {
  return output.length <= tailBytes ? output : `[...]\n${output.slice(-tailBytes)}`;
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}

/**
 * Every gate once on the base, before a token is spent. One that cannot run at all is an error of
 * the environment; one that fails there is red, and said to be.
 */
export async function checkGatesRunnable(
  c: SettlementContext,
  base: Oid,
): Promise<{ ok: true; red: GateVerdict[] } | { ok: false; verdicts: GateVerdict[] }> {
  const tree = await treeOf(c.repository, base);
  const marker = `check/${base.slice(0, 12)}`;
  const result = await runGates(c, {
    unit: null,
    attempt: 0,
    car: null,
    tree,
    base,
    testCmd: null,
    marker,
    signal: c.signal,
  });
  const unrunnable = result.verdicts.filter((v) => v.status === "errored");
  if (unrunnable.length > 0) return { ok: false, verdicts: unrunnable };
  return { ok: true, red: result.verdicts.filter((v) => v.status === "failed") };
}
