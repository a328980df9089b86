/** What is looked up in a dag again and again; built once per dag, which never changes. */
import { assert, present } from "../std/assert.ts";
import type { Dag, DagUnit, UnitId } from "./dag.ts";

export interface DagIndex {
  byId: ReadonlyMap<UnitId, DagUnit>;
  /** Units that land, each after everything it depends on, else as the plan has them. */
  landingOrder: readonly UnitId[];
}

const indexes = new WeakMap<Dag, DagIndex>();

/** The index of a dag. A duplicate id, an unknown dependency or a cycle is a bug of the compiler. */
export function indexOf(dag: Dag): DagIndex {
  let index = indexes.get(dag);
  if (index === undefined) {
    const byId = new Map(dag.units.map((unit) => [unit.id, unit]));
    assert(byId.size === dag.units.length, "every unit has an id of its own");
    index = { byId, landingOrder: landingOrderOf(dag, byId) };
    indexes.set(dag, index);
  }
  return index;
}

/** Depth first in plan order, without recursion: a chain may be 10,000 units long. */
function landingOrderOf(dag: Dag, byId: ReadonlyMap<UnitId, DagUnit>): UnitId[] {
  const order: UnitId[] = [];
  const seen = new Map<UnitId, "open" | "placed">();
  for (const root of dag.units) {
    const path = [{ unit: root, next: 0 }];
    for (let at = path.at(-1); at !== undefined; at = path.at(-1)) {
      const { unit } = at;
      if (seen.get(unit.id) === "placed") {
        path.pop();
        continue;
      }
      seen.set(unit.id, "open");
      const dep = unit.deps[at.next++];
      if (dep === undefined) {
        seen.set(unit.id, "placed");
        if (unit.role === "worker" || unit.fixesMax > 0) order.push(unit.id);
        path.pop();
      } else {
        const needed = present(byId.get(dep), `${unit.id} depends on ${dep}, which the dag lacks`);
        assert(seen.get(dep) !== "open", `${dep} depends on itself`);
        if (!seen.has(dep)) path.push({ unit: needed, next: 0 });
      }
    }
  }
  return order;
}
