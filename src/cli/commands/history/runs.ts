/** `dgov runs list|show|cancel`. */
import { liveRun, openProjectLog, readOverview, readRun } from "../../../app/open-log.ts";
import { DgovError } from "../../../error.ts";
import { duration, moment, short } from "../../../std/text.ts";
import { isSuccessful, shownPhase } from "../../../views/run-view.ts";
import { viewStatus } from "../../../views/status.ts";
import { wholeNumber } from "../../args.ts";
import { command, group } from "../../command.ts";
import { answerView } from "../../output.ts";
import { requireProject } from "../../project.ts";
import { renderStatus } from "../../render/status.ts";
import { textTable } from "../../render/table.ts";

const list = command({
  name: "list",
  description: "List runs, newest first",
  args: {
    plan: { type: "string", valueHint: "PLAN", description: "Only runs of this plan" },
    limit: { type: "string", valueHint: "N", description: "Maximum number of runs; default 20" },
  },
  examples: ["dgov runs list", "dgov runs list --plan my-plan --limit 5"],
  async run(context, args) {
    const limit = wholeNumber(args.limit, { flag: "--limit", min: 1 }) ?? 20;
    using seen = openProjectLog(requireProject(context));
    const { log } = seen;
    const live = liveRun(seen.projectRoot);
    const query = args.plan === undefined ? { limit } : { plan: args.plan, limit };
    const runs = (log?.runs(query) ?? []).flatMap((entry) => {
      const run = log === null ? null : readOverview(log, entry.run);
      if (run === null) return [];
      return [
        {
          run: run.run,
          plan: run.plan,
          phase: shownPhase(run, live?.run === run.run),
          startedAt: run.startedAt,
          finishedAt: run.finishedAt,
          durationMs: run.durationMs,
          exitCode: run.exitCode,
          before: run.before,
          after: run.after,
          landed: run.units.filter((unit) => isSuccessful(unit.phase)).length,
          units: run.units.length,
        },
      ];
    });
    const rows = runs.map((run) => [
      run.run,
      run.plan,
      run.phase,
      `${run.landed}/${run.units}`,
      moment(run.startedAt),
      run.durationMs === null ? "" : duration(run.durationMs),
    ]);
    const text = rows.length === 0 ? "no runs yet" : textTable(rows, "").join("\n");
    answerView(context.output, "dgov.runs/1", { runs }, text);
    return 0;
  },
});

const show = command({
  name: "show",
  description: "Show one run",
  args: {
    run: {
      type: "positional",
      required: true,
      description: "Run id, or a unique beginning or end of it",
    },
  },
  examples: ["dgov runs show 20260102-030405-1a2b"],
  async run(context, args) {
    using seen = openProjectLog(requireProject(context));
    const { Plans } = await import("../../../app/plan-summary.ts");
    const { findRunId } = await import("../../../app/resolve-run.ts");
    const id = findRunId(seen.log, args.run);
    const run = seen.log === null ? null : readRun(seen.log, id);
    if (run === null) throw new DgovError("NOT_FOUND", `no run ${args.run}`);
    const plans = new Plans(seen);
    const view = viewStatus([await plans.oneRun(run)], plans.live);
    const { before, after, exitCode, durationMs, warnings, sandbox, verification } = run;
    const more = { before, after, exitCode, durationMs, warnings, sandbox, verification };
    const [shown] = view.runs;
    const lines = [renderStatus({ ...view, summary: `run ${run.run} of ${run.plan}` })];
    if (after !== null && after !== before) {
      lines.push(`git diff ${short(before)}..${short(after)}`);
    }
    for (const warning of warnings) lines.push(`warning: ${warning}`);
    if (durationMs !== null) lines.push(`took ${duration(durationMs)}, exit code ${exitCode}`);
    if (verification !== null) lines.push(`final branch: ${verification.status}`);
    answerView(context.output, "dgov.run-history/1", { ...shown, ...more }, lines.join("\n"));
    return 0;
  },
});

export default group({
  name: "runs",
  description: "Show past runs, or cancel the live one",
  alone: "list",
  subcommands: {
    list,
    show,
    cancel: {
      description: "Stop the live run and keep its work",
      load: async () => (await import("./runs-cancel.ts")).default,
    },
  },
});
