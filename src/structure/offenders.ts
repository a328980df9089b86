/** What breaks a limit, and which of it a change is charged with. Pure. */

import type { ImportIndex } from "../languages/import-index.ts";
import { compareText } from "../std/order.ts";
import { countedFunctions } from "./dead-code.ts";
import type { SourceFile } from "./graph.ts";
import { type FunctionProblem, functionProblems, limits } from "./limits.ts";
import { isHotspot, type MeasuredTree } from "./metrics.ts";

export type OffenderKind =
  | FunctionProblem
  | "cycle"
  | "god_file"
  | "hotspot"
  | "large_file"
  | "hidden_file"
  | "unmeasured_file";

export interface Offender {
  kind: OffenderKind;
  /** The file; of a cycle the first by name. */
  path: string;
  /** The function's qualified name, the files of a cycle, "" for a file. */
  name: string;
  /** From 1, both included. */
  line: number;
  endLine: number;
  value: number;
  limit: number;
}

/** Kinds a change is rejected for. The others are told, since length alone is no fault. */
const hard: ReadonlySet<OffenderKind> = new Set([
  "cycle",
  "god_file",
  "complex_function",
  "cognitive_function",
  "hidden_file",
]);

/** Whether a charge of this kind rejects a change. */
export function isHard({ kind }: { kind: OffenderKind }): boolean {
  return hard.has(kind);
}

const texts: Readonly<Record<OffenderKind, (o: Offender) => string>> = {
  cycle: (o) => `${o.value} files import each other in a circle: ${o.name}`,
  god_file: (o) => `the file depends on ${o.value} others, ${o.limit} are allowed`,
  hotspot: (o) =>
    `${o.value} files depend on this one, which is not stable; ${o.limit} are allowed`,
  large_file: (o) => `the file has ${o.value} lines, ${o.limit} are allowed`,
  hidden_file: () =>
    "the file was measured before, and is not any more: it says that it is generated, or cannot be read",
  unmeasured_file: () =>
    "the file is not measured: it says that it is generated, or cannot be read",
  complex_function: (o) =>
    `${o.name} has a cyclomatic complexity of ${o.value}, ${o.limit} is allowed`,
  cognitive_function: (o) =>
    `${o.name} has a cognitive complexity of ${o.value}, ${o.limit} is allowed`,
  long_function: (o) => `${o.name} has ${o.value} lines, ${o.limit} are allowed`,
  many_parameters: (o) => `${o.name} takes ${o.value} parameters, ${o.limit} are allowed`,
};

/** An offender in a sentence, with its figure and its limit. */
export function offenderText(offender: Offender): string {
  return texts[offender.kind](offender);
}

/** Everything that breaks a limit, by path and line. */
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
    if (out > limits.fanOut) {
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
  const into = files
    .get(path)
    ?.metrics.imports.find((one) => index.resolve(path, one).some((to) => inside.has(to)));
  const line = into?.line ?? 1;
  const name = members.join(", ");
  return { kind: "cycle", path, name, line, endLine: line, value: members.length, limit: 1 };
}

/** What a change did, as far as charging goes. */
export interface Change {
  /** Files it touched, relative to the project. */
  touched: ReadonlySet<string>;
  /** Files there are after it. */
  paths: ReadonlySet<string>;
}

/** An offender a change is charged with, and its figure before; null when it is new. */
export type Charge = Offender & { was: number | null };

/**
 * Offenders that are absent at the base, or that the change touched and made worse. Touching one
 * without making it worse is free, improving it too, and so is moving its file.
 */
export function chargesOf(
  after: readonly Offender[],
  before: readonly Offender[],
  change: Change,
): Charge[] {
  const known = groupsOf(before.filter(({ kind }) => kind !== "cycle"));
  const gone = before.filter(({ path, kind }) => kind !== "cycle" && !change.paths.has(path));
  const cycles = before.filter(({ kind }) => kind === "cycle");
  const charges: Charge[] = [];
  // Overloads share a name: the worst is compared with the worst.
  const worstFirst = [...after].sort((a, b) => b.value - a.value);
  for (const offender of worstFirst) {
    const was =
      offender.kind === "cycle"
        ? cycleBefore(offender, cycles)
        : (known.get(identity(offender))?.shift() ?? movedHere(offender, gone));
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

function plainName(name: string): string {
  return name.replace(/#\d+(?=\.|$)/g, "");
}

/** Figures by identity, worst first. */
function groupsOf(offenders: readonly Offender[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const offender of offenders) {
    const key = identity(offender);
    groups.set(key, [...(groups.get(key) ?? []), offender.value]);
  }
  for (const values of groups.values()) values.sort((a, b) => b - a);
  return groups;
}

/** The figure of the largest cycle before that has two files of this one; null when none has. */
function cycleBefore(cycle: Offender, before: readonly Offender[]): number | null {
  const members = new Set(cycle.name.split(", "));
  const shared = before.filter(
    ({ name }) => name.split(", ").filter((path) => members.has(path)).length > 1,
  );
  return shared.length === 0 ? null : Math.max(...shared.map(({ value }) => value));
}

/** The figure of the same offender in a file that is gone, at least as bad: it was moved. */
function movedHere(offender: Offender, gone: Offender[]): number | null {
  const at = gone.findIndex(
    (one) =>
      one.kind === offender.kind &&
      plainName(one.name) === plainName(offender.name) &&
      one.value >= offender.value &&
      (one.name !== "" || baseName(one.path) === baseName(offender.path)),
  );
  return at === -1 ? null : (gone.splice(at, 1)[0]?.value ?? null);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A function's figure cannot change while its lines do not, so the file tells enough. */
function isTouched({ kind, path, name }: Offender, { touched }: Change): boolean {
  return kind === "cycle" ? name.split(", ").some((one) => touched.has(one)) : touched.has(path);
}
