/**
 * A plan tree read and parsed: what its author wrote, each thing with the place it came from.
 *
 * Problems are collected, never thrown; a task with problems of shape is left out of what follows.
 */

import { locateKey } from "../config/locate.ts";
import { parseToml } from "../config/toml.ts";
import type { Diagnostic } from "../error.ts";
import { suggest } from "../std/suggest.ts";
import type { Claims } from "./compiled.ts";
import { joined, type PlanFiles } from "./files.ts";
import {
  claimKeys,
  rootKeys,
  rootSchema,
  taskKeys,
  taskSchema,
  type,
  type WrittenRoot,
  type WrittenTask,
} from "./schema.ts";

export interface SourceTask {
  /** Full unit id. */
  id: string;
  key: string;
  /** `<section>/<stem>.`: what a bare reference is completed with. */
  prefix: string;
  file: string;
  written: WrittenTask;
  claims: Claims;
  /** Text of `prompt` or of the file `prompt_file` names; null when neither can be had. */
  prompt: string | null;
}

export interface PlanSource {
  root: WrittenRoot["plan"];
  rootFile: string;
  tasks: SourceTask[];
  /** Text of every file, for places. */
  texts: Map<string, string>;
}

export interface ParsedPlan {
  source: PlanSource | null;
  diagnostics: Diagnostic[];
}

const namePattern = /^[A-Za-z0-9_-]+$/;

/** Reads the plan in `dir` (relative to the project root). */
export function parsePlan(files: PlanFiles, dir: string): ParsedPlan {
  const reader = new Reader(files, dir);
  return { source: reader.plan(), diagnostics: reader.diagnostics };
}

class Reader {
  readonly diagnostics: Diagnostic[] = [];
  readonly #files: PlanFiles;
  readonly #dir: string;
  readonly #texts = new Map<string, string>();

  constructor(files: PlanFiles, dir: string) {
    this.#files = files;
    this.#dir = dir;
  }

