/** `dgov prune`: deletes outputs and telemetry of old runs; their lifecycle events stay. */
import { pruneProject } from "../../../app/maintenance.ts";
import { systemClock } from "../../../std/clock.ts";
import { plural } from "../../../std/text.ts";
import { wholeNumber } from "../../args.ts";
import { command } from "../../command.ts";
import { answerView } from "../../output.ts";
import { requireProject } from "../../project.ts";

const daysDefault = 30;
const dayMs = 86_400_000;

export default command({
  name: "prune",
  description: "Delete outputs and telemetry of old runs",
  args: {
    days: {
      type: "string",
      valueHint: "N",
      description: `Age in days from which runs are pruned; default ${daysDefault}`,
    },
    kept: { type: "boolean", description: "Also delete kept work of units that have landed since" },
    dryRun: { type: "boolean", description: "Show what would be removed, and remove nothing" },
  },
  examples: ["dgov prune --dry-run", "dgov prune --days 7 --kept"],
  async run(context, args) {
    const days = wholeNumber(args.days, { flag: "--days", max: 36_500 }) ?? daysDefault;
    const dry = args.dryRun === true;
    const pruned = await pruneProject({
      projectRoot: requireProject(context),
      before: systemClock.now() - days * dayMs,
      kept: args.kept === true,
      dry,
    });
    const verb = dry ? "would remove" : "removed";
    const lines = pruned.runs.map(({ run, plan, events, keptRefs }) => {
      const refs = keptRefs.length === 0 ? "" : `, ${plural(keptRefs.length, "kept attempt")}`;
      return `${verb} ${plural(events, "telemetry event")}${refs} of run ${run} of ${plan}`;
    });
    if (pruned.files > 0) {
      lines.push(`${verb} ${plural(pruned.files, "output")}, ${megabytes(pruned.bytes)}`);
    }
    const text = lines.length === 0 ? "nothing to remove" : lines.join("\n");
    answerView(context.output, "dgov.prune/1", { dryRun: dry, days, ...pruned }, text);
    return 0;
  },
});

function megabytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
