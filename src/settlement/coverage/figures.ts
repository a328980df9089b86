/** What is known of trees' coverage: the baseline, and every tree that was measured. */

import { dirname, join } from "node:path";
import { ownFolders } from "../../claims/reserved.ts";
import type { Oid } from "../../git/objects.ts";
import { diffTrees } from "../../git/trees.ts";
import type { SettlementContext } from "../context.ts";
import { type DigestCache, digestCache } from "../digest-cache.ts";
import type { GateInput } from "../gates/gate.ts";
import { withGateTree } from "../trees/lease.ts";
import { readCoverageBaseline } from "./baseline.ts";
import { type Measured, measure } from "./measure.ts";
import type { FileCoverage } from "./report.ts";

export interface CoverageFigures {
  /** Read once, before anything of a worker's runs in this process's time. */
  baseline: ReturnType<typeof readCoverageBaseline>;
  /** Figures of trees by tree and commands; they outlive the run. */
  known: DigestCache<FileCoverage[]>;
  /** Bases being measured, or that gave no figures; asked for by several attempts, measured once. */
  asked: Map<string, Promise<Measured | null>>;
}

/** The figures kept beside the gate trees of a repository. */
export function coverageFigures(projectRoot: string, slotsRoot: string): CoverageFigures {
  return {
    baseline: readCoverageBaseline(projectRoot),
    known: digestCache(join(dirname(slotsRoot), "coverage.jsonl"), "1"),
    asked: new Map(),
  };
}

/** Remembers the figures of a tree, which may be somebody's base. */
export function recordFigures(
  c: SettlementContext,
  tree: Oid,
  commands: readonly string[],
  { report }: Measured,
): void {
  if (report?.ok) c.coverage.known.put([[keyOf(c, tree, commands), report.files]]);
}

/** The figures of a tree for these commands, as far as it was measured. */
export function recordedFigures(
  c: SettlementContext,
  tree: Oid,
  commands: readonly string[],
): FileCoverage[] | null {
  return c.coverage.known.get(keyOf(c, tree, commands)) ?? null;
}

/** What a base's figures are, or why there are none. */
export type BaseFigures =
  | { ok: true; files: FileCoverage[] }
  | { ok: false; measured: Measured | null };

/**
 * The base's figures for these commands: those known, or those of the baseline when it was made of
 * the same sources by the same command, or those measured now. Null stands for a base that cannot be
 * prepared, or a question that was cancelled.
 */
export async function figuresOfBase(
  input: GateInput,
  commands: readonly string[],
): Promise<BaseFigures> {
  const { context: c, baseTree } = input;
  const key = keyOf(c, baseTree, commands);
  const files = c.coverage.known.get(key) ?? (await figuresOfBaseline(input, commands));
  if (files !== null) return { ok: true, files };
  const asked = c.coverage.asked.get(key) ?? measureBase(input, commands);
  c.coverage.asked.set(key, asked);
  const measured = await asked.catch((error: unknown) => {
    c.coverage.asked.delete(key);
    throw error;
  });
  // Nothing said may be said by the next who asks.
  if (measured === null) c.coverage.asked.delete(key);
  return measured?.report?.ok
    ? { ok: true, files: measured.report.files }
    : { ok: false, measured };
}

async function measureBase(
  input: GateInput,
  commands: readonly string[],
): Promise<Measured | null> {
  const { context: c, baseTree: tree, request } = input;
  const { marker, signal } = request;
  return withGateTree(c, { tree, unit: null, marker, signal }, async (place) => {
    if (!(await place.prepare()).ok) return null;
    const measured = await measure(c, place, { tree, commands });
    recordFigures(c, tree, commands, measured);
    return measured.run.status === "cancelled" ? null : measured;
  });
}

/** The baseline's figures, where they are what measuring the base would give. */
async function figuresOfBaseline(
  { context: c, baseTree }: GateInput,
  commands: readonly string[],
): Promise<FileCoverage[] | null> {
  const { baseline } = c.coverage.baseline.ok ? c.coverage.baseline : { baseline: null };
  if (baseline === null || baseline.command !== commands.join("\n")) return null;
  return (await sameSources(c, baseline.tree, baseTree)) ? baseline.files : null;
}

/** Whether trees differ in nothing but what is dgov's own: the baseline is committed after it is made. */
async function sameSources(c: SettlementContext, a: Oid, b: Oid): Promise<boolean> {
  if (a === b) return true;
  const prefix = c.projectDir === "" ? "" : `${c.projectDir}/`;
  try {
    const changed = await diffTrees(c.repository, a, b);
    return changed.every(({ path }) => ownFolders.some((own) => path.startsWith(prefix + own)));
  } catch {
    // A baseline of a commit that is not here.
    return false;
  }
}

function keyOf(c: SettlementContext, tree: Oid, commands: readonly string[]): string {
  const command = [c.config.worktree.setup ?? "", ...commands].join("\n");
  return c.cache.digest({ tree, base: "", gate: "coverage", command });
}
