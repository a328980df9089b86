/**
 * Submodules of a tree, and the local repositories (`.git/modules/<name>`) whose objects they are checked out from.
 *
 * `.gitmodules` is read as data, from the tree: only which name belongs to which path. A path comes from the tree
 * itself, a name only selects a folder of objects. Nothing is fetched, and no configuration but dgov's own is read.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { endsRun } from "../error.ts";
import { sha256 } from "../std/digest.ts";
import { memoByOwner } from "../std/once.ts";
import { inRepository, nulSplit } from "./git.ts";
import { type Oid, objectId } from "./objects.ts";
import { isOwnFolder } from "./own-folder.ts";
import { registerFilters } from "./private-dir.ts";
import type { Repository } from "./repository.ts";
import { listTree, readBlobAt, readObjects } from "./trees.ts";

export interface Submodule {
  /** Relative to the root of the outermost tree. */
  path: string;
  commit: Oid;
  /** The repository of its objects; null when the commit is in none that is on this machine. */
  module: Repository | null;
  /** True for a submodule of a submodule. */
  nested: boolean;
}

/** Submodules in submodules that are followed. */
const depthMax = 8;
/** Submodules of one tree that are provided, nested ones included. */
const submodulesMax = 500;

/** Lists by tree. One in which objects are missing stays as it is: all trees of a process are alike. */
const lists = memoByOwner<Repository, Promise<Submodule[]>>({ max: 256 });

/** The submodules of a commit or tree, each before those inside it. A tree without `.gitmodules` has none. */
export function listSubmodules(r: Repository, treeish: Oid): Promise<Submodule[]> {
  return lists(r, treeish, () => findSubmodules(r, treeish, "", 0));
}

async function findSubmodules(
  r: Repository,
  treeish: Oid,
  prefix: string,
  depth: number,
): Promise<Submodule[]> {
  if (depth === depthMax || (await readBlobAt(r, treeish, ".gitmodules")) === null) return [];
  const links = (await listTree(r, treeish)).filter(({ mode }) => mode === "160000");
  const names = links.length === 0 ? new Map<string, string>() : await readNames(r, treeish);
  const found: Submodule[] = [];
  for (const { path, oid } of links.slice(0, submodulesMax)) {
    const module = await moduleWith(r, { path, name: names.get(path) ?? null, commit: oid });
    found.push({ path: prefix + path, commit: oid, module, nested: depth > 0 });
    if (module === null) continue;
    found.push(...(await findSubmodules(module, oid, `${prefix}${path}/`, depth + 1)));
  }
  return found.slice(0, submodulesMax);
}

/** Names of submodules by their paths. A `.gitmodules` that git cannot parse has none. */
async function readNames(r: Repository, treeish: Oid): Promise<Map<string, string>> {
  const blob = ["config", "--no-includes", "--blob", `${treeish}:.gitmodules`, "-z"];
  const output = await inRepository(r, [
    ...blob,
    "--get-regexp",
    String.raw`^submodule\..*\.path$`,
  ]);
  if (output.code !== 0) return new Map();
  return new Map(
    nulSplit(output.stdout).flatMap((field): [string, string][] => {
      const [key = "", path] = field.toString().split("\n", 2);
      const name = key.slice("submodule.".length, -".path".length);
      return path === undefined || !isSafeName(name) ? [] : [[path, name]];
    }),
  );
}

/** True for a name that stays below the folder of modules. */
function isSafeName(name: string): boolean {
  const parts = name.split(/[/\\]/);
  return (
    !parts.some((part) => part === "" || part === "." || part === "..") && !name.includes("\0")
  );
}

/** The first local repository that has the submodule's commit; null when there is none. */
async function moduleWith(
  r: Repository,
  { path, name, commit }: { path: string; name: string | null; commit: Oid },
): Promise<Repository | null> {
  const folders = [
    ...(name === null
      ? []
      : [...new Set([r.commonDir, r.gitDir])].map((dir) => join(dir, "modules", name))),
    // A repository that was added in place keeps its git dir there.
    join(r.topLevel, path, ".git"),
  ];
  for (const folder of folders) {
    const module = moduleAt(r, folder, path);
    if (module !== null && (await hasCommit(module, commit))) return module;
  }
  return null;
}

function moduleAt(r: Repository, folder: string, path: string): Repository | null {
  if (!isOwnFolder(folder) || !isOwnFolder(join(folder, "objects"))) return null;
  const module: Repository = {
    ...r,
    ...{ topLevel: join(r.topLevel, path), commonDir: folder, gitDir: folder },
    shallow: existsSync(join(folder, "shallow")),
    id: sha256(folder).slice(0, 16),
  };
  registerFilters(module, r.settings?.filters ?? {});
  return module;
}

/** True for a commit that is in the module's objects under its own id. */
export async function hasCommit(module: Repository, commit: Oid): Promise<boolean> {
  if (!/^[0-9a-f]{40,64}$/.test(commit)) return false;
  // In a partial clone, git ends when it may not fetch the object.
  const [object] = await readObjects(module, [commit]).catch((error: unknown) => {
    if (endsRun(error)) throw error;
    return [];
  });
  return (
    object?.type === "commit" && objectId(module.objectFormat, "commit", object.bytes) === commit
  );
}

/** Paths of those submodules whose objects are not on this machine. */
export function missingPaths(submodules: readonly Submodule[]): string[] {
  return submodules.flatMap(({ path, module }) => (module === null ? [path] : []));
}

/** Name of the folder in which a tree keeps what belongs to its submodule at a path. */
export function submoduleKey(path: string): string {
  return sha256(path).slice(0, 16);
}

/** More submodules are not named one by one. */
const namedMax = 5;

/** The command that brings the objects of submodules onto this machine. */
export function submoduleRemedy(paths: readonly string[]): string {
  const all = "git submodule update --init --recursive";
  return paths.length > namedMax ? all : `${all} ${paths.join(" ")}`;
}
