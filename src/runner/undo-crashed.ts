/**
 * An undo that crashed while it landed. It is no run, so no log of one tells of it: a note beside the
 * run lock does, for as long as the landing takes.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { reconcileLanding } from "../git/land.ts";
import type { Repository } from "../git/repository.ts";

interface Move {
  target: string;
  from: string;
  to: string;
}

function noteOf(repository: Repository): string {
  return join(repository.commonDir, "dgov", "undo.json");
}

/** Says which landing is about to begin. */
export function noteUndo(repository: Repository, move: Move): void {
  writeFileSync(noteOf(repository), JSON.stringify(move));
}

/** Says that it is over, whatever came of it. */
export function forgetUndo(repository: Repository): void {
  rmSync(noteOf(repository), { force: true });
}

/** Settles a landing that was cut short; call only while holding the run lock. */
export async function closeCrashedUndo(repository: Repository): Promise<void> {
  const path = noteOf(repository);
  if (!existsSync(path)) return;
  const move = readMove(readFileSync(path, "utf8"));
  if (move !== null) await reconcileLanding(repository, move);
  forgetUndo(repository);
}

/** Null: cut short while it was written, so nothing had begun. */
function readMove(text: string): Move | null {
  try {
    const { target, from, to } = JSON.parse(text) as Partial<Move>;
    return target !== undefined && from !== undefined && to !== undefined
      ? { target, from, to }
      : null;
  } catch {
    return null;
  }
}
