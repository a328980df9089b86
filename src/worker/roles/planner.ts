/**
 * Parses a planner's answer: questions to the operator, or a draft of a plan. Checks only the form, and
 * strictly, so that the planner can correct it in the same conversation; the compiler checks the content.
 */
import { isRecord } from "./json-in-text.ts";

const draftClaimKinds = ["create", "edit", "delete", "touch", "read"] as const;

/** One task of a draft, with the keys of a plan file. */
export interface DraftTask {
  key: string;
  summary: string;
  prompt: string;
  commit_message?: string;
  role?: string;
  on_reject?: string;
  files?: Partial<Record<(typeof draftClaimKinds)[number], string[]>>;
  depends_on?: string[];
  test_cmd?: string;
  self_review?: boolean;
  timeout_s?: number;
  iteration_budget?: number;
  max_fork_depth?: number;
}

interface DraftSection {
  name: string;
  tasks: DraftTask[];
}

export interface PlanDraft {
  /** The planner's suggestion for the plan's name. */
  name: string;
  summary: string;
  sections: DraftSection[];
  /** Proposed changes of `[project]` keys. */
  config?: Record<string, string>;
}

export type PlannerAnswer =
  | { kind: "questions"; questions: string[]; notes: string }
  | { kind: "draft"; draft: PlanDraft; notes: string };

type ParsedPlannerAnswer = { ok: true; answer: PlannerAnswer } | { ok: false; problem: string };

/** Characters of an answer as JSON. */
const answerCharsMax = 1024 * 1024;
const questionsMax = 5;
const questionCharsMax = 1000;
const notesCharsMax = 8000;
/** Problems reported at once. */
const problemsMax = 20;

/** Parses a planner's answer: questions when it has any, else a draft. */
export function parsePlannerAnswer(value: Record<string, unknown>): ParsedPlannerAnswer {
  if (JSON.stringify(value).length > answerCharsMax) {
    return { ok: false, problem: `the answer is longer than ${answerCharsMax} characters` };
  }
  const notes = typeof value["notes"] === "string" ? value["notes"].slice(0, notesCharsMax) : "";
  const given = value["questions"];
  if (Array.isArray(given) && given.length > 0) {
    const questions = given
      .filter((one) => typeof one === "string")
      .map((one) => one.trim().slice(0, questionCharsMax))
      .filter((one) => one !== "")
      .slice(0, questionsMax);
    if (questions.length > 0) return { ok: true, answer: { kind: "questions", questions, notes } };
    return { ok: false, problem: "`questions` must be a list of strings" };
  }
  const { questions: _questions, notes: _notes, ...draft } = value;
  const problems = shapeProblems(draft);
  if (problems.length > 0) {
    const shown = problems.slice(0, problemsMax).map((problem) => `- ${problem}`);
    return {
      ok: false,
      problem: `the plan does not have the required form:\n${shown.join("\n")}`,
    };
  }
  return { ok: true, answer: { kind: "draft", draft: draft as unknown as PlanDraft, notes } };
}

/** The problem with a value, or null. */
type Check = (value: unknown) => string | null;

const text: Check = (value) => (typeof value === "string" ? null : "must be a string");
const flag: Check = (value) => (typeof value === "boolean" ? null : "must be true or false");
const whole: Check = (value) => (Number.isInteger(value) ? null : "must be a whole number");
const texts: Check = (value) =>
  Array.isArray(value) && value.every((one) => typeof one === "string")
    ? null
    : "must be a list of strings";

const planKeys: Record<string, Check> = {
  name: text,
  summary: text,
  sections: list,
  "config?": object,
};
const sectionKeys: Record<string, Check> = { name: text, tasks: list };
const taskKeys: Record<string, Check> = {
  key: text,
  summary: text,
  prompt: text,
  "commit_message?": text,
  "role?": text,
  "on_reject?": text,
  "files?": object,
  "depends_on?": texts,
  "test_cmd?": text,
  "self_review?": flag,
  "timeout_s?": whole,
  "iteration_budget?": whole,
  "max_fork_depth?": whole,
};
const claimKeys = Object.fromEntries(draftClaimKinds.map((kind) => [`${kind}?`, texts]));

function list(value: unknown): string | null {
  return Array.isArray(value) && value.length > 0 ? null : "must be a list that is not empty";
}

function object(value: unknown): string | null {
  return isRecord(value) ? null : "must be an object";
}

/** Every deviation from the required form, one line each, beginning with its location. */
function shapeProblems(draft: Record<string, unknown>): string[] {
  const problems = keyProblems("the plan", draft, planKeys);
  if (isRecord(draft["config"])) {
    for (const [key, value] of Object.entries(draft["config"])) {
      if (typeof value !== "string") problems.push(`config.${key} must be a string`);
    }
  }
  for (const [i, section] of elements(draft["sections"])) {
    const at = `sections[${i}]`;
    problems.push(...keyProblems(at, section, sectionKeys));
    for (const [j, task] of elements(isRecord(section) ? section["tasks"] : null)) {
      const here = `${at}.tasks[${j}]`;
      problems.push(...keyProblems(here, task, taskKeys));
      const files = isRecord(task) ? task["files"] : undefined;
      if (isRecord(files)) problems.push(...keyProblems(`${here}.files`, files, claimKeys));
    }
  }
  return problems;
}

function elements(value: unknown): [number, unknown][] {
  return Array.isArray(value) ? [...value.entries()] : [];
}

/** Problems with the keys of one object. Names that end in `?` are optional. */
function keyProblems(at: string, value: unknown, keys: Record<string, Check>): string[] {
  if (!isRecord(value)) return [`${at} must be an object`];
  const known = new Map(Object.entries(keys).map(([key, check]) => [key.replace("?", ""), check]));
  const unknown = Object.keys(value)
    .filter((key) => !known.has(key))
    .map(
      (key) => `${at} has an unknown key \`${key}\`; known keys: ${[...known.keys()].join(", ")}`,
    );
  const wrong = [...known].flatMap(([key, check]) => {
    if (value[key] === undefined) {
      return Object.hasOwn(keys, key) ? [`${at} has no key \`${key}\``] : [];
    }
    const problem = check(value[key]);
    return problem === null ? [] : [`${at}: \`${key}\` ${problem}`];
  });
  return [...unknown, ...wrong];
}
