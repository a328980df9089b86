/** `dgov plan review PLAN`: the results of the last run; `--diff` and `--events` show one unit. */
import { isatty } from "node:tty";
import { openProjectLog } from "../../../app/open-log.ts";
import { type ResolvedRun, resolveRun } from "../../../app/resolve-run.ts";
import { reviewFacts, unitPatch } from "../../../app/run-facts.ts";
import { DgovError } from "../../../error.ts";
import type { RecordedEvent } from "../../../log/event-log.ts";
import { resolveUnit } from "../../../plan/locate.ts";
import { viewReview } from "../../../views/review.ts";
import type { RunView, UnitView } from "../../../views/run-view.ts";
import { eventDocument, timelineLine } from "../../../views/timeline.ts";
import { usageError } from "../../args.ts";
import { command } from "../../command.ts";
import { answerView, type Output } from "../../output.ts";
import { requireProject } from "../../project.ts";
import { renderReview } from "../../render/review.ts";

export default command({
  name: "review",
  description: "Review the last run of a plan",
  args: {
    plan: { type: "positional", required: false, description: "Plan name or path" },
    only: { type: "string", valueHint: "U", description: "Only this unit" },
    diff: { type: "string", valueHint: "U", description: "Show the change of this unit" },
    events: { type: "string", valueHint: "U", description: "Show all events of this unit" },
  },
  examples: [
    "dgov plan review my-plan",
    "dgov plan review my-plan --only add-feature",
    "dgov plan review my-plan --diff add-feature",
    "dgov plan review my-plan --events add-feature",
  ],
  async run(context, args) {
    const { output } = context;
    const asked = [args.only, args.diff, args.events].filter((unit) => unit !== undefined);
    if (asked.length > 1) throw usageError("--only, --diff and --events exclude each other");
    using seen = openProjectLog(requireProject(context));
    const found = await resolveRun(seen, args.plan, (text) => output.log.info(text));
    const unit = asked[0] === undefined ? null : unitOf(found.run, asked[0]);
    if (args.diff !== undefined && unit !== null) {
      await answerDiff(output, seen.projectRoot, found, unit);
    } else if (args.events !== undefined && unit !== null) answerEvents(output, found, unit);
    else {
      const facts = await reviewFacts(seen.projectRoot, found.log, found.run);
      const view = viewReview(found.run, facts, unit?.unit ?? null);
      answerView(output, "dgov.plan-review/1", view, renderReview(view));
    }
    return 0;
  },
});

function unitOf(run: RunView, asked: string): UnitView {
  const id = resolveUnit(
    run.units.map((unit) => unit.unit),
    asked,
  );
  const unit = run.units.find((one) => one.unit === id);
  if (unit === undefined) throw new DgovError("NOT_FOUND", `the run has no unit ${id}`);
  return unit;
}

/** Answers with the patch of the landed commit, or of the last kept attempt. */
async function answerDiff(
  output: Output,
  projectRoot: string,
  { run }: ResolvedRun,
  unit: UnitView,
): Promise<void> {
  const { landed, base, commit, patch } = await unitPatch(projectRoot, unit);
  output.log.info(`${unit.unit}: ${landed ? "landed" : "kept, not landed"}: ${commit}`);
  const view = { run: run.run, plan: run.plan, unit: unit.unit, landed, base, commit, patch };
  // A patch for another program is applied there, and must be byte for byte what git printed.
  output.answer({ schema: "dgov.plan-diff/1", ...view }, patch, { exact: !isatty(1) });
}

function answerEvents(output: Output, { log, run }: ResolvedRun, unit: UnitView): void {
  const lifecycle = log.lifecycle({ run: run.run }).filter((event) => event.unit === unit.unit);
  const telemetry = log.telemetry({ run: run.run, unit: unit.unit });
  const events = [...lifecycle, ...telemetry].sort((a, b) => a.seq - b.seq);
  output.answer(
    {
      schema: "dgov.plan-events/1",
      run: run.run,
      plan: run.plan,
      unit: unit.unit,
      events: events.map(eventDocument),
    },
    events.map((event: RecordedEvent) => timelineLine(event)).join("\n"),
  );
}
