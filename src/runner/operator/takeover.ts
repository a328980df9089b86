/**
 * Kept work that the operator finishes: `dgov take` opens it as a worktree at the target's tip; `dgov land` sends
 * the content of that worktree through review, gates and the merge train like any attempt.
 */
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import type { ScopeChange } from "../../claims/unsafe.ts";
import { judgeChanges } from "../../claims/verdict.ts";
import type { Config } from "../../config/config.ts";
import { scopePolicy } from "../../config/execution-policy.ts";
import { DgovError } from "../../error.ts";
import { treesOfCommits } from "../../git/commit.ts";
import type { Identity } from "../../git/objects.ts";
import { removeOwnFolder } from "../../git/own-folder.ts";
import { encodeRefPart } from "../../git/refs.ts";
import type { Repository } from "../../git/repository.ts";
import { diffTrees, patchBetween } from "../../git/trees.ts";
import { keepWork, removeWorktree } from "../../git/worktrees/keep.ts";
import { createWorktree, openWorktree, replayWork } from "../../git/worktrees/worktree.ts";
import type { CompiledTask } from "../../plan/compiled.ts";
import type { EarlierWork } from "../attempt/state.ts";
import type { UnitHistory } from "../history/runs.ts";
import { type RunPaths, takeoverPaths } from "../paths.ts";

interface Takeover {
  path: string;
  /** Files left as the target has them, because their kept change conflicts with it. */
  conflicted: string[];
  /** The kept change to those files, as a diff. */
  conflictedDiff: string;
  rejection: string;
}

const diffBytesMax = 256 * 1024;

/** Opens the kept work of a unit at the target's tip. Throws NOT_FOUND without one, REFUSED when it is open. */
export async function openKeptAttempt(o: {
  repository: Repository;
  paths: RunPaths;
  plan: string;
  entry: UnitHistory;
  tip: string;
  identity: Identity;
}): Promise<Takeover> {
  const { repository, entry, tip, identity } = o;
  const { unit, kept } = entry;
  if (kept === null) throw nothingKept(unit);
  const place = takeoverPaths(o.paths, { plan: o.plan, unit });
  if (existsSync(place.path)) {
    throw new DgovError("REFUSED", `${unit} is already open in ${place.path}`, {
      hint: `dgov land ${unit}, or remove that folder and run dgov take again`,
    });
  }
  removeOwnFolder(dirname(place.path));
  const tree = await createWorktree(repository, { ...place, base: tip, identity });
  const { commit: work, base: workBase } = kept;
  const { conflicted } = await replayWork(repository, tree, { work, workBase });
  await Bun.write(place.base, `${tip}\n`);
  const conflictedDiff =
    conflicted.length === 0
      ? ""
      : await patchBetween(repository, workBase, work, { bytesMax: diffBytesMax });
  const rejection = entry.rejection?.reason ?? entry.reason;
  return { path: place.path, conflicted, conflictedDiff, rejection };
}

/** A finding of the semantic gate that the operator accepts. */
export interface AcceptedFinding {
  fingerprint: string;
  kind: string;
  path: string;
  /** From 1; null when the record has none. */
  line: number | null;
  message: string;
}

/** Work of the operator, which goes through review and gates without a worker. */
export interface TakenWork extends EarlierWork {
  /** Semantic findings that the operator accepts in this work. */
  accepted: readonly AcceptedFinding[];
  /** Write claims that the operator adds to those of the unit for this landing. */
  claims: readonly string[];
}

/** Fingerprints of the findings that the operator accepted in the work of a unit. */
export function acceptedIn(
  takenOver: ReadonlyMap<string, TakenWork>,
  units: Iterable<string>,
): string[] {
  return [...units].flatMap(
    (unit) => takenOver.get(unit)?.accepted.map(({ fingerprint }) => fingerprint) ?? [],
  );
}

/** True when `dgov take` has opened a worktree for the unit. */
export function isTaken(o: { paths: RunPaths; plan: string; unit: string }): boolean {
  return existsSync(takeoverPaths(o.paths, o).path);
}

/** The kept work of a unit's last attempt, unchanged. Throws NOT_FOUND without one. */
export function keptWork(entry: UnitHistory): EarlierWork {
  if (entry.kept === null) throw nothingKept(entry.unit);
  return { attempt: 0, rejection: "", ...entry.kept };
}

/**
 * True when the paths of the work alone show that the review rejects it, so that no gate has to run before that. The
 * review decides; `claims` of the task include those that the operator adds.
 */
export async function isOutOfScope(
  {
    repository,
    config,
    projectDir,
  }: { repository: Repository; config: Config; projectDir: string },
  { base, commit }: Pick<EarlierWork, "base" | "commit">,
  { claims, summary }: Pick<CompiledTask, "claims" | "summary">,
): Promise<boolean> {
  if (base === null || commit === null) return false;
  const [before = "", after = ""] = await treesOfCommits(repository, [base, commit]);
  const none = "000000";
  const changes = (await diffTrees(repository, before, after)).map(
    ({ path, oldMode, newMode }): ScopeChange => {
      const status = oldMode === none ? "added" : newMode === none ? "deleted" : "modified";
      return { path, status, kind: "file", linkTarget: null };
    },
  );
  const policy = scopePolicy(config, { claims, projectDir, unitSummary: summary });
  const { verdict } = judgeChanges(changes, policy);
  return verdict !== "ok" && verdict !== "empty_diff";
}

/** True when two pieces of work change the same paths to the same content. */
export async function isSameWork(
  repository: Repository,
  one: EarlierWork,
  other: EarlierWork,
): Promise<boolean> {
  const changes = async ({ base, commit }: EarlierWork): Promise<string> => {
    if (base === null || commit === null) return "";
    const [before = "", after = ""] = await treesOfCommits(repository, [base, commit]);
    const entries = await diffTrees(repository, before, after);
    return entries.map(({ path, newMode, newOid }) => `${path}\0${newMode}\0${newOid}`).join("\0");
  };
  return (await changes(one)) === (await changes(other));
}

function nothingKept(unit: string): DgovError {
  return new DgovError("NOT_FOUND", `no work of ${unit} is kept`, { hint: "dgov plan review" });
}

/** Commits the content of a taken worktree to a keep-ref, as the work that a run starts from. */
export async function snapshotTakeover(o: {
  repository: Repository;
  paths: RunPaths;
  plan: string;
  unit: string;
  identity: Identity;
  now: string;
  bytesMax: number;
}): Promise<EarlierWork & { close(): Promise<void> }> {
  const { repository, plan, unit, identity, bytesMax } = o;
  const place = takeoverPaths(o.paths, { plan, unit });
  if (!existsSync(place.path)) {
    throw new DgovError("NOT_FOUND", `${unit} has not been taken`, { hint: `dgov take ${unit}` });
  }
  const base = (await Bun.file(place.base).text()).trim();
  const tree = openWorktree({ ...place, base });
  const ref = `refs/dgov/keep/taken/${encodeRefPart(plan)}/${encodeRefPart(unit)}`;
  const message = `Taken work of ${unit}`;
  const { commit } = await keepWork(repository, tree, {
    ref,
    message,
    identity,
    date: o.now,
    bytesMax,
  });
  return {
    attempt: 0,
    rejection: "",
    ref,
    commit,
    base,
    async close() {
      await removeWorktree(repository, tree, { keptRef: ref });
      removeOwnFolder(dirname(place.path));
    },
  };
}
