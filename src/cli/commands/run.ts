/** `dgov run`: compile current source and execute it. */
import { DgovError } from "../../error.ts";
import type { RunRequest } from "../../runner/run-request.ts";
import { usageError, wholeNumber } from "../args.ts";
import { type Context, command } from "../command.ts";
import { onGitHub, reportError } from "../github/workflow.ts";
import { permitsOf } from "../permits.ts";
import { progressView } from "../progress/live.ts";
import { requireProject } from "../project.ts";
import { listenForSignals } from "../signals.ts";
import { answerRun } from "./run/answer.ts";

const args = {
  plan: {
    type: "positional",
    required: false,
    valueHint: "PLAN",
    description: "Plan name or path; may be left out when there is one live plan",
  },
  restart: { type: "boolean", description: "Run every unit, landed ones too" },
  continue: {
    type: "boolean",
    description: "Run failed, abandoned and skipped units again, told why they failed",
  },
  note: {
    type: "string",
    words: 2,
    valueHint: "U TEXT",
    description: "Text for the next prompt of unit U",
  },
  only: {
    type: "string",
    repeated: true,
    valueHint: "U",
    description: "Run U and what it depends on",
  },
  jobs: { type: "string", valueHint: "N", description: "Workers alive at once" },
  target: {
    type: "string",
    valueHint: "BRANCH",
    description: "Branch to land on; made at HEAD when missing",
  },
  allowDirty: {
    type: "boolean",
    description: "Go on with uncommitted changes outside the plan's claims",
  },
  stream: { type: "boolean", description: "Show thoughts and tool calls" },
  verbose: {
    type: "boolean",
    alias: "v",
    description: "Show durations, tokens and attempts per unit at the end",
  },
  yes: { type: "boolean", alias: "y", description: "Answer yes to every question" },
} as const;

export default command({
  name: "run",
  description: "Compile and execute a plan",
  args,
  examples: [
    "dgov run",
    "dgov run my-plan --jobs 8",
    'dgov run my-plan --continue --note add-feature "keep the old signature"',
    "dgov run my-plan --only add-tests --stream",
  ],
  async run(context, given) {
    if (given.restart && given.continue)
      throw usageError("--restart and --continue exclude each other");
    const jobs = wholeNumber(given.jobs, { flag: "--jobs", min: 1, max: 256 });
    const projectRoot = requireProject(context);
    const { resolvePlan } = await import("../../plan/locate.ts");
    const location = await resolvePlan(projectRoot, given.plan);
    return runPlan(context, {
      projectRoot,
      location,
      only: given.only ?? [],
      notes: given.note ?? [],
      mode: given.restart ? "restart" : given.continue ? "continue" : "bare",
      jobs: jobs ?? null,
      target: given.target,
      allowDirty: given.allowDirty === true,
      yes: given.yes === true,
      byHand: new Map(),
      stream: given.stream === true,
      verbose: given.verbose === true,
    });
  },
});

type RunChoices = Pick<
  RunRequest,
  "projectRoot" | "location" | "only" | "mode" | "jobs" | "target" | "allowDirty" | "yes" | "byHand"
> & { notes: string[][]; stream: boolean; verbose: boolean };

/** A plan and nothing said about it: all of it, on the branch that is checked out. */
const nothingSaid = {
  only: [],
  notes: [],
  mode: "bare",
  jobs: null,
  target: undefined,
  allowDirty: false,
  yes: false,
  byHand: new Map(),
  stream: false,
  verbose: false,
} satisfies Omit<RunChoices, "projectRoot" | "location">;

/** Runs a located plan with progress, signals and a summary; gives the exit code. */
export async function runPlan(
  context: Context,
  said: Pick<RunChoices, "projectRoot" | "location"> & Partial<RunChoices>,
): Promise<number> {
  const choices: RunChoices = { ...nothingSaid, ...said };
  const { executeRun } = await import("../../runner/run.ts");
  const { compileForRun } = await import("../../app/compile.ts");
  const { location, projectRoot, verbose } = choices;
  const status = (text: string): void => context.output.log.info(text);
  const view = progressView(context.output, choices.stream);
  using interrupt = listenForSignals(() =>
    status("stopping: ending workers and keeping their work; press Ctrl-C again to stop at once"),
  );
  const named = await namedUnits(choices);
  try {
    const result = await executeRun({
      ...choices,
      only: named.only,
      notes: named.notes,
      async compile(config, repository) {
        const compiled = await compileForRun(context, {
          projectRoot,
          location,
          config,
          repository,
        });
        named.resolve(compiled.plan.tasks.map((task) => task.id));
        return compiled;
      },
      confirm: context.interactive
        ? async (question) => (await import("../prompt.ts")).confirm(question)
        : null,
      env: context.env,
      permits: (config) => permitsOf(context, config),
      status,
      onRecord: (record) => view.onRecord(record),
      onState() {},
      interrupt: interrupt.signal,
    });
    view[Symbol.dispose]();
    const code = await answerRun(context, { plan: location.name, projectRoot, verbose }, result);
    return interrupt.exitCode ?? code;
  } catch (error) {
    if (error instanceof DgovError && onGitHub(context.env)) {
      reportError(context, projectRoot, error);
    }
    throw error;
  } finally {
    view[Symbol.dispose]();
  }
}

/** Units named on the command line. They are empty until the plan's ids are known. */
async function namedUnits(choices: RunChoices): Promise<{
  only: string[];
  notes: Map<string, string[]>;
  resolve(ids: readonly string[]): void;
}> {
  const { resolveUnit } = await import("../../plan/locate.ts");
  const notes = new Map<string, string[]>();
  const only: string[] = [];
  return {
    only,
    notes,
    resolve(ids) {
      only.push(...choices.only.map((unit) => resolveUnit(ids, unit)));
      for (const [unit = "", text = ""] of choices.notes) {
        const id = resolveUnit(ids, unit);
        notes.set(id, [...(notes.get(id) ?? []), text]);
      }
    },
  };
}
