/**
 * Dependency folders (`node_modules`, `.venv`, ...) of worktrees and gate trees: copied from the operator's
 * checkout or created by `setup_cmd`.
 *
 * A folder is copied only when the lockfiles are the same, and never when something in it refers back to
 * the operator's checkout: tests would then run the operator's code.
 */
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { copyEntries, dependencyNames } from "../../config/copy-entries.ts";
import { commonAccess, setupAccess } from "../../config/gates.ts";
import { removeOwnFolder } from "../../git/own-folder.ts";
import { describeExit, succeeded } from "../../process/exit-result.ts";
import { runProcess, runShell } from "../../process/spawn.ts";
import { sha256 } from "../../std/digest.ts";
import { removeFolder } from "../../std/files.ts";
import { memoByOwner } from "../../std/once.ts";
import type { SettlementContext } from "../context.ts";
import { lastLine } from "../verdict.ts";
import { type CommandTree, placeIn } from "./confine.ts";
import { toolCaches } from "./dependency-watch.ts";

/** Those that can be copied; virtual environments contain their own absolute path. */
const copyableNames: ReadonlySet<string> = new Set(["node_modules", "vendor", "Pods"]);

const lockfiles = [
  "bun.lock",
  "bun.lockb",
  "package-lock.json",
  "pnpm-lock.yaml",
  "yarn.lock",
  "package.json",
  "uv.lock",
  "poetry.lock",
  "requirements.txt",
  "pyproject.toml",
  "Cargo.lock",
  "go.sum",
  "composer.lock",
  "Gemfile.lock",
  "Podfile.lock",
];

export type Prepared =
  | { ok: true; output: string; durationMs: number }
  | {
      ok: false;
      reason: string;
      output: string;
      durationMs: number;
      /** True when `setup_cmd` could not be started or was killed: a fault of the environment. */
      unrunnable: boolean;
    };

/** Digest of everything the dependency folders of a tree depend on: its lockfiles and `setup_cmd`. */
export function dependencyKey(c: SettlementContext, projectPath: string): string {
  return sha256([c.config.worktree.setup ?? "", lockfileDigest(projectPath)].join("\0"));
}

function lockfileDigest(projectPath: string): string {
  const parts = lockfiles.map((name) => {
    const path = join(projectPath, name);
    const file = lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
    return file ? `${name}\0${sha256(readFileSync(path))}` : "";
  });
  return sha256(parts.join("\n"));
}

/**
 * Prepares the dependencies of a fresh worktree or gate tree.
 *
 * @param o.path root of the tree, as this process reaches it
 */
export async function prepareDependencies(
  c: SettlementContext,
  o: {
    path: string;
    /** The tree as `setup_cmd` sees it. */
    tree: CommandTree;
    marker: string;
    signal: AbortSignal;
  },
): Promise<Prepared> {
  const project = join(o.path, c.projectDir);
  if (lockfileDigest(project) === lockfileDigest(c.projectRoot)) {
    for (const folder of foldersToCopy(c)) {
      const copied = await copyFolder(c, folder, project, o.signal);
      if (copied === "left_out") continue;
      // A tree without dependencies that it should have must not count as prepared.
      if (copied !== "copied") return notPrepared(copied.reason);
      // After the copy, so that it cannot change between comparison and copy.
      const changed = await c.dependencies.changesIn(folder);
      if (changed.length === 0) continue;
      removeOwnFolder(join(project, folder));
      return notPrepared(c.dependencies.found ?? `${folder} changed`);
    }
  }
  const configured = c.config.worktree.setup;
  const access = setupAccess(c.config);
  const isolated = access.network === "host" && commonAccess(c.config).network === "none";
  const setup =
    configured ?? (isolated ? fetchCommand((name) => existsSync(join(project, name))) : null);
  if (setup === null) return { ok: true, output: "", durationMs: 0 };
  const place = await placeIn(c, o.tree, access);
  const run = await runShell({
    command: setup,
    ...{ cwd: place.cwd, confine: place.confine, env: place.env },
    timeoutMs: c.config.bootstrapTimeoutS * 1000,
    outputBytesMax: 1024 * 1024,
    marker: o.marker,
    signal: o.signal,
  });
  const { combined: output, durationMs } = run;
  // A package that could not be fetched is missed by the gate that needs it.
  if (succeeded(run.result) || configured === null) return { ok: true, output, durationMs };
  const last = lastLine(output);
  const reason = `${describeExit(run.result)}${last === "" ? "" : `: ${last}`}`;
  const { result } = run;
  const unrunnable = result.kind !== "exited" || result.code === 126 || result.code === 127;
  return { ok: false, reason, unrunnable, output, durationMs };
}

/**
 * The command that fetches the packages of a project without `setup_cmd`, since its gates have no network; null when
 * its package manager is not known. Pure.
 */
export function fetchCommand(has: (file: string) => boolean): string | null {
  const commands = [
    has("Cargo.lock") && "cargo fetch --locked",
    has("go.sum") && "go mod download",
    has("uv.lock") && "uv sync --frozen",
  ].filter((command) => command !== false);
  return commands.length === 0 ? null : commands.join("; ");
}

function notPrepared(reason: string): Prepared {
  return { ok: false, reason, unrunnable: true, output: "", durationMs: 0 };
}

/** Records the operator's dependency folders as they are before any worker's code runs. */
export function watchDependencies(c: SettlementContext): Promise<void> {
  return c.dependencies.begin(foldersToCopy(c));
}

