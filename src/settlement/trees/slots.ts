/** Gate slots: a bounded number of folders that hold gate trees, each lent to one borrower at a time. */
import { join } from "node:path";
import type { FolderState } from "./folder-state.ts";

/** The dependency folders of a slot. */
interface PreparedFolders {
  /** `dependencyKey` of the tree they were prepared for. */
  key: string;
  /** The only tree they are valid for; null when they are valid for every tree with this key. */
  tree: string | null;
  folders: string[];
  /** Snapshot taken right after they were prepared. */
  state: FolderState;
}

export interface Slot {
  path: string;
  /** Folder of the tree's private git directory. */
  meta: string;
  /** `TMPDIR` of commands that run in the tree. */
  temporary: string;
  /** Tree it last held; null for a new slot. */
  tree: string | null;
  /** Unit it was last lent for; tool caches survive only between trees of one unit. */
  owner: string | null;
  prepared: PreparedFolders | null;
}

export interface GateSlots {
  /**
   * Lends a slot, preferably one that last held `tree`; waits while all are lent. Returns null when the
   * signal was aborted before a slot was free.
   */
  borrow<T>(tree: string, signal: AbortSignal, use: (slot: Slot) => Promise<T>): Promise<T | null>;
}

/** Creates a pool of at most `max` slots below `root`; their folders are created on first use. */
export function gateSlots(root: string, max: number): GateSlots {
  const free: Slot[] = [];
  const waiting = new Set<(slot: Slot) => void>();
  let made = 0;
  const take = (tree: string): Slot | null => {
    const at = free.findIndex((slot) => slot.tree === tree);
    const [slot] = free.splice(Math.max(0, at), 1);
    if (slot !== undefined) return slot;
    if (made === max) return null;
    made++;
    const folder = join(root, String(made));
    return {
      path: join(folder, "tree"),
      meta: join(folder, "meta"),
      temporary: join(folder, "tmp"),
      tree: null,
      owner: null,
      prepared: null,
    };
  };
  const wait = (signal: AbortSignal): Promise<Slot | null> =>
    new Promise((resolve) => {
      const lend = (slot: Slot | null): void => {
        waiting.delete(lend);
        signal.removeEventListener("abort", giveUp);
        resolve(slot);
      };
      const giveUp = (): void => lend(null);
      signal.addEventListener("abort", giveUp, { once: true });
      waiting.add(lend);
    });
  return {
    async borrow(tree, signal, use) {
      if (signal.aborted) return null;
      const slot = take(tree) ?? (await wait(signal));
      if (slot === null) return null;
      try {
        return await use(slot);
      } finally {
        const [next] = waiting;
        if (next === undefined) free.push(slot);
        else next(slot);
      }
    },
  };
}
