/**
 * Warm dependencies for the commands of a worker: the dependency folders, build outputs and stores of the newest layer
 * as overlays in the places where the worker's worktree would have its own. The worktree itself stays a folder: kept
 * work, git and the radar need real files.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Oid } from "../../../git/objects.ts";
import { type MountHolder, mountPath, type Overlay } from "../../../process/mount-holder.ts";
import { treeInside } from "../../../sandbox/view.ts";
import { sha256 } from "../../../std/digest.ts";
import type { SettlementContext } from "../../context.ts";
import { footingOf } from "./footing.ts";
import { canBeLower, type WarmWorktree } from "./ground.ts";
import { type Layer, lowersOf } from "./store.ts";

/** Mounts warm dependencies for a worktree of `tree`; null when no layer has exactly its dependencies. */
export async function warmWorktree(
  c: SettlementContext,
  o: { tree: Oid; path: string },
): Promise<WarmWorktree | null> {
  const ground = await c.ground();
  if (ground === null) return null;
  const footing = await footingOf(c, ground, { tree: o.tree, builds: false, cold: false });
  const layer = footing?.layer ?? null;
  if (layer === null || layer.bound || layer.dependencies !== footing?.key.dependencies)
    return null;
  ground.store.use();
  // What a worker builds stays until its attempt ends, which may be long: on disk.
  const holder = await ground.hold("disk");
  try {
    const { host } = await c.sandbox();
    const folders = [...new Set([...layer.folders, ...layer.outputs])].map((path) => {
      const lowers = lowersOf(layer).map((part) => join(part, path));
      return { at: join(treeInside, path), lowers: existing(ground.store.root, lowers) };
    });
    const stores = (host?.stores ?? []).filter(canBeLower).map((path) => {
      return { at: path, lowers: [...storeLowers(ground.store.root, layer, path), path] };
    });
    const places = [...folders.filter(({ lowers }) => lowers.length > 0), ...stores];
    const overlays = places.map(({ lowers }, n) => overlay(lowers, n));
    await holder.mount(overlays);
    const mounts = places.map(({ at }, n) => ({ from: mountOf(holder, n), at, write: true }));
    return {
      mounted: { holder: { pid: holder.pid }, path: o.path, mounts },
      end: () => holder.end(),
    };
  } catch (error) {
    await holder.end();
    throw error;
  }
}

/** Folders that layers added to a store, relative to the layers, the topmost first. */
export function storeLowers(root: string, layer: Layer | null, path: string): string[] {
  if (layer === null) return [];
  const name = storeName(path);
  return existing(
    root,
    [layer.id, ...layer.below].map((id) => join(id, "stores", name)),
  );
}

/** Name of the folder with a layer's additions to a store. */
export function storeName(path: string): string {
  return sha256(path).slice(0, 12);
}

function existing(root: string, folders: readonly string[]): string[] {
  return folders.filter((folder) => existsSync(join(root, folder)));
}

function overlay(lowers: readonly string[], n: number): Overlay {
  const name = `w${n}`;
  return {
    lowers,
    upper: mountPath(name, "u"),
    work: mountPath(name, "w"),
    at: mountPath(name, "m"),
  };
}

function mountOf(holder: MountHolder, n: number): string {
  return holder.inside(mountPath(`w${n}`, "m"));
}
