import type { Config } from "../../config/config.ts";
import type { Rule } from "../facts.ts";
import { aboutClaim, type PlanTask } from "../plan.ts";

/** Summaries of work that looks and tells. */
const looking =
  /^(?:analy[sz]e|assess|audit|check|confirm|document|evaluate|inspect|investigate|measure|report|review|summari[sz]e|survey|validate|verify)\b/i;

/** A task that looks and writes a report should not claim the code: claiming it keeps others away from it. */
export const watching: Rule = ({ tasks }, { config }) =>
  tasks.flatMap((task) => {
    const code = codeClaimed(task, config);
    const made = task.parsed.filter(({ kind }) => kind === "create");
    if (task.role !== "worker" || code === undefined || made.length === 0) return [];
    if (!looking.test((task.written.summary ?? "").trim())) return [];
    if (made.some(({ claim }) => isCode(claim.text, config))) return [];
    const message = `the task creates no code and reads as if it only looked, yet claims \`${code.text}\``;
    const hint = "files.read is enough for looking; or make it a researcher";
    return [aboutClaim(task, code, { severity: "warning", code: "claims-to-look", message, hint })];
  });

function codeClaimed(task: PlanTask, config: Config): PlanTask["parsed"][number] | undefined {
  return task.parsed.find(
    ({ kind, claim }) => (kind === "edit" || kind === "touch") && isCode(claim.text, config),
  );
}

function isCode(path: string, { sourceExtensions }: Config): boolean {
  return sourceExtensions.some((extension) => path.endsWith(extension));
}