/** Dependency folders found in the operator's project, by its path. */
const detectedFolders = memoByOwner<SettlementContext, string[]>();

/** Folders to copy, relative to the project: the configured ones, or those that are found. */
function foldersToCopy(c: SettlementContext): string[] {
  const find = (): string[] => copyableFolders(c.projectRoot);
  return copyEntries(c.config).dependencies ?? detectedFolders(c, c.projectRoot, find);
}

/** Dependency folders of a project that are copied where `[worktree] copy` names none. */
export function copyableFolders(projectRoot: string): string[] {
  return dependencyFolders(projectRoot).filter((path) => copyableNames.has(basename(path)));
}

/** Results of `findEscape` by folder; searching a dependency folder is slow. */
const escapes = memoByOwner<SettlementContext, Promise<string | null>>();

/** Copies a folder of the operator's project, unless it is not to be copied. */
async function copyFolder(
  c: SettlementContext,
  folder: string,
  project: string,
  signal: AbortSignal,
): Promise<"copied" | "left_out" | { reason: string }> {
  const from = join(c.projectRoot, folder);
  const to = join(project, folder);
  const stats = lstatSync(from, { throwIfNoEntry: false });
  // Not over a folder that the tree has, nor into one that it lacks.
  if (stats === undefined || !stats.isDirectory() || existsSync(to)) return "left_out";
  if (!existsSync(dirname(to)) && dirname(folder) !== ".") return "left_out";
  if ((await escapes(c, from, () => findEscape(from, c.repository.topLevel))) !== null)
    return "left_out";
  let ended = "";
  mkdirSync(dirname(to), { recursive: true });
  const [first, ...others] =
    process.platform === "darwin" ? ["-Rc", "-R"] : ["-a --reflink=auto", "-a"];
  for (const flags of [first ?? "-a", ...others]) {
    const run = await runProcess({
      argv: ["cp", ...flags.split(" "), from, to],
      cwd: project,
      env: { PATH: c.environment["PATH"] ?? "/usr/bin:/bin" },
      timeoutMs: c.config.bootstrapTimeoutS * 1000,
      outputBytesMax: 64 * 1024,
      signal,
    });
    if (succeeded(run.result)) {
      for (const name of toolCaches) removeFolder(join(to, name));
      return "copied";
    }
    ended = describeExit(run.result);
    removeFolder(to);
    if (signal.aborted) break;
  }
  return { reason: `${folder} could not be copied: ${ended}` };
}

/** Dependency folders below a root, relative to it; folders nested in one are not listed. */
export function dependencyFolders(root: string): string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (!entry.isDirectory() || entry.name === ".git") continue;
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (dependencyNames.has(entry.name)) found.push(path);
      else walk(path);
    }
  };
  walk("");
  return found;
}

/**
 * True when a Python environment among the folders contains an installed copy of the project itself (not an
 * editable install). Such an environment is valid only for the tree it was created from.
 */
export function holdsProjectCopy(root: string, folders: readonly string[]): boolean {
  const isLocalCopy = (path: string): boolean => {
    const text = readFileSync(path, "utf8");
    return text.includes('"file://') && !/"editable":\s*true/.test(text);
  };
  return folders
    .filter((folder) => /(^|\/)\.?venv$/.test(folder))
    .flatMap((folder) => [
      ...new Bun.Glob("lib*/python*/site-packages/*.dist-info/direct_url.json").scanSync({
        cwd: join(root, folder),
        absolute: true,
        dot: true,
      }),
    ])
    .some(isLocalCopy);
}

/** Folders searched before the event loop gets a turn. */
const foldersPerYield = 200;
/** Larger files are not searched. */
const scannedBytesMax = 1024 * 1024;

/**
 * Describes the first entry of a dependency folder through which a copy of it would use `checkout`: an
 * absolute or outward link, or a file with the checkout's path. Null when there is none. A relative link
 * within the checkout is harmless: in a copy it leads to the copy's own tree.
 */
export async function findEscape(folder: string, checkout: string): Promise<string | null> {
  const open = [folder];
  let searched = 0;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (++searched % foldersPerYield === 0) await Bun.sleep(0);
    const entries = readdirSync(at, { withFileTypes: true });
    const environment = entries.some(({ name }) => name === "pyvenv.cfg");
    for (const entry of entries) {
      const path = join(at, entry.name);
      if (entry.isSymbolicLink()) {
        if (linksOut(path, checkout)) return `${path} links to ${readlinkSync(path)}`;
      } else if (entry.isDirectory()) {
        if (environment && entry.name === "bin" && scriptsMention(path, checkout)) {
          return `${path} contains the path ${checkout}`;
        }
        open.push(path);
      } else if (namesPaths(entry.name) && mentions(path, checkout)) {
        return `${path} contains the path ${checkout}`;
      }
    }
  }
  return null;
}

function linksOut(link: string, checkout: string): boolean {
  const target = readlinkSync(link);
  if (isAbsolute(target)) return true;
  return relative(checkout, resolve(dirname(link), target)).startsWith("..");
}

/** Matches files by which Python finds packages installed elsewhere. */
function namesPaths(name: string): boolean {
  return /\.(pth|egg-link)$/.test(name) || /^__editable__.*\.py$/.test(name);
}

function scriptsMention(folder: string, checkout: string): boolean {
  return readdirSync(folder).some((name) => mentions(join(folder, name), checkout));
}

function mentions(path: string, text: string): boolean {
  const stats = lstatSync(path);
  return stats.isFile() && stats.size <= scannedBytesMax && readFileSync(path).includes(text);
}
