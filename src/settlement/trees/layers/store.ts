/**
 * Sealed layers on disk: trusted trees with what setup and builds made in them, on which gate trees are mounted.
 *
 *     <root>/<id>/tree      difference to the layers below: the checkout and what `setup_cmd` made
 *     <root>/<id>/outputs   what builds wrote into build output folders
 *     <root>/<id>/index     git index of the merged tree
 *     <root>/<id>/layer.json   sealed description, written last: a folder without it is unfinished
 *     <root>/users/<pid>-<start>   a process that has layers mounted
 */
import { randomBytes } from "node:crypto";
import {
  existsSync,
  lstatSync,
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
import { removeFolder } from "../../../std/files.ts";
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
  /** Dependency folders that were copied or installed, relative to the root. */
  folders: string[];
  /** Ids of the layers below, the topmost first. */
  below: string[];
  /** Time of sealing in milliseconds: a file changed later is newer than everything in the layer. */
  sealedAt: number;
  /** Size on disk in bytes when sealed. */
  bytes: number;
}

export interface LayerStore {
  readonly root: string;
  /** The newest layer of a stack, one with the same dependencies first; null when there is none. */
  newest(key: LayerKey): Layer | null;
  /** Creates the folder of a layer to be built. */
  begin(): string;
  /** Seals a layer whose folder is complete. */
  seal(layer: Omit<Layer, "sealedAt" | "bytes">): Layer;
  /** Removes a layer and those above it. */
  drop(id: string): void;
  /** Removes unfinished layers of ended processes, and the oldest sealed ones until the rest fits into `bytesMax`. */
  trim(bytesMax: number, o?: { dry: boolean }): { removed: string[]; bytes: number };
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

/** Opens the layers in a folder. */
export function layerStore(root: string, seal: Seal): LayerStore {
  const own = join(root, "users", `${process.pid}-${startOf(process.pid)}`);
  const read = (id: string): Layer | null => {
    try {
      const { text, hmac } = JSON.parse(readFileSync(join(root, id, "layer.json"), "utf8"));
      return typeof text === "string" && seal.matches(text, hmac) ? JSON.parse(text) : null;
    } catch {
      return null;
    }
  };
  const folders = (): string[] =>
    existsSync(root) ? readdirSync(root).filter((name) => layerName.test(name)) : [];
  const all = (): Layer[] =>
    folders()
      .flatMap((id) => read(id) ?? [])
      .sort((a, b) => b.sealedAt - a.sealedAt);
  const isWhole = ({ id, below }: Layer): boolean =>
    [id, ...below].every((one) => existsSync(join(root, one, "layer.json")));
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
      const fitting = all().filter((layer) => layer.stack === stack && isWhole(layer));
      const found =
        fitting.find((layer) => layer.dependencies === dependencies) ?? fitting[0] ?? null;
      if (found !== null) touch(join(root, found.id, "layer.json"));
      return found;
    },
    begin() {
      const id = `l${randomBytes(5).toString("hex")}`;
      for (const part of ["tree", "outputs"]) mkdirSync(join(root, id, part), { recursive: true });
      writeFileSync(join(root, id, "owner"), `${process.pid}-${startOf(process.pid)}`);
      return id;
    },
    seal(layer) {
      const bytes = sizeOf(join(root, layer.id));
      const sealed: Layer = { ...layer, sealedAt: Date.now(), bytes };
      const text = JSON.stringify(sealed);
      const file = join(root, layer.id, "layer.json");
      writeFileSync(file, JSON.stringify({ text, hmac: seal.of(text) }), { mode: 0o600 });
      return sealed;
    },
    drop,
    trim(bytesMax, { dry } = { dry: false }) {
      const removed: string[] = [];
      const inUse = othersAlive(join(root, "users"), own);
      for (const id of folders()) {
        if (existsSync(join(root, id, "layer.json")) || isAlive(ownerOf(join(root, id)))) continue;
        removed.push(id);
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
        removed.push(...gone.map(({ id }) => id));
        kept = kept.filter((layer) => !gone.includes(layer));
        if (!dry) drop(oldest.id);
      }
      return { removed, bytes: total() };
    },
    use() {
      mkdirSync(join(root, "users"), { recursive: true });
      writeFileSync(own, "");
    },
    release: () => rmSync(own, { force: true }),
  };
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

/** Bytes that a folder occupies on disk. Folders that cannot be read count as empty. */
function sizeOf(folder: string): number {
  let bytes = 0;
  const open = [folder];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    try {
      for (const entry of readdirSync(at, { withFileTypes: true })) {
        const path = join(at, entry.name);
        if (entry.isDirectory()) open.push(path);
        else bytes += lstatSync(path).blocks * 512;
      }
    } catch {
      // Removed since it was listed, or the work folder of an overlay.
    }
  }
  return bytes;
}
