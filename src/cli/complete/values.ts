/**
 * Values an argument could have, from what is on disk: names of plans, units, runs, recipes, entries.
 * Read cheaply (no TOML is parsed, git is not started) and without leaving a trace.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findProject } from "../../config/find.ts";
import { listPlans, type PlanLocation } from "../../plan/locate.ts";
import type { Candidate, Line, Wanted } from "./line.ts";

/** What a shell is told: words, and whether files or folders may follow as well. */
export interface Completion {
  candidates: Candidate[];
  files: "files" | "folders" | null;
}

type Value = Extract<Wanted, { kind: "value" }>;
type Source = (world: World, line: Line) => Candidate[] | Promise<Candidate[]>;

interface World {
  projectRoot: string;
}

/** Completes a line typed in `cwd`. */
export async function completeLine(line: Line, cwd: string): Promise<Completion> {
  const { wanted } = line;
  if (wanted.kind === "words") return { candidates: wanted.candidates, files: null };
  const kind = kindOf(wanted);
  if (kind === "files" || kind === "folders") return { candidates: [], files: kind };
  const found = await candidatesOf(wanted, kind, line, cwd);
  const { typed, before } = wanted;
  // A unit may be meant by the end of its id: that is offered when no id begins like this.
  const whole = found.filter(({ word }) => word.startsWith(typed));
  const ends = kind === "units" && whole.length === 0 ? keysOf(found, typed) : [];
  const candidates = [...whole, ...ends].map(({ word, about }) => ({ word: before + word, about }));
  return { candidates, files: wanted.key === "plan" && /[./]/.test(typed) ? "folders" : null };
}

async function candidatesOf(
  { definition }: Value,
  kind: Kind | null,
  line: Line,
  cwd: string,
): Promise<Candidate[]> {
  const choices = definition.choices ?? choicesIn(definition.valueHint);
  if (choices.length > 0) return choices.map((word) => ({ word, about: "" }));
  const projectRoot = findProject(cwd);
  if (kind === null || projectRoot === null) return [];
  return sources[kind]({ projectRoot }, line);
}

/** `tree|mermaid|dot` says what there is; `RUN|U` does not. */
function choicesIn(hint: string | undefined): string[] {
  return hint !== undefined && /^[a-z-]+(\|[a-z-]+)+$/.test(hint) ? hint.split("|") : [];
}

type Kind = "plans" | "units" | "runs" | "runsAndUnits" | "recipes" | "entries" | "tags";

/** What the arguments of that name hold, whichever command they belong to. */
const kinds: Readonly<Record<string, Kind | "files" | "folders">> = {
  plan: "plans",
  unit: "units",
  only: "units",
  diff: "units",
  events: "units",
  show: "units",
  task: "units",
  note: "units",
  run: "runs",
  what: "runsAndUnits",
  tag: "tags",
  id: "entries",
  file: "files",
  path: "files",
  claim: "files",
  read: "files",
  dir: "folders",
  root: "folders",
  skillsDir: "folders",
};

function kindOf({ path, key }: Value): Kind | "files" | "folders" | null {
  const typed = path.join(" ");
  if (typed === "verify run" && key === "name") return "recipes";
  if (typed === "archive-plan" && key === "name") return "plans";
  if (path[0] === "ledger" && key === "note") return null;
  return Object.hasOwn(kinds, key) ? (kinds[key] ?? null) : null;
}

const sources: Record<Kind, Source> = {
  plans: ({ projectRoot }) =>
    listPlans(projectRoot)
      .filter(({ archived }) => !archived)
      .map(({ name, kind }) => ({ word: name, about: kind === "fix" ? "fix" : "plan" })),
  units,
  runs,
  runsAndUnits: async (world, line) => [...(await runs(world)), ...units(world, line)],
  recipes: ({ projectRoot }) =>
    headers(join(projectRoot, ".dgov/project.toml"), "verify").map((word) => ({
      word,
      about: "recipe",
    })),
  entries: async ({ projectRoot }) => {
    const { openLedger } = await import("../../ledger/file.ts");
    return openLedger(projectRoot).entries.map(({ id, category, text }) => ({
      word: id,
      about: `${category}: ${text}`,
    }));
  },
  tags: async ({ projectRoot }) => {
    const { openLedger } = await import("../../ledger/file.ts");
    const tags = new Set(openLedger(projectRoot).entries.flatMap((entry) => entry.tags));
    return [...tags].map((word) => ({ word, about: "" }));
  },
};

const runsMax = 50;

async function runs({ projectRoot }: World): Promise<Candidate[]> {
  const { openEventLogForReading } = await import("../../log/event-log.ts");
  using log = openEventLogForReading(projectRoot);
  const found = log?.runs({ limit: runsMax }) ?? [];
  return found.map(({ run, plan, ts }) => ({ word: run, about: `${plan}, ${ts.slice(0, 16)}` }));
}

/** Units of the plan the line names, else of every live plan. */
function units({ projectRoot }: World, line: Line): Candidate[] {
  const named = line.values.get("plan")?.at(-1);
  const plans = listPlans(projectRoot).filter(({ name, archived }) =>
    named === undefined ? !archived : name === named,
  );
  return plans.flatMap((plan) =>
    unitsOf(plan).map((word) => ({ word, about: `unit of ${plan.name}` })),
  );
}

function unitsOf({ dir }: PlanLocation): string[] {
  return visible(dir).flatMap((section) =>
    visible(join(dir, section)).flatMap((file) => {
      if (!file.endsWith(".toml")) return [];
      const stem = `${section}/${file.slice(0, -".toml".length)}`;
      return headers(join(dir, section, file), "tasks").map((key) => `${stem}.${key}`);
    }),
  );
}

function visible(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !/^[._]/.test(name))
      .sort();
  } catch {
    return [];
  }
}

/** Names of the tables `[<of>.NAME]` of a file. */
function headers(path: string, of: "tasks" | "verify"): string[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  const header = new RegExp(
    `^[ \\t]*\\[[ \\t]*${of}[ \\t]*\\.[ \\t]*(?:"([^"\\n]+)"|'([^'\\n]+)'|([\\w-]+))[ \\t]*[.\\]]`,
    "gm",
  );
  const names = [...text.matchAll(header)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
  return [...new Set(names)];
}

/** Ends of ids that begin as typed and are unique. */
function keysOf(found: readonly Candidate[], typed: string): Candidate[] {
  const keys = found.map(({ word, about }) => ({
    word: word.slice(word.lastIndexOf(".") + 1),
    about,
  }));
  return keys.filter(
    ({ word }) => word.startsWith(typed) && keys.filter((key) => key.word === word).length === 1,
  );
}
