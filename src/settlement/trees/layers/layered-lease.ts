/**
 * A gate tree that is mounted on sealed layers.
 *
 * Every command gets an upper of its own, which is thrown away, so that no command sees what an earlier one wrote;
 * commands of cargo share one, in which only build outputs stay. The uppers of a tree that becomes a layer are kept.
 */
import { join } from "node:path";
import type { GateAccess } from "../../../config/gates.ts";
import { clearOwnFolder } from "../../../git/own-folder.ts";
import { once } from "../../../std/once.ts";
import type { SettlementContext } from "../../context.ts";
import { type CommandRun, runCommand, unstartedRun } from "../command.ts";
import { insideOf } from "../confine.ts";
import { withCopies } from "../copied-files.ts";
import {
  dependencyFolders,
  holdsProjectCopy,
  type Prepared,
  prepareDependencies,
} from "../dependencies.ts";
import type { TreePlaces } from "../environment.ts";
import type { GateTreeLease, RunCommandOptions } from "../lease.ts";
import { installerLeftover } from "../slot-lease.ts";
import { looksFull } from "./ground.ts";
import { sharedUpper } from "./outputs.ts";
import { type LayeredTree, Stage } from "./stage.ts";
import type { Layer } from "./store.ts";
import { changesIn, outputsIn } from "./upper.ts";

/** Lends `use` a tree that is mounted on layers. A layer that was to be built is sealed when `use` succeeds. */
export async function withLayeredTree<T>(
  c: SettlementContext,
  o: LayeredTree,
  use: (lease: GateTreeLease) => Promise<T>,
): Promise<T> {
  const { ground, footing } = o;
  ground.store.use();
  // A tree that is built from nothing may be larger than what memory is set aside for.
  const isCold = footing.layer === null && footing.build === null;
  const lease = new LayeredLease(c, o);
  try {
    await lease.open(isCold ? "disk" : "memory");
    const result = await use(lease);
    await lease.seal();
    return result;
  } finally {
    await lease.close();
    if (footing.build !== null && !lease.sealed) ground.store.drop(footing.build);
  }
}

class LayeredLease implements GateTreeLease {
  sealed = false;
  readonly #c: SettlementContext;
  #o: LayeredTree;
  #open: Stage | null = null;
  /** Dependency folders of a layer that is built, and whether setup generated more; null until it is set up. */
  #found: Pick<Layer, "folders" | "bound"> | null = null;
  #setUp = once(() => this.#prepareStage());

  constructor(c: SettlementContext, o: LayeredTree) {
    this.#c = c;
    this.#o = o;
  }

  get #stage(): Stage {
    if (this.#open === null) throw new Error("the layered tree is not open");
    return this.#open;
  }

  get root(): string {
    return this.#stage.root;
  }

