/** `dgov explain U`: why a unit is where it is. */

import { answerView, openProjectLog } from "../../../app/open-log.ts";
import { resolveRun } from "../../../app/resolve-run.ts";
import { DgovError } from "../../../error.ts";
import { explainUnit } from "../../../views/explain.ts";
import { command } from "../../command.ts";
import { renderExplain } from "../../render/explain.ts";

export default command({
  name: "explain",
  description: "Say why a unit waits, was skipped or rejected",
  args: {
    unit: { type: "positional", required: true, description: "Unit id, or the end of one" },
    plan: { type: "string", valueHint: "PLAN", description: "Plan; default that of the last run" },
  },
  examples: ["dgov explain add-feature", "dgov explain tasks/main.add-feature --plan my-plan"],
  async run(context, args) {
    using seen = openProjectLog(context);
    const { run } = await resolveRun(seen, args.plan, (text) => context.output.status(text));
    const { resolveUnit } = await import("../../../plan/locate.ts");
    const id = resolveUnit(
      run.units.map((unit) => unit.unit),
      args.unit,
    );
    const view = explainUnit(run, id);
    if (view === null) throw new DgovError("NOT_FOUND", `the run has no unit ${id}`);
    answerView(context.output, "dgov.explain/1", view, renderExplain(view));
    return 0;
  },
});
