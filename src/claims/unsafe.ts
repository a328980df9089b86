/** Unsafe changes, which are rejected independently of claims: git would not land the content that was reviewed. */

/** One difference between an attempt's base and its worktree. */
export interface ScopeChange {
  /** Relative to the repository. */
  path: string;
  status: "added" | "modified" | "deleted" | "type_changed";
  kind: "file" | "symlink" | "gitlink" | "other";
  /** Target of a symlink; null for other kinds. */
  linkTarget: string | null;
}

/** The reason why a change is unsafe, or null. */
export function unsafeProblem(change: ScopeChange): string | null {
  if (change.path.startsWith("/") || change.path.split("/").includes("..")) {
    return "not a path inside the repository";
  }
  if (change.status === "deleted") return null;
  if (change.kind === "gitlink") {
    return change.status === "modified"
      ? "a submodule, which belongs to another repository"
      : "a nested repository";
  }
  if (change.kind === "other") return "not a regular file";
  if (change.kind === "file") return null;
  return linkProblem(change.path, change.linkTarget);
}

function linkProblem(path: string, target: string | null): string | null {
  if (target === null || target === "") return "a symbolic link that cannot be read";
  if (target.startsWith("/")) return `a symbolic link to the absolute path ${target}`;
  const names = path.split("/").slice(0, -1);
  for (const name of target.split("/")) {
    if (name === "" || name === ".") continue;
    if (name !== "..") names.push(name);
    else if (names.pop() === undefined)
      return `a symbolic link that leaves the repository: ${target}`;
  }
  return names.some((name) => name.toLowerCase() === ".git")
    ? `a symbolic link into a .git folder: ${target}`
    : null;
}
