/** Gate trees kept warm: a bounded number of folders, each lent to one user at a time. */
import { join } from "node:path";

export interface Slot {
  path: string;
  meta: string;
  /** Tree it held last, and what its dependency folders were prepared for; null when neither. */
  tree: string | null;
  prepared: { key: string; folders: string[]; listing: string } | null;
}

export interface GateSlots {
  /** Lends a slot, preferring one that held `tree`; waits when all are lent. */
  borrow<T>(tree: string, use: (slot: Slot) => Promise<T>): Promise<T>;
}

/** At most `max` slots below `root`, made when first needed. */
export function gateSlots(root: string, max: number): GateSlots {
  const free: Slot[] = [];
  const waiting: ((slot: Slot) => void)[] = [];
  let made = 0;
  const take = (tree: string): Slot | null => {
    const at = free.findIndex((slot) => slot.tree === tree);
    const [slot] = free.splice(Math.max(0, at), 1);
    if (slot !== undefined) return slot;
    if (made === max) return null;
    made++;
    const folder = join(root, String(made));
    return { path: join(folder, "tree"), meta: join(folder, "meta"), tree: null, prepared: null };
  };
  return {
    async borrow(tree, use) {
      const slot = take(tree) ?? (await new Promise<Slot>((lend) => waiting.push(lend)));
      try {
        return await use(slot);
      } finally {
        const next = waiting.shift();
        if (next === undefined) free.push(slot);
        else next(slot);
      }
    },
  };
}
