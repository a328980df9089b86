/**
 * Private git dirs: a few files that let git work on a folder without reading the repository's or the
 * user's configuration. They have no refs and no hooks, find objects through alternates and take 0.1 ms
 * to make. Each is created for one use and removed after it, so that a worker cannot tamper with one.
 */
import { randomBytes } from "node:crypto";
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { DgovError } from "../error.ts";
import { processStart } from "../process/tree.ts";
import { lstatIfPresent, removeFolder } from "../std/files.ts";
import { once } from "../std/once.ts";
import {
  type GitOptions,
  type GitOutput,
  gitCommand,
  inRepository,
  must,
  nulSplit,
  runGit,
} from "./git.ts";
import type { Oid } from "./objects.ts";
import { requireOwnFolder } from "./own-folder.ts";
import type { FilterConfig, Repository } from "./repository.ts";

export interface PrivateGit {
  dir: string;
  repository: Repository;
  workTree: string;
}

interface PrivateOptions {
  dir: string;
  workTree: string;
  filters?: FilterConfig;
  /** Commit that HEAD names. Default: a branch that does not exist. */
  head?: Oid;
}

/** Creates a private git dir at a path that does not exist yet. */
export function createPrivateGit(r: Repository, o: PrivateOptions): PrivateGit {
  writeGitDir(r, o, {});
  return { dir: o.dir, repository: r, workTree: o.workTree };
}

/**
 * Creates a private git dir, passes it to `use` and removes it. It is created on a file system in
 * memory, or in the folder `near` where there is none.
 */
export async function withPrivateGit<T>(
  r: Repository,
  o: Omit<PrivateOptions, "dir"> & { near: string },
  use: (g: PrivateGit) => Promise<T>,
): Promise<T> {
  const { near, ...rest } = o;
  const dir = randomPath(memoryFolder() ?? near, ownName());
  const g = createPrivateGit(r, { ...rest, dir });
  try {
    return await use(g);
  } finally {
    rmSync(g.dir, { recursive: true, force: true });
  }
}

/**
 * Runs git in a private git dir. `index` names the index file (default: one inside the dir);
 * `objects: "shared"` writes new objects into the repository itself instead of the private dir.
 */
export function inPrivate(
  g: PrivateGit,
  args: string[],
  o: GitOptions & { index?: string; objects?: "shared" | "own" } = {},
): Promise<GitOutput> {
  const { index, objects, ...rest } = o;
  const env: Record<string, string> = { GIT_INDEX_FILE: index ?? join(g.dir, "index") };
  if (objects === "shared") {
    env["GIT_OBJECT_DIRECTORY"] = join(g.repository.commonDir, "objects");
    env["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = JSON.stringify(join(g.dir, "objects"));
  }
  const argv = gitCommand(g.dir, `--work-tree=${g.workTree}`, ...args);
  return runGit(argv, { cwd: g.workTree, ...rest, env: { ...env, ...rest.env } });
}

/** Beginning of the names of this process's private git dirs: its pid and start time tell when it has ended. */
const ownName = once(() => {
  const start = processStart(process.pid) ?? "";
  return `dgov-git-${process.pid}-${startInName(start)}`;
});

function startInName(start: string): string {
  return start.replaceAll(/[^0-9A-Za-z]/g, "");
}

/**
 * Removes private git dirs in memory that processes of this user left when they were killed; returns their paths.
 * `dry` changes nothing.
 */
export function removeAbandonedGitDirs({ dry }: { dry: boolean }): string[] {
  const folder = memoryFolder();
  if (folder === null) return [];
  const abandoned = readdirSync(folder).flatMap((name) => {
    const [, pid, start] = /^dgov-git-(\d+)-([0-9A-Za-z]*)-[0-9a-f]{16}$/.exec(name) ?? [];
    if (pid === undefined || startInName(processStart(Number(pid)) ?? "") === start) return [];
    const path = join(folder, name);
    const found = lstatIfPresent(path);
    return found?.isDirectory() && found.uid === process.getuid?.() ? [path] : [];
  });
  if (!dry) for (const path of abandoned) removeFolder(path);
  return abandoned;
}

let memory: string | null | undefined;

/** A writable folder in memory: the user's runtime folder or Linux's shared memory; null without one. */
function memoryFolder(): string | null {
  if (memory !== undefined) return memory;
  const candidates = [process.env["XDG_RUNTIME_DIR"], "/dev/shm"];
  const usable = (path: string): boolean => {
    try {
      accessSync(path, constants.W_OK | constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  memory = candidates.find((path) => path?.startsWith("/") && usable(path)) ?? null;
  return memory;
}

/** An unpredictable path in `folder`, so that no other process can have prepared it. */
export function randomPath(folder: string, name: string): string {
  return join(folder, `${name}-${randomBytes(8).toString("hex")}`);
}

/** Copies the shared part of a split index from another git dir into a private one. */
export function copySharedIndex(g: PrivateGit, gitDir: string): void {
  for (const name of readdirSync(gitDir)) {
    if (name.startsWith("sharedindex.")) copyFileSync(join(gitDir, name), join(g.dir, name));
  }
}

/** Copies an index file with its time stamps, by which git decides whether to trust its entries. */
export function copyIndex(from: string, to: string): void {
  copyFileSync(from, to);
  // Git compares entries by content when they are as new as the index; the copy must not be newer.
  const { atimeMs, mtimeMs } = statSync(from);
  utimesSync(to, atimeMs / 1000, Math.floor(mtimeMs) / 1000);
}

/**
 * Creates a git dir for a worker or a gate to use: as a private one, with an identity and a copy of `index`. Its work
 * tree is where the `.git` file that names it is, which confined commands see at another path.
 */
export function createStandaloneGitDir(
  r: Repository,
  o: PrivateOptions & {
    identity: { name: string; email: string } | null;
    index: string;
  },
): void {
  requireOwnFolder(dirname(o.dir));
  writeGitDir(r, o, {
    core: { logallrefupdates: "true" },
    ...(o.identity === null ? {} : { user: { ...o.identity } }),
    gc: { auto: "0" },
  });
  if (existsSync(o.index)) copyFileSync(o.index, join(o.dir, "index"));
}

/**
 * The filter drivers (Git LFS, typically) that HEAD's `.gitattributes` files name and the user's own
 * configuration defines. Throws ENVIRONMENT when one is defined only in the repository's configuration, because
 * a worker could have written that command. The result is cached for `cachedFilters`.
 */
export async function userFilters(r: Repository): Promise<FilterConfig> {
  const named = await namedFilters(r);
  const own = r.settings?.filters ?? {};
  const local = r.settings?.localFilters ?? [];
  const refused = named.filter((name) => !Object.hasOwn(own, name) && local.includes(name));
  if (refused.length > 0) {
    throw new DgovError(
      "ENVIRONMENT",
      `the git filter ${refused.join(", ")} is defined only in the repository's own configuration`,
      { hint: `define it globally: git config --global filter.${refused[0]}.clean ...` },
    );
  }
  const filters = Object.fromEntries(
    named.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]]])),
  );
  registerFilters(r, filters);
  return filters;
}

