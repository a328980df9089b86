/**
 * The mounts of one gate tree on layers.
 *
 * The stage is the checkout of a candidate as its difference to the newest layer, with what setup adds. Every command
 * has an upper above it, and overlays over the stores of package managers. A holder has the mounts, which end with it.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { clearOwnFolder } from "../../../git/own-folder.ts";
import { copyIndex } from "../../../git/private-dir.ts";
import type { Repository } from "../../../git/repository.ts";
import { listSubmodules } from "../../../git/submodules.ts";
import {
  type GateHistory,
  type GateTree,
  gitDirOf,
  gitPlacesIn,
  submoduleTrees,
  writeGateGitDir,
} from "../../../git/worktrees/gate-tree.ts";
import { checkOutMounted } from "../../../git/worktrees/mounted-tree.ts";
import { type MountHolder, mountPath, type Overlay } from "../../../process/mount-holder.ts";
import { treeInside } from "../../../sandbox/view.ts";
import { untilSecondAfter } from "../../../std/clock.ts";
import { lstatIfPresent } from "../../../std/files.ts";
import type { SettlementContext } from "../../context.ts";
import type { CommandTree } from "../confine.ts";
import type { LeaseRequest } from "../lease.ts";
import type { Slot } from "../slots.ts";
import type { Footing } from "./footing.ts";
import { canBeLower, type Ground, type MountedRoot } from "./ground.ts";
import type { OutputRules } from "./outputs.ts";
import { lowersOf } from "./store.ts";
import { changesIn } from "./upper.ts";
import { storeLowers, storeName } from "./warm-worktree.ts";

/** A gate tree to be mounted. */
export interface LayeredTree {
  ground: Ground;
  footing: Footing;
  slot: Slot;
  request: LeaseRequest;
  /** Tracked paths of the tree, folders included. */
  tracked: ReadonlySet<string>;
}

/** The mounts of one command: the tree, and what it may change of the stores of package managers. */
export interface Upper {
  name: string;
  /** The overlay of the tree. */
  tree: Overlay;
  stores: { path: string; overlay: Overlay }[];
  /** True when what builds wrote stays for the next command. */
  shared: boolean;
}

/** Name of the mount of the checkout; nothing writes to it once the tree is set up. */
const checkout = "stage";

export class Stage {
  readonly onDisk: boolean;
  readonly #c: SettlementContext;
  readonly #o: LayeredTree;
  readonly #holder: MountHolder;
  /** Folders of package managers that commands may change. */
  readonly #storePaths: readonly string[];
  readonly #rules: OutputRules;
  readonly #own: Upper;
  #gateTree: GateTree;
  #mounts = 0;
  /** Uppers that commands share, by name. */
  readonly #shared = new Map<string, Upper>();

  private constructor(
    c: SettlementContext,
    o: LayeredTree,
    place: { holder: MountHolder; onDisk: boolean; storePaths: readonly string[] },
  ) {
    this.#c = c;
    this.#o = o;
    this.onDisk = place.onDisk;
    this.#holder = place.holder;
    this.#storePaths = place.storePaths;
    this.#rules = { tracked: o.tracked };
    const { layer, build } = o.footing;
    const own = build ?? mountPath(checkout);
    const tree: Overlay = {
      lowers: layer === null ? [emptyFolder(place.holder)] : lowersOf(layer),
      upper: join(own, build === null ? "u" : "tree"),
      work: join(own, "w"),
      at: mountPath(checkout, "m"),
    };
    this.#own = { name: checkout, tree, stores: this.#storesOf(checkout, []), shared: false };
    const { slot, request } = o;
    const at = place.holder.inside(tree.at);
    this.#gateTree = { path: at, tree: request.tree, head: null, meta: slot.meta, submodules: [] };
  }

