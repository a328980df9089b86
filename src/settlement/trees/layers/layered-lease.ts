/**
 * A gate tree that is mounted on sealed layers.
 *
 * The candidate is checked out once, as its difference to the newest layer. Every command then gets an upper of its
 * own above that, which is thrown away, so that no command sees what an earlier one wrote; commands of cargo share
 * one, in which only build outputs stay. The uppers of a tree that becomes a layer are kept instead.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { clearOwnFolder } from "../../../git/own-folder.ts";
import { copyIndex } from "../../../git/private-dir.ts";
import { type GateHistory, writeGateGitDir } from "../../../git/worktrees/gate-tree.ts";
import { checkOutMounted } from "../../../git/worktrees/mounted-tree.ts";
import { type MountHolder, mountPath, type Overlay } from "../../../process/mount-holder.ts";
import { treeInside } from "../../../sandbox/view.ts";
import { untilSecondAfter } from "../../../std/clock.ts";
import { lstatIfPresent } from "../../../std/files.ts";
import { once } from "../../../std/once.ts";
import type { SettlementContext } from "../../context.ts";
import { type CommandRun, runCommand, unstartedRun } from "../command.ts";
import type { CommandTree, MountedRoot } from "../confine.ts";
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
import { type Ground, looksFull } from "./ground.ts";
import { type OutputRules, sharedUpper } from "./outputs.ts";
import { type Layer, lowersOf } from "./store.ts";
import { changesIn } from "./upper.ts";

/** Parts of the path of one mount, relative to the holder's folder. */
interface Upper {
  name: string;
  overlay: Overlay;
  /** True when what builds wrote stays for the next command. */
  shared: boolean;
}

