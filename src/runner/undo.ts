/**
 * `dgov undo`: what a run or a unit landed, taken back by one commit that passed the gates.
 *
 * It is one commit however many it reverts, since only a tree that was judged may land. Its message
 * names every reverted commit, which is how the units count as not landed from then on.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DgovError } from "../error.ts";
import { writeCommit } from "../git/commit.ts";
import { type Landing, landCandidate } from "../git/land.ts";
import type { StandingWork } from "../git/landed.ts";
import { beforeRef, candidateRef, deleteRefs, listRefs, updateRef } from "../git/refs.ts";
import { openRepository, type Repository } from "../git/repository.ts";
import { type RevertedCommit, readCommits, revertMessage, revertOnto } from "../git/revert.ts";
import { sharedState } from "../git/shared-state.ts";
import { openEventLogForReading } from "../log/event-log.ts";
import { childEnvironment } from "../process/environment.ts";
import { acquireRunLock } from "../process/lock.ts";
import { openSettlement } from "../settlement/context.ts";
import { runGates } from "../settlement/gates/run-gates.ts";
import { renderRejection } from "../settlement/rejection.ts";
import { isoTime, systemClock } from "../std/clock.ts";
import { type Ground, openGround } from "./ground.ts";
import { scratchPlace } from "./places.ts";
import { newRunId } from "./run-id.ts";
import { chooseLanded, type LandedChoice } from "./undo-choice.ts";
import { forgetUndo, noteUndo } from "./undo-crashed.ts";

export interface UndoRequest {
  projectRoot: string;
  /** A run, or a unit; undefined is the newest run of which something stands. */
  what: string | undefined;
  /** Plan the unit belongs to; undefined is that of the newest run. */
  plan: string | undefined;
  env: Record<string, string | undefined>;
  status(text: string): void;
  /** Aborted when a person stops it. */
  signal: AbortSignal;
}

export interface Undone {
  undo: string;
  run: string;
  plan: string;
  units: string[];
  /** The commits taken back, newest first. */
  reverted: string[];
  /** The commit that takes them back. */
  commit: string;
  target: string;
  before: string;
}

/** Takes back what landed. REFUSED with the reason, and nothing changed, when it cannot land. */
export async function undoLanded(request: UndoRequest): Promise<Undone> {
  const repository = await openRepository(request.projectRoot);
  // Looking first: an undo of nothing leaves no trace.
  await chosen(repository, request);
  const undo = newRunId(systemClock.now());
  const lock = acquireRunLock(repository.commonDir, { run: undo, plan: "undo" });
  try {
    const { projectRoot, env, status } = request;
    const o = { projectRoot, env, status, yes: false, confirm: null, onRecord: () => {} };
    const ground = await openGround(o, repository, undo);
    try {
      return await landUndo(request, ground);
    } finally {
      ground.log[Symbol.dispose]();
      rmSync(join(ground.places.runs, undo), { recursive: true, force: true });
      const candidates = await listRefs(repository, `refs/dgov/candidate/${undo}`);
      await deleteRefs(
        repository,
        candidates.map(({ ref }) => ref),
      );
    }
  } finally {
    lock.release();
  }
}

async function chosen(repository: Repository, request: UndoRequest): Promise<LandedChoice> {
  using log = openEventLogForReading(request.projectRoot);
  return await chooseLanded(repository, log, request);
}

/** Builds, judges and lands; again when the target moved meanwhile. */
async function landUndo(request: UndoRequest, ground: Ground): Promise<Undone> {
  const { repository, config, run: undo, log } = ground;
  for (let n = 0; n <= config.merge.rebuilds; n++) {
    const choice = await chosen(repository, request);
    const { target, tip, plan, run } = choice;
    const candidate = await build(ground, choice, n);
    await judge(request, ground, { tree: candidate.tree, tip });
    const landing = await land(ground, { ...choice, ...candidate });
    if (landing.kind === "target_moved") continue;
    if (landing.kind !== "landed") throw notLanded(landing);
    const { commit } = candidate;
    // A run of another clone is none of this log.
    if (log.overview(run).length > 0) {
      log.append(
        choice.landed.flatMap(({ unit, commit: reverted }) => {
          const data = { undo, commit, reverted, target };
          return unit === null
            ? []
            : [{ run, plan, unit, attempt: null, type: "unit.undone", data }];
        }),
      );
    }
    const reverted = candidate.commits.map((one) => one.commit);
    const units = [...new Set(choice.landed.flatMap(({ unit }) => unit ?? []))];
    return { undo, run, plan, units, reverted, commit, target, before: tip };
  }
  throw new DgovError("REFUSED", "the target kept moving", { hint: "try again" });
}

interface UndoCandidate {
  commits: RevertedCommit[];
  commit: string;
  tree: string;
  paths: Set<string>;
}

