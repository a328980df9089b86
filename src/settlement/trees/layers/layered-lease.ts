/**
 * A gate tree that is mounted on sealed layers.
 *
 * The candidate is checked out once, as its difference to the newest layer. Every command then gets an upper of its
 * own above that, which is thrown away, so that no command sees what an earlier one wrote; commands of cargo share
 * one, in which only build outputs stay. The uppers of a tree that becomes a layer are kept instead.
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
import { once } from "../../../std/once.ts";
import type { SettlementContext } from "../../context.ts";
import { type CommandRun, runCommand, unstartedRun } from "../command.ts";
import type { CommandTree } from "../confine.ts";
import { withCopies } from "../copied-files.ts";
import {
  dependencyFolders,
  holdsProjectCopy,
  type Prepared,
  prepareDependencies,
} from "../dependencies.ts";
import type { GateTreeLease, LeaseRequest, RunCommandOptions } from "../lease.ts";
import { installerLeftover } from "../slot-lease.ts";
import type { Slot } from "../slots.ts";
import type { Footing } from "./footing.ts";
import { canBeLower, type Ground, looksFull, type MountedRoot } from "./ground.ts";
import { type OutputRules, sharedUpper } from "./outputs.ts";
import { type Layer, lowersOf } from "./store.ts";
import { changesIn, outputsIn } from "./upper.ts";
import { storeLowers, storeName } from "./warm-worktree.ts";

/** The mounts of one command: the tree, and what it may change of the stores of package managers. */
interface Upper {
  name: string;
  /** The overlay of the tree. */
  tree: Overlay;
  stores: { path: string; overlay: Overlay }[];
  /** True when what builds wrote stays for the next command. */
  shared: boolean;
}

/** Name of the mount in which the candidate is checked out and set up; nothing writes to it afterwards. */
const stage = "stage";

/** Lends `use` a tree that is mounted on layers. A layer that was to be built is sealed when `use` succeeds. */
export async function withLayeredTree<T>(
  c: SettlementContext,
  o: {
    ground: Ground;
    footing: Footing;
    slot: Slot;
    request: LeaseRequest;
    tracked: ReadonlySet<string>;
  },
  use: (lease: GateTreeLease) => Promise<T>,
): Promise<T> {
  const { store } = o.ground;
  store.use();
  const lease = new LayeredLease(c, o);
  try {
    // A tree that is built from nothing may be larger than what memory is set aside for.
    await lease.open(o.footing.layer === null && o.footing.build === null ? "disk" : "memory");
    const result = await use(lease);
    await lease.seal();
    return result;
  } finally {
    await lease.close();
    if (o.footing.build !== null && !lease.sealed) store.drop(o.footing.build);
  }
}

class LayeredLease implements GateTreeLease {
  sealed = false;
  readonly #c: SettlementContext;
  readonly #ground: Ground;
  #footing: Footing;
  readonly #slot: Slot;
  readonly #request: LeaseRequest;
  readonly #rules: OutputRules;
  #holder: MountHolder | null = null;
  /** Folders below every command's upper, the topmost first; null until the tree is set up. */
  #lowers: string[] | null = null;
  #mounts = 0;
  /** Folders of package managers that commands may change. */
  #storePaths: string[] = [];
  /** The mounts in which the tree is checked out and set up. */
  #stage: Upper = { name: stage, tree: noOverlay, stores: [], shared: false };
  /** Uppers that commands share, by name. */
  readonly #shared = new Map<string, Upper>();
  #onDisk = false;
  #gateTree: GateTree;
  #setUp = once(() => this.#prepareStage());

  constructor(
    c: SettlementContext,
    o: {
      ground: Ground;
      footing: Footing;
      slot: Slot;
      request: LeaseRequest;
      tracked: ReadonlySet<string>;
    },
  ) {
    this.#c = c;
    this.#ground = o.ground;
    this.#footing = o.footing;
    this.#slot = o.slot;
    this.#request = o.request;
    this.#rules = { tracked: o.tracked };
    const { tree } = o.request;
    this.#gateTree = { path: "", tree, head: null, meta: o.slot.meta, submodules: [] };
  }

  get root(): string {
    return this.#held.path(mountPath(stage, "m"));
  }

