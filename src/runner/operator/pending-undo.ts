/**
 * Record of an undo's landing, in a file beside the run lock, from before the landing to after it.
 *
 * The event log has no such record, since an undo is not a run. The next holder of the run lock completes or
 * reverts the landing of an undo that crashed.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { reconcileLanding } from "../../git/landing/land.ts";
import type { Repository } from "../../git/repository.ts";
import { readText, replaceFile } from "../../std/files.ts";

/** Move of `target` from one commit to another. */
interface UndoMove {
  target: string;
  from: string;
  to: string;
}

function pendingUndoFile(repository: Repository): string {
  return join(repository.commonDir, "dgov", "undo.json");
}

/** Records the landing that an undo is about to begin. */
export function recordPendingUndo(repository: Repository, move: UndoMove): void {
  replaceFile(pendingUndoFile(repository), JSON.stringify(move), { durable: true });
}

/** Removes the record of an undo's landing, done or not. */
export function clearPendingUndo(repository: Repository): void {
  rmSync(pendingUndoFile(repository), { force: true });
}

/** Settles the landing of an undo that crashed. */
export async function recoverCrashedUndo(repository: Repository): Promise<void> {
  const text = readText(pendingUndoFile(repository));
  if (text === null) return;
  const move = parseMove(text);
  if (move !== null) await reconcileLanding(repository, move);
  clearPendingUndo(repository);
}

/** Null for a file whose writing was cut short: the landing had not begun. */
function parseMove(text: string): UndoMove | null {
  try {
    const { target, from, to } = JSON.parse(text) as Partial<UndoMove>;
    return target !== undefined && from !== undefined && to !== undefined
      ? { target, from, to }
      : null;
  } catch {
    return null;
  }
}
