/** Structural and coverage baselines at the end of a run: compared, then refreshed. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { configFile, isLocal } from "../config/find.ts";
import { DgovError } from "../error.ts";
import { treeOfCommit } from "../git/commit.ts";
import { isCheckedOut } from "../git/refs.ts";
import { readBlobAt } from "../git/trees.ts";
import { ignoredPaths } from "../git/working-tree.ts";
import { coverageBaselineFile, writeCoverageBaseline } from "../settlement/coverage/baseline.ts";
import { measureProject } from "../settlement/coverage/figures.ts";
import {
  isSameBaseline,
  textsAt,
  textsOnDisk,
  writeStructureBaseline,
} from "../settlement/structure/baseline.ts";
import { chooseEngine, compareTree, measureBaseline } from "../settlement/structure/engine.ts";
import { stateOfHeld } from "../settlement/structure/held-baseline.ts";
import { chargesBetween } from "../settlement/structure/scan.ts";
import { baselineFile, type EngineId, metadataFile } from "../structure/baseline.ts";
import type { Charge } from "../structure/offenders.ts";
import type { Books } from "./bookkeeping.ts";
import type { RunContext } from "./run-context.ts";

type InBooks = RunContext & { books: Books };

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

/** Compares the branch with the baseline of the run. Null without a readable one, and with the gate off. */
export async function compareStructure(c: RunContext, tip: string): Promise<StructuralEnd | null> {
  const { settlement } = c;
  const state = stateOfHeld(c.baseGates.baseline);
  if (state === null || typeof state === "string") return null;
  if (c.config.sentrux.mode === "off") return null;
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
 * A warning about structural baseline files of the checkout that are neither those of the run's start nor those committed
 * at `tip`: a worker may have written them. Null otherwise, and when another branch is checked out.
 */
export async function strangeStructure(c: RunContext, tip: string): Promise<string | null> {
  const { onDisk } = c.baseGates.baseline;
  if (onDisk === null || !isCheckedOut(c.repository, c.target)) return null;
  const now = textsOnDisk(c);
  if (isSameBaseline(now, onDisk) || isSameBaseline(now, await textsAt(c, tip))) return null;
  return `the structural baseline in the checkout changed during the run, and dgov did not change it: ${baselineFile}`;
}

/** Paths of both files of the structural baseline, relative to the repository's root. */
function structurePaths({ projectPrefix }: RunContext): string[] {
  return [baselineFile, metadataFile].map((name) => projectPrefix + name);
}

/**
 * Writes the structural baseline that the run made to the target's books; returns the files to commit. It replaces files
 * that appeared there during the run. Nothing is written when the project does not track its `.dgov` or ignores the
 * files, and when a baseline was committed since the run started.
 */
export async function saveMadeStructure(c: InBooks, tip: string): Promise<string[]> {
  const held = c.baseGates.baseline;
  if (held.from !== "measured") return [];
  const paths = structurePaths(c);
  if (!(await isWanted(c, tip, paths))) return [];
  const { baseline, madeBy } = held.state;
  writeStructureBaseline(c.books.root, baseline, {
    head: c.before,
    now: c.startedAt,
    engine: madeBy,
    run: c.run,
  });
  return paths;
}

/** True when the files of a first baseline, at `paths` in the repository, are to be written. */
async function isWanted(c: InBooks, tip: string, paths: readonly string[]): Promise<boolean> {
  if (isLocal(c.projectRoot)) return !existsSync(join(c.books.root, baselineFile));
  const has = async (path: string): Promise<boolean> =>
    (await readBlobAt(c.repository, tip, path)) !== null;
  if (await has(`${c.projectPrefix}${baselineFile}`)) return false;
  if (!(await has(`${c.projectPrefix}${configFile}`))) return false;
  return (await ignoredPaths(c.repository, paths)).size === 0;
}

/**
 * Measures the structural baseline of the landed work with the engine that made the last one, and writes it to the
 * target's books; returns the files to commit. A baseline that the run did not make itself is left alone when the project
 * does not track it, and when the operator has deleted it.
 */
export async function refreshStructure(
  c: InBooks,
  o: { tip: string; madeBy: EngineId; saved: boolean },
): Promise<string[]> {
  const { tip, madeBy, saved } = o;
  const paths = structurePaths(c);
  if (!saved && !(await isMaintained(c, tip, baselineFile))) return [];
  const now = c.clock.now();
  const tree = await treeOfCommit(c.repository, tip);
  const options = { marker: `${c.run}/structure`, signal: c.signal, now, tree, madeBy };
  const engine = await chooseEngine(c.settlement, options);
  const baseline = await measureBaseline(c.settlement, engine, options);
  writeStructureBaseline(c.books.root, baseline, {
    head: tip,
    now,
    engine: engine.id,
    run: c.run,
  });
  return paths;
}

/**
 * Writes the coverage baseline, like `refreshStructure`; figures that the gates measured are reused. Throws ENVIRONMENT
 * when the figures cannot be measured.
 */
export async function refreshCoverage(c: InBooks, tip: string): Promise<string[]> {
  const measurable = c.config.commands.coverage?.includes("{output}") === true;
  if (!measurable || !(await isMaintained(c, tip, coverageBaselineFile))) return [];
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
  writeCoverageBaseline(c.books.root, { command, head: tip, tree, files });
  return [`${c.projectPrefix}${coverageBaselineFile}`];
}

/** True when one of dgov's own files exists in the target's books and is tracked there, as those of a local project never are. */
async function isMaintained(c: InBooks, tip: string, name: string): Promise<boolean> {
  if (!existsSync(join(c.books.root, name))) return false;
  if (isLocal(c.projectRoot)) return true;
  return (await readBlobAt(c.repository, tip, `${c.projectPrefix}${name}`)) !== null;
}
