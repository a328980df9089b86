/**
 * A plan as its author wrote it: the files of a plan folder, or one compiled file, parsed and validated
 * key by key, with the position of every key.
 *
 * Problems are collected as diagnostics. An invalid key is reported and then left out, so that one
 * mistake does not hide others.
 */
import { isAbsolute } from "node:path/posix";
import { isTable } from "../config/schema.ts";
import { parseToml } from "../config/toml.ts";
import { type TomlPositions, tomlPositions } from "../config/toml-positions.ts";
import type { Diagnostic } from "../error.ts";
import { didYouMean, suggest } from "../std/suggest.ts";
import { listed } from "../std/text.ts";
import type { Claims } from "./compiled.ts";
import { diagnosticAt, type Problem } from "./diagnostic.ts";
import { type FolderEntry, joinPath, type PlanFiles } from "./plan-files.ts";
import type { WrittenPlan, WrittenTask } from "./plan-keys.ts";
import {
  checkPlanTable,
  checkTaskTable,
  type ReportProblem,
  reportUnknownKey,
} from "./validate-schema.ts";

export interface SourceTask {
  /** Full unit id. */
  id: string;
  key: string;
  /** `<section>/<stem>.`, the prefix of ids in this file. */
  prefix: string;
  file: string;
  positions: TomlPositions;
  written: WrittenTask;
  /** Keys reported as invalid; rules do not report them as missing. */
  broken: ReadonlySet<string>;
  claims: Claims;
  /** Text of `prompt` or `prompt_file`; null when there is none or the file cannot be read. */
  prompt: string | null;
  /** The problem of `prompt_file`, completing "the prompt file `x` ..."; null when it can be read. */
  promptProblem: string | null;
}

export interface PlanSource {
  root: WrittenPlan;
  rootFile: string;
  rootPositions: TomlPositions;
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

/** Reads the plan in the folder `dir`, relative to the project root. */
export function parsePlan(files: PlanFiles, dir: string): ParsedPlan {
  const diagnostics: Diagnostic[] = [];
  const reader: Reader = { files, dir, diagnostics };
  return { source: readPlan(reader), diagnostics };
}

interface Reader {
  files: PlanFiles;
  dir: string;
  diagnostics: Diagnostic[];
}

interface OpenFile {
  file: string;
  positions: TomlPositions;
  value: Record<string, unknown>;
}

function readPlan(reader: Reader): PlanSource | null {
  const open = readToml(reader, joinPath(reader.dir, "_root.toml"));
  if (open === null) return null;
  const report = problemReporter(reader, open, null);
  for (const key of Object.keys(open.value)) {
    if (key !== "plan") reportUnknownKey(key, ["plan"], report);
  }
  const plan = open.value["plan"];
  if (!isTable(plan)) {
    const message = plan === undefined ? "the table [plan] is missing" : "`plan` must be a table";
    report(["plan"], { code: "missing-plan", message, hint: "dgov init-plan NAME creates a plan" });
    return null;
  }
  const { value: root, broken } = checkPlanTable(plan, (path, problem) =>
    report(["plan", ...path], { ...problem, hint: problem.hint ?? sectionsHint(reader, problem) }),
  );
  const problem = root.name === undefined ? null : nameProblem(root.name);
  if (problem !== null) {
    report(["plan", "name"], { code: "bad-name", message: `the plan name ${problem}` });
  }
  const sections = [...new Set(root.sections ?? [])];
  const tasks = sections.flatMap((section) => readSection(reader, open, section));
  if (tasks.length === 0 && reader.diagnostics.length === 0 && !broken.has("sections")) {
    const message = `the plan has no units: ${whyEmpty(reader, sections)}`;
    report(["plan", "sections"], { code: "no-units", message });
  }
  return { root, rootFile: open.file, rootPositions: open.positions, tasks };
}

/** The problem of a plan name, completing "the plan name ..."; null when it is valid. */
function nameProblem(name: string): string | null {
  if (name.trim() === "") return "is blank";
  if (name.length > nameCharsMax) return `is longer than ${nameCharsMax} characters`;
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) return "contains a control character";
  if (/[/\\]/.test(name)) return `contains a slash: \`${name}\``;
  if (/^[.-]/.test(name)) return `begins with \`${name[0]}\`: \`${name}\``;
  return name === name.trim() ? null : "begins or ends with a space";
}

