/**
 * A gate tree in the folder of a slot: prepared on request, and restored to its tree after every command, except for
 * prepared dependency folders and build caches.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { type GateAccess, runsAlone } from "../../config/gates.ts";
import type { Oid } from "../../git/objects.ts";
import { clearOwnFolder, removeOwnFolder } from "../../git/own-folder.ts";
import {
  type GateTree,
  gateTreeDifferences,
  gitPlacesIn,
  provideGateTree,
  renewGitDir,
  restoreGateTree,
} from "../../git/worktrees/gate-tree.ts";
import type { LockMode } from "../../std/shared-lock.ts";
import type { SettlementContext } from "../context.ts";
import { type CommandRun, runCommand, unstartedRun } from "./command.ts";
import { type CommandTree, insideOf } from "./confine.ts";
import { withCopies } from "./copied-files.ts";
import {
  dependencyFolders,
  dependencyKey,
  holdsProjectCopy,
  type Prepared,
  prepareDependencies,
} from "./dependencies.ts";
import type { TreePlaces } from "./environment.ts";
import { readFolderState, undoAdditions } from "./folder-state.ts";
import type { FolderLease, LeaseRequest, RunCommandOptions } from "./lease.ts";
import type { Slot } from "./slots.ts";

/** Build caches of compilers, kept for later trees of the same unit. */
const cacheNames = ["target", ".build"];

/** Lends `use` the tree in the folder of a slot. */
export async function withSlotTree<T>(
  c: SettlementContext,
  of: { slot: Slot; request: LeaseRequest; tracked: ReadonlySet<string> },
  use: (lease: FolderLease) => Promise<T>,
): Promise<T> {
  const { slot, request: o, tracked } = of;
  const sameUnit = slot.owner !== null && slot.owner === o.unit;
  const kept = reusableFolders(slot, o.tree, tracked);
  const lease = new SlotLease(c, slot, o, tracked);
  const caches = sameUnit ? lease.caches() : [];
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
  lease.gateTree = gateTree;
  try {
    return await use(lease);
  } finally {
    lease.emptyTemporary();
  }
}

/** Prepared folders of a slot that are valid for a tree; the slot forgets them when they are not. */
function reusableFolders(slot: Slot, tree: Oid, tracked: ReadonlySet<string>): string[] {
  const { prepared } = slot;
  if (prepared === null) return [];
  const fits = prepared.tree === null || prepared.tree === tree;
  if (fits && !prepared.folders.some((folder) => tracked.has(folder))) return prepared.folders;
  slot.prepared = null;
  return [];
}

