/** Which SOPs a unit gets: pins win, else the picker; the deterministic one matches words. Pure. */
import { writeClaims } from "../compiled.ts";
import type { PlanTask } from "../plan.ts";
import type { Sop } from "./sop.ts";

export interface SopPicker {
  name: "rules" | "model" | "none";
  /** Names of SOPs for each task that has no pin, by unit id. */
  pick(tasks: readonly PlanTask[], sops: readonly Sop[]): Promise<Map<string, string[]>>;
}

/** Chooses nothing: `compile --dry-run` on a plan whose SOPs a model would pick uses the rules instead. */
export const noPicker: SopPicker = { name: "none", pick: async () => new Map() };

/** A SOP applies when one of its `applies_to` words is a keyword of the unit. */
export const rulesPicker: SopPicker = {
  name: "rules",
  async pick(tasks, sops) {
    return new Map(
      tasks.map((task) => {
        const words = keywords(task);
        const fits = (sop: Sop): boolean => sop.appliesTo.some((word) => words.has(stem(word)));
        return [task.id, sops.filter(fits).map((sop) => sop.name)];
      }),
    );
  },
};

const languages: Record<string, string[]> = {
  py: ["python"],
  pyi: ["python"],
  js: ["javascript", "typescript"],
  jsx: ["javascript", "typescript"],
  mjs: ["javascript"],
  cjs: ["javascript"],
  ts: ["typescript", "javascript"],
  tsx: ["typescript", "javascript"],
  mts: ["typescript"],
  rs: ["rust"],
  go: ["go", "golang"],
  swift: ["swift"],
  java: ["java"],
};

function keywords(task: PlanTask): Set<string> {
  const words = task.written.summary.toLowerCase().split(/[^\p{L}\p{N}]+/u);
  if (task.role !== "worker") words.push("review", "reviewer");
  for (const path of writeClaims(task.claims)) {
    const extension = /\.([A-Za-z0-9]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
    words.push(...(languages[extension] ?? []));
    if (isTest(path)) words.push("test");
  }
  if (writeClaims(task.claims).length > 0) words.push("all", "code");
  return new Set(words.filter((word) => word !== "").map(stem));
}

function isTest(path: string): boolean {
  const names = path.toLowerCase().split("/");
  const last = names.pop() ?? "";
  return (
    names.some((n) => /^(tests?|__tests__|spec)$/.test(n)) ||
    /(^test_|_test\.|\.test\.|\.spec\.|tests?\.swift$)/.test(last)
  );
}

function stem(word: string): string {
  const lower = word.toLowerCase();
  return lower.length > 3 && lower.endsWith("s") && !lower.endsWith("ss")
    ? lower.slice(0, -1)
    : lower;
}
