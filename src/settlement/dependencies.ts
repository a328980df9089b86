/**
 * Dependency folders: what `setup_cmd` makes, or a copy of the operator's.
 *
 * A folder is copied only when it belongs to the same lockfile, and never when something in it
 * points back into the operator's checkout: tests would then test the operator's code.
 */
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { describeExit, succeeded } from "../process/exit-result.ts";
import { runProcess, runShell } from "../process/spawn.ts";
import { sha256 } from "../std/digest.ts";
import type { SettlementContext } from "./context.ts";

/** Folders that hold dependencies and are never a worker's work. */
export const dependencyNames: ReadonlySet<string> = new Set([
  "node_modules",
  ".venv",
  "venv",
  "vendor",
  "target",
  "Pods",
  ".build",
]);

const copied = ["node_modules", "vendor"];

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
];

export type Prepared = { ok: true; output: string } | { ok: false; reason: string; output: string };

/** What the dependency folders of a tree depend on: its lockfiles and the command that makes them. */
export function dependencyKey(c: SettlementContext, projectPath: string): string {
  return sha256([c.config.worktree.setup ?? "", lockfileDigest(projectPath)].join("\0"));
}

function lockfileDigest(projectPath: string): string {
  const parts = lockfiles.map((name) => {
    const path = join(projectPath, name);
    return existsSync(path) ? `${name}\0${sha256(readFileSync(path))}` : "";
  });
  return sha256(parts.join("\n"));
}

/** Prepares the dependencies of a fresh worktree or gate tree at `path` (the repository's root). */
export async function prepareDependencies(
  c: SettlementContext,
  o: { path: string; marker: string; signal: AbortSignal },
): Promise<Prepared> {
  const project = join(o.path, c.projectDir);
  if (lockfileDigest(project) === lockfileDigest(c.projectRoot)) {
    for (const name of c.config.worktree.copy ?? copied) await copyFolder(c, name, project);
  }
  const setup = c.config.worktree.setup;
  if (setup === null) return { ok: true, output: "" };
  const run = await runShell({
    command: setup,
    cwd: project,
    env: c.environment,
    timeoutMs: c.config.bootstrapTimeoutS * 1000,
    outputBytesMax: 1024 * 1024,
    marker: o.marker,
    signal: o.signal,
  });
  if (succeeded(run.result)) return { ok: true, output: run.combined };
  const last = run.combined.trim().split("\n").at(-1) ?? "";
  return {
    ok: false,
    reason: `${describeExit(run.result)}${last === "" ? "" : `: ${last}`}`,
    output: run.combined,
  };
}

async function copyFolder(c: SettlementContext, name: string, project: string): Promise<void> {
  const from = join(c.projectRoot, name);
  const to = join(project, name);
  if (existsSync(to) || !existsSync(from) || lstatSync(from).isSymbolicLink()) return;
  if (leaves(from)) return;
  mkdirSync(dirname(to), { recursive: true });
  const flags = process.platform === "darwin" ? ["-Rc"] : ["-a", "--reflink=auto"];
  await runProcess({
    argv: ["cp", ...flags, from, to],
    cwd: project,
    env: { PATH: c.environment["PATH"] ?? "/usr/bin:/bin" },
    timeoutMs: c.config.bootstrapTimeoutS * 1000,
    outputBytesMax: 64 * 1024,
    signal: c.signal,
  });
}

/** Whether a link in a folder leads out of it. */
function leaves(root: string): boolean {
  const open = [root];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) open.push(path);
      if (!entry.isSymbolicLink()) continue;
      const target = readlinkSync(path);
      if (isAbsolute(target)) return true;
      if (relative(root, resolve(folder, target)).startsWith("..")) return true;
    }
  }
  return false;
}

/** Dependency folders below a tree, relative to it; what lies inside one is not looked at. */
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