class SlotLease implements FolderLease {
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
    const { path, meta } = slot;
    this.gateTree = { path, meta, tree: o.tree, head: null, submodules: [] };
  }

  get root(): string {
    return this.#slot.path;
  }

  get project(): string {
    return join(this.#slot.path, this.#c.projectDir);
  }

  get tree(): CommandTree {
    const { path: root, temporary } = this.#slot;
    return { root, temporary, ...gitPlacesIn(this.#c.repository, this.gateTree) };
  }

  inside(access: GateAccess): Promise<TreePlaces["inside"]> {
    return insideOf(this.#c, this.tree, access);
  }

  get temporary(): string {
    return this.#slot.temporary;
  }

  readonly prepare = async (): Promise<Prepared & { warm: boolean }> => {
    const slot = this.#slot;
    const key = dependencyKey(this.#c, this.project);
    if (slot.prepared?.key === key && (await this.#restoreDependencies()).length === 0) {
      return { ok: true, output: "", durationMs: 0, warm: true };
    }
    for (const folder of slot.prepared?.folders ?? []) removeOwnFolder(join(slot.path, folder));
    slot.prepared = null;
    const { tree } = this.#o;
    const done = await this.#setUp();
    if (!done.ok) {
      await this.#restore();
      return { ...done, warm: false };
    }
    const folders = dependencyFolders(slot.path).filter((folder) => !this.#tracked.has(folder));
    const created = await this.#createdBySetup(folders);
    // Folders generated from this tree's files are not valid for another tree.
    const bound =
      created.some((path) => !installerLeftover.test(path)) || holdsProjectCopy(slot.path, folders);
    const all = [...folders, ...created];
    const state = await readFolderState(slot.path, all);
    slot.prepared = { key, tree: bound ? tree : null, folders: all, state };
    await this.#restore();
    return { ...done, warm: false };
  };

  async run(
    command: string,
    { mode = "shared", history = null, access, timeoutMs, onOutput }: RunCommandOptions,
  ): Promise<CommandRun> {
    const { marker, signal } = this.#o;
    const prepared = this.#slot.prepared === null ? await this.prepare() : { ok: true as const };
    if (!prepared.ok) return unstartedRun(command, signal.aborted ? null : prepared.reason);
    const { files } = await this.#c.copied();
    const held = await this.#c.commandLock.hold(mode, signal, () => {
      renewGitDir(this.#c.repository, this.gateTree, history);
      return withCopies(this.#slot.path, files, () =>
        runCommand(this.#c, {
          tree: { ...this.tree, temporary: this.#freshTemporary() },
          ...{ access, command },
          base: history?.base ?? null,
          marker,
          signal,
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
          ...(onOutput === undefined ? {} : { onOutput }),
        }),
      );
    });
    if (held === null) return unstartedRun(command, null);
    const { value: run, changed } = held.value;
    const restored = [...(await this.#restore()), ...(await this.#restoreDependencies())];
    return { ...run, alone: held.alone, changedPaths: [...new Set([...changed, ...restored])] };
  }

  /** Installs the dependencies. When that fails while other commands run, once more without them. */
  async #setUp(): Promise<Prepared> {
    const { marker, signal } = this.#o;
    const install = async (mode: LockMode): Promise<{ value: Prepared; alone: boolean }> => {
      const held = await this.#c.commandLock.hold(mode, signal, () => {
        renewGitDir(this.#c.repository, this.gateTree, null);
        const tree = { ...this.tree, temporary: this.#freshTemporary() };
        return prepareDependencies(this.#c, { path: this.#slot.path, tree, marker, signal });
      });
      const cancelled = { ok: false, reason: "cancelled", unrunnable: true } as const;
      return held ?? { value: { ...cancelled, output: "", durationMs: 0 }, alone: true };
    };
    const exclusive = runsAlone(this.#c.config, "setup", null);
    const { value: first, alone } = await install(exclusive ? "alone" : "shared");
    if (first.ok || first.unrunnable || alone) return first;
    await this.#restore();
    return (await install("alone")).value;
  }

  /** Existing build caches that are not part of the tree. */
  caches(): string[] {
    return cacheNames
      .map((name) => this.#c.projectPrefix + name)
      .filter((path) => !this.#tracked.has(path) && existsSync(join(this.#slot.path, path)));
  }

  /** Restores the tree and returns the paths that differed from it. */
  async #restore(): Promise<string[]> {
    const keepFolders = [...(this.#slot.prepared?.folders ?? []), ...this.caches()];
    const changed = await gateTreeDifferences(this.#c.repository, this.gateTree, { keepFolders });
    if (changed.length > 0)
      await restoreGateTree(this.#c.repository, this.gateTree, { keepFolders });
    return changed;
  }

  /** Removes additions to the dependency folders; drops the folders when paths in them were changed. */
  async #restoreDependencies(): Promise<string[]> {
    const { prepared, path } = this.#slot;
    if (prepared === null || prepared.folders.length === 0) return [];
    const { intact, changed } = await undoAdditions(path, prepared.folders, prepared.state);
    if (intact) return changed;
    for (const folder of prepared.folders) removeOwnFolder(join(path, folder));
    this.#slot.prepared = null;
    return changed;
  }

  /** Untracked paths outside dependency folders that `setup_cmd` created, usually generated code. */
  async #createdBySetup(folders: readonly string[]): Promise<string[]> {
    if (this.#c.config.worktree.setup === null) return [];
    const keepFolders = [...folders, ...this.caches()];
    const changed = await gateTreeDifferences(this.#c.repository, this.gateTree, { keepFolders });
    return changed
      .map((path) => path.replace(/\/$/, ""))
      .filter((path) => !this.#tracked.has(path) && path !== ".git" && !path.startsWith("("));
  }

  /** Frees the space of temporary files. A link in their place is refused at the next use of the slot. */
  emptyTemporary(): void {
    try {
      clearOwnFolder(this.#slot.temporary);
    } catch {}
  }

  #freshTemporary(): string {
    clearOwnFolder(this.#slot.temporary);
    return this.#slot.temporary;
  }
}

/** Paths that installers create beside the sources and that do not depend on them. */
export const installerLeftover = /(^|\/)(__pycache__|[^/]+\.egg-info)$/;
