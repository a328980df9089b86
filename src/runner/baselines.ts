/** Structural and coverage baselines at the end of a run: compared, then refreshed. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DgovError } from "../error.ts";
import { treeOfCommit } from "../git/commit.ts";
import { headOf } from "../git/refs.ts";
import { readBlobAt } from "../git/trees.ts";
import { coverageBaselineFile, writeCoverageBaseline } from "../settlement/coverage/baseline.ts";
import { measureProject } from "../settlement/coverage/figures.ts";
import { baselineAt, writeStructureBaseline } from "../settlement/structure/baseline.ts";
import { chooseEngine, compareTree, measureBaseline } from "../settlement/structure/engine.ts";
import { chargesBetween } from "../settlement/structure/scan.ts";
import type { EngineId } from "../structure/baseline.ts";
import type { Charge } from "../structure/offenders.ts";
import type { RunContext } from "./run-context.ts";

/** Change of the branch's structure by a run. Quality is 0 to 1; null when the engine gave no figure. */
export interface StructuralEnd {
  /** The engine that judged. */
  engine: EngineId;
  before: number | null;
  after: number | null;
  baseline: number;
  /** Figures that are worse than the baseline. */
  degraded: string[];
  /** Figures that are worse but do not make the branch degraded. */
  warnings: string[];
  /** Offenders that the run added or made worse. */
  offenders: {
    kind: Charge["kind"];
    path: string;
    name: string;
    line: number;
    value: number;
    limit: number;
  }[];
}

/** Compares the branch with the baseline at the start of the run. Null without a readable baseline. */
export async function compareStructure(c: RunContext, tip: string): Promise<StructuralEnd | null> {
  const { settlement } = c;
  const state = await baselineAt(settlement, c.before, c.clock.now());
  if (state === null || typeof state === "string") return null;
  const { baseline, madeBy } = state;
  const [before, after] = [
    await treeOfCommit(c.repository, c.before),
    await treeOfCommit(c.repository, tip),
  ];
  const options = { marker: `${c.run}/structure`, signal: c.signal, madeBy, now: c.clock.now() };
  const engine = await chooseEngine(settlement, { ...options, tree: before });
  const compared = await compareTree(settlement, engine, { ...options, tree: after, baseline });
  const charges = await chargesBetween(settlement, { before, after, signal: c.signal });
  return {
    engine: engine.id,
    before: (await measureBaseline(settlement, engine, { ...options, tree: before }))
      .quality_signal,
    after: compared.quality,
    baseline: baseline.quality_signal,
    degraded: compared.degraded,
    warnings: compared.warnings,
    offenders: charges.map(({ kind, path, name, line, value, limit }) => {
      return { kind, path, name, line, value, limit };
    }),
  };
}

/**
 * Measures the structural baseline of the landed work with the engine that made the last one, and writes it to the
 * checkout; returns the files to commit.
 * A baseline is left alone when the project does not track it, when another branch is checked out, and when the
 * operator has deleted it.
 */
export async function refreshStructure(
  c: RunContext,
  tip: string,
  madeBy: EngineId,
): Promise<string[]> {
  const path = `${c.projectPrefix}.sentrux/baseline.json`;
  if (!(await isMaintained(c, tip, path))) return [];
  const now = c.clock.now();
  const tree = await treeOfCommit(c.repository, tip);
  const options = { marker: `${c.run}/structure`, signal: c.signal, now, tree, madeBy };
  const engine = await chooseEngine(c.settlement, options);
  const baseline = await measureBaseline(c.settlement, engine, options);
  writeStructureBaseline(c.projectRoot, baseline, { head: tip, now, engine: engine.id });
  return [path, `${c.projectPrefix}.sentrux/dgov-baseline.json`];
}

/**
 * Writes the coverage baseline, like `refreshStructure`; figures that the gates measured are reused. Throws ENVIRONMENT
 * when the figures cannot be measured.
 */
export async function refreshCoverage(c: RunContext, tip: string): Promise<string[]> {
  const path = `${c.projectPrefix}${coverageBaselineFile}`;
  const measurable = c.config.commands.coverage?.includes("{output}") === true;
  if (!measurable || !(await isMaintained(c, tip, path))) return [];
  const tree = await treeOfCommit(c.repository, tip);
  const measured = await measureProject(c.settlement, {
    tree,
    useRecorded: true,
    marker: `${c.run}/coverage`,
    started: () => {},
    onOutput: () => {},
  });
  if (!measured.ok) throw new DgovError("ENVIRONMENT", measured.reason);
  const { command, files } = measured;
  writeCoverageBaseline(c.projectRoot, { command, head: tip, tree, files });
  return [path];
}

/** True when a file is tracked on the target, the target is checked out, and the file exists there. */
async function isMaintained(c: RunContext, tip: string, path: string): Promise<boolean> {
  const head = await headOf(c.repository);
  return (
    head.kind === "branch" &&
    head.branch === c.target &&
    existsSync(join(c.repository.topLevel, path)) &&
    (await readBlobAt(c.repository, tip, path)) !== null
  );
}
