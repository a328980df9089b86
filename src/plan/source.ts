/**
 * A plan tree read and parsed: what its author wrote, each thing with the place it came from.
 *
 * Problems are collected, never thrown. A key of the wrong shape is reported and then treated as if
 * it were not there, so that one mistake does not hide the others.
 */
import { isAbsolute } from "node:path/posix";
import { parseToml } from "../config/toml.ts";
import { type TomlPositions, tomlPositions } from "../config/toml-positions.ts";
import type { Diagnostic } from "../error.ts";
import { suggest } from "../std/suggest.ts";
import type { Claims } from "./compiled.ts";
import { diagnosticAt, didYouMean, type Problem } from "./diagnostic.ts";
import { type FolderEntry, joinPath, type PlanFiles } from "./plan-files.ts";
import type { WrittenPlan, WrittenTask } from "./schema.ts";
import {
  checkPlanTable,
  checkTaskTable,
  isTable,
  type ReportProblem,
  reportUnknownKey,
} from "./validate-schema.ts";

export interface SourceTask {
  /** Full unit id. */
  id: string;
  key: string;
  /** `<section>/<stem>.`: what a bare reference is completed with. */
  prefix: string;
  file: string;
  places: TomlPositions;
  written: Partial<WrittenTask>;
  /** Keys that were reported; rules do not call them missing. */
  broken: ReadonlySet<string>;
  claims: Claims;
  /** The task's own text; null when there is none or the file cannot be read. */
  prompt: string | null;
  /** Why `prompt_file` cannot be read, completing "`x` ...". */
  promptProblem: string | null;
}

export interface PlanSource {
  root: Partial<WrittenPlan>;
  rootFile: string;
  rootPlaces: TomlPositions;
  /** In plan order: sections as listed, files and keys by code unit. */
  tasks: SourceTask[];
}

export interface ParsedPlan {
  /** Null when `_root.toml` cannot be read. */
  source: PlanSource | null;
  diagnostics: Diagnostic[];
}

const keyPattern = /^[A-Za-z0-9_-]+$/;
const nameCharsMax = 100;

/** Reads the plan in `dir` (relative to the project root). */
export function parsePlan(files: PlanFiles, dir: string): ParsedPlan {
  const diagnostics: Diagnostic[] = [];
  const reader: Reader = { files, dir, diagnostics };
  return { source: readPlan(reader), diagnostics };
}

export interface Reader {
  files: PlanFiles;
  dir: string;
  diagnostics: Diagnostic[];
}

export interface OpenFile {
  file: string;
  places: TomlPositions;
  value: Record<string, unknown>;
}

function readPlan(reader: Reader): PlanSource | null {
  const open = readToml(reader, joinPath(reader.dir, "_root.toml"));
  if (open === null) return null;
  const say = problemReporter(reader, open, null);
  for (const key of Object.keys(open.value))
    if (key !== "plan") reportUnknownKey(key, ["plan"], say);
  const plan = open.value["plan"];
  if (!isTable(plan)) {
    const message = plan === undefined ? "there is no table [plan]" : "`plan` must be a table";
    say(["plan"], { code: "missing-plan", message, hint: "dgov init-plan NAME writes one" });
    return null;
  }
  const { value, broken } = checkPlanTable(plan, (path, finding) =>
    say(["plan", ...path], finding),
  );
  const root = value as Partial<WrittenPlan>;
  const problem = root.name === undefined ? null : nameProblem(root.name);
  if (problem !== null) {
    say(["plan", "name"], { code: "bad-name", message: `the plan's name ${problem}` });
  }
  const sections = [...new Set(root.sections ?? [])];
  const tasks = sections.flatMap((section) => readSection(reader, open, section));
  if (tasks.length === 0 && reader.diagnostics.length === 0 && !broken.has("sections")) {
    const message = `the plan has no units: ${whyEmpty(reader, sections)}`;
    say(["plan", "sections"], { code: "no-units", message });
  }
  return { root, rootFile: open.file, rootPlaces: open.places, tasks };
}

/** What is wrong with a plan's name, completing "the name ...", or null. */
export function nameProblem(name: string): string | null {
  if (name.trim() === "") return "is blank";
  if (name.length > nameCharsMax) return `is longer than ${nameCharsMax} characters`;
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) return "contains a control character";
  if (/[/\\]/.test(name)) return `contains a slash: \`${name}\``;
  if (/^[.-]/.test(name)) return `begins with \`${name[0]}\`: \`${name}\``;
  return name === name.trim() ? null : "begins or ends with a space";
}