function readSection(reader: Reader, root: OpenFile, section: string): SourceTask[] {
  const report = problemReporter(reader, root, null);
  const at = ["plan", "sections"];
  if (!keyPattern.test(section)) {
    const message = `invalid section name \`${section}\``;
    const hint = "use letters, digits, `_` and `-`";
    report(at, { code: "bad-section", message, hint }, section);
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
    const message = `the folder ${folder} of the section \`${section}\` does not exist`;
    const hint = didYouMean(near, "create the folder, or remove the section from `sections`");
    report(at, { code: "missing-section", message, hint }, section);
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
  const report = problemReporter(reader, open, null);
  for (const key of Object.keys(open.value)) {
    if (key !== "tasks") reportUnknownKey(key, ["tasks"], report);
  }
  const tasks = open.value["tasks"];
  if (tasks === undefined) return [];
  if (!isTable(tasks)) {
    const message = "`tasks` must contain one table for each task, [tasks.<key>]";
    report(["tasks"], { code: "wrong-type", message });
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
  const report = problemReporter(reader, open, id);
  const at = ["tasks", key];
  if (!keyPattern.test(key)) {
    const hint = "use letters, digits, `_` and `-`";
    report(at, { code: "bad-key", message: `invalid task key \`${key}\``, hint });
    return [];
  }
  if (!isTable(value)) {
    report(at, { code: "wrong-type", message: `\`tasks.${key}\` must be a table` });
    return [];
  }
  const checked = checkTaskTable(value, (path, problem) => report([...at, ...path], problem));
  const written = checked.value;
  const { file, positions } = open;
  const claims = writtenClaims(written.files);
  const text = readPrompt(reader, written, file);
  return [{ id, key, prefix, file, positions, written, broken: checked.broken, claims, ...text }];
}

function writtenClaims(files: WrittenTask["files"]): Claims {
  const empty = { create: [], edit: [], delete: [], touch: [], read: [] };
  if (files === undefined) return empty;
  return Array.isArray(files) ? { ...empty, touch: files } : { ...empty, ...files };
}

/** Text of a task's `prompt` or `prompt_file`. The file is relative to `file`, else to the plan's folder. */
function readPrompt(
  reader: Reader,
  task: WrittenTask,
  file: string,
): Pick<SourceTask, "prompt" | "promptProblem"> {
  if (!task.prompt_file) return { prompt: task.prompt ?? null, promptProblem: null };
  if (isAbsolute(task.prompt_file)) return { prompt: null, promptProblem: "is absolute" };
  const beside = reader.files.read(joinPath(file, "..", task.prompt_file));
  if (beside.ok) return { prompt: beside.text, promptProblem: null };
  // Older plans give the path relative to the plan's folder.
  const inPlan = reader.files.read(joinPath(reader.dir, task.prompt_file));
  return inPlan.ok
    ? { prompt: inPlan.text, promptProblem: null }
    : { prompt: null, promptProblem: beside.problem };
}

function readToml(reader: Reader, file: string): OpenFile | null {
  const read = reader.files.read(file);
  if (!read.ok) {
    const where = { file, unit: null, positions: null, path: [] };
    reader.diagnostics.push(
      diagnosticAt(where, { code: "unreadable-file", message: `${file} ${read.problem}` }),
    );
    return null;
  }
  const text = read.text.replace(/^\uFEFF/, "");
  const parsed = parseToml(text);
  if (parsed.ok) return { file, positions: tomlPositions(text), value: parsed.value };
  const { line, column, message } = parsed;
  reader.diagnostics.push({
    severity: "error",
    code: "toml-syntax",
    file,
    line,
    column,
    unit: null,
    message: `invalid TOML: ${message}`,
    hint: null,
    excerpt: text.split(/\r?\n/)[line - 1] ?? null,
  });
  return null;
}

function problemReporter(reader: Reader, open: OpenFile, unit: string | null): ReportProblem {
  const { file, positions } = open;
  return (path, problem: Problem, text) => {
    reader.diagnostics.push(diagnosticAt({ file, unit, positions, path, text }, problem));
  };
}

/** Task files in folders of the plan that are not among its sections. */
function undeclaredTaskFiles(
  { files, dir }: Reader,
  sections: readonly string[],
): { name: string; section: string }[] {
  return (files.list(dir) ?? [])
    .filter(({ name, folder }) => folder && name !== "archive" && !sections.includes(name))
    .flatMap(({ name: section }) =>
      (files.list(joinPath(dir, section)) ?? [])
        .filter(({ folder, name }) => !folder && isTaskFile(name))
        .map(({ name }) => ({ name: `${section}/${name}`, section })),
    );
}

/** The value for a missing key `sections`: the folders with task files. */
function sectionsHint(reader: Reader, { code, message }: Problem): string | null {
  if (code !== "missing-key" || message !== "`sections` is missing") return null;
  const folders = new Set(undeclaredTaskFiles(reader, []).map(({ section }) => section));
  const named = folders.size === 0 ? ["tasks"] : [...folders];
  return `list the folders with task files: sections = ${JSON.stringify(named)}`;
}

/** The reason why a plan without diagnostics has no units: the first that applies. */
function whyEmpty(reader: Reader, sections: readonly string[]): string {
  const list = (dir: string): FolderEntry[] => reader.files.list(dir) ?? [];
  const undeclared = undeclaredTaskFiles(reader, sections);
  if (undeclared.length > 0) {
    return `there are task files in folders that \`sections\` does not list: ${listNames(undeclared)}`;
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
  if (readable.length > 0) return `there is no table [tasks.<key>] in ${listNames(readable)}`;
  if (files.length > 0) {
    return `these files are ignored: ${listNames(files)} (task file names end in .toml and do not begin with \`_\` or \`.\`)`;
  }
  const deep = entries.filter(
    ({ folder, name }) => folder && list(joinPath(reader.dir, name)).length > 0,
  );
  if (deep.length > 0) {
    return `task files must be directly in a section's folder, not in ${listNames(deep)}`;
  }
  return "its sections contain no files";
}

function listNames(entries: readonly { name: string }[]): string {
  return listed(
    entries.map(({ name }) => name),
    5,
  );
}

// ------------------------------------------------------------
// Compiled files

/** Keys that a compiler adds; the first ones are of older versions. */
const compilersPlanKeys = [
  "default_max_retries",
  "project_root",
  "session_root",
  "sop_set_hash",
  "source_mtime_max",
];
const compilersTaskKeys = ["sops", "sops_picked_by"];

/** Reads the compiled plan in `file`, relative to the project root, for `dgov validate`. Keys of tasks are full ids. */
export function parseCompiledPlan(files: PlanFiles, file: string): ParsedPlan {
  const reader: Reader = { files, dir: joinPath(file, ".."), diagnostics: [] };
  return { source: readCompiledPlan(reader, file), diagnostics: reader.diagnostics };
}

function readCompiledPlan(reader: Reader, file: string): ParsedPlan["source"] {
  const open = readToml(reader, file);
  if (open === null) return null;
  const report = problemReporter(reader, open, null);
  const { plan, tasks } = open.value;
  if (!isTable(plan) || !isTable(tasks) || Object.keys(tasks).length === 0) {
    const message = "a compiled plan needs a table [plan] and at least one table [tasks.<id>]";
    report([isTable(plan) ? "tasks" : "plan"], { code: "not-compiled", message });
    return null;
  }
  // A compiled plan has no sections; its tasks are in one file.
  const written = { name: "unnamed-plan", sections: [], ...without(plan, compilersPlanKeys) };
  const { value } = checkPlanTable(written, (path, problem) => report(["plan", ...path], problem));
  return {
    root: value,
    rootFile: file,
    rootPositions: open.positions,
    tasks: Object.entries(tasks).flatMap(([id, task]) => readCompiledTask(reader, open, id, task)),
  };
}

function readCompiledTask(
  reader: Reader,
  open: OpenFile,
  id: string,
  value: unknown,
): SourceTask[] {
  const report = problemReporter(reader, open, id);
  const at = ["tasks", id];
  if (!isTable(value)) {
    report(at, { code: "wrong-type", message: `\`tasks.${id}\` must be a table` });
    return [];
  }
  const checked = checkTaskTable(without(value, compilersTaskKeys), (path, problem) =>
    report([...at, ...path], problem),
  );
  const written = checked.value;
  const { file, positions } = open;
  const claims = writtenClaims(written.files);
  const text = readPrompt(reader, written, file);
  return [
    { id, key: id, prefix: "", file, positions, written, broken: checked.broken, claims, ...text },
  ];
}

function without(table: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(table).filter(([key]) => !keys.includes(key)));
}
