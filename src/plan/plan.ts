/** A parsed plan with its references resolved: what the rules look at. Pure. */
import type { Diagnostic } from "../error.ts";
import { suggest } from "../std/suggest.ts";
import type { Graph } from "./order.ts";
import { diagnosticAt, type PlanSource, type SourceTask } from "./source.ts";

export interface PlanTask extends SourceTask {
  role: "worker" | "researcher" | "reviewer";
  /** Full ids, duplicates taken out. */
  deps: string[];
}

export interface Plan {
  source: PlanSource;
  /** In plan order: sections as listed, files and keys by code unit. */
  tasks: PlanTask[];
  byId: ReadonlyMap<string, PlanTask>;
  graph: Graph;
}

/** Resolves every `depends_on`; unknown ones are reported and left out. */
export function resolveReferences(source: PlanSource): { plan: Plan; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const ids = new Set(source.tasks.map((task) => task.id));
  const keysElsewhere = new Map<string, string[]>();
  for (const { id, key } of source.tasks) {
    const list = keysElsewhere.get(key) ?? [];
    list.push(id);
    keysElsewhere.set(key, list);
  }
  const tasks = source.tasks.map((task): PlanTask => {
    const deps: string[] = [];
    for (const reference of task.written.depends_on ?? []) {
      const id = reference.includes("/") ? reference : task.prefix + reference;
      if (id === task.id) {
        diagnostics.push(
          at(
            source,
            task,
            "depends_on",
            "self-dependency",
            `\`${reference}\` is the task itself`,
            null,
          ),
        );
      } else if (ids.has(id)) deps.push(id);
      else {
        const hint = hintFor(reference, task, ids, keysElsewhere);
        diagnostics.push(
          at(
            source,
            task,
            "depends_on",
            "unknown-dependency",
            `depends on \`${reference}\`, which does not exist`,
            hint,
          ),
        );
      }
    }
    return { ...task, role: task.written.role ?? "worker", deps: [...new Set(deps)] };
  });
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const graph = { ids: tasks.map((t) => t.id), deps: new Map(tasks.map((t) => [t.id, t.deps])) };
  return { plan: { source, tasks, byId, graph }, diagnostics };
}

function hintFor(
  reference: string,
  task: SourceTask,
  ids: ReadonlySet<string>,
  elsewhere: ReadonlyMap<string, readonly string[]>,
): string | null {
  if (reference.includes("/")) {
    const near = suggest(reference, ids);
    return near === null ? null : `did you mean ${near}?`;
  }
  const here = [...ids]
    .filter((id) => id.startsWith(task.prefix))
    .map((id) => id.slice(task.prefix.length));
  const near = suggest(
    reference,
    here.filter((key) => key !== task.key),
  );
  if (near !== null) return `did you mean ${near}?`;
  const [only, another] = elsewhere.get(reference) ?? [];
  if (only !== undefined && another === undefined) return `did you mean ${only}?`;
  return "a bare name is a task of the same file; others need their full id";
}

/** A diagnostic about a key of a task. */
export function at(
  source: PlanSource,
  task: SourceTask,
  key: string | string[],
  code: string,
  message: string,
  hint: string | null,
  severity: Diagnostic["severity"] = "error",
): Diagnostic {
  const path = ["tasks", task.key, ...[key].flat()];
  const { id: unit, file } = task;
  return diagnosticAt(source.texts.get(file) ?? "", {
    severity,
    code,
    file,
    unit,
    message,
    hint,
    path,
  });
}
