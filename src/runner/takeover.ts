/**
 * Kept work in a person's hands: `dgov take` opens it as a worktree on the target as it is now,
 * `dgov land` sends what is in it then through the same review, gates and train as any attempt.
 */
import { existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { DgovError } from "../error.ts";
import { keepWork, removeWorktree } from "../git/keep.ts";
import type { Identity } from "../git/objects.ts";
import { encodeRefPart } from "../git/refs.ts";
import type { Repository } from "../git/repository.ts";
import { patchBetween } from "../git/trees.ts";
import { createWorktree, openWorktree, replayWork } from "../git/worktree.ts";
import type { UnitHistory } from "./history.ts";
import type { RunPaths } from "./paths.ts";
import type { EarlierWork } from "./run-context.ts";

export interface Takeover {
  path: string;
  /** Files whose kept change conflicts with the target; they are as the target has them. */
  conflicted: string[];
  /** The kept change to those files, as a diff. */
  conflictedDiff: string;
  rejection: string;
}

const diffBytesMax = 256 * 1024;

function placeOf(
  places: RunPaths,
  plan: string,
  unit: string,
): { path: string; meta: string; base: string } {
  const at = join(places.root, "taken", encodeRefPart(plan), encodeRefPart(unit));
  return { path: join(at, "tree"), meta: join(at, "meta"), base: join(at, "base") };
}

/** Opens the kept work of a unit at the target's tip. REFUSED when it is open already. */
export async function openKeptAttempt(o: {
  repository: Repository;
  places: RunPaths;
  plan: string;
  entry: UnitHistory;
  tip: string;
  identity: Identity;
}): Promise<Takeover> {
  const { entry } = o;
  if (entry.kept === null) {
    throw new DgovError("NOT_FOUND", `no work of ${entry.unit} is kept`, {
      hint: "dgov plan review",
    });
  }
  const place = placeOf(o.places, o.plan, entry.unit);
  if (existsSync(place.path)) {
    throw new DgovError("REFUSED", `${entry.unit} is open already, in ${place.path}`, {
      hint: `dgov land ${entry.unit}, or remove that folder and run dgov take again`,
    });
  }
  rmSync(dirname(place.path), { recursive: true, force: true });
  const tree = await createWorktree(o.repository, {
    ...place,
    base: o.tip,
    identity: o.identity,
  });
  const { conflicted } = await replayWork(o.repository, tree, {
    work: entry.kept.commit,
    workBase: entry.kept.base,
  });
  await Bun.write(place.base, `${o.tip}\n`);
  return {
    path: place.path,
    conflicted,
    conflictedDiff:
      conflicted.length === 0
        ? ""
        : await patchBetween(o.repository, entry.kept.base, entry.kept.commit, {
            bytesMax: diffBytesMax,
          }),
    rejection: entry.rejection?.reason ?? entry.reason,
  };
}

/** Commits what is in a taken worktree now to a keep-ref, as the work a run starts from. */
export async function snapshotTakeover(o: {
  repository: Repository;
  places: RunPaths;
  plan: string;
  unit: string;
  identity: Identity;
  now: string;
  bytesMax: number;
}): Promise<EarlierWork & { close(): Promise<void> }> {
  const place = placeOf(o.places, o.plan, o.unit);
  if (!existsSync(place.path)) {
    throw new DgovError("NOT_FOUND", `${o.unit} has not been taken`, {
      hint: `dgov take ${o.unit}`,
    });
  }
  const base = (await Bun.file(place.base).text()).trim();
  const tree = openWorktree({ ...place, base });
  const ref = `refs/dgov/keep/taken/${encodeRefPart(o.plan)}/${encodeRefPart(o.unit)}`;
  const { commit } = await keepWork(o.repository, tree, {
    ref,
    message: `Taken work of ${o.unit}`,
    identity: o.identity,
    date: o.now,
    bytesMax: o.bytesMax,
  });
  return {
    attempt: 0,
    rejection: "",
    ref,
    commit,
    base,
    async close() {
      await removeWorktree(o.repository, tree, { keptRef: ref });
      rmSync(dirname(place.path), { recursive: true, force: true });
    },
  };
}