function readSection(reader: Reader, root: OpenFile, section: string): SourceTask[] {
  const say = problemReporter(reader, root, null);
  const at = ["plan", "sections"];
  if (!keyPattern.test(section)) {
    const message = `\`${section}\` is not a section name`;
    const hint = "a section is one folder, named with letters, digits, `_` and `-`";
    say(at, { code: "bad-section", message, hint }, section);
    return [];
  }
  const folder = joinPath(reader.dir, section);
  const entries = reader.files.list(folder);
  if (entries === null) {
    const folders = (reader.files.list(reader.dir) ?? []).filter((entry) => entry.folder);
    const near = suggest(
      section,
      folders.map((entry) => entry.name),
    );
    const message = `the section \`${section}\` has no folder ${folder}`;
    const hint = didYouMean(near, "make the folder, or take the section out of `sections`");
    say(at, { code: "missing-section", message, hint }, section);
    return [];
  }
  return entries
    .filter((entry) => !entry.folder && isTaskFile(entry.name))
    .flatMap(({ name }) =>
      readTasks(reader, joinPath(folder, name), `${section}/${name.slice(0, -5)}.`),
    );
}

function isTaskFile(name: string): boolean {
  return name.endsWith(".toml") && name !== ".toml" && !/^[._]/.test(name);
}

function readTasks(reader: Reader, file: string, prefix: string): SourceTask[] {
  const open = readToml(reader, file);
  if (open === null) return [];
  const say = problemReporter(reader, open, null);
  for (const key of Object.keys(open.value)) {
    if (key !== "tasks") reportUnknownKey(key, ["tasks"], say);
  }
  const tasks = open.value["tasks"];
  if (tasks === undefined) return [];
  if (!isTable(tasks)) {
    const message = "`tasks` must hold one table for each task, [tasks.<key>]";
    say(["tasks"], { code: "wrong-type", message });
    return [];
  }
  return Object.keys(tasks)
    .sort()
    .flatMap((key) => readTask(reader, open, { prefix, key, value: tasks[key] }));
}

function readTask(
  reader: Reader,
  open: OpenFile,
  of: { prefix: string; key: string; value: unknown },
): SourceTask[] {
  const { prefix, key, value } = of;
  const id = prefix + key;
  const say = problemReporter(reader, open, id);
  const at = ["tasks", key];
  if (!keyPattern.test(key)) {
    const hint = "letters, digits, `_` and `-`";
    say(at, { code: "bad-key", message: `\`${key}\` is not a task key`, hint });
    return [];
  }
  if (!isTable(value)) {
    say(at, { code: "wrong-type", message: `\`tasks.${key}\` must be a table` });
    return [];
  }
  const checked = checkTaskTable(value, (path, finding) => say([...at, ...path], finding));
  const written = checked.value as Partial<WrittenTask>;
  const { file, places } = open;
  const claims = writtenClaims(written.files);
  const text = readPrompt(reader, written, file);
  return [{ id, key, prefix, file, places, written, broken: checked.broken, claims, ...text }];
}

export function writtenClaims(files: WrittenTask["files"]): Claims {
  const empty = { create: [], edit: [], delete: [], touch: [], read: [] };
  if (files === undefined) return empty;
  return Array.isArray(files) ? { ...empty, touch: files } : { ...empty, ...files };
}

/** A task's own text: its `prompt`, or its `prompt_file`, looked for beside `file` and then in the plan's folder. */
export function readPrompt(
  reader: Reader,
  task: Partial<WrittenTask>,
  file: string,
): Pick<SourceTask, "prompt" | "promptProblem"> {
  if (!task.prompt_file) return { prompt: task.prompt ?? null, promptProblem: null };
  if (isAbsolute(task.prompt_file)) return { prompt: null, promptProblem: "is absolute" };
  const beside = reader.files.read(joinPath(file, "..", task.prompt_file));
  if (beside.ok) return { prompt: beside.text, promptProblem: null };
  // Plans of the original name prompt files from the plan's own folder.
  const inPlan = reader.files.read(joinPath(reader.dir, task.prompt_file));
  return inPlan.ok
    ? { prompt: inPlan.text, promptProblem: null }
    : { prompt: null, promptProblem: beside.problem };
}

export function readToml(reader: Reader, file: string): OpenFile | null {
  const read = reader.files.read(file);
  if (!read.ok) {
    const where = { file, unit: null, places: null, path: [] };
    reader.diagnostics.push(
      diagnosticAt(where, { code: "unreadable-file", message: `${file} ${read.problem}` }),
    );
    return null;
  }
  const text = read.text.replace(/^\uFEFF/, "");
  const parsed = parseToml(text);
  if (parsed.ok) return { file, places: tomlPositions(text), value: parsed.value };
  const { line, column, message } = parsed;
  reader.diagnostics.push({
    severity: "error",
    code: "toml-syntax",
    file,
    line,
    column,
    unit: null,
    message: `this is not TOML: ${message}`,
    hint: null,
    excerpt: text.split(/\r?\n/)[line - 1] ?? null,
  });
  return null;
}

