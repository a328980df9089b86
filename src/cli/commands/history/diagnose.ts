/** `dgov diagnose`: known failures with their evidence, and the next command for each. */
import { openProjectLog } from "../../../app/open-log.ts";
import { planNameAt } from "../../../app/plan-summary.ts";
import { diagnoseProject } from "../../../app/run-facts.ts";
import { resolvePlan } from "../../../plan/locate.ts";
import { indented, moment, plural } from "../../../std/text.ts";
import type { Diagnosis, Evidence } from "../../../views/diagnose.ts";
import { command } from "../../command.ts";
import { answerView } from "../../output.ts";
import { requireProject } from "../../project.ts";

export default command({
  name: "diagnose",
  description: "Show known failures and the next command for each",
  args: {
    plan: { type: "string", valueHint: "PLAN", description: "Only failures of this plan" },
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

/** Findings with evidence and next commands as text; one sentence when there are none. */
export function renderFindings(findings: readonly Diagnosis[]): string {
  if (findings.length === 0) return "no known failures found";
  return [...findings.map(renderFinding), plural(findings.length, "finding")].join("\n\n");
}

function renderFinding(finding: Diagnosis): string {
  const { name, run, plan, unit, attempt, evidence, first, nextAction, doNot } = finding;
  const where = [
    unit ?? "",
    plan === null ? "" : `plan ${plan}`,
    run === null ? "" : `run ${run}`,
    attempt === null ? "" : `attempt ${attempt}`,
  ].filter((part) => part !== "");
  const lines = [
    `${name}${where.length === 0 ? "" : `: ${where.join(", ")}`}`,
    ...evidence.map((one) => indented(quoted(one), "    ")),
    ...(first === "" ? [] : [`  first:  ${first}`]),
    `  next:   ${nextAction}`,
    `  do not: ${doNot}`,
  ];
  return lines.join("\n");
}

function quoted({ seq, at, text }: Evidence): string {
  const place = seq === null || at === null ? "" : `event ${seq}, ${moment(at)}: `;
  return `${place}${text}`;
}
