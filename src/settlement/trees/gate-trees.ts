/** Gate trees: mounted on layers where one fits, else checked out in the folder of a slot. */
import type { Oid } from "../../git/objects.ts";
import type { Repository } from "../../git/repository.ts";
import { listTree } from "../../git/trees.ts";
import { memoByOwner } from "../../std/once.ts";
import type { SettlementContext } from "../context.ts";
import { footingOf } from "./layers/footing.ts";
import { withLayeredTree } from "./layers/layered-lease.ts";
import type { FolderLease, GateTreeLease, LeaseRequest } from "./lease.ts";
import { withSlotTree } from "./slot-lease.ts";

/** Runs `use` with a leased gate tree. Returns null when the signal was aborted before one was free. */
export function withGateTree<T>(
  c: SettlementContext,
  o: LeaseRequest,
  use: (lease: GateTreeLease) => Promise<T>,
): Promise<T | null> {
  return c.slots.borrow(o.tree, o.signal, async (slot) => {
    const tracked = await trackedPathsOf(c, o.tree);
    const ground = await c.ground();
    if (ground !== null) {
      const { tree, cold = false } = o;
      const builds = o.buildsLayer !== undefined;
      const footing = await footingOf(c, ground, { tree, builds, cold });
      const place = { ground, slot, request: o, tracked };
      if (footing !== null) return withLayeredTree(c, { ...place, footing }, use);
    }
    return withSlotTree(c, { slot, request: o, tracked }, use);
  });
}

/** As `withGateTree`, with the tree in a folder. */
export function withFolderTree<T>(
  c: SettlementContext,
  o: Omit<LeaseRequest, "cold" | "buildsLayer">,
  use: (lease: FolderLease) => Promise<T>,
): Promise<T | null> {
  return c.slots.borrow(o.tree, o.signal, async (slot) => {
    const tracked = await trackedPathsOf(c, o.tree);
    return withSlotTree(c, { slot, request: o, tracked }, use);
  });
}

function trackedPathsOf(
  { repository }: SettlementContext,
  tree: Oid,
): Promise<ReadonlySet<string>> {
  return trackedPaths(repository, tree, () => listPaths(repository, tree));
}

/** Tracked paths of recent trees. */
const trackedPaths = memoByOwner<Repository, Promise<ReadonlySet<string>>>({ max: 16 });

/** Lists every path of a tree, folders included. */
async function listPaths(repository: Repository, tree: Oid): Promise<ReadonlySet<string>> {
  const paths = new Set<string>();
  for (const { path } of await listTree(repository, tree)) {
    for (
      let at = path;
      at !== "" && !paths.has(at);
      at = at.slice(0, Math.max(0, at.lastIndexOf("/")))
    ) {
      paths.add(at);
    }
  }
  return paths;
}
