/** Layered trees of a settlement: the right to mount them, their layers on disk, and their limits. */
import { existsSync } from "node:fs";
import { totalmem } from "node:os";
import { holdMounts, type MountHolder, type MountRight } from "../../../process/mount-holder.ts";
import type { Seal } from "../../seal.ts";
import { type LayerStore, layerStore } from "./store.ts";

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
  /** Folder of the layers. */
  root: string;
  seal: Seal;
  builds: boolean;
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
  const memoryBytes = Math.min(o.upperMib * 1024 * 1024, share);
  return {
    right: o.right,
    builds: o.builds,
    store: layerStore(o.root, o.seal),
    hold: (where) =>
      holdMounts({
        folder: o.root,
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
