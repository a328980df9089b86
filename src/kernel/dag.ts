/** The dependency graph the kernel schedules: names and numbers only, never prompts or paths. */

/** `<section>/<file stem>.<task key>`, e.g. `tasks/main.add-feature`. */
export type UnitId = string;

export type Role = "worker" | "researcher" | "reviewer";

export interface DagUnit {
  id: UnitId;
  role: Role;
  /** Units that must have landed (or be done) first. */
  deps: UnitId[];
  selfReview: boolean;
  /** Clean-context relaunches allowed when an attempt exhausts its turn budget. */
  forksMax: number;
  /** Follow-up attempts of a reviewer that does not approve; 0 for everybody else. */
  fixesMax: number;
}

/** Units in plan order; `deps` name units of the same dag and form no cycle. */
export interface Dag {
  units: DagUnit[];
}