export function problemReporter(
  reader: Reader,
  open: OpenFile,
  unit: string | null,
): ReportProblem {
  const { file, places } = open;
  return (path, finding: Problem, text) => {
    reader.diagnostics.push(diagnosticAt({ file, unit, places, path, text }, finding));
  };
}

/** Why a plan has no units: the first of these that applies. */
function whyEmpty(reader: Reader, sections: readonly string[]): string {
  const list = (dir: string): FolderEntry[] => reader.files.list(dir) ?? [];
  const undeclared = list(reader.dir)
    .filter(({ name, folder }) => folder && name !== "archive" && !sections.includes(name))
    .flatMap(({ name }) =>
      list(joinPath(reader.dir, name)).map((entry) => ({
        ...entry,
        name: `${name}/${entry.name}`,
        own: entry.name,
      })),
    )
    .filter(({ folder, own }) => !folder && isTaskFile(own));
  if (undeclared.length > 0) {
    return `${listNames(undeclared)} lie in folders that \`sections\` does not list`;
  }
  if (sections.length === 0) return "`sections` is empty";
  const entries = sections.flatMap((section) =>
    list(joinPath(reader.dir, section)).map((entry) => ({
      ...entry,
      name: `${section}/${entry.name}`,
      own: entry.name,
    })),
  );
  const files = entries.filter(({ folder }) => !folder);
  const readable = files.filter(({ own }) => isTaskFile(own));
  if (readable.length > 0) return `${listNames(readable)} hold no table [tasks.<key>]`;
  if (files.length > 0) {
    return `${listNames(files)} are ignored; task files end in .toml and do not begin with \`_\` or \`.\``;
  }
  const deep = entries.filter(
    ({ folder, name }) => folder && list(joinPath(reader.dir, name)).length > 0,
  );
  if (deep.length > 0)
    return `${listNames(deep)} lie too deep; task files stand directly in a section`;
  return "its sections hold no files";
}

function listNames(entries: readonly { name: string }[]): string {
  const shown = entries.slice(0, 5).map(({ name }) => name);
  const more = entries.length - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

// ------------------------------------------------------------
//  * A compiled file read as its author could have written it, by hand or by the compiler: what
// `validate FILE` checks. Units have their full ids as keys.

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
  const reader: Reader = { files, dir: joinPath(file, ".."), diagnostics: [] };
  return { source: readCompiledPlan(reader, file), diagnostics: reader.diagnostics };
}

function readCompiledPlan(reader: Reader, file: string): ParsedPlan["source"] {
  const open = readToml(reader, file);
  if (open === null) return null;
  const say = problemReporter(reader, open, null);
  const { plan, tasks } = open.value;
  if (!isTable(plan) || !isTable(tasks) || Object.keys(tasks).length === 0) {
    const message = "a compiled plan has a table [plan] and at least one [tasks.<id>]";
    say([isTable(plan) ? "tasks" : "plan"], { code: "not-compiled", message });
    return null;
  }
  const written = { name: "unnamed-plan", ...without(plan, compilersPlanKeys) };
  const { value } = checkPlanTable(written, (path, finding) => say(["plan", ...path], finding));
  return {
    root: value as Partial<WrittenPlan>,
    rootFile: file,
    rootPlaces: open.places,
    tasks: Object.entries(tasks).flatMap(([id, task]) => readCompiledTask(reader, open, id, task)),
  };
}

function readCompiledTask(
  reader: Reader,
  open: OpenFile,
  id: string,
  value: unknown,
): SourceTask[] {
  const say = problemReporter(reader, open, id);
  const at = ["tasks", id];
  if (!isTable(value)) {
    say(at, { code: "wrong-type", message: `\`tasks.${id}\` must be a table` });
    return [];
  }
  const checked = checkTaskTable(without(value, compilersTaskKeys), (path, finding) =>
    say([...at, ...path], finding),
  );
  const written = checked.value as Partial<WrittenTask>;
  const { file, places } = open;
  const claims = writtenClaims(written.files);
  const text = readPrompt(reader, written, file);
  return [
    { id, key: id, prefix: "", file, places, written, broken: checked.broken, claims, ...text },
  ];
}

function without(table: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(table).filter(([key]) => !keys.includes(key)));
}
