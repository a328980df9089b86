import type { Config } from "../../config/config.ts";
import { claimDiagnostic, type PlanTask, taskDiagnostic, writeKinds } from "../plan.ts";
import type { Rule } from "../rule-context.ts";
/** Every task says what it is; what lands needs a commit message. */
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
      const hint = 'say what the commit does, e.g. commit_message = "feat: add the parser"';
      const finding = {
        code: "missing-commit-message",
        message: "a worker needs a `commit_message`",
        hint,
      };
      found.push(taskDiagnostic(task, "commit_message", finding));
    }
    return found;
  });

/** Workers write something; researchers and reviewers write nothing; reviewers have something to judge. */
export const roleRequirements: Rule = ({ tasks }) =>
  tasks.flatMap((task) => {
    const { role, written, broken } = task;
    const [write] = writeKinds.flatMap((kind) => task.claims[kind].map((text) => ({ kind, text })));
    const found = [];
    if (role === "worker" && write === undefined && !broken.has("files")) {
      const hint = "files.create, files.edit, files.delete or files.touch names what it may change";
      const finding = { code: "no-write-claim", message: "a worker needs a write claim", hint };
      found.push(taskDiagnostic(task, "files", finding));
    }
    if (role !== "worker" && write !== undefined) {
      const message = `a ${role} only reads: its claim of \`${write.text}\` does not let it write`;
      const hint = "say files.read, or make it a worker";
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
      const message = "a reviewer judges what its dependencies landed, and this one has none";
      const hint = "add depends_on";
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
      const message = `\`on_reject\` means something for reviewers only, not for a ${role}`;
      found.push(taskDiagnostic(task, "on_reject", { code: "not-a-reviewer", message }));
    }
    return found;
  });

/** Summaries of work that looks and tells. */
const looking =
  /^(?:analy[sz]e|assess|audit|check|confirm|document|evaluate|inspect|investigate|measure|report|review|summari[sz]e|survey|validate|verify)\b/i;

/** A task that looks and writes a report should not claim the code: claiming it keeps others away from it. */
export const reportOnlyTasks: Rule = ({ tasks }, { config }) =>
  tasks.flatMap((task) => {
    const code = codeClaimed(task, config);
    const made = task.parsed.filter(({ kind }) => kind === "create");
    if (task.role !== "worker" || code === undefined || made.length === 0) return [];
    if (!looking.test((task.written.summary ?? "").trim())) return [];
    if (made.some(({ claim }) => isCode(claim.text, config))) return [];
    const message = `the task creates no code and reads as if it only looked, yet claims \`${code.text}\``;
    const hint = "files.read is enough for looking; or make it a researcher";
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

/** A cycle has no legal order; it is shown as one walks it. */
export const dependencyCycles: Rule = ({ tasks, order }) =>
  order.cycles.flatMap((cycle) => {
    const [first, second] = cycle.map((index) => tasks[index]);
    if (first === undefined) return [];
    const path = [...cycle, ...cycle.slice(0, 1)].map((index) => tasks[index]?.id);
    const message = `dependency cycle: ${path.join(" -> ")}`;
    const hint = "take one of these dependencies out";
    return [taskDiagnostic(first, "depends_on", { code: "cycle", message, hint }, second?.key)];
  });

/** Ids that differ only in case are two units to dgov and one name to some file systems. */
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