  get project(): string {
    return join(this.root, this.#c.projectDir);
  }

  get temporary(): string {
    return this.#o.slot.temporary;
  }

  inside(access: GateAccess): Promise<TreePlaces["inside"]> {
    return insideOf(this.#c, this.#stage.setupTree(), access);
  }

  /** Mounts the tree and checks it out. */
  async open(where: "memory" | "disk"): Promise<void> {
    this.#open = await Stage.open(this.#c, this.#o, where);
  }

  prepare = async (): Promise<Prepared & { warm: boolean }> => this.#setUp();

  /** Installs dependencies, unless the layer has them. */
  async #prepareStage(): Promise<Prepared & { warm: boolean }> {
    const { layer, key, build } = this.#o.footing;
    const isWarm = layer !== null && layer.dependencies === key.dependencies && !layer.bound;
    const { marker, signal } = this.#o.request;
    let done: Prepared = { ok: true, output: "", durationMs: 0 };
    if (!isWarm) {
      this.#stage.renewGitDirs(null);
      clearOwnFolder(this.temporary);
      const tree = this.#stage.setupTree();
      done = await prepareDependencies(this.#c, { path: this.root, tree, marker, signal });
      if (!done.ok) return { ...done, warm: false };
    }
    if (build !== null) this.#found = this.#dependencyState();
    return { ...done, warm: isWarm };
  }

  #dependencyState(): Pick<Layer, "folders" | "bound"> {
    const { tracked } = this.#o;
    const { root, written } = this.#stage;
    const folders = dependencyFolders(root).filter((folder) => !tracked.has(folder));
    const created = changesIn(written, { tracked }, { prune: false, isSame: () => true })
      .map((path) => path.replace(/\/$/, ""))
      .filter((path) => !folders.some((f) => f === path || path.startsWith(`${f}/`)))
      .filter((path) => !installerLeftover.test(path) && !holdsOnly(path, folders));
    const generated = this.#c.config.worktree.setup !== null && created.length > 0;
    const inherited = this.#o.footing.layer;
    return {
      folders: [...new Set([...folders, ...(inherited?.folders ?? [])])],
      bound: generated || holdsProjectCopy(root, folders) || (inherited?.bound ?? false),
    };
  }

  async run(command: string, o: RunCommandOptions): Promise<CommandRun> {
    const first = await this.#runOnce(command, o);
    const failed = first.status === "failed" || first.status === "errored";
    const { layer } = this.#o.footing;
    if (layer !== null && !this.#o.ground.store.holds(layer, { files: failed })) {
      // The result says nothing of the candidate. The tree is built from nothing.
      const footing = { ...this.#o.footing, layer: null, build: null };
      this.#o = { ...this.#o, footing };
      await this.#reopen();
      return this.#runOnce(command, o);
    }
    if (!failed || !first.prepared || this.#stage.onDisk || !looksFull(first.output)) return first;
    // A full upper is a matter of the machine: the command is repeated with the upper on disk.
    await this.#reopen();
    const again = await this.#runOnce(command, o);
    // A test may print the same words: only a disk without room makes them the machine's.
    const isFull = looksFull(again.output) && this.#stage.freeBytes() < diskFreeBytesMin;
    if (again.status === "passed" || !isFull) return again;
    const exit = `${again.exit}: the disk of the layered trees is full`;
    return { ...again, status: "errored", exit };
  }

  /** Checks the tree out once more, with its uppers on disk. */
  async #reopen(): Promise<void> {
    await this.close();
    this.#setUp = once(() => this.#prepareStage());
    await this.open("disk");
  }

  async #runOnce(
    command: string,
    { mode = "shared", history = null, access, timeoutMs, onOutput }: RunCommandOptions,
  ): Promise<CommandRun> {
    const { marker, signal } = this.#o.request;
    const prepared = await this.#setUp();
    if (!prepared.ok) return unstartedRun(command, signal.aborted ? null : prepared.reason);
    const stage = this.#stage;
    const isCandidate = this.#o.footing.build === null;
    const kind = isCandidate ? (access.shares ?? sharedUpper(command)) : "outputs";
    const upper = await stage.openUpper(kind);
    try {
      const { files } = await this.#c.copied();
      const held = await this.#c.commandLock.hold(mode, signal, () => {
        stage.renewGitDirs(history);
        clearOwnFolder(this.temporary);
        return withCopies(stage.pathOf(upper), files, () =>
          runCommand(this.#c, {
            tree: stage.commandTree(upper),
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
      const changedPaths = [...new Set([...changed, ...stage.changedBy(upper)])];
      return { ...run, alone: held.alone, changedPaths };
    } finally {
      await stage.closeUpper(upper);
    }
  }

  /** Seals the layer that was built. A tree that was not set up becomes none. */
  async seal(): Promise<void> {
    const { footing, ground, request, tracked } = this.#o;
    const { build, key, layer } = footing;
    if (build === null || this.#found === null || request.signal.aborted) return;
    await this.#stage.keep(build);
    const built = outputsIn(join(ground.store.root, build, "outputs"), { tracked });
    ground.store.seal({
      ...key,
      ...this.#found,
      outputs: [...new Set([...built, ...(layer?.outputs ?? [])])],
      landed: request.buildsLayer === "landed",
      id: build,
      tree: request.tree,
      below: layer === null ? [] : [layer.id, ...layer.below],
    });
    this.sealed = true;
  }

  /** Ends the mounts and removes the temporary files of commands. */
  async close(): Promise<void> {
    const stage = this.#open;
    this.#open = null;
    await stage?.close();
    try {
      clearOwnFolder(this.temporary);
    } catch {
      // A link in its place is refused at the next use of the slot.
    }
  }
}

/** A disk with fewer free bytes counts as full. */
const diskFreeBytesMin = 64 * 1024 * 1024;

/** True for a folder that is there only because dependency folders are in it. */
function holdsOnly(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => folder.startsWith(`${path}/`));
}
