/** `dgov diagnose` as text. */
import { indented, moment, plural } from "../../std/text.ts";
import type { Diagnosis, Evidence } from "../../views/diagnose.ts";

/** Every finding with what proves it and what to do; a sentence when there is none. */
export function renderFindings(findings: readonly Diagnosis[]): string {
  if (findings.length === 0) return "nothing is wrong that dgov knows of";
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
