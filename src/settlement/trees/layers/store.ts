/**
 * Sealed layers on disk: trusted trees with what setup and builds made in them, on which gate trees are mounted.
 *
 *     <root>/<id>/tree      difference to the layers below: the checkout and what `setup_cmd` made
 *     <root>/<id>/outputs   what builds wrote into build output folders
 *     <root>/<id>/stores/<digest>   what a landed tree's installation added to a store of a package manager
 *     <root>/<id>/indexes   git index of the merged tree, and of each submodule
 *     <root>/<id>/layer.json   sealed description, written last: a folder without it is unfinished
 *     <root>/users/<pid>-<start>   a process that has layers mounted
 */
import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { processStart } from "../../../process/tree.ts";
import { lstatIfPresent, readText, removeFolder, replaceFile } from "../../../std/files.ts";
import type { Seal } from "../../seal.ts";

/** Everything that a layer must share with a tree that is mounted on it. */
export interface LayerKey {
  /** Digest of what commands see besides the tree: paths, programs, environment, `setup_cmd`, rights. */
  stack: string;
  /** Digest of the manifests and lockfiles by which dependencies are installed. */
  dependencies: string;
}

export interface Layer extends LayerKey {
  id: string;
  /** The tree that is checked out in it. */
  tree: string;
  /** True when setup generated files from sources, so that it must run again for every other tree. */
  bound: boolean;
  /** True for the tree of what landed in a run, false for the base of one. */
  landed: boolean;
  /** Dependency folders that were copied or installed, relative to the root. */
  folders: string[];
  /** Folders of build outputs, relative to the root. */
  outputs: string[];
  /** Ids of the layers below, the topmost first. */
  below: string[];
  /** Time of sealing in milliseconds: a file changed later is newer than everything in the layer. */
  sealedAt: number;
  /** Size on disk in bytes when sealed. */
  bytes: number;
  /** Digest of the stamps of all its files when sealed. */
  state: string;
}

export interface LayerStore {
  readonly root: string;
  /** The newest layer of a stack, one with the same dependencies first; null when there is none. */
  newest(key: LayerKey): Layer | null;
  /** False when a layer in use, or one below it, was removed or, with `files`, when a file in them changed. */
  holds(layer: Layer, o: { files: boolean }): boolean;
  /** Creates the folder of a layer to be built. */
  begin(): string;
  /** Seals a layer whose folder is complete. */
  seal(layer: Omit<Layer, "sealedAt" | "bytes" | "state">): Layer;
  /** Removes a layer and those above it. */
  drop(id: string): void;
  /** Removes the layers of what has landed, and those above them. */
  dropLanded(): void;
  /** Removes every layer of a stack. */
  dropStack(stack: string): void;
  /**
   * Removes unfinished layers of ended processes, and the sealed ones that were used least recently until the rest fits
   * into `bytesMax`: none while another process mounts layers. Returns descriptions of those that were removed.
   */
  trim(bytesMax: number, o?: { dry: boolean }): string[];
  /** Landings that were judged on layers since a tree without layers last passed. */
  warmLandings(): number;
  noteWarmLandings(count: number): void;
  /** Declares that this process mounts layers, until `release`. */
  use(): void;
  release(): void;
}

/** Layers above each other before a new one starts from nothing. */
export const layersMax = 8;

/** Folders of a stack for an overlay, relative to the store, the topmost first. */
export function lowersOf({ id, below }: Pick<Layer, "id" | "below">): string[] {
  return [id, ...below].flatMap((one) => [`${one}/outputs`, `${one}/tree`]);
}

