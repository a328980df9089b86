/** Rules about tasks as such: texts, roles, ids and the order of dependencies. */
import type { Config } from "../../config/config.ts";
import { claimDiagnostic, type PlanTask, taskDiagnostic, writeKinds } from "../plan.ts";
import type { Rule } from "../rule-context.ts";

/** Every task needs a summary; a worker also needs a commit message. */
export const requiredText: Rule = ({ tasks }) =>
  tasks.flatMap((task) => {
    const { written, broken, role } = task;
    const found = [];
    if (written.summary?.trim() === "") {
      found.push(
        taskDiagnostic(task, "summary", { code: "blank-summary", message: "`summary` is blank" }),
      );
    }
    const message = (written.commit_message ?? "").trim();
    if (role === "worker" && message === "" && !broken.has("commit_message")) {
      const problem = {
        code: "missing-commit-message",
        message: "a worker needs a `commit_message`",
        hint: 'describe the change, e.g. commit_message = "feat: add the parser"',
      };
      found.push(taskDiagnostic(task, "commit_message", problem));
    }
    return found;
  });

/** Workers need a write claim; researchers and reviewers do not write; reviewers need dependencies to review. */
export const roleRequirements: Rule = ({ tasks }) =>
  tasks.flatMap((task) => {
    const { role, written, broken } = task;
    const [write] = writeKinds.flatMap((kind) => task.claims[kind].map((text) => ({ kind, text })));
    const found = [];
    if (role === "worker" && write === undefined && !broken.has("files")) {
      const hint =
        "list the files to change in files.create, files.edit, files.delete or files.touch";
      const problem = { code: "no-write-claim", message: "a worker needs a write claim", hint };
      found.push(taskDiagnostic(task, "files", problem));
    }
    if (role !== "worker" && write !== undefined) {
      const message = `a ${role} cannot change files: its write claim \`${write.text}\` counts as a read claim`;
      const hint = "use files.read, or change the role to worker";
      found.push(
        claimDiagnostic(task, write, {
          severity: "warning",
          code: "read-only-claims",
          message,
          hint,
        }),
      );
    }
    if (
      role === "reviewer" &&
      (written.depends_on ?? []).length === 0 &&
      !broken.has("depends_on")
    ) {
      const message = "a reviewer reviews the changes of its dependencies, but this one has none";
      const hint = "add depends_on with the tasks to review";
      found.push(
        taskDiagnostic(task, "role", {
          severity: "warning",
          code: "reviewer-alone",
          message,
          hint,
        }),
      );
    }
    if (role !== "reviewer" && written.on_reject !== undefined) {
      const message = `\`on_reject\` applies only to reviewers, not to a ${role}`;
      found.push(taskDiagnostic(task, "on_reject", { code: "not-a-reviewer", message }));
    }
    return found;
  });

/** Summaries of tasks that produce a report. */
const reportSummary =
  /^(?:analy[sz]e|assess|audit|check|confirm|document|evaluate|inspect|investigate|measure|report|review|summari[sz]e|survey|validate|verify)\b/i;

/** A task that only writes a report should claim code for reading, so that it does not block other tasks. */
export const reportOnlyTasks: Rule = ({ tasks }, { config }) =>
  tasks.flatMap((task) => {
    const code = codeClaimed(task, config);
    const created = task.parsed.filter(({ kind }) => kind === "create");
    if (task.role !== "worker" || code === undefined || created.length === 0) return [];
    if (!reportSummary.test((task.written.summary ?? "").trim())) return [];
    if (created.some(({ claim }) => isCode(claim.text, config))) return [];
    const message = `the task looks like a report-only task but claims \`${code.text}\` for editing`;
    const hint = "use files.read, or change the role to researcher";
    return [
      claimDiagnostic(task, code, { severity: "warning", code: "claims-to-look", message, hint }),
    ];
  });

function codeClaimed(task: PlanTask, config: Config): PlanTask["parsed"][number] | undefined {
  return task.parsed.find(
    ({ kind, claim }) => (kind === "edit" || kind === "touch") && isCode(claim.text, config),
  );
}

function isCode(path: string, { sourceExtensions }: Config): boolean {
  return sourceExtensions.some((extension) => path.endsWith(extension));
}

/** Dependencies must not form a cycle. The diagnostic lists the units along the cycle. */
export const dependencyCycles: Rule = ({ tasks, order }) =>
  order.cycles.flatMap((cycle) => {
    const [first, second] = cycle.map((index) => tasks[index]);
    if (first === undefined) return [];
    const path = [...cycle, ...cycle.slice(0, 1)].map((index) => tasks[index]?.id);
    const message = `dependency cycle: ${path.join(" -> ")}`;
    const hint = "remove one of these dependencies";
    return [taskDiagnostic(first, "depends_on", { code: "cycle", message, hint }, second?.key)];
  });

/** Ids must differ in more than case, since some file systems treat such names as one. */
export const similarIds: Rule = ({ tasks }) => {
  const seen = new Map<string, string>();
  return tasks.flatMap((task) => {
    const folded = task.id.toLowerCase();
    const other = seen.get(folded);
    seen.set(folded, other ?? task.id);
    if (other === undefined) return [];
    const message = `the unit id ${task.id} differs from ${other} only in case`;
    const hint = "rename the file or the key";
    return [taskDiagnostic(task, [], { severity: "warning", code: "similar-unit", message, hint })];
  });
};
