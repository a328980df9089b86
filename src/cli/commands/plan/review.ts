/** `dgov plan review PLAN`: the results of the last run; `--diff` and `--events` show one unit. */
import { isatty } from "node:tty";
import { liveRun, openProjectLog } from "../../../app/open-log.ts";
import { type ResolvedRun, resolveRun } from "../../../app/resolve-run.ts";
import { costFunction } from "../../../app/token-usage.ts";
import { DgovError } from "../../../error.ts";
import type { Repository } from "../../../git/repository.ts";
import type { RecordedEvent } from "../../../log/event-log.ts";
import { type SelfCorrection, selfCorrections } from "../../../views/recovered-tool-errors.ts";
import { type DiffStat, type ReviewFacts, viewReview } from "../../../views/review.ts";
import type { RunView, UnitView } from "../../../views/run-view.ts";
import { eventDocument, timelineLine } from "../../../views/timeline.ts";
import { usageError } from "../../args.ts";
import { command } from "../../command.ts";
import { answerView, type Output } from "../../output.ts";
import { requireProject } from "../../project.ts";
import { renderReview } from "../../render/review.ts";

const patchBytesMax = 4 * 1024 * 1024;

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
    const unit = asked[0] === undefined ? null : await unitOf(found.run, asked[0]);
    if (args.diff !== undefined && unit !== null) {
      await answerDiff(output, seen.projectRoot, found, unit);
    } else if (args.events !== undefined && unit !== null) answerEvents(output, found, unit);
    else {
      const facts = await gatherFacts(seen.projectRoot, found);
      const view = viewReview(found.run, facts, unit?.unit ?? null);
      answerView(output, "dgov.plan-review/1", view, renderReview(view));
    }
    return 0;
  },
});

async function unitOf(run: RunView, asked: string): Promise<UnitView> {
  const { resolveUnit } = await import("../../../plan/locate.ts");
  const id = resolveUnit(
    run.units.map((unit) => unit.unit),
    asked,
  );
  const unit = run.units.find((one) => one.unit === id);
  if (unit === undefined) throw new DgovError("NOT_FOUND", `the run has no unit ${id}`);
  return unit;
}

async function gatherFacts(projectRoot: string, { log, run }: ResolvedRun): Promise<ReviewFacts> {
  const results = Map.groupBy(
    log.telemetry({ run: run.run, types: ["result"] }),
    (event) => event.unit ?? "",
  );
  const corrections = new Map<string, SelfCorrection[]>();
  for (const [unit, events] of results) corrections.set(unit, selfCorrections(events));
  return {
    counts: log.counts(run.run),
    cost: await costFunction(projectRoot),
    diffs: await diffStats(projectRoot, run),
    corrections,
    crashed: run.phase === "running" && liveRun(projectRoot)?.run !== run.run,
  };
}

/** Diff statistics of landed units; a commit that git no longer has is left out. */
async function diffStats(projectRoot: string, run: RunView): Promise<Map<string, DiffStat>> {
  const commits = new Map<string, string>();
  for (const { unit, landed } of run.units) if (landed !== null) commits.set(unit, landed.commit);
  const repository = commits.size === 0 ? null : await repositoryOf(projectRoot);
  if (repository === null) return new Map();
  const { commitStats } = await import("../../../git/trees.ts");
  const ofCommit = await commitStats(repository, [...commits.values()]);
  const stats = new Map<string, DiffStat>();
  for (const [unit, commit] of commits) {
    const stat = ofCommit.get(commit);
    if (stat !== undefined) stats.set(unit, stat);
  }
  return stats;
}

async function repositoryOf(projectRoot: string): Promise<Repository | null> {
  const { openRepository } = await import("../../../git/repository.ts");
  try {
    return await openRepository(projectRoot);
  } catch (error) {
    if (error instanceof DgovError && error.code !== "INTERNAL") return null;
    throw error;
  }
}

/** Answers with the patch of the landed commit, or of the last kept attempt. */
async function answerDiff(
  output: Output,
  projectRoot: string,
  { run }: ResolvedRun,
  unit: UnitView,
): Promise<void> {
  const { openRepository } = await import("../../../git/repository.ts");
  const { patchBetween } = await import("../../../git/trees.ts");
  const { resolveCommit } = await import("../../../git/refs.ts");
  const repository = await openRepository(projectRoot);
  const kept = unit.attempts.findLast((attempt) => attempt.kept !== null);
  const commit = unit.landed?.commit ?? kept?.kept?.commit;
  if (commit === undefined) throw new DgovError("NOT_FOUND", `${unit.unit} has no change yet`);
  const from = unit.landed === null ? (kept?.base ?? null) : `${commit}^`;
  const base = from === null ? null : await resolveCommit(repository, from);
  if (base === null || (await resolveCommit(repository, commit)) === null) {
    throw new DgovError("NOT_FOUND", `git no longer has ${commit}`);
  }
  const patch = await patchBetween(repository, base, commit, { bytesMax: patchBytesMax });
  const landed = unit.landed !== null;
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
