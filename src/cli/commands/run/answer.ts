/** The answer of `dgov run`: the summary of the run, or the reason why nothing ran. */

import { costFunction } from "../../../app/run-facts.ts";
import type { RunResult } from "../../../runner/run.ts";
import { words } from "../../../std/text.ts";
import type { Context } from "../../command.ts";
import { runAnnotations, runSummary } from "../../github/run-report.ts";
import { onGitHub, report } from "../../github/workflow.ts";
import { summarizeRun } from "./summary.ts";

type Kind<K extends RunResult["kind"]> = Extract<RunResult, { kind: K }>;

/** The plan that ran, and the level of detail. */
interface Answering {
  plan: string;
  projectRoot: string;
  verbose: boolean;
}

/** Prints the answer and returns the exit code. */
export async function answerRun(
  context: Context,
  of: Answering,
  result: RunResult,
): Promise<number> {
  switch (result.kind) {
    case "unresolved":
      return answerUnresolved(context, of.plan, result);
    case "nothing_to_do":
      return answerNothing(context, of.plan, result);
    case "interrupted":
      return answerInterrupted(context, of.plan);
    case "finished":
      return answerFinished(context, of, result);
    default:
      return result satisfies never;
  }
}

function answerUnresolved(
  { output }: Context,
  plan: string,
  { units }: Kind<"unresolved">,
): number {
  const lines = units.map(
    (u) => `  ${u.unit}: ${words(u.phase)}: ${u.rejection?.reason ?? u.reason}`,
  );
  output.answer(
    {
      schema: "dgov.run/1",
      plan,
      status: "unresolved",
      exit_code: 1,
      units: units.map((u) => ({
        unit: u.unit,
        phase: u.phase,
        run: u.run,
        reason: u.rejection?.reason ?? u.reason,
        kept_ref: u.kept?.ref ?? null,
      })),
    },
    `${plan}: the last run left units that did not land:\n${lines.join("\n")}\n\n` +
      `dgov run ${plan} --continue   run them again with the reasons of their failures\n` +
      `dgov run ${plan} --restart    run every unit again`,
  );
  return 1;
}

function answerNothing(
  { output }: Context,
  plan: string,
  { landed }: Kind<"nothing_to_do">,
): number {
  output.answer(
    {
      schema: "dgov.run/1",
      plan,
      status: "complete",
      exit_code: 0,
      units: landed.map((l) => ({ unit: l.unit, phase: "landed", commit: l.commit })),
    },
    `${plan}: every unit has landed; nothing to do`,
  );
  return 0;
}

function answerInterrupted({ output }: Context, plan: string): number {
  output.answer(
    { schema: "dgov.run/1", plan, status: "interrupted", exit_code: 130, units: [] },
    `${plan}: interrupted before any unit started`,
  );
  return 130;
}

async function answerFinished(
  context: Context,
  { projectRoot, verbose }: Answering,
  result: Kind<"finished">,
): Promise<number> {
  const cost = await costFunction(projectRoot);
  const summary = summarizeRun(result, { verbose, cost });
  context.output.answer(summary.document, summary.text);
  if (onGitHub(context.env)) {
    report(context, {
      projectRoot,
      annotations: runAnnotations(summary.report),
      summary: runSummary(summary.report),
    });
  }
  return result.end.exitCode;
}