async function build(ground: Ground, choice: LandedChoice, n: number): Promise<UndoCandidate> {
  const { repository, places, identity, config, run: undo } = ground;
  const ids = [...new Set(choice.landed.map(({ commit }) => commit))].reverse();
  const commits = await readCommits(repository, ids);
  for (const commit of commits) requireWhole(commit, choice.landed);
  const onto = choice.tip;
  const reversal = await revertOnto(repository, {
    commits,
    onto,
    scratch: scratchPlace(places, undo),
  });
  if (reversal.kind === "empty") {
    throw new DgovError("REFUSED", `${choice.target} has none of these changes any more`);
  }
  if (reversal.kind === "conflicted") {
    const { commit, paths } = reversal;
    throw new DgovError(
      "REFUSED",
      `${commit.slice(0, 10)} cannot be taken back: what landed since changed ${paths.join(", ")}`,
      { hint: `undo the later change first, or git revert ${commit.slice(0, 10)} by hand` },
    );
  }
  const { tree, paths } = reversal;
  const message = revertMessage(commits, `Revert run ${choice.run} of ${choice.plan}`);
  const date = isoTime(systemClock.now());
  const commit = await writeCommit(
    repository,
    { tree, parents: [onto], message, identity, date },
    { sign: config.merge.sign },
  );
  await updateRef(repository, candidateRef(undo, n), commit);
  return { commits, commit, tree, paths };
}

/** A merge, and a commit squashed with work that is not meant, are for a person to take apart. */
function requireWhole(commit: RevertedCommit, landed: readonly StandingWork[]): void {
  const short = commit.commit.slice(0, 10);
  const hint = `git revert ${short} by hand`;
  if (commit.parents.length !== 1) {
    throw new DgovError("REFUSED", `${short} is not a commit with one parent`, { hint });
  }
  const meant = new Set(landed.map(({ unit }) => unit));
  const others = commit.units.filter((unit) => !meant.has(unit));
  if (others.length > 0) {
    throw new DgovError("REFUSED", `${short} also holds ${others.join(", ")}`, { hint });
  }
}

async function judge(
  request: UndoRequest,
  ground: Ground,
  of: { tree: string; tip: string },
): Promise<void> {
  const { repository, config, places, run: undo, log } = ground;
  const deny = Object.values(config.providers).map((provider) => provider.apiKeyEnv);
  const settlement = openSettlement({
    repository,
    projectRoot: ground.projectRoot,
    projectDir: ground.projectDir,
    config,
    environment: childEnvironment(request.env, { extra: config.run.env, deny }),
    identity: ground.identity,
    slotsRoot: places.slots,
    scratch: scratchPlace(places, undo),
    signal: request.signal,
    report(...progress) {
      for (const one of progress) {
        if (one.kind === "finished") request.status(`${one.gate}: ${one.verdict.status}`);
      }
    },
    putOutput: (bytes) => log.putBlob(bytes),
  });
  const before = await sharedState(repository);
  const result = await runGates(settlement, {
    unit: null,
    attempt: 0,
    car: null,
    tree: of.tree,
    base: of.tip,
    testCmd: null,
    marker: `${undo}/undo`,
    signal: request.signal,
  });
  if (request.signal.aborted) throw new DgovError("REFUSED", "stopped; nothing has changed");
  if (!result.passed) {
    throw new DgovError(
      "REFUSED",
      `without these changes the gates say no: ${result.reason}\n${renderRejection(result.verdicts)}`,
      { hint: "undo what needs them first, or git revert by hand" },
    );
  }
  if ((await sharedState(repository)) !== before) {
    throw new DgovError("REPOSITORY_CHANGED", "git's configuration changed while the gates ran");
  }
}

async function land(
  ground: Ground,
  o: { target: string; tip: string; commit: string; paths: Set<string> },
): Promise<Landing> {
  const { repository, places, run: undo } = ground;
  const { target, tip: from, commit: to, paths } = o;
  await updateRef(repository, beforeRef(undo), from);
  noteUndo(repository, { target, from, to });
  const landing = await landCandidate(repository, {
    target,
    from,
    to,
    allowed: (path) => paths.has(path),
    scratch: scratchPlace(places, undo),
    message: "dgov: undo",
  });
  forgetUndo(repository);
  return landing;
}

function notLanded(landing: Exclude<Landing, { kind: "landed" | "target_moved" }>): DgovError {
  if (landing.kind === "proof_failed") return new DgovError("REFUSED", landing.reason);
  const paths = landing.paths.length === 0 ? "" : `: ${landing.paths.join(", ")}`;
  return new DgovError("REFUSED", `${landing.reason}${paths}`, {
    hint: "commit or move it away, then try again",
  });
}
