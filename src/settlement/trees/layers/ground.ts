/** Layered trees of a settlement: the right to mount them, their layers on disk, and their limits. */
import { existsSync } from "node:fs";
import { totalmem } from "node:os";
import { holdMounts, type MountHolder, type MountRight } from "../../../process/mount-holder.ts";
import type { Mount } from "../../../sandbox/view.ts";
import type { LayerStore } from "./store.ts";

/** A tree that is mounted in a namespace, where only confined commands see it. */
export interface MountedRoot {
  /** The process that holds the namespace. */
  holder: { pid: number };
  /** Root of the tree in that namespace. */
  path: string;
  /** Places of the namespace that commands see: uppers of stores, warm dependencies. */
  mounts: Mount[];
}

/** Mounts of one attempt's worktree. */
export interface WarmWorktree {
  mounted: MountedRoot;
  end(): Promise<void>;
}

export interface Ground {
  readonly right: MountRight;
  readonly store: LayerStore;
  /** Starts a holder whose uppers are in memory, or on disk. */
  hold(where: "memory" | "disk"): Promise<MountHolder>;
  /** True when a first layer may be built: by runs, whose gates judge the base first. */
  readonly builds: boolean;
}

interface GroundOptions {
  right: MountRight;
  store: LayerStore;
  builds: boolean;
  /** Limit of all layers on disk, in GiB. */
  layersGib: number;
  /** Limit of an upper in memory, in MiB. */
  upperMib: number;
  /** Part of the machine's memory that all uppers may take together. */
  memoryShare: number;
  /** Trees that are mounted at the same time. */
  treesMax: number;
}

/** Opens the layered trees below a folder. */
export function openGround(o: GroundOptions): Ground {
  const share = Math.floor((totalmem() * o.memoryShare) / Math.max(1, o.treesMax));
  if (o.builds) o.store.trim(o.layersGib * 1024 ** 3);
  const memoryBytes = Math.min(o.upperMib * 1024 * 1024, share);
  return {
    right: o.right,
    builds: o.builds,
    store: o.store,
    hold: (where) =>
      holdMounts({
        folder: o.store.root,
        right: o.right,
        memoryBytes: where === "memory" ? memoryBytes : null,
      }),
  };
}

/** True when a failed command may have failed because its upper was full. Pure. */
export function looksFull(output: string): boolean {
  return /No space left on device|ENOSPC|os error 28|signal 7\b|Bus error|Read-only file system|EROFS/.test(
    output,
  );
}

/** True when a path can be a lower folder of an overlay: options of a mount are separated by these characters. */
export function canBeLower(path: string): boolean {
  return !/[:,\\]/.test(path) && existsSync(path);
}
