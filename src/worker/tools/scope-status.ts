/** The tool scope_status: the scope verdict on the current worktree, by the code and the policy of the review. */
import { lstatSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { judgeChanges } from "../../claims/verdict.ts";
import { runToolGit } from "./git.ts";
import {
  argumentSchema,
  scopePolicyFor,
  type Tool,
  toolAnswer,
  toolError,
  workerOnly,
} from "./tool.ts";

type ScopeChange = Parameters<typeof judgeChanges>[0][number];

export const scopeStatus: Tool = {
  name: "scope_status",
  description: "Check whether the changes so far are within this task's claims.",
  parameters: argumentSchema({}),
  roles: workerOnly,
  async run(_a, context) {
    const { worktree, base } = context.request;
    const tracked = await runToolGit(
      context,
      ["diff", "--name-status", "-z", "--no-renames", "--no-ext-diff", base],
      worktree,
    );
    const fresh = await runToolGit(
      context,
      ["ls-files", "-o", "--exclude-standard", "-z"],
      worktree,
    );
    if (!tracked.ok || !fresh.ok) return toolError("failed", tracked.text + fresh.text);
    const words = tracked.text.split("\0").filter((word) => word !== "");
    const changes: ScopeChange[] = [];
    for (let i = 0; i + 1 < words.length; i += 2) {
      const status = words[i] === "A" ? "added" : words[i] === "D" ? "deleted" : "modified";
      changes.push(changeAt(worktree, words[i + 1] ?? "", status));
    }
    for (const path of fresh.text.split("\0")) {
      if (path !== "") changes.push(changeAt(worktree, path, "added"));
    }
    const verdict = judgeChanges(changes, scopePolicyFor(context.request));
    const lines = [
      `scope_status: ${verdict.passed ? "pass" : "fail"}`,
      ...changes.map((change) => `${change.status}: ${change.path}`),
      ...(verdict.passed ? [] : [`blocking: ${verdict.verdict}: ${verdict.reason}`]),
    ];
    return toolAnswer(lines.join("\n"));
  },
};

function changeAt(root: string, path: string, status: ScopeChange["status"]): ScopeChange {
  const stats = lstatSync(join(root, path), { throwIfNoEntry: false });
  if (stats === undefined) return { path, status, kind: "file", linkTarget: null };
  if (stats.isSymbolicLink()) {
    return { path, status, kind: "symlink", linkTarget: readlinkSync(join(root, path)) };
  }
  return { path, status, kind: stats.isFile() ? "file" : "other", linkTarget: null };
}