  get project(): string {
    return join(this.root, this.#c.projectDir);
  }

  get temporary(): string {
    return this.#slot.temporary;
  }

  get #held(): MountHolder {
    if (this.#holder === null) throw new Error("the layered tree is not open");
    return this.#holder;
  }

  /** Starts the holder and checks the tree out. */
  async open(where: "memory" | "disk"): Promise<void> {
    const { layer, build } = this.#footing;
    const { meta } = this.#slot;
    clearOwnFolder(meta);
    mkdirSync(meta, { recursive: true });
    const holder = await this.#ground.hold(where);
    this.#holder = holder;
    this.#onDisk = where === "disk";
    this.#storePaths = (await this.#c.sandbox()).host?.stores.filter(canBeLower) ?? [];
    const own = build === null ? mountPath(stage) : build;
    this.#stage = {
      name: stage,
      tree: {
        lowers: layer === null ? [emptyFolder(holder)] : lowersOf(layer),
        upper: build === null ? join(own, "u") : join(own, "tree"),
        work: join(own, "w"),
        at: mountPath(stage, "m"),
      },
      stores: this.#storesOf(stage),
      shared: false,
    };
    await holder.mount(overlaysOf(this.#stage));
    const { repository } = this.#c;
    const { tree } = this.#request;
    const at = mountPath(stage, "m");
    const submodules = await submoduleTrees(repository, { path: holder.inside(at), meta, tree });
    this.#gateTree = { path: holder.inside(at), tree, head: null, meta, submodules };
    // A file that is written within the second of the sealing would look as old as what was built from it.
    if (layer !== null) await untilSecondAfter(layer.sealedAt, this.#request.signal);
    const checkOut = async (r: Repository, place: string, g: GateTree): Promise<void> => {
      const index = join(g.meta, "index");
      const known = layer && join(this.#ground.store.root, layer.id, indexName(meta, g.meta));
      mkdirSync(g.meta, { recursive: true });
      if (known !== null && existsSync(known)) copyIndex(known, index);
      await checkOutMounted(r, { holder, at: place, index, near: meta }, g.tree);
      writeFileSync(holder.path(join(place, ".git")), `gitdir: ${gitDirOf(g)}\n`);
    };
    // Git leaves the folder of a submodule that is no longer one.
    const before = layer === null ? [] : await listSubmodules(repository, layer.tree);
    const kept = new Set(submodules.map(({ path }) => path));
    const gone = before.filter(({ path }) => !kept.has(path)).map(({ path }) => join(at, path));
    if (gone.length > 0) await holder.remove(gone);
    await checkOut(repository, at, this.#gateTree);
    for (const { path, module, tree: inner } of submodules) {
      await checkOut(module, join(at, path), inner);
    }
  }

  prepare = async (): Promise<Prepared & { warm: boolean }> => this.#setUp();

  /** Installs dependencies in the stage, unless the layer has them, and closes it. */
  async #prepareStage(): Promise<Prepared & { warm: boolean }> {
    const { layer, key, build } = this.#footing;
    const isWarm = layer !== null && layer.dependencies === key.dependencies && !layer.bound;
    const { marker, signal } = this.#request;
    let done: Prepared = { ok: true, output: "", durationMs: 0 };
    if (!isWarm) {
      this.#renewGitDirs(null);
      done = await prepareDependencies(this.#c, {
        path: this.root,
        tree: this.#commandTree(this.#stage),
        marker,
        signal,
      });
      if (!done.ok) return { ...done, warm: false };
    }
    if (build !== null) this.#found = this.#dependencyState();
    const { tree } = this.#stage;
    this.#lowers = [tree.upper, ...tree.lowers];
    return { ...done, warm: isWarm };
  }

  /** Dependency folders of a layer that is built, and whether setup generated more than those. */
  #found: Pick<Layer, "folders" | "bound"> | null = null;

  #dependencyState(): Pick<Layer, "folders" | "bound"> {
    const { tracked } = this.#rules;
    const { root } = this;
    const folders = dependencyFolders(root).filter((folder) => !tracked.has(folder));
    const upper = this.#held.path(join(this.#footing.build ?? "", "tree"));
    const created = changesIn(upper, this.#rules, { prune: false, isSame: () => true })
      .map((path) => path.replace(/\/$/, ""))
      .filter((path) => !folders.some((f) => f === path || path.startsWith(`${f}/`)))
      .filter((path) => !installerLeftover.test(path) && !holdsOnly(path, folders));
    const generated = this.#c.config.worktree.setup !== null && created.length > 0;
    const inherited = this.#footing.layer;
    return {
      folders: [...new Set([...folders, ...(inherited?.folders ?? [])])],
      bound: generated || holdsProjectCopy(root, folders) || (inherited?.bound ?? false),
    };
  }

  async run(command: string, o: RunCommandOptions): Promise<CommandRun> {
    const first = await this.#runOnce(command, o);
    const failed = first.status === "failed" || first.status === "errored";
    const { layer } = this.#footing;
    if (layer !== null && !this.#ground.store.holds(layer, { files: failed })) {
      // The result says nothing of the candidate. The tree is built from nothing.
      this.#footing = { ...this.#footing, layer: null, build: null };
      await this.#reopen();
      return this.#runOnce(command, o);
    }
    if (!failed || !first.prepared || this.#onDisk || !looksFull(first.output)) return first;
    // A full upper is a matter of the machine: the command is repeated with the upper on disk.
    await this.#reopen();
    const again = await this.#runOnce(command, o);
    // A test may print the same words: only a disk without room makes them the machine's.
    const isFull = looksFull(again.output) && this.#held.freeBytes() < diskFreeBytesMin;
    if (again.status === "passed" || !isFull) return again;
    const exit = `${again.exit}: the disk of the layered trees is full`;
    return { ...again, status: "errored", exit };
  }

  /** Checks the tree out once more, with its uppers on disk. */
  async #reopen(): Promise<void> {
    await this.close();
    this.#lowers = null;
    this.#shared.clear();
    this.#setUp = once(() => this.#prepareStage());
    await this.open("disk");
  }

  async #runOnce(
    command: string,
    { mode = "shared", history = null, access, timeoutMs, onOutput }: RunCommandOptions,
  ): Promise<CommandRun> {
    const { marker, signal } = this.#request;
    const prepared = await this.#setUp();
    if (!prepared.ok) return unstartedRun(command, signal.aborted ? null : prepared.reason);
    const upper = await this.#openUpper(command);
    try {
      const { files } = await this.#c.copied();
      const held = await this.#c.commandLock.hold(mode, signal, () => {
        this.#renewGitDirs(history);
        return withCopies(this.#held.path(upper.tree.at), files, () =>
          runCommand(this.#c, {
            tree: this.#commandTree(upper),
            ...{ access, command },
            ...(timeoutMs === undefined ? {} : { timeoutMs }),
            base: history?.base ?? null,
            marker,
            signal,
            ...(onOutput === undefined ? {} : { onOutput }),
          }),
        );
      });
      if (held === null) return unstartedRun(command, null);
      const { value: run, changed } = held.value;
      const changedPaths = [...new Set([...changed, ...this.#changedBy(upper)])];
      return { ...run, alone: held.alone, changedPaths };
    } finally {
      await this.#closeUpper(upper);
    }
  }

  /** Paths that a command changed; tracked files that it wrote as they were do not count. */
  #changedBy({ tree }: Upper): string[] {
    const holder = this.#held;
    const isSame = (path: string): boolean =>
      haveSameContent(holder.path(join(tree.upper, path)), join(this.root, path));
    return changesIn(holder.path(tree.upper), this.#rules, { prune: false, isSame });
  }

  /** The tree as commands outside \`run\` would see it: there are none in a layered tree. */
  get tree(): CommandTree {
    throw new Error("commands of a layered tree run through its lease");
  }

  /** The tree as a command sees it that has these mounts. */
  #commandTree({ tree, stores }: Upper): CommandTree {
    const holder = this.#held;
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
    return { root: this.#slot.path, mounted, ...git, temporary: this.#freshTemporary() };
  }

  get #fillsStores(): boolean {
    return this.#footing.build !== null && this.#request.buildsLayer === "base";
  }

  /** Overlays over the stores, each with what the layers and the set-up of this tree added to them. */
  #storesOf(name: string): Upper["stores"] {
    if (this.#fillsStores) return [];
    const { layer, build } = this.#footing;
    return this.#storePaths.map((path, n) => {
      const store = storeName(path);
      const added = storeLowers(this.#ground.store.root, layer, path);
      const kept = build === null ? null : join(build, "stores", store);
      const staged = this.#stage.stores[n]?.overlay.upper;
      const own = kept === null && staged !== undefined ? [staged] : [];
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
  #renewGitDirs(history: GateHistory | null): void {
    const { submodules } = this.#gateTree;
    writeGateGitDir(this.#c.repository, { ...this.#gateTree, workTree: treeInside, history });
    for (const { path, module, tree } of submodules) {
      writeGateGitDir(module, { ...tree, workTree: join(treeInside, path), history: null });
    }
  }

  #freshTemporary(): string {
    clearOwnFolder(this.#slot.temporary);
    return this.#slot.temporary;
  }

  /** Mounts the upper of a command: one of its own, or the one that its kind of commands shares. */
  async #openUpper(command: string): Promise<Upper> {
    const { build } = this.#footing;
    const kind = build === null ? sharedUpper(command) : "outputs";
    const known = kind === null ? undefined : this.#shared.get(kind);
    const upper = known ?? this.#newUpper(kind);
    if (kind !== null) this.#shared.set(kind, upper);
    await this.#held.mount(overlaysOf(upper));
    return upper;
  }

  #newUpper(kind: string | null): Upper {
    const { build } = this.#footing;
    const name = `c${++this.#mounts}`;
    const parts =
      build === null
        ? { upper: mountPath(name, "u"), work: mountPath(name, "w") }
        : { upper: join(build, "outputs"), work: join(build, "outputs-work") };
    const tree: Overlay = { lowers: this.#lowers ?? [], ...parts, at: mountPath(name, "m") };
    return { name, tree, stores: this.#storesOf(name), shared: kind !== null };
  }

  /** Throws an upper away; of a shared one, all but what builds keep. */
  async #closeUpper(upper: Upper): Promise<void> {
    const holder = this.#held;
    if (!upper.shared) return holder.unmount(placesOf(upper), [mountPath(upper.name)]);
    // What a shared upper added to the stores is not kept.
    const stores = this.#footing.build === null ? upper.stores : [];
    await holder.unmount(
      placesOf(upper),
      stores.map(({ overlay }) => overlay.upper),
    );
    changesIn(holder.path(upper.tree.upper), this.#rules, { prune: true });
  }

  /** Seals the layer that was built. A tree that was not set up becomes none. */
  async seal(): Promise<void> {
    const { build, key, layer } = this.#footing;
    if (build === null || this.#lowers === null || this.#found === null) return;
    if (this.#request.signal.aborted) return;
    const { store } = this.#ground;
    const work = ["w", "outputs-work", "stores-work"].map((name) => join(build, name));
    await this.#held.unmount(placesOf(this.#stage), work);
    const { meta, submodules } = this.#gateTree;
    for (const g of [this.#gateTree, ...submodules.map((one) => one.tree)]) {
      const to = join(store.root, build, indexName(meta, g.meta));
      mkdirSync(dirname(to), { recursive: true });
      copyIndex(join(g.meta, "index"), to);
    }
    const below = layer === null ? [] : [layer.id, ...layer.below];
    const built = outputsIn(join(store.root, build, "outputs"), this.#rules);
    const outputs = [...new Set([...built, ...(layer?.outputs ?? [])])];
    const landed = this.#request.buildsLayer === "landed";
    store.seal({
      ...key,
      ...this.#found,
      outputs,
      landed,
      id: build,
      tree: this.#request.tree,
      below,
    });
    this.sealed = true;
  }

  /** Ends the namespace, and with it every mount. */
  async close(): Promise<void> {
    const holder = this.#holder;
    this.#holder = null;
    await holder?.end();
    this.emptyTemporary();
  }

  emptyTemporary(): void {
    try {
      clearOwnFolder(this.#slot.temporary);
    } catch {
      // A link in its place is refused at the next use of the slot.
    }
  }
}

/** Path of the index of a tree or submodule in the folder of a layer. */
function indexName(root: string, meta: string): string {
  return join("indexes", relative(root, meta), "index");
}

const noOverlay: Overlay = { lowers: [], upper: "", work: "", at: "" };

function overlaysOf({ tree, stores }: Upper): Overlay[] {
  return [tree, ...stores.map(({ overlay }) => overlay)];
}

function placesOf(upper: Upper): string[] {
  return overlaysOf(upper).map(({ at }) => at);
}

/** A disk with fewer free bytes counts as full. */
const diskFreeBytesMin = 64 * 1024 * 1024;

/** Files are compared up to this size in bytes; larger ones that were written count as changed. */
const comparedBytesMax = 16 * 1024 * 1024;

function haveSameContent(a: string, b: string): boolean {
  const [one, other] = [lstatIfPresent(a), lstatIfPresent(b)];
  if (!one?.isFile() || !other?.isFile()) return false;
  if (one.mode !== other.mode || one.size !== other.size || one.size > comparedBytesMax)
    return false;
  return readFileSync(a).equals(readFileSync(b));
}

/** True for a folder that is there only because dependency folders are in it. */
function holdsOnly(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => folder.startsWith(`${path}/`));
}

/** An empty folder, relative to the holder's: the lowest layer of a tree without layers. */
function emptyFolder({ folder }: MountHolder): string {
  mkdirSync(join(folder, "empty"), { recursive: true });
  return "empty";
}
