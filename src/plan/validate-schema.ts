/** Validation of the tables of plan files. Every invalid key is reported once and left out of the result. */
import type { Keys } from "../config/keys.ts";
import { isTable, keyProblems } from "../config/schema.ts";
import { didYouMean, suggest } from "../std/suggest.ts";
import type { Problem } from "./diagnostic.ts";
import { planTableKeys, taskKeys, type WrittenPlan, type WrittenTask } from "./plan-keys.ts";

/** Reports a problem of a key of the table; `text` is the part of the value that it concerns. */
export type ReportProblem = (path: readonly string[], problem: Problem, text?: string) => void;

interface CheckedTable<Table> {
  /** The table without the keys that were reported. */
  value: Table;
  /** Keys of the table that were reported, or that contain one that was. */
  broken: Set<string>;
}

/** Validates the table `[plan]`. */
export function checkPlanTable(
  value: Record<string, unknown>,
  report: ReportProblem,
): CheckedTable<WrittenPlan> {
  return checkTable(planTableKeys, value, report);
}

/** Validates one table `[tasks.<key>]`. */
export function checkTaskTable(
  value: Record<string, unknown>,
  report: ReportProblem,
): CheckedTable<WrittenTask> {
  return checkTable(taskKeys, value, report);
}

function checkTable<Table>(
  keys: Keys,
  table: Record<string, unknown>,
  report: ReportProblem,
): CheckedTable<Table> {
  let value = table;
  const broken = new Set<string>();
  for (const { path, ...problem } of keyProblems(keys, table)) {
    report(path, problem);
    value = without(value, path);
    broken.add(path[0] ?? "");
  }
  // The remaining keys are valid, and `Table` has only optional keys.
  return { value: value as Table, broken };
}

function without(table: Record<string, unknown>, [name = "", ...below]: string[]) {
  const copy = { ...table };
  const inner = copy[name];
  if (below.length > 0 && isTable(inner)) copy[name] = without(inner, below);
  else delete copy[name];
  return copy;
}

/** Reports a table of a plan file that has no definition. */
export function reportUnknownKey(
  key: string,
  known: readonly string[],
  report: ReportProblem,
): void {
  const hint = didYouMean(suggest(key, known), `known keys: ${known.join(", ")}`);
  report([key], { code: "unknown-key", message: `unknown key \`${key}\``, hint });
}
