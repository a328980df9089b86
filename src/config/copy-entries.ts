/** The two kinds of entries of `[worktree] copy`. Pure. */
import { posix } from "node:path";
import type { Config } from "./config.ts";

/** Names of folders that hold dependencies, never a worker's changes. */
export const dependencyNames: ReadonlySet<string> = new Set([
  "node_modules",
  ".venv",
  "venv",
  "vendor",
  "Pods",
]);

/** Entries of `[worktree] copy` that name dependency folders, and the others. */
export function copyEntries({ worktree }: Config): {
  dependencies: string[] | null;
  files: string[];
} {
  const { copy } = worktree;
  if (copy === null) return { dependencies: null, files: [] };
  const isDependency = (entry: string): boolean => dependencyNames.has(posix.basename(entry));
  const dependencies = copy.filter(isDependency);
  const files = copy.filter((entry) => !isDependency(entry));
  // Dependency folders are still found where only other files are named.
  return {
    dependencies: copy.length > 0 && dependencies.length === 0 ? null : dependencies,
    files,
  };
}
