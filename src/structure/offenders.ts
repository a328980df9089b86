/** Offenders against the structural limits, and the ones that a change is charged with. Pure. */

import type { ImportIndex } from "../languages/import-index.ts";
import { baseName } from "../languages/source-tree.ts";
import { compareText } from "../std/order.ts";
import { countedFunctions } from "./counted-functions.ts";
import type { SourceFile } from "./graph.ts";
import { type FunctionProblem, functionProblems, limits } from "./limits.ts";
import { isGodFile, isHotspot, type MeasuredTree } from "./metrics.ts";

type OffenderKind =
  | FunctionProblem
  | "cycle"
  | "god_file"
  | "hotspot"
  | "large_file"
  | "hidden_file"
  | "unmeasured_file";

export interface Offender {
  kind: OffenderKind;
  /** The file; for a cycle, its first file by path. */
  path: string;
  /** Qualified name of the function, comma-separated files of the cycle, or "" for a file. */
  name: string;
  /** From 1, both included. */
  line: number;
  endLine: number;
  value: number;
  limit: number;
}

/** Kinds that reject a change. The others are only reported: length alone is not a defect. */
const hardKinds: ReadonlySet<OffenderKind> = new Set([
  "cycle",
  "god_file",
  "complex_function",
  "cognitive_function",
  "hidden_file",
]);

/** True for kinds that reject a change. */
export function isHard({ kind }: { kind: OffenderKind }): boolean {
  return hardKinds.has(kind);
}

const messages: Readonly<Record<OffenderKind, (o: Offender) => string>> = {
  cycle: (o) => `${o.value} files import each other in a cycle: ${o.name}`,
  god_file: (o) => `the file depends on ${o.value} others (limit ${o.limit})`,
  hotspot: (o) => `${o.value} files depend on this unstable file (limit ${o.limit})`,
  large_file: (o) => `the file has ${o.value} lines (limit ${o.limit})`,
  hidden_file: () =>
    "the file was measured before and is excluded now: it is marked as generated or cannot be parsed",
  unmeasured_file: () => "the file is not measured: it is marked as generated or cannot be parsed",
  complex_function: (o) => `${o.name} has a cyclomatic complexity of ${o.value} (limit ${o.limit})`,
  cognitive_function: (o) =>
    `${o.name} has a cognitive complexity of ${o.value} (limit ${o.limit})`,
  long_function: (o) => `${o.name} has ${o.value} lines (limit ${o.limit})`,
  many_parameters: (o) => `${o.name} takes ${o.value} parameters (limit ${o.limit})`,
};

/** Message of an offender, with its value and limit. */
export function offenderText(offender: Offender): string {
  return messages[offender.kind](offender);
}

/** Functions, files and cycles that exceed a limit, sorted by path, line, kind and name. */
export function offendersOf(
  files: readonly SourceFile[],
  measured: MeasuredTree,
  o: { index: ImportIndex; includeTests: boolean },
): Offender[] {
  const counted = files.filter((file) => file.counted);
  const byPath = new Map(counted.map((file) => [file.path, file]));
  const found = [
    ...functionOffenders(counted, o.includeTests),
    ...fileOffenders(byPath, measured),
    ...measured.cycles.map((members) => cycleOffender(members, byPath, o.index)),
  ];
  return found.sort(
    (a, b) =>
      compareText(a.path, b.path) ||
      a.line - b.line ||
      compareText(a.kind, b.kind) ||
      compareText(a.name, b.name),
  );
}

function functionOffenders(files: readonly SourceFile[], includeTests: boolean): Offender[] {
  return countedFunctions(files, includeTests).flatMap((one) => {
    const { path, name, line, endLine } = one;
    return functionProblems(one).map((problem) => ({ ...problem, path, name, line, endLine }));
  });
}

function fileOffenders(
  files: ReadonlyMap<string, SourceFile>,
  { graph, fanIn, fanOut }: MeasuredTree,
): Offender[] {
  return graph.paths.flatMap((path, at) => {
    const endLine = files.get(path)?.metrics.lines ?? 0;
    const [into, out] = [fanIn[at] ?? 0, fanOut[at] ?? 0];
    const place = { path, name: "", line: 1, endLine };
    const found: Offender[] = [];
    if (isGodFile(path, out)) {
      found.push({ ...place, kind: "god_file", value: out, limit: limits.fanOut });
    }
    if (isHotspot(into, out)) {
      found.push({ ...place, kind: "hotspot", value: into, limit: limits.fanIn });
    }
    if (endLine > limits.fileLines) {
      found.push({ ...place, kind: "large_file", value: endLine, limit: limits.fileLines });
    }
    return found;
  });
}

