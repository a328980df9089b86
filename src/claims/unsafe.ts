/** Unsafe changes, which are rejected independently of claims: git would not land the content that was reviewed. */

/** One difference between an attempt's base and its worktree. */
export interface ScopeChange {
  /** Relative to the repository. */
  path: string;
  status: "added" | "modified" | "deleted" | "type_changed";
  kind: "file" | "symlink" | "gitlink" | "other";
  /** Target of a symlink; null for other kinds. */
  linkTarget: string | null;
  /** Of a submodule without other changes: the commit that was checked out in it. */
  movedTo?: string;
}

/** The reason why a change is unsafe, or null. `exact`: a claim without wildcards names this path. */
export function unsafeProblem(change: ScopeChange, exact: boolean): string | null {
  if (change.path.startsWith("/") || change.path.split("/").includes("..")) {
    return "not a path inside the repository";
  }
  if (change.status === "deleted") return null;
  if (change.kind === "gitlink") {
    if (change.status !== "modified") return "a nested repository";
    if (change.movedTo === undefined) return "a submodule, which belongs to another repository";
    return exact ? null : "a submodule at another commit, which needs a claim of exactly this path";
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
