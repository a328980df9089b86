/** A plan of units over a generated project, run by the program under test, and the counts of its tools. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { call, done } from "../../../src/demo/script.ts";
import { openEventLogForReading } from "../../../src/log/event-log.ts";
import { type TaskSpec, type TestProject, testProject, unit } from "../../harness/project.ts";
import {
  type Corpus,
  filesOf,
  provisioned,
  type Trap,
  toolEnvironment,
  type UnitFiles,
} from "./corpus.ts";
import { type Count, type Counter, countingVariables, startCounting } from "./counting.ts";

export interface GroundProject extends AsyncDisposable {
  project: TestProject;
  /** Names of its plans, to be run in this order. */
  plans: string[];
  counts(): Promise<Count[]>;
}

export interface GroundOptions {
  /** Files by unit in place of the corpus's units, in landing order. */
  units?: Record<string, UnitFiles>;
  /** The corpus's traps in place of its units, judged one after the other. */
  traps?: boolean;
  /** Tables of project.toml besides those of the corpus. */
  config?: Record<string, Record<string, unknown>>;
  /** False measures without wrappers around the tools. */
  counted?: boolean;
  /** Keys of `[run]`. */
  run?: Record<string, unknown>;
  /** Additional files of the base. */
  files?: Record<string, string>;
}

