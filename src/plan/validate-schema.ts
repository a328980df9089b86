/**
 * Checks tables of plan files against their schemas, in words of our own.
 *
 * Every bad key is reported once; the table is handed on without it.
 */
import { suggest } from "../std/suggest.ts";
import { didYouMean, type Problem } from "./diagnostic.ts";
import { claimsSchema, planSchema, taskSchema, type } from "./schema.ts";

/** Reports a finding about a key of the table; `text` narrows the place down within its value. */
export type ReportProblem = (path: readonly string[], finding: Problem, text?: string) => void;

export interface CheckedTable {
  /** The table without the keys that were reported. */
  value: Record<string, unknown>;
  broken: Set<string>;
}

interface Shape {
  schema: (value: unknown) => unknown;
  /** What each known key must be. */
  keys: Readonly<Record<string, string>>;
}

const text = "a string";
const strings = "a list of strings";

const planShape: Shape = {
  schema: planSchema,
  keys: {
    name: text,
    summary: text,
    sections: strings,
    default_agent: text,
    default_provider: text,
    max_retries: "a whole number from 0 to 100",
  },
};

const claimsShape: Shape = {
  schema: claimsSchema,
  keys: { create: strings, edit: strings, delete: strings, touch: strings, read: strings },
};

const taskShape: Shape = {
  schema: taskSchema,
  keys: {
    summary: text,
    prompt: text,
    prompt_file: text,
    commit_message: text,
    role: '"worker", "researcher" or "reviewer"',
    on_reject: '"fail" or "fix"',
    depends_on: strings,
    files: "a list of paths, or a table of create, edit, delete, touch and read",
    agent: text,
    provider: text,
    timeout_s: "a whole number from 0 to 604800",
    iteration_budget: "a whole number from 1 to 10000",
    test_cmd: text,
    sop_mapping: strings,
    self_review: "true or false",
    max_fork_depth: "a whole number from 0 to 100",
  },
};

/** Checks the table `[plan]`. */
export function checkPlanTable(value: Record<string, unknown>, say: ReportProblem): CheckedTable {
  return check(planShape, value, say);
}

/** Checks one table `[tasks.<key>]`. */
export function checkTaskTable(value: Record<string, unknown>, say: ReportProblem): CheckedTable {
  return check(taskShape, value, say);
}

/** Whether a value is a TOML table. */
export function isTable(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}

/** Reports a key that nothing knows. */
export function reportUnknownKey(key: string, known: readonly string[], say: ReportProblem): void {
  const hint = didYouMean(suggest(key, known), `known keys: ${known.join(", ")}`);
  say([key], { code: "unknown-key", message: `unknown key \`${key}\``, hint });
}

function check(
  shape: Shape,
  table: Record<string, unknown>,
  say: ReportProblem,
  prefix = "",
): CheckedTable {
  const checked = shape.schema(table);
  if (!(checked instanceof type.errors)) return { value: table, broken: new Set() };
  const value = { ...table };
  const broken = new Set(Array.from(checked, (error) => String(error.path[0])));
  for (const key of broken) {
    const expected = Object.hasOwn(shape.keys, key) ? shape.keys[key] : undefined;
    const given = value[key];
    delete value[key];
    if (expected === undefined) reportUnknownKey(key, Object.keys(shape.keys), say);
    else if (given === undefined) {
      say([key], { code: "missing-key", message: `\`${prefix}${key}\` is missing` });
    } else if (key === "files" && isTable(given)) {
      const inner = check(
        claimsShape,
        given,
        (path, finding) => say([key, ...path], finding),
        "files.",
      );
      value[key] = inner.value;
    } else {
      const message = `\`${prefix}${key}\` must be ${expected}, not ${shown(given, expected)}`;
      say([key], { code: "wrong-type", message });
    }
  }
  return { value, broken };
}

function shown(value: unknown, expected: string): string {
  if (Array.isArray(value)) {
    const wrong = value.find((item) => typeof item !== "string");
    return expected.startsWith("a list") && wrong !== undefined
      ? `one with ${shown(wrong, "")} in it`
      : "a list";
  }
  if (isTable(value)) return "a table";
  if (value instanceof Date) return "a date";
  return JSON.stringify(value);
}
