/** `dgov explain U`: explains the phase of a unit. */

import { openProjectLog } from "../../../app/open-log.ts";
import { resolveRun } from "../../../app/resolve-run.ts";
import { DgovError } from "../../../error.ts";
import { resolveUnit } from "../../../plan/locate.ts";
import { moment, words } from "../../../std/text.ts";
import { type ExplainView, explainUnit } from "../../../views/explain.ts";
import { command } from "../../command.ts";
import { answerView } from "../../output.ts";
import { requireProject } from "../../project.ts";
import { textTable } from "../../render/table.ts";

export default command({
  name: "explain",
  description: "Explain why a unit waits, was skipped or was rejected",
  args: {
    unit: { type: "positional", required: true, description: "Unit id, or the end of one" },
    plan: {
      type: "string",
      valueHint: "PLAN",
      description: "Plan of the unit; default that of the last run",
    },
  },
  examples: ["dgov explain add-feature", "dgov explain tasks/main.add-feature --plan my-plan"],
  async run(context, args) {
    using seen = openProjectLog(requireProject(context));
    const { run } = await resolveRun(seen, args.plan, (text) => context.output.log.info(text));
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

/** The view as text. */
export function renderExplain(view: ExplainView): string {
  const reason = view.reason === "" ? "" : `: ${view.reason}`;
  const lines = [
    `${view.unit} is ${words(view.phase)} since ${moment(view.since)} UTC${reason}`,
    `  ${view.summary} (plan ${view.plan}, run ${view.run}, attempt ${view.attempt})`,
  ];
  if (view.because.length > 0) {
    lines.push("", "because of:");
    lines.push(...textTable(view.because.map((b) => [b.unit, words(b.phase), b.reason])));
  }
  if (view.rejections.length > 0) {
    lines.push("", "rejections:");
    const rows = view.rejections.map((r) => [`attempt ${r.attempt}`, r.verdict, r.reason]);
    lines.push(...textTable(rows));
  }
  if (view.history.length > 0) {
    lines.push("", "history:");
    lines.push(...textTable(view.history.map((h) => [moment(h.at), words(h.to), h.reason])));
  }
  if (view.keptRef !== null) lines.push("", `kept: ${view.keptRef}`);
  if (view.next !== null) lines.push(`next: ${view.next}`);
  return lines.join("\n");
}