/** Opens the layers in a folder. `damaged` is told of layers that are removed, because files in them changed. */
export function layerStore(
  root: string,
  seal: Seal,
  damaged: (id: string) => void = () => {},
): LayerStore {
  const signed = (text: string): string => `${root}\n${text}`;
  /** Layers whose files this process has compared with their state when sealed. */
  const compared = new Set<string>();
  const own = join(root, "users", `${process.pid}-${startOf(process.pid)}`);
  const read = (id: string): Layer | null => {
    const { text, hmac } = parsed(readText(join(root, id, "layer.json")));
    return typeof text === "string" && seal.matches(signed(text), hmac) ? JSON.parse(text) : null;
  };
  const folders = (): string[] =>
    existsSync(root) ? readdirSync(root).filter((name) => layerName.test(name)) : [];
  const all = (): Layer[] =>
    folders()
      .flatMap((id) => read(id) ?? [])
      .sort((a, b) => b.sealedAt - a.sealedAt);
  const isIntact = (id: string): boolean => {
    const layer = read(id);
    if (layer === null) return false;
    if (compared.has(id)) return true;
    if (stateOf(join(root, id)).state === layer.state) compared.add(id);
    else {
      damaged(id);
      drop(id);
    }
    return compared.has(id);
  };
  const isWhole = ({ id, below }: Layer): boolean => [...below, id].every(isIntact);
  const drop = (id: string): void => {
    for (const layer of all()) {
      if (layer.id !== id && !layer.below.includes(id)) continue;
      rmSync(join(root, layer.id, "layer.json"), { force: true });
      removeFolder(join(root, layer.id));
    }
  };
  return {
    root,
    newest({ stack, dependencies }) {
      // After the clock was set back, files that are written now would look older than what was built from them.
      const now = Date.now();
      const fitting = all().filter(
        (layer) => layer.stack === stack && layer.sealedAt <= now && isWhole(layer),
      );
      const found =
        fitting.find((layer) => layer.dependencies === dependencies) ?? fitting[0] ?? null;
      if (found !== null) touch(join(root, found.id, "layer.json"));
      return found;
    },
    holds({ id, below }, { files }) {
      const layers = [...below, id];
      if (files) for (const one of layers) compared.delete(one);
      return layers.every(isIntact);
    },
    begin() {
      const id = `l${randomBytes(5).toString("hex")}`;
      for (const part of ["tree", "outputs"]) mkdirSync(join(root, id, part), { recursive: true });
      writeFileSync(join(root, id, "owner"), `${process.pid}-${startOf(process.pid)}`);
      return id;
    },
    seal(layer) {
      const sealed: Layer = { ...layer, ...stateOf(join(root, layer.id)), sealedAt: Date.now() };
      compared.add(layer.id);
      const text = JSON.stringify(sealed);
      const file = join(root, layer.id, "layer.json");
      writeFileSync(file, JSON.stringify({ text, hmac: seal.of(signed(text)) }), { mode: 0o600 });
      return sealed;
    },
    drop,
    dropLanded() {
      for (const layer of all()) if (layer.landed) drop(layer.id);
    },
    dropStack(stack) {
      for (const layer of all()) if (layer.stack === stack) drop(layer.id);
    },
    trim(bytesMax, { dry } = { dry: false }) {
      const removed: string[] = [];
      const inUse = othersAlive(join(root, "users"), own);
      for (const id of folders()) {
        if (existsSync(join(root, id, "layer.json")) || isAlive(ownerOf(join(root, id)))) continue;
        removed.push(`unfinished layer ${id}`);
        if (!dry) removeFolder(join(root, id));
      }
      let kept = all();
      const total = (): number => kept.reduce((sum, { bytes }) => sum + bytes, 0);
      // A mounted layer must not be removed; which ones another process has mounted is not known.
      while (!inUse && total() > bytesMax) {
        const oldest = kept
          .filter(({ below }) => below.length === 0)
          .sort((a, b) => lastUse(root, a.id) - lastUse(root, b.id))[0];
        if (oldest === undefined) break;
        const gone = kept.filter(({ id, below }) => id === oldest.id || below.includes(oldest.id));
        for (const { id, bytes } of gone) removed.push(`layer ${id} (${mib(bytes)} MiB)`);
        kept = kept.filter((layer) => !gone.includes(layer));
        if (!dry) drop(oldest.id);
      }
      return removed;
    },
    warmLandings() {
      const { text, hmac } = parsed(readText(join(root, "landings.json")));
      return typeof text === "string" && seal.matches(signed(text), hmac) ? Number(text) : 0;
    },
    noteWarmLandings(count) {
      mkdirSync(root, { recursive: true });
      const text = `${count}`;
      const content = JSON.stringify({ text, hmac: seal.of(signed(text)) });
      replaceFile(join(root, "landings.json"), content, { mode: 0o600 });
    },
    use() {
      mkdirSync(join(root, "users"), { recursive: true });
      writeFileSync(own, "");
    },
    release: () => rmSync(own, { force: true }),
  };
}

function mib(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024);
}

/** The fields of a sealed file; none when it is missing or damaged. */
function parsed(text: string | null): { text?: unknown; hmac?: unknown } {
  try {
    return JSON.parse(text ?? "{}") ?? {};
  } catch {
    return {};
  }
}

const layerName = /^l[0-9a-f]{10}$/;

function startOf(pid: number): string {
  return (processStart(pid) ?? "").replaceAll(/[^0-9A-Za-z]/g, "");
}

/** True for a name of the form `<pid>-<start>` whose process runs. */
function isAlive(name: string): boolean {
  const [pid = "", start = ""] = name.split("-");
  return pid !== "" && start !== "" && startOf(Number(pid)) === start;
}

function ownerOf(folder: string): string {
  try {
    return readFileSync(join(folder, "owner"), "utf8");
  } catch {
    return "";
  }
}

/** True when a process other than this one has declared that it mounts layers. Forgets ended ones. */
function othersAlive(users: string, own: string): boolean {
  if (!existsSync(users)) return false;
  const others = readdirSync(users).filter((name) => join(users, name) !== own);
  for (const name of others) if (!isAlive(name)) rmSync(join(users, name), { force: true });
  return others.some(isAlive);
}

function touch(file: string): void {
  const now = Date.now() / 1000;
  utimesSync(file, now, now);
}

function lastUse(root: string, id: string): number {
  return statSync(join(root, id, "layer.json"), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Bytes that the parts of a layer occupy on disk, and a digest of path, inode, mode, size and times of its files. */
function stateOf(folder: string): { bytes: number; state: string } {
  let bytes = 0;
  let sum = 0n;
  const open = ["tree", "outputs", "stores", "indexes"];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const stats = lstatIfPresent(join(folder, path));
    if (stats === undefined) continue;
    if (stats.isDirectory()) {
      for (const name of readdirSync(join(folder, path))) open.push(`${path}/${name}`);
    }
    bytes += stats.blocks * 512;
    const { ino, mode, size, mtimeMs, ctimeMs } = stats;
    // Files are added up, since folders are read in no fixed order.
    sum += Bun.hash(`${path} ${ino} ${mode} ${size} ${mtimeMs} ${ctimeMs}`) & mask;
  }
  return { bytes, state: `${sum}` };
}

const mask = 0xffffffffffffn;
