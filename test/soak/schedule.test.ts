import { expect, test } from "bun:test";
import { drawSchedule, kindOf, scheduleText } from "./schedule.ts";

const many = Array.from({ length: 600 }, (_, number) => drawSchedule(7, number));

test("a seed and a number give the same schedule again, and others give others", () => {
  expect(drawSchedule(7, 3)).toEqual(drawSchedule(7, 3));
  expect(new Set(many.map((s) => scheduleText(s).slice(1).join("\n"))).size).toBeGreaterThan(500);
  expect(drawSchedule(8, 3)).not.toEqual(drawSchedule(7, 3));
});

test("every schedule has two to five units in an order that their dependencies allow", () => {
  for (const { units } of many) {
    expect(units.length).toBeGreaterThanOrEqual(2);
    expect(units.length).toBeLessThanOrEqual(5);
    const keys = units.map((unit) => unit.key);
    for (const [at, { dependsOn }] of units.entries()) {
      for (const key of dependsOn) expect(keys.indexOf(key)).toBeLessThan(at);
    }
    const lists = units.filter((unit) => unit.kind === "list");
    for (const [at, { dependsOn }] of lists.entries()) {
      if (at > 0) expect(dependsOn).toContain(lists[at - 1]?.key ?? "");
    }
  }
});

test("every kind of fault is drawn", () => {
  const kinds = new Set(many.flatMap((s) => s.runs.flat().map(({ fault }) => kindOf(fault))));
  for (const kind of [
    ...["kill runner", "kill group", "kill worker", "kill gate"],
    ...["SIGINT", "SIGTERM", "SIGINT twice", "SIGTERM twice"],
    ...["stop runner", "stop worker", "stop gate", "disk", "clock"],
    ...["git fails", "git is_killed", "git is_slow"],
    ...["commit", "amend", "reset_own", "switch", "stash", "rebase", "rebase_stuck"].map(
      (action) => `operator ${action}`,
    ),
    ...["rebase_other", "delete_branch", "delete_target", "dirty", "untracked", "in_the_way"].map(
      (action) => `operator ${action}`,
    ),
    ...["gc", "worktree_prune", "second_run", "cancel", "read"].map(
      (action) => `operator ${action}`,
    ),
  ]) {
    expect(kinds).toContain(kind);
  }
});

test("only a kill of the runner waits for a fault point", () => {
  for (const { moment, fault } of many.flatMap((s) => s.runs.flat())) {
    if (moment.at !== "point") continue;
    expect(["kill runner", "kill group"]).toContain(kindOf(fault));
  }
});
