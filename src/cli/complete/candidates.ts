/**
 * Candidates for the last word of a partial command line: commands, flags and values of arguments.
 *
 * Values come from the project on disk: names of plans, units, runs, recipes and ledger entries.
 * They are read without starting git and without writing anything.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { configFile, findProject, ownPath } from "../../config/find.ts";
import { parseToml } from "../../config/toml.ts";
import { listPlans, type PlanLocation } from "../../plan/locate.ts";
import { flagName, globalArgs } from "../args.ts";
import type { ArgDef, ArgsDef, CommandGroup } from "../command.ts";
import {
  findCommand,
  findFlag,
  flagText,
  isRepeatable,
  type Line,
  positionalsOf,
  readPartialLine,
} from "../line.ts";

/** A word that may stand at the end of the line. */
export interface Candidate {
  /** The whole word. */
  word: string;
  /** A short description for shells that show one; "" for none. */
  about: string;
}

/** The answer for a shell: words, and whether it should complete paths as well. */
export interface Completion {
  candidates: Candidate[];
  files: "files" | "folders" | null;
}

const nothing: Completion = { candidates: [], files: null };

/** Completes the last of `words`, the words after `dgov`, for a command line typed in `shellDir`. */
export async function complete(
  commands: CommandGroup,
  words: readonly string[],
  shellDir: string,
): Promise<Completion> {
  const typed = words.at(-1) ?? "";
  const line = await readPartialLine(commands, words.slice(0, -1));
  const cwd = resolve(shellDir, flagText(line, "root") ?? ".");
  const { target, values, unfinished } = line;
  if (line.commandError !== null) return nothing;
  const known: ArgsDef = { ...globalArgs, ...("subcommands" in target ? {} : target.args) };
  if (unfinished !== null) {
    // Only the first of several words names something.
    const definition = unfinished.given === 0 ? known[unfinished.key] : undefined;
    if (definition === undefined) return nothing;
    return valuesOf({ line, key: unfinished.key, definition, before: "", typed }, cwd);
  }
  if ("subcommands" in target) {
    return matching(typed.startsWith("-") ? flags(globalArgs) : namesIn(target), typed);
  }
  if (line.path[0] === "help" && !typed.startsWith("-")) {
    return matching(await helpTopics(commands, line), typed);
  }
  const ownFlags = line.literal ? [] : flags(known, values);
  if (!line.literal && typed.startsWith("-")) {
    if (!typed.startsWith("--") || !typed.includes("=")) return matching(ownFlags, typed);
    const flag = findFlag(typed, known);
    if (flag === null || flag.attached === null || flag.definition.type === "boolean") {
      return nothing;
    }
    const { key, definition, attached } = flag;
    return valuesOf({ line, key, definition, before: `${flag.typed}=`, typed: attached }, cwd);
  }
  const [key, definition] = positionalsOf(known).find(([name]) => !values.has(name)) ?? [];
  if (key === undefined || definition === undefined) return matching(ownFlags, typed);
  return valuesOf({ line, key, definition, before: "", typed }, cwd);
}

function matching(candidates: readonly Candidate[], typed: string): Completion {
  return { candidates: candidates.filter(({ word }) => word.startsWith(typed)), files: null };
}

function namesIn(group: CommandGroup): Candidate[] {
  return Object.entries(group.subcommands)
    .filter(([, entry]) => entry.hidden !== true)
    .map(([word, { description: about }]) => ({ word, about }));
}

/** `dgov help` takes the names that may follow `dgov`, and two topics. */
async function helpTopics(commands: CommandGroup, line: Line): Promise<Candidate[]> {
  const path = ["topic", "subcommand"].flatMap((key) => flagText(line, key) ?? []);
  const group = await findCommand(commands, path);
  if (group === null || !("subcommands" in group)) return [];
  const topics = [
    { word: "exit-codes", about: "What each exit code means" },
    { word: "environment", about: "Variables that configure dgov" },
  ];
  return [...namesIn(group), ...(path.length === 0 ? topics : [])];
}

/** Flags that may still be given, as they are typed. */
function flags(known: ArgsDef, values: Line["values"] = new Map()): Candidate[] {
  return Object.entries(known).flatMap(([key, definition]) => {
    if (definition.type === "positional") return [];
    if (values.has(key) && !isRepeatable(definition)) return [];
    const name = key === "color" ? "no-color" : flagName(key);
    return [{ word: `--${name}`, about: definition.description ?? "" }];
  });
}

/** An argument of which the value is being typed. */
interface Wanted {
  line: Line;
  key: string;
  definition: ArgDef;
  /** The beginning of the word before the value (`--graph=`). */
  before: string;
  typed: string;
}