  /** Mounts a tree and checks it out. Throws ENVIRONMENT when it cannot be mounted or differs from the commit. */
  static async open(
    c: SettlementContext,
    o: LayeredTree,
    where: "memory" | "disk",
  ): Promise<Stage> {
    clearOwnFolder(o.slot.meta);
    mkdirSync(o.slot.meta, { recursive: true });
    const storePaths = (await c.sandbox()).host?.stores.filter(canBeLower) ?? [];
    const holder = await o.ground.hold(where);
    const stage = new Stage(c, o, { holder, onDisk: where === "disk", storePaths });
    try {
      await holder.mount(overlaysOf(stage.#own));
      await stage.#checkOut();
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  async #checkOut(): Promise<void> {
    const { layer } = this.#o.footing;
    const { tree, meta, path } = this.#gateTree;
    const { repository } = this.#c;
    const { at } = this.#own.tree;
    const submodules = await submoduleTrees(repository, { path, meta, tree });
    this.#gateTree = { ...this.#gateTree, submodules };
    // A file that is written within the second of the sealing would look as old as what was built from it.
    if (layer !== null) await untilSecondAfter(layer.sealedAt, this.#o.request.signal);
    // Git leaves the folder of a submodule that is no longer one.
    const before = layer === null ? [] : await listSubmodules(repository, layer.tree);
    const kept = new Set(submodules.map((one) => one.path));
    const gone = before.filter((one) => !kept.has(one.path)).map((one) => join(at, one.path));
    if (gone.length > 0) await this.#holder.remove(gone);
    await this.#checkOutOne(repository, at, this.#gateTree);
    for (const { path: inner, module, tree: own } of submodules) {
      await this.#checkOutOne(module, join(at, inner), own);
    }
  }

  async #checkOutOne(r: Repository, at: string, g: GateTree): Promise<void> {
    const { layer } = this.#o.footing;
    const index = join(g.meta, "index");
    mkdirSync(g.meta, { recursive: true });
    const known = layer === null ? null : this.#keptIndex(layer.id, g);
    if (known !== null && existsSync(known)) copyIndex(known, index);
    const near = this.#gateTree.meta;
    await checkOutMounted(r, { holder: this.#holder, at, index, near }, g.tree);
    writeFileSync(this.#holder.path(join(at, ".git")), `gitdir: ${gitDirOf(g)}\n`);
  }

  /** Path of the index of the tree, or of a submodule, in the folder of a layer. */
  #keptIndex(layer: string, g: GateTree): string {
    const { root } = this.#o.ground.store;
    return join(root, layer, "indexes", relative(this.#gateTree.meta, g.meta), "index");
  }

  /** The root of the tree as this process reaches it. */
  get root(): string {
    return this.#holder.path(this.#own.tree.at);
  }

  /** The root of the tree with a command's upper, as this process reaches it. */
  pathOf({ tree }: Upper): string {
    return this.#holder.path(tree.at);
  }

  /** The upper of the checkout, with what setup wrote, as this process reaches it. */
  get written(): string {
    return this.#holder.path(this.#own.tree.upper);
  }

  /** Free bytes of the file system on which uppers are. */
  freeBytes(): number {
    return this.#holder.freeBytes();
  }

  /** The tree as setup sees it: what it writes stays for every command. */
  setupTree(): CommandTree {
    return this.commandTree(this.#own);
  }

  /** The tree as a command sees it that has these mounts. */
  commandTree({ tree, stores }: Upper): CommandTree {
    const holder = this.#holder;
    const mounted: MountedRoot = {
      holder: { pid: holder.pid },
      path: holder.inside(tree.at),
      // The preparation of a base that was on the target before the run fills the user's own stores.
      mounts: this.#fillsStores
        ? this.#storePaths.map((path) => ({ from: path, at: path, write: true }))
        : stores.map(({ path, overlay }) => ({
            from: holder.inside(overlay.at),
            at: path,
            write: true,
          })),
    };
    const git = gitPlacesIn(this.#c.repository, this.#gateTree);
    const { path: root, temporary } = this.#o.slot;
    return { root, mounted, ...git, temporary };
  }

  get #fillsStores(): boolean {
    return this.#o.footing.build !== null && this.#o.request.buildsLayer === "base";
  }

  /** Overlays over the stores, each with what the layers and the set-up of this tree added to them. */
  #storesOf(name: string, staged: Upper["stores"]): Upper["stores"] {
    if (this.#fillsStores) return [];
    const { layer, build } = this.#o.footing;
    return this.#storePaths.map((path, n) => {
      const store = storeName(path);
      const added = storeLowers(this.#o.ground.store.root, layer, path);
      const kept = build === null ? null : join(build, "stores", store);
      const below = staged[n]?.overlay.upper;
      const own = kept === null && below !== undefined ? [below] : [];
      const overlay: Overlay = {
        lowers: [...own, ...added, path],
        upper: kept ?? mountPath(name, store, "u"),
        work: kept === null ? mountPath(name, store, "w") : join(build ?? "", "stores-work", store),
        at: mountPath(name, store, "m"),
      };
      return { path, overlay };
    });
  }

  /** Gives the tree and its submodules fresh git dirs. */
  renewGitDirs(history: GateHistory | null): void {
    const { submodules } = this.#gateTree;
    writeGateGitDir(this.#c.repository, { ...this.#gateTree, workTree: treeInside, history });
    for (const { path, module, tree } of submodules) {
      writeGateGitDir(module, { ...tree, workTree: join(treeInside, path), history: null });
    }
  }

  /** Mounts the upper of a command: one of its own, or the shared one of this name. */
  async openUpper(kind: string | null): Promise<Upper> {
    const known = kind === null ? undefined : this.#shared.get(kind);
    const upper = known ?? this.#newUpper(kind);
    if (kind !== null) this.#shared.set(kind, upper);
    await this.#holder.mount(overlaysOf(upper));
    return upper;
  }

  #newUpper(kind: string | null): Upper {
    const { build } = this.#o.footing;
    const name = `c${++this.#mounts}`;
    const parts =
      build === null
        ? { upper: mountPath(name, "u"), work: mountPath(name, "w") }
        : { upper: join(build, "outputs"), work: join(build, "outputs-work") };
    const lowers = [this.#own.tree.upper, ...this.#own.tree.lowers];
    const tree: Overlay = { lowers, ...parts, at: mountPath(name, "m") };
    return { name, tree, stores: this.#storesOf(name, this.#own.stores), shared: kind !== null };
  }

  /** Paths that a command changed; tracked files that it wrote as they were do not count. */
  changedBy({ tree }: Upper): string[] {
    const holder = this.#holder;
    const isSame = (path: string): boolean =>
      haveSameContent(holder.path(join(tree.upper, path)), join(this.root, path));
    return changesIn(holder.path(tree.upper), this.#rules, { prune: false, isSame });
  }

  /** Throws an upper away; of a shared one, all but what builds keep. */
  async closeUpper(upper: Upper): Promise<void> {
    const holder = this.#holder;
    if (!upper.shared) return holder.unmount(placesOf(upper), [mountPath(upper.name)]);
    // What a shared upper added to the stores is not kept.
    const stores = this.#o.footing.build === null ? upper.stores : [];
    await holder.unmount(
      placesOf(upper),
      stores.map(({ overlay }) => overlay.upper),
    );
    changesIn(holder.path(upper.tree.upper), this.#rules, { prune: true });
  }

  /** Completes the folder of the layer that is built: nothing is mounted on it, and it has the indexes. */
  async keep(build: string): Promise<void> {
    const work = ["w", "outputs-work", "stores-work"].map((name) => join(build, name));
    await this.#holder.unmount(placesOf(this.#own), work);
    for (const g of [this.#gateTree, ...this.#gateTree.submodules.map(({ tree }) => tree)]) {
      const to = this.#keptIndex(build, g);
      mkdirSync(dirname(to), { recursive: true });
      copyIndex(join(g.meta, "index"), to);
    }
  }

  /** Ends the namespace, and with it every mount. */
  close(): Promise<void> {
    return this.#holder.end();
  }
}

function overlaysOf({ tree, stores }: Upper): Overlay[] {
  return [tree, ...stores.map(({ overlay }) => overlay)];
}

function placesOf(upper: Upper): string[] {
  return overlaysOf(upper).map(({ at }) => at);
}

/** Files are compared up to this size in bytes; larger ones that were written count as changed. */
const comparedBytesMax = 16 * 1024 * 1024;

function haveSameContent(a: string, b: string): boolean {
  const [one, other] = [lstatIfPresent(a), lstatIfPresent(b)];
  if (!one?.isFile() || !other?.isFile()) return false;
  if (one.mode !== other.mode || one.size !== other.size || one.size > comparedBytesMax)
    return false;
  return readFileSync(a).equals(readFileSync(b));
}

/** An empty folder, relative to the holder's: the lowest layer of a tree without layers. */
function emptyFolder({ folder }: MountHolder): string {
  mkdirSync(join(folder, "empty"), { recursive: true });
  return "empty";
}
