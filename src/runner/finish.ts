/**
 * The end of a run: verify the branch, archive the plan, one bookkeeping commit, the last record.
 *
 * The bookkeeping commit carries no worker's content: its paths provably lie below `.dgov/`.
 */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { listTree } from "../git/diff.ts";
import { deleteRef, listRefs } from "../git/refs.ts";
import { branchTip, commitOwn } from "../git/repository.ts";
import { treeOf } from "../git/revisions.ts";
import type { RunStatus } from "../kernel/event.ts";
import type { State } from "../kernel/state.ts";
import type { PlanLocation } from "../plan/locate.ts";
import { faultPoint } from "../process/fault.ts";
import { runGates } from "../settlement/gates/run-gates.ts";
import { present } from "../std/assert.ts";
import { type RunContext, record } from "./context.ts";
import { recordOf } from "./record.ts";

export interface RunEnd {
  exitCode: number;
  before: string;
  after: string;
  durationMs: number;
  verification: { status: "passed" | "failed" | "skipped"; reason: string };
  archivedTo: string | null;
  warnings: string[];
}

interface Facts {
  state: State;
  status: RunStatus;
  before: string;
  startedAt: number;
  location: PlanLocation;
  /** Not `--only`: the plan may be archived. */
  whole: boolean;
}

/** Closes a run whose loop has ended and records `run.finished`. */
export async function finishRun(c: RunContext, facts: Facts): Promise<RunEnd> {
  const warnings: string[] = [];
  const landedTip = present(await branchTip(c.repository, c.target), `tip of ${c.target}`);
  const verification = await verifyBranch(c, facts, landedTip);
  if (verification.status === "failed") warnings.push(`the branch is red: ${verification.reason}`);
  const complete = facts.status === "complete" && facts.whole && verification.status !== "failed";
  faultPoint("finish.verified");
  const archivedTo = complete ? archivePlan(c, facts.location) : null;
  faultPoint("finish.archived");
  const bookkeeping = facts.whole ? await commitBookkeeping(c, facts.location, archivedTo) : null;
  if (bookkeeping !== null && "refused" in bookkeeping) warnings.push(bookkeeping.refused);
  const after = present(await branchTip(c.repository, c.target), `tip of ${c.target}`);
  for (const { ref } of await listRefs(c.repository, `refs/dgov/candidate/${c.run}/`)) {
    await deleteRef(c.repository, ref);
  }
  await deleteRef(c.repository, `refs/dgov/base/${c.run}`);
  const durationMs = c.clock.now() - facts.startedAt;
  const exitCode = exitCodeOf(facts, verification.status);
  c.log.append([
    recordOf(
      { type: "run.finished", status: facts.status },
      { run: c.run, plan: c.plan.name },
      {
        exit_code: exitCode,
        duration_ms: durationMs,
        before: facts.before,
        after,
        target: c.target,
        verification,
        archived_to: archivedTo,
        warnings,
        degraded: false,
      },
    ),
  ]);
  rmSync(join(c.places.runs, c.run), { recursive: true, force: true });
  return { exitCode, before: facts.before, after, durationMs, verification, archivedTo, warnings };
}

function exitCodeOf(facts: Facts, verification: "passed" | "failed" | "skipped"): number {
  if (facts.status === "interrupted") {
    return facts.state.stopping?.cause === "repository_changed" ? 4 : 130;
  }
  return facts.status === "complete" && verification !== "failed" ? 0 : 1;
}

/** The gates once more on what the branch now holds; free when the last candidate is the tip. */
async function verifyBranch(
  c: RunContext,
  facts: Facts,
  tip: string,
): Promise<RunEnd["verification"]> {
  const lastLanded = Object.values(facts.state.units).some((unit) => unit.phase === "landed");
  if (facts.status === "interrupted" || !lastLanded || tip === facts.before) {
    return { status: "skipped", reason: "nothing landed" };
  }
  const result = await runGates(c.settlement, {
    unit: null,
    attempt: 0,
    car: null,
    tree: await treeOf(c.repository, tip),
    base: facts.before,
    testCmd: null,
    marker: `${c.run}/verification`,
    signal: c.signal,
  });
  if (result.passed) return { status: "passed", reason: "" };
  if (result.blame === "base") return { status: "passed", reason: "the base was red before" };
  return { status: "failed", reason: result.reason };
}

/** Moves a landed plan below `archive/`, beside whatever has its name there (never inside). */
function archivePlan(c: RunContext, location: PlanLocation): string | null {
  if (!existsSync(location.dir) || location.archived) return null;
  const archive =
    location.kind === "fix"
      ? join(c.projectRoot, ".dgov/runtime/fix-plans/archive")
      : join(c.projectRoot, ".dgov/plans/archive");
  mkdirSync(archive, { recursive: true });
  const name = basename(location.dir);
  let to = join(archive, name);
  for (let n = 2; existsSync(to); n++) to = join(archive, `${name}-${n}`);
  renameSync(location.dir, to);
  record(c, { unit: null, attempt: null, type: "plan.archived", data: { from: location.dir, to } });
  return to;
}

/** Commits what a run changed below `.dgov/`, and only when the project tracks it. */
async function commitBookkeeping(
  c: RunContext,
  location: PlanLocation,
  archivedTo: string | null,
): Promise<{ commit: string } | { refused: string } | null> {
  const tip = present(await branchTip(c.repository, c.target), `tip of ${c.target}`);
  const prefix = c.projectDir === "" ? "" : `${c.projectDir}/`;
  const relative = (path: string): string => prefix + path.slice(c.projectRoot.length + 1);
  const tracked = (await listTree(c.repository, tip)).map(({ path }) => path);
  const isTracked = (path: string): boolean =>
    tracked.some((t) => t === path || t.startsWith(`${path}/`));
  if (!isTracked(`${prefix}.dgov/project.toml`)) return null;
  const paths = [`${prefix}.dgov/plans/deployed.jsonl`];
  if (archivedTo !== null && isTracked(relative(location.dir))) {
    paths.push(relative(location.dir), relative(archivedTo));
  }
  const present_ = paths.filter(
    (path) => isTracked(path) || existsSync(join(c.repository.topLevel, path)),
  );
  try {
    const commit = await commitOwn(c.repository, {
      branch: c.target,
      parent: tip,
      paths: present_,
      message: `chore: dgov bookkeeping for ${c.plan.name}\n\nDgov-Run: ${c.run}\n`,
      allowedPrefixes: [`${prefix}.dgov/`, `${prefix}.sentrux/`, `${prefix}.coverage-baseline/`],
    });
    return commit === null ? null : { commit };
  } catch (error) {
    return {
      refused: `no bookkeeping commit: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}
