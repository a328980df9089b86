/** Selection of SOPs for units without pins, and the picker that matches keywords. Pure. */
import { compareText } from "../../std/order.ts";
import type { PlanTask } from "../plan.ts";
import type { Sop } from "./sop.ts";

export interface SopChoice {
  /** In the order of the SOP files. */
  names: string[];
  by: "pin" | "rules" | "model";
  /** Reason for each chosen SOP, by name. */
  why: Record<string, string>;
}

export interface SopPicker {
  /** The choice for each task, by unit id. Requests are made for the units in `asked` only; for all without it. */
  pick(
    tasks: readonly PlanTask[],
    sops: readonly Sop[],
    asked?: ReadonlySet<string>,
  ): Promise<Map<string, SopChoice>>;
}

/** Chooses the SOPs with an `applies_to` word that is a keyword of the unit. */
export const rulesPicker: SopPicker = {
  async pick(tasks, sops) {
    return new Map(tasks.map((task) => [task.id, choiceFor(task, sops)]));
  },
};

function choiceFor(task: PlanTask, sops: readonly Sop[]): SopChoice {
  const words = keywordsOf(task);
  const why: Record<string, string> = {};
  for (const sop of sops) {
    const matched = sop.appliesTo.filter((word) => words.has(stem(word)));
    if (matched.length > 0) why[sop.name] = matched.sort(compareText).join(", ");
  }
  return { names: Object.keys(why), by: "rules", why };
}

/** Tags by file extension. */
const languages: Readonly<Record<string, readonly string[]>> = {
  c: ["c"],
  cc: ["cpp"],
  cpp: ["cpp"],
  go: ["go", "golang"],
  java: ["java"],
  js: ["javascript", "typescript"],
  jsx: ["javascript", "typescript"],
  mjs: ["javascript"],
  cjs: ["javascript"],
  kt: ["kotlin"],
  md: ["markdown", "docs"],
  php: ["php"],
  py: ["python"],
  pyi: ["python"],
  rb: ["ruby"],
  rs: ["rust"],
  sh: ["shell"],
  swift: ["swift"],
  ts: ["typescript", "javascript"],
  mts: ["typescript"],
  cts: ["typescript"],
  tsx: ["typescript", "javascript"],
};

/** Keywords of a unit: the words of its summary, and tags for its role and the paths it writes. */
export function keywordsOf(task: PlanTask): Set<string> {
  const summary = (task.written.summary ?? "").toLowerCase();
  const words = summary
    .split(/\s+/)
    .map((word) => word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, ""));
  words.push(...summary.split(/[^\p{L}\p{N}]+/u));
  if (task.role !== "worker") words.push("review", "reviewer");
  const writes = task.parsed.filter(({ kind }) => kind !== "read");
  if (writes.length > 0) words.push("all", "code");
  for (const { claim } of writes) {
    const extension = /\.([A-Za-z0-9]+)$/.exec(claim.text)?.[1]?.toLowerCase() ?? "";
    if (Object.hasOwn(languages, extension)) words.push(...(languages[extension] ?? []));
    if (isTest(claim.text)) words.push("test");
  }
  return new Set(words.filter((word) => word !== "").map(stem));
}

function isTest(path: string): boolean {
  const folders = path.toLowerCase().split("/");
  const name = folders.at(-1) ?? "";
  return (
    folders.some((folder) => /^(tests?|__tests__|specs?)$/.test(folder)) ||
    /(^test_|_test\.|\.test\.|[._]spec\.|tests?\.swift$)/.test(name)
  );
}

/** A word in lower case without its plural `s`. */
function stem(word: string): string {
  const lower = word.toLowerCase();
  return lower.length > 3 && lower.endsWith("s") && !lower.endsWith("ss")
    ? lower.slice(0, -1)
    : lower;
}
