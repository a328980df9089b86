/**
 * Structure at both ends of a run: a word about the baseline before anything is spent, and what the
 * run did to it after everything has landed.
 */
import { treeOf } from "../git/revisions.ts";
import type { SettlementContext } from "../settlement/context.ts";
import { chargesBetween, hasSource } from "../settlement/structure.ts";
import { baselineState } from "../settlement/structure-baseline.ts";
import { compareTree, qualityOf } from "../settlement/structure-compare.ts";
import { chooseEngine } from "../settlement/structure-external.ts";
import type { RunContext } from "./context.ts";

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
  const state = await baselineState(c, o.tip, o.now);
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
  const state = await baselineState(settlement, o.before, c.clock.now());
  if (state === null || typeof state === "string") return null;
  const { baseline } = state;
  const engine = chooseEngine(settlement.config, settlement.environment);
  const asked = { marker: `${c.run}/structure`, signal: c.signal };
  const [before, after] = [await treeOf(c.repository, o.before), await treeOf(c.repository, o.tip)];
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
