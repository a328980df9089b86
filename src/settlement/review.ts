/**
 * The review of an attempt: the check of its changes against its claims, review hooks, autofix, and commit.
 *
 * Every difference between base and worktree is checked, including those by other processes. Changes by
 * hooks and autofix are checked again before the commit, which includes claimed paths only.
 */
import { posix } from "node:path";
import { judgeChanges, type ScopeVerdict } from "../claims/verdict.ts";
import type { Config } from "../config/config.ts";
import { scopePolicy } from "../config/execution-policy.ts";
import { commonAccess } from "../config/gates.ts";
import type { Oid } from "../git/objects.ts";
import { blobReader } from "../git/read-blobs.ts";
import { diffTrees } from "../git/trees.ts";
import type { FileChange } from "../git/worktrees/changed-files.ts";
import { attemptChanges, detectTampering, requireIntact } from "../git/worktrees/changes.ts";
import { commitChanges } from "../git/worktrees/snapshot.ts";
import type { Worktree } from "../git/worktrees/worktree-files.ts";
import type { ReviewVerdict } from "../kernel/event.ts";
import type { Claims } from "../plan/compiled.ts";
import { describeExit, succeeded } from "../process/exit-result.ts";
import { runShell } from "../process/spawn.ts";
import { secretRemover } from "../std/secrets.ts";
import { listed, shownPath } from "../std/text.ts";
import { autofix } from "./autofix.ts";
import type { SettlementContext } from "./context.ts";
import { type JudgeChange, judgeChangesIn } from "./judge-changes.ts";
import { fillTemplate } from "./trees/command.ts";
import { attemptTree, placeIn } from "./trees/confine.ts";

const hookTimeoutMs = 30_000;

/** `touched`: hooks or autofix changed the worktree, so the attempt's kept work is out of date. */
export type ReviewOutcome = {
  touched: boolean;
  /** Changes of what judges the work: configuration of tests and checkers, skip marks. */
  judgeChanged: JudgeChange[];
} & (
  | {
      passed: true;
      commit: Oid;
      tree: Oid;
      changed: string[];
      autofixed: string[];
      /** Problems that do not affect the verdict, such as a fixer that timed out. */
      notes: string[];
    }
  | {
      passed: false;
      verdict: ReviewVerdict;
      reason: string;
      retriable: boolean;
      detail: string;
      /** Changed paths, relative to the repository, that wider claims would allow. */
      unclaimed: string[];
    }
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
    verdict: ReviewVerdict,
    reason: string,
    more: Partial<Pick<ReviewOutcome, "touched" | "judgeChanged">> & {
      retriable?: boolean;
      detail?: string;
      unclaimed?: string[];
    } = {},
  ): ReviewOutcome => ({
    passed: false,
    verdict,
    reason,
    retriable: more.retriable ?? false,
    detail: more.detail ?? reason,
    unclaimed: more.unclaimed ?? [],
    touched: more.touched ?? false,
    judgeChanged: more.judgeChanged ?? [],
  });
  await requireIntact(c.repository, o.tree);
  const tampered = await detectTampering(o.tree);
  if (tampered !== null) return rejected("tampering", tampered);
  const changes = o.changes ?? (await attemptChanges(c.repository, o.tree));
  const scope = judgeChanges(changes, policy);
  if (!scope.passed) return rejected(scope.verdict, scope.reason, ofScope(scope));
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
  const committed = async (paths: string[], isTouched: boolean): Promise<ReviewOutcome> => {
    const made = await commit(c, o, paths);
    const copies = await copiesIn(c, o.tree.base, made.commit);
    if (copies.length > 0) {
      const reason = `ignored files of the checkout never land: ${listed(copies, 3)}`;
      return rejected("unsafe_path", reason, { touched: isTouched });
    }
    const judgeChanged = await readJudgeChanges(c, o.tree.base, made.commit);
    const more = { touched: isTouched, judgeChanged };
    if (judgeChanged.length > 0 && c.config.merge.judgeChanges === "fail") {
      const named = listed(
        judgeChanged.map(({ path }) => path),
        3,
      );
      const reason = `it changes what judges it: ${named} ([merge] judge_changes = "fail")`;
      const lines = judgeChanged.map(({ path, what }) => `  ${path}: ${what}`);
      const detail = [reason, ...lines].join("\n");
      return rejected("judge_changed", reason, { ...more, detail, retriable: true });
    }
    return { ...made, autofixed: fix.fixed, notes: fix.notes, ...more };
  };
  if (!touched && !fix.touched && fix.fixed.length === 0) {
    return committed(scope.claimed, false);
  }
  const after = judgeChanges(await attemptChanges(c.repository, o.tree), policy);
  if (!after.passed)
    return rejected(after.verdict, after.reason, { ...ofScope(after), touched: true });
  return committed(after.claimed, true);
}

