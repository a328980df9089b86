/**
 * Dependency folders: what `setup_cmd` makes, or a copy of the operator's.
 *
 * A folder is copied only when it belongs to the same lockfile, and never when something in it
 * leads back into the operator's checkout: tests would then test the operator's code.
 */
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { describeExit, succeeded } from "../../process/exit-result.ts";
import { runProcess, runShell } from "../../process/spawn.ts";
import { sha256 } from "../../std/digest.ts";
import { removeFolder } from "../../std/files.ts";
import type { SettlementContext } from "../context.ts";
import { environmentIn } from "./environment.ts";

/** Folders that hold dependencies and are never a worker's work. */
const dependencyNames: ReadonlySet<string> = new Set([
  "node_modules",
  ".venv",
  "venv",
  "vendor",
  "Pods",
]);

/** Those that can be copied; the others name their own place in themselves. */
const copyable: ReadonlySet<string> = new Set(["node_modules", "vendor", "Pods"]);

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
      /** The command never ended by itself, or could not be started. */
      unrunnable: boolean;
    };

/** What the dependency folders of a tree depend on: its lockfiles and the command that makes them. */
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

/** Prepares the dependencies of a fresh worktree or gate tree at `path` (the repository's root). */
export async function prepareDependencies(
  c: SettlementContext,
  o: { path: string; marker: string; signal: AbortSignal; temporary?: string },
): Promise<Prepared> {
  const project = join(o.path, c.projectDir);
  if (lockfileDigest(project) === lockfileDigest(c.projectRoot)) {
    for (const folder of foldersToCopy(c)) await copyFolder(c, folder, project, o.signal);
  }
  const setup = c.config.worktree.setup;
  if (setup === null) return { ok: true, output: "", durationMs: 0 };
  const run = await runShell({
    command: setup,
    cwd: project,
    env: environmentIn(c, o.path, o.temporary),
    timeoutMs: c.config.bootstrapTimeoutS * 1000,
    outputBytesMax: 1024 * 1024,
    marker: o.marker,
    signal: o.signal,
  });
  const told = { output: run.combined, durationMs: run.durationMs };
  if (succeeded(run.result)) return { ok: true, ...told };
  const last = run.combined.trim().split("\n").at(-1) ?? "";
  const reason = `${describeExit(run.result)}${last === "" ? "" : `: ${last}`}`;
  const { result } = run;
  const unrunnable = result.kind !== "exited" || result.code === 126 || result.code === 127;
  return { ok: false, reason, unrunnable, ...told };
}

/** Dependency folders of the operator's project, relative to it; looked for once a run. */
function foldersToCopy(c: SettlementContext): string[] {
  const { copy } = c.config.worktree;
  if (copy !== null) return copy;
  const known = detected.get(c);
  if (known !== undefined) return known;
  const folders = dependencyFolders(c.projectRoot).filter((path) => copyable.has(basename(path)));
  detected.set(c, folders);
  return folders;
}

const detected = new WeakMap<SettlementContext, string[]>();

async function copyFolder(
  c: SettlementContext,
  folder: string,
  project: string,
  signal: AbortSignal,
): Promise<void> {
  const from = join(c.projectRoot, folder);
  const to = join(project, folder);
  const stats = lstatSync(from, { throwIfNoEntry: false });
  // A folder the tree has itself is the tree's; one below a folder it lacks has no place.
  if (stats === undefined || !stats.isDirectory() || existsSync(to)) return;
  if (!existsSync(dirname(to)) && dirname(folder) !== ".") return;
  if ((await leadsBackOnce(c, from)) !== null) return;
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
    if (succeeded(run.result)) return;
    // Half a folder is worse than none: what needs it would fail in strange ways.
    removeFolder(to);
  }
}

/** Asked once a run: looking into a folder of dependencies takes its time. */
function leadsBackOnce(c: SettlementContext, folder: string): Promise<string | null> {
  const known = asked.get(c) ?? new Map<string, Promise<string | null>>();
  asked.set(c, known);
  const answer = known.get(folder) ?? findEscape(folder, c.repository.topLevel);
  known.set(folder, answer);
  return answer;
}

const asked = new WeakMap<SettlementContext, Map<string, Promise<string | null>>>();

/** Dependency folders below a root, relative to it; what lies inside one is not looked at. */
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
 * Whether a Python environment below a root holds a copy of the project itself (an installation
 * that is not editable): such folders are good for the one tree they were made from.
 */
export function holdsProjectCopy(root: string, folders: readonly string[]): boolean {
  const looksLocal = (path: string): boolean => {
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
    .some(looksLocal);
}

// ------------------------------------------------------------
// Whether a dependency folder leads back into the checkout it lies in.

/** Folders looked at before other work gets its turn. */
const foldersPerYield = 200;
const scannedBytesMax = 1024 * 1024;

/**
 * Words for the first thing in `folder` that would make a copy of it use something of `checkout`, or
 * null. A relative link that stays in the checkout is fine: in a copy it leads to the copy's own tree.
 */
export async function findEscape(folder: string, checkout: string): Promise<string | null> {
  const open = [folder];
  let looked = 0;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (++looked % foldersPerYield === 0) await Bun.sleep(0);
    const entries = readdirSync(at, { withFileTypes: true });
    const environment = entries.some(({ name }) => name === "pyvenv.cfg");
    for (const entry of entries) {
      const path = join(at, entry.name);
      if (entry.isSymbolicLink()) {
        if (leaves(path, checkout)) return `${path} links to ${readlinkSync(path)}`;
      } else if (entry.isDirectory()) {
        if (environment && entry.name === "bin" && scriptsName(path, checkout)) {
          return `${path} names ${checkout}`;
        }
        open.push(path);
      } else if (tellsPaths(entry.name) && mentions(path, checkout)) {
        return `${path} names ${checkout}`;
      }
    }
  }
  return null;
}

function leaves(link: string, checkout: string): boolean {
  const target = readlinkSync(link);
  if (isAbsolute(target)) return true;
  return relative(checkout, resolve(dirname(link), target)).startsWith("..");
}

/** Files by which Python finds packages that lie elsewhere. */
function tellsPaths(name: string): boolean {
  return /\.(pth|egg-link)$/.test(name) || /^__editable__.*\.py$/.test(name);
}

function scriptsName(folder: string, checkout: string): boolean {
  return readdirSync(folder).some((name) => mentions(join(folder, name), checkout));
}

function mentions(path: string, text: string): boolean {
  const stats = lstatSync(path);
  return stats.isFile() && stats.size <= scannedBytesMax && readFileSync(path).includes(text);
}
