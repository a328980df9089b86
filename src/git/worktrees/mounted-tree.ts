/**
 * Checkouts in a mounted layered tree: git writes the difference to the layers below, and nothing else.
 *
 * The index is that of the layer, whose stamps stay valid through every mount, so that unchanged files are neither
 * read nor written. Git runs in the mount namespace, in a private git dir outside the tree.
 */
import { DgovError } from "../../error.ts";
import type { MountHolder } from "../../process/mount-holder.ts";
import { must, nulSplit } from "../git.ts";
import type { Oid } from "../objects.ts";
import { cachedFilters, inPrivate, type PrivateGit, withPrivateGit } from "../private-dir.ts";
import type { Repository } from "../repository.ts";
import { listSubmodules } from "../submodules.ts";

export interface MountedTree {
  holder: MountHolder;
  /** Path of the mount, relative to the holder's folder. */
  at: string;
  /** Index file, outside the tree; created when missing. */
  index: string;
  /** A folder for private git dirs where there is none in memory. */
  near: string;
}

/**
 * Checks out exactly `tree`, submodules apart, and proves it. Throws ENVIRONMENT when files differ from it afterwards.
 */
export async function checkOutMounted(r: Repository, m: MountedTree, tree: Oid): Promise<void> {
  await withGit(r, m, async (git) => {
    const options = { index: m.index, enter: m.holder.enter };
    const args = ["-c", "checkout.workers=2", "read-tree", "-u", "--reset", tree];
    await must(inPrivate(git, args, options), `checking out ${tree}`);
    const listing = inPrivate(git, ["ls-files", "-z", "-m", "-d"], options);
    const changed = nulSplit(await must(listing, "comparing the layered tree")).map(String);
    // A submodule is at the layer's commit until it is checked out itself.
    const links = new Set((await listSubmodules(r, tree)).map((submodule) => submodule.path));
    const path = changed.find((one) => !links.has(one));
    if (path === undefined) return;
    throw new DgovError("ENVIRONMENT", `${path} in a layered tree differs from the commit`, {
      hint: "dgov clean --layers removes the layers; they are made again",
    });
  });
}

function withGit<T>(
  r: Repository,
  m: MountedTree,
  use: (git: PrivateGit) => Promise<T>,
): Promise<T> {
  const workTree = m.holder.inside(m.at);
  return withPrivateGit(r, { near: m.near, workTree, filters: cachedFilters(r) }, use);
}
