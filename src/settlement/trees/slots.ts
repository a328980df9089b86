/** Gate trees kept warm: a bounded number of folders, each lent to one user at a time. */
import { join } from "node:path";
import type { FolderState } from "./folder-state.ts";

/** What the dependency folders of a slot were prepared for, and how they were right after. */
export interface PreparedFolders {
  key: string;
  /** The only tree they are good for; null when every tree of this key may use them. */
  tree: string | null;
  folders: string[];
  state: FolderState;
}

export interface Slot {
  path: string;
  meta: string;
  /** `TMPDIR` of what runs here. */
  temporary: string;
  /** Tree it held last; null when none. */
  tree: string | null;
  /** Unit it was lent for last: tool caches survive between trees of one unit only. */
  owner: string | null;
  prepared: PreparedFolders | null;
}

export interface GateSlots {
  /**
   * Lends a slot, preferring one that held `tree`; waits when all are lent. Null when the signal
   * was aborted before one was free.
   */
  borrow<T>(tree: string, signal: AbortSignal, use: (slot: Slot) => Promise<T>): Promise<T | null>;
}

/** At most `max` slots below `root`, made when first needed. */
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
