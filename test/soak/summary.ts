/** Counts over the results of many schedules. Pure. */
import type { Reached } from "./play.ts";
import type { Fate } from "./schedule.ts";

export interface Result {
  seed: number;
  number: number;
  schedule: string[];
  violations: { rule: string; text: string }[];
  reached: Reached[];
  /** Role and exit code or signal of each command. */
  exits: string[];
  fates: Fate[];
  continued: number;
  /** Folder with the repository, when it was kept. */
  kept: string | null;
  ms: number;
  stderr?: string[];
}

/** The lines of a summary. */
export function summaryText(results: readonly Result[], seconds: number): string[] {
  const reached = results.flatMap((r) => r.reached);
  const done = reached.filter((r) => r.end === "done");
  const violations = results.flatMap((r) => r.violations);
  const times = results.map((r) => r.ms).sort((a, b) => a - b);
  const median = ((times[Math.floor(times.length / 2)] ?? 0) / 1000).toFixed(1);
  return [
    "",
    `${results.length} schedules in ${seconds.toFixed(0)} s (median ${median} s each)`,
    `faults: ${done.length} done, ${reached.length - done.length} missed or refused`,
    ...table(countBy(done.map((r) => r.kind))),
    "last event when a fault was done:",
    ...table(countBy(done.map((r) => r.after ?? "none"))),
    "ends of runs:",
    ...table(countBy(results.flatMap((r) => r.exits.filter((exit) => exit.startsWith("run "))))),
    "runs without faults until the end:",
    ...table(countBy(results.map((r) => String(r.continued)))),
    `violations: ${violations.length}`,
    ...table(countBy(violations.map((v) => v.rule))),
    `${results.filter((r) => r.violations.length === 0).length} pass`,
    `${results.filter((r) => r.violations.length > 0).length} fail`,
  ];
}

function countBy(names: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

function table(counts: readonly [string, number][]): string[] {
  return counts.map(([name, count]) => `  ${String(count).padStart(5)}  ${name}`);
}
