/**
 * The project's baselines made anew for what has landed, in the checkout that bookkeeping takes files
 * from. One stays as it is when the project does not track it, when another branch is checked out, or
 * when the operator has deleted it.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DgovError } from "../error.ts";
import { treeOfCommit } from "../git/commit.ts";
import { headOf } from "../git/refs.ts";
import { readBlobAt } from "../git/trees.ts";
import type { SettlementContext } from "../settlement/context.ts";
import {
  coverageBaselineFile as coverageFile,
  writeCoverageBaseline as writeCoverage,
} from "../settlement/coverage/baseline.ts";
import { measureProject } from "../settlement/coverage/figures.ts";
import {
  baselineAt,
  writeStructureBaseline as writeStructure,
} from "../settlement/structure/baseline.ts";
import {
  chooseEngine,
  compareTree,
  measureBaseline,
  qualityOf,
} from "../settlement/structure/engine.ts";
import { chargesBetween, hasSource } from "../settlement/structure/scan.ts";
import type { RunContext } from "./run-context.ts";

/** The structural baseline; gives the files to commit. */
export async function refreshStructure(c: RunContext, tip: string): Promise<string[]> {
  const path = `${c.projectPrefix}.sentrux/baseline.json`;
  if (!(await isKept(c, tip, path))) return [];
  const engine = chooseEngine(c.settlement.config, c.settlement.environment);
  const now = c.clock.now();
  const asked = { marker: `${c.run}/structure`, signal: c.signal, now };
  const tree = await treeOfCommit(c.repository, tip);
  const baseline = await measureBaseline(c.settlement, engine, { ...asked, tree });
  writeStructure(c.projectRoot, baseline, { head: tip, now });
  return [path, `${c.projectPrefix}.sentrux/dgov-baseline.json`];
}

/**
 * The coverage baseline; gives the files to commit. What the gates measured is taken, and measured
 * otherwise. ENVIRONMENT when there are no figures.
 */
export async function refreshCoverage(c: RunContext, tip: string): Promise<string[]> {
  const path = `${c.projectPrefix}${coverageFile}`;
  const measurable = c.config.commands.coverage?.includes("{output}") === true;
  if (!measurable || !(await isKept(c, tip, path))) return [];
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
  writeCoverage(c.projectRoot, { command, head: tip, tree, files });
  return [path];
}

/** Whether a file is tracked on the target, which is checked out, and is there. */
async function isKept(c: RunContext, tip: string, path: string): Promise<boolean> {
  const head = await headOf(c.repository);
  return (
    head.kind === "branch" &&
    head.branch === c.target &&
    existsSync(join(c.repository.topLevel, path)) &&
    (await readBlobAt(c.repository, tip, path)) !== null
  );
}

// ------------------------------------------------------------
//  * Structure at both ends of a run: a word about the baseline before anything is spent, and what the
// run did to it after everything has landed.

/** What a run did to the structure of the branch; quality is 0 to 1, null when nobody said. */
export interface StructuralEnd {
  before: number | null;
  after: number | null;
  baseline: number;
  /** What is worse than the baseline, in words. */
  degraded: string[];
  /** Worse as well, and no reason to call the branch degraded. */
  warnings: string[];
  /** What the run brought or made worse. */
  offenders: {
    kind: string;
    path: string;
    name: string;
    line: number;
    value: number;
    limit: number;
  }[];
}

/** Says that the baseline is missing, unreadable or old. `now` in milliseconds. */
export async function announceBaseline(
  c: SettlementContext,
  o: { tip: string; now: number; status(text: string): void },
): Promise<void> {
  // A program that is asked for and missing is found out before anything is spent.
  chooseEngine(c.config, c.environment);
  const state = await baselineAt(c, o.tip, o.now);
  const save = "dgov sentrux gate-save";
  if (state === null) {
    if (await hasSource(c, o.tip)) {
      o.status(`no structural baseline, so structure is not judged (${save})`);
    }
  } else if (typeof state === "string") o.status(`.sentrux/baseline.json: ${state} (${save})`);
  else if (state.stale !== null) o.status(`the structural baseline is ${state.stale} (${save})`);
}

/** The end of a run against the baseline it began with. Null when there is none to compare with. */
export async function compareStructure(
  c: RunContext,
  o: { before: string; tip: string },
): Promise<StructuralEnd | null> {
  const { settlement } = c;
  const state = await baselineAt(settlement, o.before, c.clock.now());
  if (state === null || typeof state === "string") return null;
  const { baseline } = state;
  const engine = chooseEngine(settlement.config, settlement.environment);
  const asked = { marker: `${c.run}/structure`, signal: c.signal };
  const [before, after] = [
    await treeOfCommit(c.repository, o.before),
    await treeOfCommit(c.repository, o.tip),
  ];
  const compared = await compareTree(settlement, engine, { ...asked, tree: after, baseline });
  const charges = await chargesBetween(settlement, { before, after, signal: c.signal });
  return {
    before: await qualityOf(settlement, engine, { ...asked, tree: before }),
    after: compared.quality,
    baseline: baseline.quality_signal,
    degraded: compared.degraded,
    warnings: compared.warnings,
    offenders: charges.map(({ kind, path, name, line, value, limit }) => {
      return { kind, path, name, line, value, limit };
    }),
  };
}