function cycleOffender(
  members: readonly string[],
  files: ReadonlyMap<string, SourceFile>,
  index: ImportIndex,
): Offender {
  const path = members[0] ?? "";
  const inside = new Set(members);
  const entering = files
    .get(path)
    ?.metrics.imports.find((one) => index.resolve(path, one).some((to) => inside.has(to)));
  const line = entering?.line ?? 1;
  const name = members.join(", ");
  return { kind: "cycle", path, name, line, endLine: line, value: members.length, limit: 1 };
}

/** The paths of a change. */
export interface Change {
  /** Files that the change touches, relative to the project. */
  touched: ReadonlySet<string>;
  /** All files after the change. */
  paths: ReadonlySet<string>;
}

/** An offender that a change is charged with, and its value before; null when it is new. */
export type Charge = Offender & { was: number | null };

/**
 * Offenders that are new, or that the change touches and makes worse. Touching an offender without making it
 * worse, improving it, and moving its file are not charged.
 */
export function chargesOf(
  after: readonly Offender[],
  before: readonly Offender[],
  change: Change,
): Charge[] {
  const known = valuesByIdentity(before.filter(({ kind }) => kind !== "cycle"));
  const removed = before.filter(({ path, kind }) => kind !== "cycle" && !change.paths.has(path));
  const cycles = before.filter(({ kind }) => kind === "cycle");
  const charges: Charge[] = [];
  // Overloads share an identity: they are compared in order of value, worst first.
  const worstFirst = [...after].sort((a, b) => b.value - a.value);
  for (const offender of worstFirst) {
    const was =
      offender.kind === "cycle"
        ? cycleBefore(offender, cycles)
        : (known.get(identity(offender))?.shift() ?? valueBeforeMove(offender, removed));
    if (was === null) charges.push({ ...offender, was });
    else if (offender.value > was && isTouched(offender, change))
      charges.push({ ...offender, was });
  }
  return after.flatMap((offender) =>
    charges.filter((charge) => sameOffender(charge, offender)).slice(0, 1),
  );
}

function sameOffender(a: Offender, b: Offender): boolean {
  return a.kind === b.kind && a.path === b.path && a.name === b.name;
}

function identity({ kind, path, name }: Offender): string {
  return [kind, path, plainName(name)].join("\0");
}

/** Name without the `#2` suffixes that number functions of one name. */
function plainName(name: string): string {
  return name.replace(/#\d+(?=\.|$)/g, "");
}

/** Values by identity, worst first. */
function valuesByIdentity(offenders: readonly Offender[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const offender of offenders) {
    const key = identity(offender);
    groups.set(key, [...(groups.get(key) ?? []), offender.value]);
  }
  for (const values of groups.values()) values.sort((a, b) => b - a);
  return groups;
}

/** Size of the largest previous cycle that shares two files with this one; null without one. */
function cycleBefore(cycle: Offender, before: readonly Offender[]): number | null {
  const members = new Set(cycle.name.split(", "));
  const shared = before.filter(
    ({ name }) => name.split(", ").filter((path) => members.has(path)).length > 1,
  );
  return shared.length === 0 ? null : Math.max(...shared.map(({ value }) => value));
}

/**
 * Value of an equally named offender, at least as bad, in a removed file: it was moved; else null. Consumes
 * it.
 */
function valueBeforeMove(offender: Offender, removed: Offender[]): number | null {
  const at = removed.findIndex(
    (one) =>
      one.kind === offender.kind &&
      plainName(one.name) === plainName(offender.name) &&
      one.value >= offender.value &&
      (one.name !== "" || baseName(one.path) === baseName(offender.path)),
  );
  return at === -1 ? null : (removed.splice(at, 1)[0]?.value ?? null);
}

/** True when the change touches a file of the offender. */
function isTouched({ kind, path, name }: Offender, { touched }: Change): boolean {
  return kind === "cycle" ? name.split(", ").some((one) => touched.has(one)) : touched.has(path);
}
