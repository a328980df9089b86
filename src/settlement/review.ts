/**
 * The review of an attempt: the check of its changes against its claims, review hooks, autofix, and commit.
 *
 * Every difference between base and worktree is checked, including those by other processes. Changes by
 * hooks and autofix are checked again before the commit, which includes claimed paths only.
 */
import { join } from "node:path";
import { judgeChanges, type ScopeVerdict } from "../claims/verdict.ts";
import { scopePolicy } from "../config/execution-policy.ts";
import type { Oid } from "../git/objects.ts";
import { attemptChanges, detectTampering, type FileChange } from "../git/worktrees/changes.ts";
import { commitChanges } from "../git/worktrees/snapshot.ts";
import type { Worktree } from "../git/worktrees/worktree.ts";
import type { Claims } from "../plan/compiled.ts";
import { describeExit, succeeded } from "../process/exit-result.ts";
import { runShell } from "../process/spawn.ts";
import { autofix } from "./autofix.ts";
import type { SettlementContext } from "./context.ts";
import { fillTemplate } from "./trees/command.ts";
import { environmentIn } from "./trees/environment.ts";

const hookTimeoutMs = 30_000;

/** `touched`: hooks or autofix changed the worktree, so the attempt's kept work is out of date. */
export type ReviewOutcome = { touched: boolean } & (
  | {
      passed: true;
      commit: Oid;
      tree: Oid;
      changed: string[];
      autofixed: string[];
      /** Problems that do not affect the verdict, such as a fixer that timed out. */
      notes: string[];
    }
  | { passed: false; verdict: string; reason: string; retriable: boolean; detail: string }
);

/** Reviews, fixes and commits the worktree of an attempt, after all its processes ended. */
export async function reviewAndCommit(
  c: SettlementContext,
  o: {
    tree: Worktree;
    claims: Claims;
    unitSummary: string;
    message: string;
    /** Date of the commit (RFC 3339), given so that building it again gives the same id. */
    date: string;
    marker: string;
    /** The worktree's changes, when they were read after its processes ended; read now otherwise. */
    changes?: readonly FileChange[] | null;
  },
): Promise<ReviewOutcome> {
  const policy = scopePolicy(c.config, { ...o, projectDir: c.projectDir });
  const rejected = (
    verdict: string,
    reason: string,
    more: { retriable?: boolean; detail?: string; touched?: boolean } = {},
  ): ReviewOutcome => ({
    passed: false,
    verdict,
    reason,
    retriable: more.retriable ?? false,
    detail: more.detail ?? reason,
    touched: more.touched ?? false,
  });
  const tampered = await detectTampering(o.tree);
  if (tampered !== null) return rejected("tampering", tampered);
  const changes = o.changes ?? (await attemptChanges(c.repository, o.tree));
  const scope = judgeChanges(changes, policy);
  if (!scope.passed)
    return rejected(scope.verdict, scope.reason, {
      retriable: scope.retriable,
      detail: detailOf(scope),
    });
  const claimed = (list: readonly FileChange[], verdict: ScopeVerdict): FileChange[] => {
    const paths = new Set(verdict.claimed);
    return list.filter((change) => paths.has(change.path));
  };
  const hooks = await runHooks(c, o, claimed(changes, scope));
  const touched = hooks.ran;
  if (hooks.failed !== null)
    return rejected("hook_fail", hooks.failed.reason, {
      ...hooks.failed,
      retriable: true,
      touched,
    });
  const fix = await autofix(c, { ...o, changes: claimed(changes, scope) });
  const fixes = { autofixed: fix.fixed, notes: fix.notes };
  if (!touched && !fix.touched && fix.fixed.length === 0) {
    return { ...(await commit(c, o, scope.claimed)), ...fixes, touched: false };
  }
  const after = judgeChanges(await attemptChanges(c.repository, o.tree), policy);
  if (!after.passed)
    return rejected(after.verdict, after.reason, {
      retriable: after.retriable,
      detail: detailOf(after),
      touched: true,
    });
  return { ...(await commit(c, o, after.claimed)), ...fixes, touched: true };
}

function detailOf(scope: ScopeVerdict): string {
  const lines = scope.paths.map(({ path, problem }) => `  ${path}: ${problem}`);
  return [scope.reason, ...lines].join("\n");
}

async function commit(
  c: SettlementContext,
  o: Parameters<typeof reviewAndCommit>[1],
  paths: string[],
): Promise<{ passed: true; commit: Oid; tree: Oid; changed: string[] }> {
  const made = await commitChanges(c.repository, o.tree, {
    paths,
    message: o.message,
    identity: c.identity,
    date: o.date,
    sign: c.config.merge.sign,
    signal: c.signal,
  });
  return { passed: true, ...made, changed: paths };
}

async function runHooks(
  c: SettlementContext,
  o: { tree: Worktree; marker: string },
  changes: readonly FileChange[],
): Promise<{ ran: boolean; failed: { reason: string; detail: string } | null }> {
  const prefix = c.projectPrefix;
  const files = changes
    .filter((change) => change.status !== "deleted" && change.path.startsWith(prefix))
    .map((change) => change.path.slice(prefix.length));
  let ran = false;
  const commands = c.config.reviewHooks.flatMap((text) => fillTemplate(c.config, text, files));
  for (const command of commands) {
    ran = true;
    const run = await runShell({
      command,
      cwd: join(o.tree.path, c.projectDir),
      env: environmentIn(c, o.tree.path, undefined),
      timeoutMs: hookTimeoutMs,
      outputBytesMax: 64 * 1024,
      marker: o.marker,
      signal: c.signal,
    });
    if (succeeded(run.result)) continue;
    const reason = `the review hook \`${command}\` failed (${describeExit(run.result)})`;
    return { ran, failed: { reason, detail: `${reason}\n${run.combined}` } };
  }
  return { ran, failed: null };
}