async function valuesOf(wanted: Wanted, cwd: string): Promise<Completion> {
  const { typed, before } = wanted;
  const kind = kindOf(wanted);
  if (kind === "files" || kind === "folders") return { candidates: [], files: kind };
  const found = await candidatesOf(wanted, kind, cwd);
  const whole = found.filter(({ word }) => word.startsWith(typed));
  // A unit may be named by the end of its id: offered when no id begins as typed.
  const ends = kind === "units" && whole.length === 0 ? unitKeys(found, typed) : [];
  const candidates = [...whole, ...ends].map(({ word, about }) => ({ word: before + word, about }));
  return { candidates, files: wanted.key === "plan" && /[./]/.test(typed) ? "folders" : null };
}

async function candidatesOf(
  { definition, line }: Wanted,
  kind: Kind | null,
  cwd: string,
): Promise<Candidate[]> {
  const choices =
    definition.type === "enum"
      ? (definition.options ?? [])
      : (definition.choices ?? choicesIn(definition.valueHint));
  if (choices.length > 0) return choices.map((word) => ({ word, about: "" }));
  const projectRoot = findProject(cwd);
  if (kind === null || projectRoot === null) return [];
  return sources[kind](projectRoot, line);
}

/** A value hint such as `tree|mermaid|dot` lists the values; `RUN|U` does not. */
function choicesIn(hint: string | undefined): string[] {
  return hint !== undefined && /^[a-z-]+(\|[a-z-]+)+$/.test(hint) ? hint.split("|") : [];
}

type Kind = "plans" | "units" | "runs" | "runsAndUnits" | "recipes" | "entries" | "tags";

/** The kind of value of an argument, by its key in the definition of any command. */
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

function kindOf({ line: { path }, key }: Wanted): Kind | "files" | "folders" | null {
  const command = path.join(" ");
  if (command === "verify run" && key === "name") return "recipes";
  if (command === "archive-plan" && key === "name") return "plans";
  if (path[0] === "ledger" && key === "note") return null;
  return Object.hasOwn(kinds, key) ? (kinds[key] ?? null) : null;
}

type Source = (projectRoot: string, line: Line) => Candidate[] | Promise<Candidate[]>;

const sources: Record<Kind, Source> = {
  plans: (projectRoot) =>
    listPlans(projectRoot)
      .filter(({ archived }) => !archived)
      .map(({ name, kind }) => ({ word: name, about: kind === "fix" ? "fix" : "plan" })),
  units,
  runs,
  runsAndUnits: async (projectRoot, line) => [
    ...(await runs(projectRoot)),
    ...units(projectRoot, line),
  ],
  recipes: (projectRoot) =>
    tableKeys(ownPath(projectRoot, configFile), "verify").map((word) => ({
      word,
      about: "recipe",
    })),
  entries: async (projectRoot) => {
    const { openLedger } = await import("../../ledger/file.ts");
    return openLedger(projectRoot).entries.map(({ id, category, text }) => ({
      word: id,
      about: `${category}: ${text}`,
    }));
  },
  tags: async (projectRoot) => {
    const { openLedger } = await import("../../ledger/file.ts");
    const tags = new Set(openLedger(projectRoot).entries.flatMap((entry) => entry.tags));
    return [...tags].map((word) => ({ word, about: "" }));
  },
};

const runsMax = 50;

async function runs(projectRoot: string): Promise<Candidate[]> {
  const { openEventLogForReading } = await import("../../log/event-log.ts");
  using log = openEventLogForReading(projectRoot);
  const found = log?.runs({ limit: runsMax }) ?? [];
  return found.map(({ run, plan, ts }) => ({ word: run, about: `${plan}, ${ts.slice(0, 16)}` }));
}

/** Units of the plan that the line names, else of every live plan. */
function units(projectRoot: string, line: Line): Candidate[] {
  const named = flagText(line, "plan");
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
      return tableKeys(join(dir, section, file), "tasks").map((key) => `${stem}.${key}`);
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

/** Names of the tables `[<table>.NAME]` of a TOML file; none when it cannot be read. */
function tableKeys(path: string, table: "tasks" | "verify"): string[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  const parsed = parseToml(text);
  const found = parsed.ok ? parsed.value[table] : undefined;
  return typeof found === "object" && found !== null ? Object.keys(found) : [];
}

/** Unit keys (what follows the last dot of an id) that begin as typed and are unique. */
function unitKeys(found: readonly Candidate[], typed: string): Candidate[] {
  const keys = found.map(({ word, about }) => ({
    word: word.slice(word.lastIndexOf(".") + 1),
    about,
  }));
  return keys.filter(
    ({ word }) => word.startsWith(typed) && keys.filter((key) => key.word === word).length === 1,
  );
}
