/** The layer that a tree is mounted on: what both must have in common, and which one is taken. */
import { realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Oid } from "../../../git/objects.ts";
import type { Repository } from "../../../git/repository.ts";
import { listTree, objectSizes } from "../../../git/trees.ts";
import type { MountRight } from "../../../process/mount-holder.ts";
import { sha256 } from "../../../std/digest.ts";
import type { SettlementContext } from "../../context.ts";
import type { Ground } from "./ground.ts";
import { type Layer, type LayerKey, layersMax } from "./store.ts";

/** The layer below a tree, and the layer that it becomes. */
export interface Footing {
  key: LayerKey;
  layer: Layer | null;
  /** Id of the layer that is built, whose parts are kept; null for a candidate. */
  build: string | null;
}

/**
 * The footing of a tree; null when it has to be prepared in a folder of its own: no layer fits, or its dependencies
 * differ and only the operator's folders, which are copied, could provide them. A cold tree has no layer below it.
 */
export async function footingOf(
  c: SettlementContext,
  ground: Ground,
  o: { tree: Oid; builds: boolean; cold: boolean },
): Promise<Footing | null> {
  const key = await layerKey(c, o.tree, ground.right);
  if (o.cold) return { key, layer: null, build: null };
  const layer = await knownLayer(c.repository, ground, key);
  const differs = layer !== null && layer.dependencies !== key.dependencies;
  const copied = differs && layer.folders.length > 0 && c.config.worktree.setup === null;
  if (o.builds && ground.builds) {
    if (layer !== null && layer.tree === o.tree) return { key, layer, build: null };
    const below = copied || (layer?.below.length ?? 0) + 1 >= layersMax ? null : layer;
    return { key, layer: below, build: ground.store.begin() };
  }
  return layer === null || copied ? null : { key, layer, build: null };
}

/**
 * The newest layer whose tree the repository has. A clone in the place of another, or one whose objects were pruned,
 * lacks it; such layers are removed.
 */
async function knownLayer(r: Repository, { store }: Ground, key: LayerKey): Promise<Layer | null> {
  for (;;) {
    const layer = store.newest(key);
    if (layer === null) return null;
    const [size = null] = await objectSizes(r, [layer.tree]);
    if (size !== null) return layer;
    store.drop(layer.id);
  }
}

/** Raised when layers of an earlier version must not be used any more. */
const layerVersion = "1";

/** Names of manifests, lockfiles and files that choose versions, by which dependencies are installed. */
const dependencyFiles: ReadonlySet<string> = new Set([
  ...["package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"],
  ...["pnpm-workspace.yaml", "bun.lock", "bun.lockb", ".npmrc", ".yarnrc.yml", ".pnpmfile.cjs"],
  ...["pyproject.toml", "uv.lock", "uv.toml", "poetry.lock", "poetry.toml", "setup.py"],
  ...["setup.cfg", "Pipfile", "Pipfile.lock", "environment.yml", "pdm.lock"],
  ...["Cargo.lock", "go.mod", "go.sum", "go.work", "go.work.sum"],
  ...["Gemfile", "Gemfile.lock", "composer.json", "composer.lock", "Podfile.lock"],
  ...["rust-toolchain", "rust-toolchain.toml", ".tool-versions", ".python-version", ".nvmrc"],
  ...[".node-version", "mise.toml", ".gitmodules"],
]);

const requirements = /(^|[-_.])(requirements|constraints)[^/]*\.(txt|in)$/;

/** True for a path whose content decides which dependencies are installed. Pure. */
export function decidesDependencies(path: string, setup: string | null): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (dependencyFiles.has(name) || requirements.test(name)) return true;
  return setup !== null && scriptPaths(setup).includes(path);
}

/** Words of a command that may name a script of the tree. */
function scriptPaths(setup: string): string[] {
  return setup.split(/[\s;&|()'"]+/).map((word) => word.replace(/^\.\//, ""));
}

/** The key of a tree's layer. */
async function layerKey(c: SettlementContext, tree: Oid, right: MountRight): Promise<LayerKey> {
  return { stack: stackKey(c, right), dependencies: await dependencyDigest(c.repository, c, tree) };
}

async function dependencyDigest(
  r: Repository,
  { config }: SettlementContext,
  tree: Oid,
): Promise<string> {
  const { setup } = config.worktree;
  const entries = (await listTree(r, tree)).filter(({ path, mode }) => {
    return mode === "160000" || decidesDependencies(path, setup);
  });
  return sha256(entries.map(({ path, oid, mode }) => `${mode} ${oid} ${path}`).join("\n"));
}

/** Digest of what commands see besides the tree. */
export function stackKey(
  { config, environment, projectDir }: SettlementContext,
  right: MountRight,
): string {
  const { TMPDIR: _, ...seen } = environment;
  const variables = Object.entries(seen).sort(([a], [b]) => (a < b ? -1 : 1));
  const commands = [...Object.values(config.commands), config.worktree.setup].filter(
    (text) => text !== null,
  );
  const path = environment["PATH"] ?? "";
  const programs = [...new Set(commands.flatMap((text) => text.split(/[\s;&|()]+/)))].flatMap(
    (word) => programStamp(word, path) ?? [],
  );
  const setup = config.worktree.setup;
  return sha256(JSON.stringify([layerVersion, right, projectDir, setup, variables, programs]));
}

/** Real path, size and time of the program that a word names; null when it names none. */
function programStamp(word: string, path: string): string | null {
  if (!/^[A-Za-z0-9_.+-]+$/.test(word)) return null;
  for (const folder of path.split(":")) {
    if (!folder.startsWith("/")) continue;
    try {
      const file = realpathSync(join(folder, word));
      const { size, mtimeMs } = statSync(file);
      return `${word} ${file} ${size} ${mtimeMs}`;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}