/** Creates a project whose plan `p` has one unit per entry; each writes its files and is done. */
export async function groundProject(corpus: Corpus, o: GroundOptions = {}): Promise<GroundProject> {
  const files = { ...provisioned(corpus), ...o.files };
  const units = o.traps === true ? trapUnits(corpus) : plainUnits(o.units ?? corpus.units);
  const [first = {}, ...later] = o.traps === true ? apart(units) : [units];
  const folder = mkdtempSync(join(tmpdir(), "dgov-ground-"));
  const counter: Counter | null =
    o.counted === false ? null : await startCounting(join(folder, "counting"));
  const tools = counter?.env ?? toolEnvironment();
  const cache = join(folder, "go-build");
  mkdirSync(cache);
  const env = { ...tools, GOCACHE: cache };
  const variables = Object.keys(env).filter((name) => name !== "PATH" && name !== "HOME");
  const project = await testProject({
    files,
    tasks: tasksOf(first),
    plan: { max_retries: 0 },
    config: {
      ...o.config,
      // The sandbox that the machine allows; the harness leaves it out.
      sandbox: { mode: "auto", ...o.config?.["sandbox"] },
      // HOME is shared by the projects of tests that run at the same time, dgov's cache in it is not.
      worktree: { root: join(folder, "trees"), ...o.config?.["worktree"] },
      project: { setup_cmd: corpus.setup, ...corpus.project, ...o.config?.["project"] },
      merge: { order: "plan", ...(o.traps ? { speculation: 1 } : {}), ...o.config?.["merge"] },
      run: { jobs: 2, max_gates: 2, env: [...variables, ...countingVariables], ...o.run },
    },
    script: {
      rules: Object.entries(units).map(([key, { files: written, shell }]) => ({
        unit: unit(key),
        turns: [
          ...Object.entries(written).map(([path, content]) =>
            call("write_file", { path, content }),
          ),
          ...(shell === undefined ? [] : [call("run_bash", { command: shell })]),
          done("written"),
        ],
      })),
    },
    env,
  });
  const plans = ["p", ...later.map((_, index) => `p${index + 2}`)];
  for (const [index, wave] of later.entries()) project.writePlan(tasksOf(wave), plans[index + 1]);
  return {
    project,
    plans,
    counts: async () => (await counter?.counts()) ?? [],
    async [Symbol.asyncDispose]() {
      await counter?.[Symbol.asyncDispose]();
      await project[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type WrittenUnit = Pick<Trap, "files" | "shell" | "after">;

function plainUnits(units: Record<string, UnitFiles>): Record<string, WrittenUnit> {
  return Object.fromEntries(Object.entries(units).map(([key, files]) => [key, { files }]));
}

function trapUnits(corpus: Corpus): Record<string, WrittenUnit> {
  const written = Object.entries(corpus.traps).map(([key, trap]) => {
    return [key, { ...trap, files: filesOf(corpus, trap) }] as const;
  });
  return Object.fromEntries(written);
}

function tasksOf(units: Record<string, WrittenUnit>): Record<string, TaskSpec> {
  const tasks = Object.entries(units).map(([key, { files, after }]): [string, TaskSpec] => [
    key,
    { files: Object.keys(files), ...(after === undefined ? {} : { depends_on: [after] }) },
  ]);
  return Object.fromEntries(tasks);
}

/** Units in as few plans as possible, in each of which no two write one file; none is in a plan before its `after`. */
function apart(units: Record<string, WrittenUnit>): Record<string, WrittenUnit>[] {
  const plans: Record<string, WrittenUnit>[] = [];
  for (const [key, written] of Object.entries(units)) {
    const { after, files } = written;
    const first = after === undefined ? 0 : plans.findIndex((plan) => after in plan);
    const writesApart = (plan: Record<string, WrittenUnit>): boolean =>
      Object.values(plan).every((other) => !Object.keys(other.files).some((f) => f in files));
    const found = plans.findIndex((plan, index) => index >= first && writesApart(plan));
    const index = found === -1 ? plans.length : found;
    const unitThere = index === first ? written : omitAfter(written);
    plans[index] = { ...plans[index], [key]: unitThere };
  }
  return plans;
}

/** A unit whose `after` has landed in an earlier plan. */
function omitAfter({ after: _, ...rest }: WrittenUnit): WrittenUnit {
  return rest;
}

/** Gates that failed a unit, and not because of the candidate below it. */
export function failedGates(p: TestProject, key: string): string[] {
  const failed = p.events().filter(({ type, unit: of, data }) => {
    const bad = data["status"] === "failed" || data["status"] === "errored";
    return type === "gate.finished" && of === unit(key) && bad && data["blame"] !== "other_base";
  });
  return [...new Set(failed.map(({ data }) => `${data["gate"]}`))];
}

/** Lines of all outputs of a unit's gates, as recorded. */
export function gateOutput(p: TestProject, key: string): string {
  using log = openEventLogForReading(p.root);
  return p
    .events()
    .filter(({ type, unit: of }) => type === "gate.finished" && of === unit(key))
    .map(({ data }) => {
      const bytes = typeof data["output"] === "string" ? log?.getBlob(data["output"]) : null;
      return bytes ? Buffer.from(bytes).toString() : "";
    })
    .join("\n");
}

/** Dependencies that were compiled more than once with the same options, and how often. */
export function repeatedIn(counts: readonly Count[], { localName }: Corpus): string[] {
  const times = new Map<string, number>();
  for (const { tool, subject, variant } of counts) {
    if (tool === "uv" || tool === "pnpm" || localName(subject) !== null) continue;
    const key = `${tool} ${subject} ${variant}`;
    times.set(key, (times.get(key) ?? 0) + 1);
  }
  return [...times].filter(([, n]) => n > 1).map(([key, n]) => `${key}: ${n}`);
}

/** Numbers of packages that each install put into a tree; those that found everything installed are left out. */
export function installsIn(counts: readonly Count[]): number[] {
  return counts.flatMap(({ tool, subject }) =>
    (tool === "uv" || tool === "pnpm") && subject !== "" ? Number(subject) : [],
  );
}

/** Paths in which the last candidate of a unit differs from the commit that the run began on. */
export async function candidateChanges(p: TestProject, key: string): Promise<string[]> {
  const events = p.events();
  const before = events.find(({ type }) => type === "run.started")?.data["before"];
  const built = events.findLast(
    ({ type, unit: of }) => type === "candidate.built" && of === unit(key),
  )?.data["commit"];
  const text = await p.repo.git("diff", "--name-only", `${before}`, `${built}`);
  return text.split("\n").filter((path) => path !== "");
}
