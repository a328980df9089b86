/**
 * A gate tree that is lent out: prepared when asked to, and exactly its tree again after everything
 * that ran in it.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type GateTree,
  gateTreeDifferences,
  provideGateTree,
  restoreGateTree,
} from "../../git/gate-tree.ts";
import type { Oid } from "../../git/objects.ts";
import { listTree } from "../../git/trees.ts";
import { removeFolder } from "../../std/files.ts";
import type { SettlementContext } from "../context.ts";
import { type CommandRun, runCommand } from "./command.ts";
import {
  dependencyFolders,
  dependencyKey,
  holdsProjectCopy,
  type Prepared,
  prepareDependencies,
} from "./dependencies.ts";
import { readFolderState, undoAdditions } from "./folder-state.ts";
import type { Slot } from "./slots.ts";

/** What compilers keep to be quick; good for further trees of the same unit. */
const cacheNames = ["target", ".build"];

export interface GateTreeLease {
  /** The project's folder in the tree. */
  readonly project: string;
  /** Root of the tree. */
  readonly root: string;
  /** `TMPDIR` of what runs here, outside the tree: emptied before each command, and left after it. */
  readonly temporary: string;
  /** Dependencies; nothing to do when those that are there fit (`warm`). */
  readonly prepare: () => Promise<Prepared & { warm: boolean }>;
  /** Runs one command on exactly the tree, prepared; what it changed is undone. */
  run(command: string, onOutput?: (chunk: Uint8Array) => void): Promise<CommandRun>;
}

export interface LeaseRequest {
  tree: Oid;
  /** Unit it is for; null for nobody's. */
  unit: string | null;
  marker: string;
  signal: AbortSignal;
}

/** Lends a gate tree. Null when the signal was aborted before there was one. */
export function withGateTree<T>(
  c: SettlementContext,
  o: LeaseRequest,
  use: (place: GateTreeLease) => Promise<T>,
): Promise<T | null> {
  return c.slots.borrow(o.tree, o.signal, async (slot) => {
    const tracked = await trackedPaths(c, o.tree);
    const sameUnit = slot.owner !== null && slot.owner === o.unit;
    const kept = reusableFolders(slot, o.tree, tracked);
    const place = new Lease(c, slot, o, tracked);
    const caches = sameUnit ? place.caches() : [];
    const keepFolders = [...kept, ...caches];
    const { path, meta } = slot;
    const { gateTree } = await provideGateTree(c.repository, {
      path,
      meta,
      tree: o.tree,
      keepFolders,
    });
    slot.tree = o.tree;
    slot.owner = o.unit;
    place.gateTree = gateTree;
    return use(place);
  });
}

/** Prepared folders that may serve a tree; the slot forgets them when they may not. */
function reusableFolders(slot: Slot, tree: Oid, tracked: ReadonlySet<string>): string[] {
  const { prepared } = slot;
  if (prepared === null) return [];
  const fits = prepared.tree === null || prepared.tree === tree;
  if (fits && !prepared.folders.some((folder) => tracked.has(folder))) return prepared.folders;
  slot.prepared = null;
  return [];
}

class Lease implements GateTreeLease {
  gateTree: GateTree;
  readonly #c: SettlementContext;
  readonly #slot: Slot;
  readonly #o: LeaseRequest;
  readonly #tracked: ReadonlySet<string>;

  constructor(c: SettlementContext, slot: Slot, o: LeaseRequest, tracked: ReadonlySet<string>) {
    this.#c = c;
    this.#slot = slot;
    this.#o = o;
    this.#tracked = tracked;
    this.gateTree = { path: slot.path, meta: slot.meta, tree: o.tree };
  }

  get root(): string {
    return this.#slot.path;
  }

