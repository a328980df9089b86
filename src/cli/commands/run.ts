/** `dgov run`: compile current source and execute it. */
import { DgovError } from "../../error.ts";
import type { RecordedEvent } from "../../log/event-log.ts";
import type { RunResult } from "../../runner/execute.ts";
import type { RunRequest } from "../../runner/run-request.ts";
import { usageError, wholeNumber } from "../args.ts";
import { type Context, command } from "../command.ts";
import { onGitHub, report, reportError } from "../github/report.ts";
import { permitsOf } from "../permits.ts";
import { liveView, plainView } from "../progress/live.ts";
import { requireProject } from "../project.ts";

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
  converses: true,
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

export interface RunChoices
  extends Pick<
    RunRequest,
    | "projectRoot"
    | "location"
    | "only"
    | "mode"
    | "jobs"
    | "target"
    | "allowDirty"
    | "yes"
    | "byHand"
  > {
  notes: string[][];
  stream: boolean;
  verbose: boolean;
}

/** Runs a located plan with progress, signals and a summary; gives the exit code. */
export async function runPlan(context: Context, choices: RunChoices): Promise<number> {
  const { executeRun } = await import("../../runner/execute.ts");
  const { compileForRun } = await import("../compile-plan.ts");
  const { resolveUnit } = await import("../../plan/locate.ts");
  const { output } = context;
  const view = output.quiet
    ? plainView(() => {}, false)
    : output.live
      ? liveView(process.stderr, choices.stream)
      : plainView((text) => output.status(text), choices.stream);
  const records: RecordedEvent[] = [];
  const interrupts = listenForSignals(view.say);
  const notes = new Map<string, string[]>();
  const only: string[] = [];
  try {
    const result = await executeRun({
      ...choices,
      only,
      notes,
      async compile(config, repository) {
        const compiled = await compileForRun(context, {
          projectRoot: choices.projectRoot,
          location: choices.location,
          config,
          repository,
        });
        const ids = compiled.plan.tasks.map((task) => task.id);
        only.push(...choices.only.map((unit) => resolveUnit(ids, unit)));
        for (const [unit = "", text = ""] of choices.notes) {
          const id = resolveUnit(ids, unit);
          notes.set(id, [...(notes.get(id) ?? []), text]);
        }
        return compiled;
      },
      confirm: context.interactive
        ? async (question) => (await import("../prompt.ts")).confirm(question)
        : null,
      env: context.env,
      permits: (config) => permitsOf(context, config),
      status: view.say,
      onRecord(record) {
        if (record.kind === "lifecycle") records.push(record);
        view.onRecord(record);
      },
      onState() {},
      interrupt: interrupts.signal,
    });
    view.close();
    const code = await answer(context, choices, result);
    return interrupts.exitCode ?? code;
  } catch (error) {
    if (error instanceof DgovError && onGitHub(context.env)) {
      reportError(context, choices.projectRoot, error);
    }
    throw error;
  } finally {
    view.close();
    interrupts.close();
  }
}

async function answer(context: Context, choices: RunChoices, result: RunResult): Promise<number> {
  const { output } = context;
  const plan = choices.location.name;
  switch (result.kind) {
    case "unresolved": {
      const lines = result.units.map(
        (u) => `  ${u.unit}: ${u.phase.replace("_", " ")}: ${u.rejection?.reason ?? u.reason}`,
      );
      output.answer(
        {
          schema: "dgov.run/1",
          plan,
          status: "unresolved",
          exit_code: 1,
          units: result.units.map((u) => ({
            unit: u.unit,
            phase: u.phase,
            run: u.run,
            reason: u.rejection?.reason ?? u.reason,
            kept_ref: u.kept?.ref ?? null,
          })),
        },
        `${plan}: the last run left units that did not land:\n${lines.join("\n")}\n\n` +
          `dgov run ${plan} --continue   run them again, told why they failed\n` +
          `dgov run ${plan} --restart    run every unit again`,
      );
      return 1;
    }
    case "nothing_to_do":
      output.answer(
        {
          schema: "dgov.run/1",
          plan,
          status: "complete",
          exit_code: 0,
          units: result.landed.map((l) => ({ unit: l.unit, phase: "landed", commit: l.commit })),
        },
        `${plan}: every unit has landed; nothing to do`,
      );
      return 0;
    case "finished": {
      const { summarizeRun } = await import("../run-summary.ts");
      const { costsIn } = await import("../costs.ts");
      const cost = await costsIn(choices.projectRoot);
      const summary = summarizeRun(result, { verbose: choices.verbose, cost });
      output.answer(summary.document, summary.text);
      if (onGitHub(context.env)) {
        const { runAnnotations, runSummary } = await import("../github/run-report.ts");
        report(context, {
          projectRoot: choices.projectRoot,
          annotations: runAnnotations(summary.report),
          summary: runSummary(summary.report),
        });
      }
      return result.end.exitCode;
    }
  }
}

/** The first signal stops the run in order; the second ends the process at once. */
function listenForSignals(say: (text: string) => void): {
  signal: AbortSignal;
  exitCode: number | null;
  close(): void;
} {
  const abort = new AbortController();
  const state = { signal: abort.signal, exitCode: null as number | null, close };
  const handlers = { SIGINT: () => on(130), SIGTERM: () => on(143) };
  function on(code: number): void {
    if (abort.signal.aborted) {
      // The lock, the workers and their tools fall with the process: stdin closes.
      process.exit(code);
    }
    state.exitCode = code;
    say("stopping: workers are ended and their work is kept; once more ends at once");
    abort.abort();
  }
  function close(): void {
    process.off("SIGINT", handlers.SIGINT);
    process.off("SIGTERM", handlers.SIGTERM);
  }
  process.on("SIGINT", handlers.SIGINT);
  process.on("SIGTERM", handlers.SIGTERM);
  return state;
}