/** Name of the mount in which the candidate is checked out and set up. */
const stage = "stage";
/** Name of the mount without an upper of its own, in which this process reads the tree. */
const view = "view";

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
    await lease.open("memory");
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
  readonly #footing: Footing;
  readonly #slot: Slot;
  readonly #request: LeaseRequest;
  readonly #rules: OutputRules;
  #holder: MountHolder | null = null;
  /** Folders below every command's upper, the topmost first; null until the tree is set up. */
  #lowers: string[] | null = null;
  #mounts = 0;
  /** Uppers that commands share, by name. */
  readonly #shared = new Map<string, Upper>();
  #onDisk = false;
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
  }

  get root(): string {
    return this.#held.path(mountPath(this.#lowers === null ? stage : view, "m"));
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
    const own = build === null ? mountPath(stage) : build;
    await holder.mount({
      lowers: layer === null ? [emptyFolder(holder)] : lowersOf(layer),
      upper: build === null ? join(own, "u") : join(own, "tree"),
      work: join(own, "w"),
      at: mountPath(stage, "m"),
    });
    if (layer !== null) {
      copyIndex(join(this.#ground.store.root, layer.id, "index"), this.#index);
      // A file that is written within the second of the sealing would look as old as what was built from it.
      await untilSecondAfter(layer.sealedAt, this.#request.signal);
    }
    await checkOutMounted(
      this.#c.repository,
      { holder, at: mountPath(stage, "m"), index: this.#index, near: meta },
      this.#request.tree,
    );
  }

  get #index(): string {
    return join(this.#slot.meta, "index");
  }

  prepare = async (): Promise<Prepared & { warm: boolean }> => this.#setUp();

  /** Installs dependencies in the stage, unless the layer has them, and closes it. */
  async #prepareStage(): Promise<Prepared & { warm: boolean }> {
    const { layer, key, build } = this.#footing;
    const isWarm = layer !== null && layer.dependencies === key.dependencies && !layer.bound;
    const { marker, signal } = this.#request;
    let done: Prepared = { ok: true, output: "", durationMs: 0 };
    if (!isWarm) {
      this.#renewGitDir(null);
      const tree = { ...this.#treeAt(stage), temporary: this.#freshTemporary() };
      done = await prepareDependencies(this.#c, { path: this.root, tree, marker, signal });
      if (!done.ok) return { ...done, warm: false };
    }
    if (build !== null) this.#found = this.#dependencyState();
    const holder = this.#held;
    await holder.unmount(mountPath(stage, "m"));
    const top = build === null ? mountPath(stage, "u") : join(build, "tree");
    this.#lowers = [top, ...(layer === null ? [emptyFolder(holder)] : lowersOf(layer))];
    await holder.mount({
      lowers: this.#lowers,
      upper: mountPath(view, "u"),
      work: mountPath(view, "w"),
      at: mountPath(view, "m"),
    });
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
    if (!failed || !first.prepared || this.#onDisk || !looksFull(first.output)) return first;
    // A full upper is a matter of the machine: the command is repeated with the upper on disk.
    await this.close();
    this.#reset();
    await this.open("disk");
    const again = await this.#runOnce(command, o);
    return again.status !== "passed" && looksFull(again.output)
      ? {
          ...again,
          status: "errored",
          exit: `${again.exit}: the disk of the layered trees is full`,
        }
      : again;
  }

  #reset(): void {
    this.#lowers = null;
    this.#shared.clear();
    this.#setUp = once(() => this.#prepareStage());
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
      const held = await this.#c.commandLock.hold(mode, signal, () => {
        this.#renewGitDir(history);
        return runCommand(this.#c, {
          tree: { ...this.#treeAt(upper.name), temporary: this.#freshTemporary() },
          ...{ access, command },
          base: history?.base ?? null,
          marker,
          signal,
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
          ...(onOutput === undefined ? {} : { onOutput }),
        });
      });
      if (held === null) return unstartedRun(command, null);
      return { ...held.value, alone: held.alone, changedPaths: this.#changedBy(upper) };
    } finally {
      await this.#closeUpper(upper);
    }
  }

  /** Paths that a command changed; tracked files that it wrote as they were do not count. */
  #changedBy({ overlay }: Upper): string[] {
    const holder = this.#held;
    const isSame = (path: string): boolean =>
      haveSameContent(holder.path(join(overlay.upper, path)), join(this.root, path));
    return changesIn(holder.path(overlay.upper), this.#rules, { prune: false, isSame });
  }

  get tree(): CommandTree {
    return { ...this.#treeAt(view), temporary: this.temporary };
  }

  #treeAt(name: string): CommandTree {
    return { root: this.#slot.path, mounted: this.#mounted(name), gitDirs: [] };
  }

  #mounted(name: string): MountedRoot {
    const holder = this.#held;
    const path = holder.inside(mountPath(name, "m"));
    return { holder: { pid: holder.pid }, path, gitDir: join(this.#slot.meta, "git"), mounts: [] };
  }

  #renewGitDir(history: GateHistory | null): void {
    const { meta } = this.#slot;
    writeGateGitDir(this.#c.repository, {
      tree: this.#request.tree,
      head: null,
      meta,
      workTree: treeInside,
      history,
    });
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
    await this.#held.mount(upper.overlay);
    return upper;
  }

  #newUpper(kind: string | null): Upper {
    const { build } = this.#footing;
    const name = `c${++this.#mounts}`;
    const at = mountPath(name, "m");
    const overlay: Overlay =
      build === null
        ? {
            lowers: this.#lowers ?? [],
            upper: mountPath(name, "u"),
            work: mountPath(name, "w"),
            at,
          }
        : {
            lowers: this.#lowers ?? [],
            upper: join(build, "outputs"),
            work: join(build, "outputs-work"),
            at,
          };
    return { name, overlay, shared: kind !== null };
  }

  /** Throws an upper away; of a shared one, all but what builds keep. */
  async #closeUpper({ name, overlay, shared }: Upper): Promise<void> {
    const holder = this.#held;
    if (!shared) return holder.unmount(overlay.at, { remove: [mountPath(name)] });
    await holder.unmount(overlay.at);
    changesIn(holder.path(overlay.upper), this.#rules, { prune: true });
  }

  /** Seals the layer that was built. A tree that was not set up becomes none. */
  async seal(): Promise<void> {
    const { build, key, layer } = this.#footing;
    if (build === null || this.#lowers === null || this.#found === null) return;
    if (this.#request.signal.aborted) return;
    const { store } = this.#ground;
    await this.#held.unmount(mountPath(view, "m"), { remove: [mountPath(view)] });
    await this.#held.remove([join(build, "w"), join(build, "outputs-work")]);
    copyIndex(this.#index, join(store.root, build, "index"));
    const below = layer === null ? [] : [layer.id, ...layer.below];
    store.seal({ ...key, ...this.#found, id: build, tree: this.#request.tree, below });
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
