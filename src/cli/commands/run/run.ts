/** `dgov run`: compiles the current source of a plan and executes it. */
import { planCompiler } from "../../../app/compile.ts";
import { DgovError } from "../../../error.ts";
import { type PlanLocation, resolvePlan } from "../../../plan/locate.ts";
import { executeRun } from "../../../runner/run.ts";
import type { Compiler, RunRequest } from "../../../runner/run-request.ts";
import { renderDiagnostics } from "../../../std/diagnostics.ts";
import { plural } from "../../../std/text.ts";
import { usageError, wholeNumber } from "../../args.ts";
import { type Context, command } from "../../command.ts";
import { onGitHub, reportError } from "../../github/workflow.ts";
import { progressView } from "../../progress/live.ts";
import { requireProject } from "../../project.ts";
import { confirm } from "../../prompt.ts";
import { rateLimiterOf } from "../../rate-limiter.ts";
import { listenForSignals } from "../../signals.ts";
import { answerRun } from "./answer.ts";

export const allowDirtyFlag = {
  type: "boolean",
  description: "Allow uncommitted changes outside the plan's claims",
} as const;

export const targetFlag = {
  type: "string",
  valueHint: "BRANCH",
  description:
    "Branch to land on; created at HEAD when missing. Without it: [run] target, else the branch that is checked out",
} as const;

const args = {
  plan: {
    type: "positional",
    required: false,
    valueHint: "PLAN",
    description: "Plan name or path; optional when there is one live plan",
  },
  restart: { type: "boolean", description: "Run every unit, including landed ones" },
  continue: {
    type: "boolean",
    description: "Retry failed, interrupted and skipped units; their prompts name the failures",
  },
  note: {
    type: "string",
    words: 2,
    valueHint: "U TEXT",
    description: "Add TEXT to the next prompt of unit U",
  },
  only: {
    type: "string",
    repeated: true,
    valueHint: "U",
    description: "Run only U and its dependencies",
  },
  jobs: { type: "string", valueHint: "N", description: "Maximum number of workers at a time" },
  target: targetFlag,
  allowDirty: allowDirtyFlag,
  stream: { type: "boolean", description: "Show model text and tool calls" },
  verbose: {
    type: "boolean",
    alias: "v",
    description: "Show durations, tokens and attempts per unit at the end",
  },
  yes: {
    type: "boolean",
    alias: "y",
    description: "Answer yes to every question, except on which branch to land",
  },
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
    const location = await resolvePlan(projectRoot, given.plan);
    return runPlan(context, {
      projectRoot,
      location,
      only: given.only ?? [],
      notes: (given.note ?? []).map(([unit = "", text = ""]) => ({ unit, text })),
      mode: given.restart ? "restart" : given.continue ? "continue" : "bare",
      jobs: jobs ?? null,
      target: given.target,
      allowDirty: given.allowDirty === true,
      yes: given.yes === true,
      takenOver: new Map(),
      stream: given.stream === true,
      verbose: given.verbose === true,
    });
  },
});

type RunChoices = Pick<
  RunRequest,
  | "projectRoot"
  | "location"
  | "only"
  | "notes"
  | "mode"
  | "jobs"
  | "target"
  | "allowDirty"
  | "yes"
  | "takenOver"
> & { stream: boolean; verbose: boolean };

/** Choices of a run without flags: the whole plan, on the branch that is checked out. */
const defaults = {
  only: [],
  notes: [],
  mode: "bare",
  jobs: null,
  target: undefined,
  allowDirty: false,
  yes: false,
  takenOver: new Map(),
  stream: false,
  verbose: false,
} satisfies Omit<RunChoices, "projectRoot" | "location">;

/** Runs a located plan with progress, signals and a summary; returns the exit code. */
export async function runPlan(
  context: Context,
  given: Pick<RunChoices, "projectRoot" | "location"> & Partial<RunChoices>,
): Promise<number> {
  const choices: RunChoices = { ...defaults, ...given };
  const { location, projectRoot, verbose } = choices;
  const status = (text: string): void => context.output.log.info(text);
  const view = progressView(context.output, choices.stream);
  using interrupt = listenForSignals(() =>
    status("stopping: ending workers and keeping their work; press Ctrl-C again to stop at once"),
  );
  try {
    const result = await executeRun({
      ...choices,
      compile: compilerOf(context, projectRoot, location),
      confirm: context.interactive ? confirm : null,
      env: context.env,
      rateLimiter: (config) => rateLimiterOf(context, config),
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

/** The compiler of a run, with its warnings on stderr. */
export function compilerOf(
  context: Context,
  projectRoot: string,
  location: PlanLocation,
): Compiler {
  return planCompiler({
    projectRoot,
    location,
    env: context.env,
    limiter: (config) => rateLimiterOf(context, config),
    warn: (text) => context.output.log.warn(text),
    diagnostics(warnings, { repeated }) {
      const again = `${plural(warnings.length, "warning")} as when the plan was compiled: dgov compile ${location.name}`;
      context.output.log.info(repeated ? again : renderDiagnostics(warnings));
    },
  });
}
