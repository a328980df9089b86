/**
 * Finds the project of a directory, and the place of dgov's own files. Separate from loading, since commands that need
 * only the root load no parser.
 *
 * dgov's own files (`.dgov/`, the baselines) are in the project's folder. Those of a local project (`dgov init --local`)
 * have the same names below `<common git dir>/dgov/project/`, which mirrors the folders of the repository: the checkouts
 * of a repository share them, and git neither commits nor lists them.
 */
import { readFileSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { DgovError } from "../error.ts";

/** Relative to the folder that `ownRoot` gives, as all names of dgov's own files are. */
export const configFile = ".dgov/project.toml";

/** Relative to the common git dir. */
const localFolder = join("dgov", "project");

/** The nearest folder at or above `cwd` that is a project; null when there is none. */
export function findProject(cwd: string): string | null {
  const start = basename(cwd) === ".dgov" ? dirname(cwd) : cwd;
  for (let at = checkoutOfOwnFiles(cwd) ?? start; ; at = dirname(at)) {
    if (hasOwnFolder(at) || hasOwnFolder(localRoot(at))) return at;
    if (dirname(at) === at) return null;
  }
}

const knownRoots = new Map<string, string>();

/**
 * The folder that holds the own files of a project. It stays the same for the life of the process, whatever appears in
 * the checkout. Throws CONFIG_INVALID when the project has such files in both places.
 */
export function ownRoot(projectRoot: string): string {
  const known = knownRoots.get(projectRoot);
  if (known !== undefined) return known;
  const local = localRoot(projectRoot);
  if (!hasOwnFolder(local)) {
    if (hasOwnFolder(projectRoot)) knownRoots.set(projectRoot, projectRoot);
    return projectRoot;
  }
  if (hasOwnFolder(projectRoot)) {
    const [here, there] = [projectRoot, local].map((root) => join(root, ".dgov"));
    throw new DgovError("CONFIG_INVALID", `the project has files of dgov in ${here} and ${there}`, {
      hint: "keep one: move the other folder out of the repository",
    });
  }
  knownRoots.set(projectRoot, local);
  return local;
}

/** The absolute path of one of dgov's own files. */
export function ownPath(projectRoot: string, name: string): string {
  return join(ownRoot(projectRoot), name);
}

/** True for a project whose own files are below the git dir. Throws as `ownRoot`. */
export function isLocal(projectRoot: string): boolean {
  return ownRoot(projectRoot) !== projectRoot;
}

/** The folder of a project's own files when it is a local one, whether it is or not; null outside a repository. */
export function localRoot(projectRoot: string): string | null {
  const found = findGitDir(projectRoot);
  if (found === null) return null;
  return join(found.commonDir, localFolder, relative(found.checkout, projectRoot));
}

/** A path as a message shows it: relative to the project, with `/`. An own file is named by its own path. */
export function projectPath(projectRoot: string, path: string): string {
  const full = path.startsWith(".dgov/") ? ownPath(projectRoot, path) : resolve(projectRoot, path);
  return relative(projectRoot, full).split(sep).join("/");
}

/**
 * A text in which names of own files (`.dgov/project.toml`) are paths relative to the project around `cwd`; unchanged
 * where the names are these paths. Never throws.
 */
export function withOwnPaths(text: string, cwd: string): string {
  if (!text.includes(".dgov/")) return text;
  try {
    const root = findProject(cwd);
    if (root === null || !isLocal(root)) return text;
    return text.replace(
      /(?<![\w./\\-])\.dgov\/(?!\.git)/g,
      () => `${projectPath(root, ".dgov/x").slice(0, -1)}`,
    );
  } catch {
    // The project has files in both places, and the text may say so.
    return text;
  }
}

/** Git's common directory of the repository around a folder, found without starting git. */
export function commonGitDir(folder: string): string | null {
  return findGitDir(folder)?.commonDir ?? null;
}

function hasOwnFolder(folder: string | null): folder is string {
  return folder !== null && statsOf(join(folder, ".dgov"))?.isDirectory() === true;
}

/** Undefined also for what cannot be reached. */
function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** For a folder among the own files of a local project, the folder of its main checkout; null for any other folder. */
function checkoutOfOwnFiles(cwd: string): string | null {
  const mark = join(sep, ".git", localFolder);
  const [checkout = "", below] = `${cwd}${sep}`.split(`${mark}${sep}`);
  if (below === undefined) return null;
  return join(checkout, below.split(/(?:^|[\\/])\.dgov(?:[\\/]|$)/)[0] ?? "");
}

/** The nearest checkout around a folder, and the common git dir of its repository. */
function findGitDir(folder: string): { checkout: string; commonDir: string } | null {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const dotGit = join(at, ".git");
    const found = statsOf(dotGit);
    if (found?.isDirectory()) return { checkout: at, commonDir: dotGit };
    if (found?.isFile()) {
      const commonDir = linkedCommonDir(at, dotGit);
      return commonDir === null ? null : { checkout: at, commonDir };
    }
    if (dirname(at) === at) return null;
  }
}

/** The common directory of a linked worktree or submodule, read from its `.git` file and `commondir`. */
function linkedCommonDir(folder: string, dotGit: string): string | null {
  try {
    const named = /^gitdir: (.+)$/m.exec(readFileSync(dotGit, "utf8"))?.[1];
    if (named === undefined) return null;
    const gitDir = resolve(folder, named);
    try {
      return resolve(gitDir, readFileSync(join(gitDir, "commondir"), "utf8").trim());
    } catch {
      return gitDir;
    }
  } catch {
    return null;
  }
}
