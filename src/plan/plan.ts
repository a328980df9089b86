/** A plan with resolved references, parsed claims and a computed order; the input of the rules. Pure. */
import { type Claim, parseClaim } from "../claims/path.ts";
import type { Diagnostic } from "../error.ts";
import type { Role } from "../kernel/dag.ts";
import { didYouMean, suggest } from "../std/suggest.ts";
import type { Claims } from "./compiled.ts";
import {
  type Edges,
  type Order,
  type Precedence,
  precedenceOf,
  topologicalOrder,
} from "./dependency-order.ts";
import { diagnosticAt, type Problem } from "./diagnostic.ts";
import { taskKeys } from "./plan-keys.ts";
import type { PlanSource, SourceTask } from "./source.ts";

export type ClaimKind = keyof Claims;

export const writeKinds = ["create", "edit", "delete", "touch"] as const satisfies ClaimKind[];
export const claimKinds = [...writeKinds, "read"] as const;

export interface PlanClaim {
  kind: ClaimKind;
  /** As written in the file. */
  text: string;
  claim: Claim;
}

export interface PlanTask extends SourceTask {
  /** Position in `Plan.tasks`. */
  index: number;
  role: Role;
  /** Full ids without duplicates, in the order of the file. */
  dependsOn: string[];
  /** The valid claims. */
  parsed: PlanClaim[];
}

export interface Plan {
  source: PlanSource;
  /** In plan order: sections as listed, files and keys by code unit. */
  tasks: PlanTask[];
  edges: Edges;
  order: Order;
  /** Null when the dependencies have a cycle. */
  precedence: Precedence | null;
}

/** Resolves references and parses claims. Invalid ones are reported and left out. */
export function buildPlan(source: PlanSource): { plan: Plan; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const names = namesOf(source.tasks);
  const tasks = source.tasks.map((task, index): PlanTask => {
    const dependsOn = resolveReferences(task, names, diagnostics);
    const role = task.written.role ?? taskKeys.role.default;
    const parsed = parseAll(task, role, diagnostics);
    return { ...task, index, role, dependsOn, parsed };
  });
  const edges = tasks.map((task) =>
    task.dependsOn.map((id) => names.indexOf.get(id) ?? task.index),
  );
  const order = topologicalOrder(edges);
  const precedence = order.cycles.length === 0 ? precedenceOf(edges, order.order) : null;
  return { plan: { source, tasks, edges, order, precedence }, diagnostics };
}

/** A diagnostic about a key of a task, or about the part `text` of its value. */
export function taskDiagnostic(
  task: SourceTask,
  key: string | readonly string[],
  problem: Problem,
  text?: string,
): Diagnostic {
  const { file, id: unit, positions } = task;
  const path = ["tasks", task.key, ...[key].flat()];
  return diagnosticAt({ file, unit, positions, path, text }, problem);
}

/** A diagnostic about one claim of a task. */
export function claimDiagnostic(
  task: SourceTask,
  of: { kind: ClaimKind; text: string },
  problem: Problem,
): Diagnostic {
  return taskDiagnostic(task, ["files", of.kind], problem, of.text);
}

interface Names {
  indexOf: ReadonlyMap<string, number>;
  /** Keys of the tasks of each file, by prefix. */
  byFile: ReadonlyMap<string, string[]>;
  /** Full ids by key. */
  byKey: ReadonlyMap<string, string[]>;
}

function namesOf(tasks: readonly SourceTask[]): Names {
  const byFile = new Map<string, string[]>();
  const byKey = new Map<string, string[]>();
  const add = (map: Map<string, string[]>, key: string, value: string): void => {
    const list = map.get(key);
    if (list === undefined) map.set(key, [value]);
    else list.push(value);
  };
  for (const { id, key, prefix } of tasks) {
    add(byFile, prefix, key);
    add(byKey, key, id);
  }
  return { indexOf: new Map(tasks.map(({ id }, index) => [id, index])), byFile, byKey };
}

/** Maximum number of suggestions per plan; each takes time proportional to the size of the plan. */
const hintsMax = 100;

function resolveReferences(task: SourceTask, names: Names, found: Diagnostic[]): string[] {
  const ids = new Set<string>();
  for (const reference of task.written.depends_on ?? []) {
    const id = reference.includes("/") ? reference : task.prefix + reference;
    const report = (problem: Problem): void => {
      found.push(taskDiagnostic(task, "depends_on", problem, reference));
    };
    if (id === task.id) report({ code: "self-dependency", message: "the task depends on itself" });
    else if (names.indexOf.has(id)) ids.add(id);
    else {
      const message = `\`depends_on\` names the task \`${reference}\`, which does not exist`;
      const hint = found.length < hintsMax ? hintFor(reference, task, names) : null;
      report({ code: "unknown-dependency", message, hint });
    }
  }
  return [...ids];
}

function hintFor(reference: string, task: SourceTask, names: Names): string {
  if (reference.includes("/")) {
    return didYouMean(
      suggest(reference, names.indexOf.keys()),
      "list the units with dgov compile --graph",
    );
  }
  const here = (names.byFile.get(task.prefix) ?? []).filter((key) => key !== task.key);
  const elsewhere = names.byKey.get(reference) ?? [];
  const whole = [...names.indexOf.keys()].filter((id) => id.endsWith(`/${reference}`));
  const [only, another] = [...elsewhere, ...whole];
  const near = suggest(reference, here) ?? (another === undefined ? only : undefined) ?? null;
  return didYouMean(
    near,
    "a name without `/` refers to a task of the same file; other tasks need their full id",
  );
}

/** The valid claims of a task. For read-only roles every claim is a read claim. */
function parseAll(task: SourceTask, role: Role, found: Diagnostic[]): PlanClaim[] {
  return claimKinds.flatMap((kind) =>
    task.claims[kind].flatMap((text): PlanClaim[] => {
      const parsed = parseClaim(text);
      const granted = role === "worker" ? kind : "read";
      if (parsed.ok) return [{ kind: granted, text, claim: parsed.claim }];
      const message = `${text === "" ? "a claim" : `the claim \`${text}\``} ${parsed.problem}`;
      found.push(claimDiagnostic(task, { kind, text }, { code: "bad-claim", message }));
      return [];
    }),
  );
}