/** Files of a commit that have the content of a file which trees get from the operator's checkout. */
async function copiesIn(c: SettlementContext, base: Oid, made: Oid): Promise<string[]> {
  const { blobs } = await c.copied();
  if (blobs.size === 0) return [];
  return (await diffTrees(c.repository, base, made)).flatMap(({ path, newOid }) => {
    const from = blobs.get(newOid);
    return from === undefined ? [] : [`${shownPath(path)} is a copy of ${from}`];
  });
}

/** Reads the changes of what judges a commit among the files that it changes. */
async function readJudgeChanges(
  c: SettlementContext,
  base: Oid,
  made: Oid,
): Promise<JudgeChange[]> {
  const entries = await diffTrees(c.repository, base, made);
  const reader = blobReader(c.repository);
  const exists = (mode: string): boolean => mode !== "000000";
  const oids = entries.flatMap(({ oldMode, oldOid, newMode, newOid }) => [
    ...(exists(oldMode) ? [oldOid] : []),
    ...(exists(newMode) ? [newOid] : []),
  ]);
  await reader.load(oids);
  const changes = await Promise.all(
    entries.map(async ({ path, oldMode, oldOid, newMode, newOid }) => ({
      path,
      before: exists(oldMode) ? await reader.read(oldOid) : "",
      after: exists(newMode) ? await reader.read(newOid) : "",
    })),
  );
  return judgeChangesIn(changes, { commands: judgingCommands(c.config), prefix: c.projectPrefix });
}

function judgingCommands({ commands, gates, reviewHooks, verify }: Config): string[] {
  const { test, lint, formatCheck, typeCheck, coverage } = commands;
  const recipes = Object.values(verify).map(({ command }) => command);
  // A command names files relative to the folder it runs in.
  const own = gates.flatMap(({ command, cwd }) =>
    command.split(/\s+/).map((word) => posix.join(cwd, word)),
  );
  return [test, lint, formatCheck, typeCheck, coverage, ...reviewHooks, ...recipes, ...own].flatMap(
    (command) => command ?? [],
  );
}

/** The details of a failed scope verdict. */
function ofScope({ verdict, reason, retriable, paths }: ScopeVerdict): {
  retriable: boolean;
  detail: string;
  unclaimed: string[];
} {
  const lines = paths.map(({ path, problem }) => `  ${shownPath(path)}: ${problem}`);
  const claimable = verdict === "scope_violation" || verdict === "read_scope_violation";
  return {
    retriable,
    detail: [reason, ...lines].join("\n"),
    unclaimed: claimable ? paths.map(({ path }) => path) : [],
  };
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
  const place = await placeIn(c, await attemptTree(c, o.tree), commonAccess(c.config));
  const commands = c.config.reviewHooks.flatMap((text) => fillTemplate(c.config, text, files));
  for (const command of commands) {
    ran = true;
    const run = await runShell({
      command,
      ...{ cwd: place.cwd, confine: place.confine, env: place.env },
      timeoutMs: hookTimeoutMs,
      outputBytesMax: 64 * 1024,
      marker: o.marker,
      signal: c.signal,
    });
    if (succeeded(run.result)) continue;
    const reason = `the review hook \`${command}\` failed (${describeExit(run.result)})`;
    const output = secretRemover((await c.copied()).secrets)(run.combined);
    return { ran, failed: { reason, detail: `${reason}\n${output}` } };
  }
  return { ran, failed: null };
}