  get project(): string {
    return join(this.#slot.path, this.#c.projectDir);
  }

  get temporary(): string {
    return this.#slot.temporary;
  }

  readonly prepare = async (): Promise<Prepared & { warm: boolean }> => {
    const slot = this.#slot;
    const key = dependencyKey(this.#c, this.project);
    if (slot.prepared?.key === key && (await this.#dependenciesIntact()).length === 0) {
      return { ok: true, output: "", durationMs: 0, warm: true };
    }
    for (const folder of slot.prepared?.folders ?? []) removeFolder(join(slot.path, folder));
    slot.prepared = null;
    const { marker, signal, tree } = this.#o;
    const done = await prepareDependencies(this.#c, {
      path: slot.path,
      marker,
      signal,
      temporary: this.#freshTemporary(),
    });
    if (!done.ok) {
      await this.#restore();
      return { ...done, warm: false };
    }
    const folders = dependencyFolders(slot.path).filter((folder) => !this.#tracked.has(folder));
    const made = await this.#madeBySetup(folders);
    // What was made from this tree's own files says nothing about another tree.
    const bound =
      made.some((path) => !installerLeftover.test(path)) || holdsProjectCopy(slot.path, folders);
    const all = [...folders, ...made];
    const state = await readFolderState(slot.path, all);
    slot.prepared = { key, tree: bound ? tree : null, folders: all, state };
    await this.#restore();
    return { ...done, warm: false };
  };

  async run(command: string, onOutput?: (chunk: Uint8Array) => void): Promise<CommandRun> {
    if (this.#slot.prepared === null) await this.prepare();
    const run = await runCommand(this.#c, {
      root: this.#slot.path,
      temporary: this.#freshTemporary(),
      command,
      marker: this.#o.marker,
      signal: this.#o.signal,
      ...(onOutput === undefined ? {} : { onOutput }),
    });
    const changed = [...(await this.#restore()), ...(await this.#dependenciesIntact())];
    return { ...run, changedPaths: changed };
  }

  /** Compilers' caches that are there and are not the tree's own. */
  caches(): string[] {
    const { projectDir } = this.#c;
    return cacheNames
      .map((name) => (projectDir === "" ? name : `${projectDir}/${name}`))
      .filter((path) => !this.#tracked.has(path) && existsSync(join(this.#slot.path, path)));
  }

  /** Puts the tree back; gives what was not as it should be. */
  async #restore(): Promise<string[]> {
    const keepFolders = [...(this.#slot.prepared?.folders ?? []), ...this.caches()];
    const changed = await gateTreeDifferences(this.#c.repository, this.gateTree, { keepFolders });
    if (changed.length > 0)
      await restoreGateTree(this.#c.repository, this.gateTree, { keepFolders });
    return changed;
  }

  /** Undoes what was added to dependency folders; forgets them when more was done to them. */
  async #dependenciesIntact(): Promise<string[]> {
    const { prepared, path } = this.#slot;
    if (prepared === null || prepared.folders.length === 0) return [];
    const { intact, changed } = await undoAdditions(path, prepared.folders, prepared.state);
    if (intact) return changed;
    for (const folder of prepared.folders) removeFolder(join(path, folder));
    this.#slot.prepared = null;
    return changed;
  }

  /** Untracked paths outside dependency folders that the setup made: generated code, usually. */
  async #madeBySetup(folders: readonly string[]): Promise<string[]> {
    if (this.#c.config.worktree.setup === null) return [];
    const keepFolders = [...folders, ...this.caches()];
    const changed = await gateTreeDifferences(this.#c.repository, this.gateTree, { keepFolders });
    return changed
      .map((path) => path.replace(/\/$/, ""))
      .filter((path) => !this.#tracked.has(path) && path !== ".git" && !path.startsWith("("));
  }

  #freshTemporary(): string {
    removeFolder(this.#slot.temporary);
    return this.#slot.temporary;
  }
}

/** What installers leave beside the sources, whatever the sources are. */
const installerLeftover = /(^|\/)(__pycache__|[^/]+\.egg-info)$/;

const treesMax = 16;
const tracked = new Map<Oid, ReadonlySet<string>>();

/** Every path of a tree, folders included. */
async function trackedPaths(c: SettlementContext, tree: Oid): Promise<ReadonlySet<string>> {
  const known = tracked.get(tree);
  if (known !== undefined) return known;
  const paths = new Set<string>();
  for (const { path } of await listTree(c.repository, tree)) {
    for (
      let at = path;
      at !== "" && !paths.has(at);
      at = at.slice(0, Math.max(0, at.lastIndexOf("/")))
    ) {
      paths.add(at);
    }
  }
  const oldest = tracked.keys().next().value;
  if (tracked.size >= treesMax && oldest !== undefined) tracked.delete(oldest);
  tracked.set(tree, paths);
  return paths;
}
