/** `dgov diagnose`: known failures with what proves them, and the next command for each. */
import { openProjectLog } from "../../../app/open-log.ts";
import { planNameAt } from "../../../app/plan-summary.ts";
import { diagnoseProject } from "../../../app/run-facts.ts";
import { resolvePlan } from "../../../plan/locate.ts";
import { command } from "../../command.ts";
import { answerView } from "../../output.ts";
import { requireProject } from "../../project.ts";
import { renderFindings } from "../../render/findings.ts";

export default command({
  name: "diagnose",
  description: "Show known failures and the next command for each",
  args: {
    plan: { type: "string", valueHint: "PLAN", description: "Only what concerns this plan" },
  },
  examples: ["dgov diagnose", "dgov diagnose --plan my-plan", "dgov diagnose --json"],
  async run(context, args) {
    using seen = openProjectLog(requireProject(context));
    const { projectRoot, log } = seen;
    const plan =
      args.plan === undefined ? null : planNameAt(await resolvePlan(projectRoot, args.plan));
    const findings = (await diagnoseProject(projectRoot, log)).filter(
      (finding) => plan === null || finding.plan === plan,
    );
    answerView(context.output, "dgov.diagnose/1", { findings }, renderFindings(findings));
    return findings.length === 0 ? 0 : 1;
  },
});