  plan(): PlanSource | null {
    const rootFile = joined(this.#dir, "_root.toml");
    const value = this.#toml(rootFile);
    if (value === null) return null;
    const checked = rootSchema(value);
    if (checked instanceof type.errors) {
      this.#shape(checked, rootFile, [], rootKeys, null);
      return null;
    }
    const root = checked.plan;
    if (root.name.trim() === "" || !/^[A-Za-z0-9][A-Za-z0-9._ -]*$/.test(root.name)) {
      this.#add(
        "bad-name",
        rootFile,
        ["plan", "name"],
        null,
        `\`plan.name\` is not a name: \`${root.name}\``,
        "letters, digits, `_`, `-`, `.` and spaces, beginning with a letter or digit",
      );
    }
    const tasks = [...new Set(root.sections)].flatMap((section) =>
      this.#section(rootFile, section),
    );
    const source = { root, rootFile, tasks, texts: this.#texts };
    if (tasks.length === 0 && this.diagnostics.length === 0) this.#explainNothing(source);
    return source;
  }

  #section(rootFile: string, section: string): SourceTask[] {
    if (!namePattern.test(section)) {
      this.#add(
        "bad-section",
        rootFile,
        ["plan", "sections"],
        null,
        `\`${section}\` is not a section name`,
        "letters, digits, `_` and `-`",
      );
      return [];
    }
    const folder = joined(this.#dir, section);
    const entries = this.#files.list(folder);
    if (entries === null) {
      this.#add(
        "missing-section",
        rootFile,
        ["plan", "sections"],
        null,
        `the section \`${section}\` has no folder ${folder}`,
        "make it, or take it out of sections",
      );
      return [];
    }
    return entries.flatMap(({ name, folder: isFolder }) => {
      const ignored =
        isFolder || !name.endsWith(".toml") || name.startsWith(".") || name.startsWith("_");
      return ignored ? [] : this.#file(joined(folder, name), `${section}/${name.slice(0, -5)}.`);
    });
  }

  #file(file: string, prefix: string): SourceTask[] {
    const value = this.#toml(file);
    if (value === null) return [];
    for (const key of Object.keys(value)) {
      if (key !== "tasks") this.#unknown(file, [key], key, ["tasks"], null);
    }
    const tasks = value["tasks"];
    if (tasks === undefined) return [];
    if (typeof tasks !== "object" || tasks === null || Array.isArray(tasks)) {
      this.#add("wrong-type", file, ["tasks"], null, "`tasks` must be a table of tasks", null);
      return [];
    }
    return Object.keys(tasks)
      .sort()
      .flatMap((key) => this.#task(file, prefix, key, (tasks as Record<string, unknown>)[key]));
  }

  #task(file: string, prefix: string, key: string, value: unknown): SourceTask[] {
    const id = prefix + key;
    if (!namePattern.test(key)) {
      this.#add(
        "bad-key",
        file,
        ["tasks", key],
        id,
        `\`${key}\` is not a task key`,
        "letters, digits, `_` and `-`",
      );
      return [];
    }
    const checked = taskSchema(value);
    if (checked instanceof type.errors) {
      this.#shape(checked, file, ["tasks", key], taskKeys, id);
      return [];
    }
    const claims = claimsOf(checked.files);
    return [
      { id, key, prefix, file, written: checked, claims, prompt: this.#prompt(checked, file) },
    ];
  }

  #prompt(task: WrittenTask, file: string): string | null {
    if (task.prompt !== undefined) return task.prompt;
    if (task.prompt_file === undefined) return null;
    return this.#files.read(joined(file, "..", task.prompt_file));
  }

  #toml(file: string): Record<string, unknown> | null {
    const text = this.#files.read(file);
    if (text === null) {
      this.#add("missing-file", file, [], null, `${file} is not there`, null);
      return null;
    }
    this.#texts.set(file, text);
    const parsed = parseToml(text);
    if (parsed.ok) return parsed.value;
    const excerpt = text.split(/\r?\n/)[parsed.line - 1] ?? null;
    this.diagnostics.push({
      severity: "error",
      code: "toml-syntax",
      file,
      line: parsed.line,
      column: parsed.column,
      unit: null,
      message: parsed.message,
      hint: null,
      excerpt,
    });
    return null;
  }

  #shape(
    errors: Iterable<{
      code: string;
      path: ArrayLike<PropertyKey>;
      expected: string;
      actual: string;
    }>,
    file: string,
    at: string[],
    keys: string[],
    unit: string | null,
  ): void {
    for (const error of errors) {
      const path = Array.from(error.path, String);
      const last = path.at(-1) ?? "";
      if (error.expected === "removed" || error.code === "predicate") {
        const known =
          path.at(-2) === "files"
            ? claimKeys
            : path[0] === "plan" || at.length > 0
              ? keys
              : ["plan"];
        this.#unknown(file, [...at, ...path], last, known, unit);
      } else {
        this.#add(
          "wrong-type",
          file,
          [...at, ...path],
          unit,
          `\`${path.join(".")}\` must be ${error.expected}, not ${error.actual}`,
          null,
        );
      }
    }
  }

  #unknown(file: string, path: string[], key: string, known: string[], unit: string | null): void {
    const near = suggest(key, known);
    this.#add(
      "unknown-key",
      file,
      path,
      unit,
      `unknown key \`${key}\``,
      near === null ? `known keys: ${known.join(", ")}` : `did you mean ${near}?`,
    );
  }

  #add(
    code: string,
    file: string,
    path: string[],
    unit: string | null,
    message: string,
    hint: string | null,
  ): void {
    this.diagnostics.push(
      diagnosticAt(this.#texts.get(file) ?? "", {
        code,
        file,
        path,
        unit,
        message,
        hint,
        severity: "error",
      }),
    );
  }

  /** Zero units: why, as the first of these that applies. */
  #explainNothing(source: PlanSource): void {
    const folders = (this.#files.list(this.#dir) ?? []).filter(
      (e) => e.folder && e.name !== "archive",
    );
    const undeclared = folders
      .filter((e) => !source.root.sections.includes(e.name))
      .map((e) => e.name);
    const listed = source.root.sections.flatMap(
      (s) => this.#files.list(joined(this.#dir, s)) ?? [],
    );
    const toml = listed.filter((e) => e.name.endsWith(".toml"));
    const message =
      undeclared.length > 0
        ? `the plan has no units; these folders are not in sections: ${undeclared.join(", ")}`
        : source.root.sections.length === 0
          ? "the plan has no units: sections is empty"
          : toml.some((e) => !e.name.startsWith("_") && !e.name.startsWith("."))
            ? "the plan has no units: its files hold no [tasks.<key>] tables"
            : toml.length > 0
              ? `the plan has no units: files beginning with _ or . are ignored (${toml.map((e) => e.name).join(", ")})`
              : listed.some((e) => e.folder)
                ? "the plan has no units: task files lie directly in their section, not deeper"
                : "the plan has no units: its sections hold no task files";
    this.#add(
      "no-units",
      source.rootFile,
      ["plan", "sections"],
      null,
      message,
      "dgov init-plan shows the layout",
    );
  }
}

function claimsOf(files: WrittenTask["files"]): Claims {
  const empty = { create: [], edit: [], delete: [], touch: [], read: [] };
  if (files === undefined) return empty;
  return Array.isArray(files) ? { ...empty, touch: files } : { ...empty, ...files };
}

/** A diagnostic with the place of a key in a text. */
export function diagnosticAt(
  text: string,
  of: Pick<Diagnostic, "code" | "file" | "unit" | "message" | "hint" | "severity"> & {
    path: string[];
  },
): Diagnostic {
  const { path, ...rest } = of;
  const place = path.length === 0 ? null : locateKey(text, path);
  return {
    ...rest,
    line: place?.line ?? null,
    column: place?.column ?? null,
    excerpt: place?.excerpt ?? null,
  };
}