/** The last result of `userFilters` for this repository; empty before the first call. */
export function cachedFilters(r: Repository): FilterConfig {
  return filtersByRepository.get(r.id) ?? {};
}

/** Sets the filter drivers of a repository that `cachedFilters` returns. */
export function registerFilters(r: Repository, filters: FilterConfig): void {
  filtersByRepository.set(r.id, filters);
}

const filtersByRepository = new Map<string, FilterConfig>();

async function namedFilters(r: Repository): Promise<string[]> {
  const list = await inRepository(r, ["ls-tree", "-r", "-z", "HEAD"], { gitDir: r.gitDir });
  // No commit yet.
  if (list.code !== 0 && list.stderr.includes("Not a valid object name")) return [];
  const ids = nulSplit(await must(Promise.resolve(list), "listing .gitattributes"))
    .map((entry) => entry.toString())
    .filter((entry) => /\t(?:.*\/)?\.gitattributes$/s.test(entry))
    .map((entry) => entry.slice(0, entry.indexOf("\t")).split(" ")[2] ?? "");
  if (ids.length === 0) return [];
  const batch = inRepository(r, ["cat-file", "--batch"], { stdin: `${ids.join("\n")}\n` });
  const text = (await must(batch, "reading .gitattributes")).toString();
  return [...new Set([...text.matchAll(/(?<=\s)filter=(\S+)/g)].map((match) => match[1] ?? ""))];
}

function writeGitDir(r: Repository, o: PrivateOptions, extra: ConfigSections): void {
  requireOwnFolder(o.workTree);
  mkdirSync(dirname(o.dir), { recursive: true });
  mkdirSync(o.dir, { mode: 0o700 });
  mkdirSync(join(o.dir, "refs"));
  mkdirSync(join(o.dir, "info"));
  mkdirSync(join(o.dir, "objects", "info"), { recursive: true });
  writeFileSync(join(o.dir, "HEAD"), o.head ? `${o.head}\n` : "ref: refs/heads/none\n");
  writeFileSync(join(o.dir, "objects", "info", "alternates"), `${r.commonDir}/objects\n`);
  writeFileSync(join(o.dir, "info", "exclude"), r.settings?.excludes ?? "");
  writeFileSync(join(o.dir, "config"), configText(sections(r, o, extra)));
  // Without this file, commits of a shallow clone seem to have unrelated histories.
  if (r.shallow) copyFileSync(join(r.commonDir, "shallow"), join(o.dir, "shallow"));
}

type ConfigSections = Record<string, Record<string, string>>;

function sections(r: Repository, o: PrivateOptions, extra: ConfigSections): ConfigSections {
  const sha256 = r.objectFormat === "sha256";
  const all: ConfigSections = {
    core: {
      repositoryformatversion: sha256 ? "1" : "0",
      filemode: "true",
      bare: "false",
      ...r.settings?.core,
      ...extra["core"],
    },
  };
  if (sha256) all["extensions"] = { objectformat: "sha256" };
  for (const [name, settings] of Object.entries(extra)) if (name !== "core") all[name] = settings;
  for (const [name, settings] of Object.entries(o.filters ?? {})) {
    all[`filter ${quoted(name)}`] = settings;
    if (name === "lfs") all["lfs"] = { storage: join(r.commonDir, "lfs") };
  }
  return all;
}

function configText(all: ConfigSections): string {
  return Object.entries(all)
    .map(([name, settings]) => {
      const lines = Object.entries(settings).map(([key, value]) => `\t${key} = ${quoted(value)}\n`);
      return `[${name}]\n${lines.join("")}`;
    })
    .join("");
}

function quoted(value: string): string {
  const text = value.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return `"${text.replaceAll("\n", "\\n").replaceAll("\t", "\\t")}"`;
}
