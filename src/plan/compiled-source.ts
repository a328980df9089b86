/**
 * A compiled file read as its author could have written it, by hand or by the compiler: what
 * `validate FILE` checks. Units have their full ids as keys.
 */

import { joined, type PlanFiles } from "./files.ts";
import type { WrittenPlan, WrittenTask } from "./schema.ts";
import { checkPlan, checkTask, isTable } from "./shape.ts";
import {
  claimsOf,
  type OpenFile,
  type ParsedPlan,
  promptOf,
  type Reader,
  readToml,
  type SourceTask,
  sayer,
} from "./source.ts";

/** Keys a compiler adds, this one's and the original's. */
const compilersPlanKeys = [
  "default_max_retries",
  "project_root",
  "session_root",
  "sop_set_hash",
  "source_mtime_max",
];
const compilersTaskKeys = ["sops", "sops_picked_by"];

/** Reads the compiled plan in `file` (relative to the project root). */
export function parseCompiledPlan(files: PlanFiles, file: string): ParsedPlan {
  const reader: Reader = { files, dir: joined(file, ".."), diagnostics: [] };
  return { source: readPlan(reader, file), diagnostics: reader.diagnostics };
}

function readPlan(reader: Reader, file: string): ParsedPlan["source"] {
  const open = readToml(reader, file);
  if (open === null) return null;
  const say = sayer(reader, open, null);
  const { plan, tasks } = open.value;
  if (!isTable(plan) || !isTable(tasks) || Object.keys(tasks).length === 0) {
    const message = "a compiled plan has a table [plan] and at least one [tasks.<id>]";
    say([isTable(plan) ? "tasks" : "plan"], { code: "not-compiled", message });
    return null;
  }
  const written = { name: "unnamed-plan", ...without(plan, compilersPlanKeys) };
  const { value } = checkPlan(written, (path, finding) => say(["plan", ...path], finding));
  return {
    root: value as Partial<WrittenPlan>,
    rootFile: file,
    rootPlaces: open.places,
    tasks: Object.entries(tasks).flatMap(([id, task]) => readTask(reader, open, id, task)),
  };
}

function readTask(reader: Reader, open: OpenFile, id: string, value: unknown): SourceTask[] {
  const say = sayer(reader, open, id);
  const at = ["tasks", id];
  if (!isTable(value)) {
    say(at, { code: "wrong-type", message: `\`tasks.${id}\` must be a table` });
    return [];
  }
  const checked = checkTask(without(value, compilersTaskKeys), (path, finding) =>
    say([...at, ...path], finding),
  );
  const written = checked.value as Partial<WrittenTask>;
  const { file, places } = open;
  const claims = claimsOf(written.files);
  const text = promptOf(reader, written, file);
  return [
    { id, key: id, prefix: "", file, places, written, broken: checked.broken, claims, ...text },
  ];
}

function without(table: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(table).filter(([key]) => !keys.includes(key)));
}
