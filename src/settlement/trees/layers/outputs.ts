/**
 * Folders and files in which builds keep results for later builds. They stay in layers of trusted trees and between
 * commands that share an upper; everything else that a command writes is thrown away. Pure.
 */

/** Caches that tools check against the content or the time of their sources. */
const caches: ReadonlySet<string> = new Set([
  ".mypy_cache",
  ".ruff_cache",
  ".pytest_cache",
  ".eslintcache",
  ".turbo",
  ".parcel-cache",
  ".gradle",
  ".nx",
  ".angular",
]);

/** Output folders of builds, and the tracked files of which one must lie beside them. */
const besideManifest: Readonly<Record<string, readonly string[]>> = {
  target: ["Cargo.toml", "pom.xml", "build.sbt"],
  build: ["build.gradle", "build.gradle.kts"],
  ".build": ["Package.swift"],
};

/** Output folders of `tsc --build`: without them its `.tsbuildinfo` would claim files that are not there. */
const typescriptOutputs: ReadonlySet<string> = new Set(["dist", "build", "out", "lib"]);

/** Caches inside dependency folders. */
const nested = /(^|\/)node_modules\/(\.cache|\.vite|\.vitest)$/;

export interface OutputRules {
  /** Tracked paths, folders included. Tracked folders are sources, whatever their names. */
  tracked: ReadonlySet<string>;
  /** Paths relative to the root that the project names in `[sandbox] outputs`. */
  named?: readonly string[];
}

/** True for a path at which builds keep results; those of the entries in it are not asked for. */
export function isBuildOutput(path: string, { tracked, named = [] }: OutputRules): boolean {
  if (tracked.has(path)) return false;
  const [folder, name] = split(path);
  if (named.includes(path) || caches.has(name) || nested.test(path)) return true;
  if (name.endsWith(".tsbuildinfo")) return true;
  const beside = (file: string): boolean => tracked.has(folder === "" ? file : `${folder}/${file}`);
  if (besideManifest[name]?.some(beside)) return true;
  return typescriptOutputs.has(name) && beside("tsconfig.json");
}

function split(path: string): [string, string] {
  const at = path.lastIndexOf("/");
  return [path.slice(0, Math.max(0, at)), path.slice(at + 1)];
}

/** Name of the upper that commands share, or null for one of its own: commands of cargo share their build. */
export function sharedUpper(command: string): string | null {
  return /(^|[\s;&|(/])cargo(-\w+)?(\s|$)/.test(command) ? "cargo" : null;
}
