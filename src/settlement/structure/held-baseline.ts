/**
 * The structural baseline that a settlement holds: read or made once, before any worker's code runs, and used for every
 * tree with the same committed baseline. So nothing that a worker writes to the checkout is a baseline.
 */
import { treeOfCommit } from "../../git/commit.ts";
import type { Oid } from "../../git/objects.ts";
import { memoByOwner } from "../../std/once.ts";
import type { EngineId } from "../../structure/baseline.ts";
import type { SettlementContext } from "../context.ts";
import {
  type BaselineState,
  type FoundBaseline,
  findBaseline,
  isSameBaseline,
  parseTexts,
  type ReadBaseline,
  textsAt,
} from "./baseline.ts";
import { chooseEngine, measureBaseline } from "./engine.ts";
import { scanTree, sensorOf } from "./scan.ts";

export type HeldBaseline =
  | FoundBaseline
  | (Pick<FoundBaseline, "committed" | "onDisk"> & {
      /** Measured, since the project had none. */
      from: "measured";
      state: BaselineState & { madeBy: EngineId };
    });

interface HoldRequest {
  /** Tip of the branch that trees are judged for. */
  commit: Oid;
  /** True when the operator's checkout is on that branch. */
  checkedOut: boolean;
  /** Measures the commit when there is no baseline; called before that. Absent for a settlement that makes none. */
  making?: () => void;
  marker: string;
  /** Milliseconds since the epoch. */
  now: number;
}

const held = memoByOwner<SettlementContext, Promise<HeldBaseline>>();

/**
 * Reads the baseline that the settlement holds from then on. With `making`, a missing one is measured, unless the
 * structure gate is off, the operator deleted the baseline, or there is no source to measure.
 */
export function holdBaseline(c: SettlementContext, o: HoldRequest): Promise<HeldBaseline> {
  return held(c, "", async () => {
    const found = await findBaseline(c, o);
    if (found.from !== null || found.deletedIn !== null || o.making === undefined) return found;
    if (c.config.sentrux.mode === "off") return found;
    const tree = await treeOfCommit(c.repository, o.commit);
    const { signal } = c;
    const { counted } = await scanTree(sensorOf(c, signal), tree);
    if (counted.size === 0) return found;
    o.making();
    const options = { tree, marker: o.marker, signal, now: o.now };
    const engine = await chooseEngine(c, options);
    const baseline = await measureBaseline(c, engine, options);
    const age = { head: o.commit, commits: 0, seconds: 0, stale: null };
    const { committed, onDisk } = found;
    return { committed, onDisk, from: "measured", state: { baseline, madeBy: engine.id, ...age } };
  });
}

/** The state of a held baseline; null when there is none, a reason when it cannot be read. */
export function stateOfHeld(one: HeldBaseline): BaselineState | string | null {
  return one.from === null ? null : one.state;
}

/**
 * The baseline for a tree of the branch: the held one, or the tree's own where another one was committed since. Null
 * when there is none, a reason when it cannot be read.
 */
export async function baselineFor(
  c: SettlementContext,
  tree: Oid,
): Promise<ReadBaseline | string | null> {
  const own = await textsAt(c, tree);
  const one = (await held.peek(c, "")) ?? null;
  if (one === null || !isSameBaseline(own, one.committed)) return parseTexts(own);
  const state = stateOfHeld(one);
  if (state === null || typeof state === "string") return state;
  return { baseline: state.baseline, madeBy: state.madeBy };
}
