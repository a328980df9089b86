/** The dependency graph the kernel schedules: names and numbers only, never prompts or paths. */
import { assert, present } from "../std/assert.ts";

/** `<section>/<file stem>.<task key>`, e.g. `tasks/main.add-feature`. */
export type UnitId = string;

export type Role = "worker" | "researcher" | "reviewer";

export interface DagUnit {
  id: UnitId;
  role: Role;
  /** Units that must be landed or done first. */
  deps: UnitId[];
  selfReview: boolean;
  /** Relaunches with an empty context, allowed when an attempt exhausts its turns. */
  forksMax: number;
  /** Fix attempts allowed after a reviewer disapproves; 0 for other roles. */
  fixesMax: number;
}

/** Units in plan order; `deps` name units of the same dag and form no cycle. */
export interface Dag {
  units: DagUnit[];
}

/** Lookups of a dag; a dag never changes. */
export interface DagIndex {
  byId: ReadonlyMap<UnitId, DagUnit>;
  /** Units that may land, dependencies first, otherwise in plan order. */
  landingOrder: readonly UnitId[];
}

const indexes = new WeakMap<Dag, DagIndex>();

/**
 * The lookups of a dag, computed once per dag. Throws INTERNAL on a duplicate id, an unknown dependency
 * or a cycle: the compiler excludes them.
 */
export function dagIndex(dag: Dag): DagIndex {
  let index = indexes.get(dag);
  if (index === undefined) {
    const byId = new Map(dag.units.map((unit) => [unit.id, unit]));
    assert(byId.size === dag.units.length, "unit ids are unique");
    index = { byId, landingOrder: landingOrderOf(dag, byId) };
    indexes.set(dag, index);
  }
  return index;
}

/** Depth-first topological order. Iterative, because a chain may be 10,000 units long. */
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
        const needed = present(byId.get(dep), `the dag has ${dep}, a dependency of ${unit.id}`);
        assert(seen.get(dep) !== "open", `${dep} does not depend on itself`);
        if (!seen.has(dep)) path.push({ unit: needed, next: 0 });
      }
    }
  }
  return order;
}
