/**
 * Reserved paths, which claims do not cover: the state of dgov and of git, and files that control git. The latter
 * can be claimed exactly with `[scope] allow_git_control`.
 */

/** Folders of the project that contain the files of dgov. */
export const ownFolders = [".dgov/", ".sentrux/", ".coverage-baseline/"];

const baselines = [".sentrux/baseline.json", ".sentrux/dgov-baseline.json"];

/** Files that can be claimed only exactly, and what they control. */
const controlFiles: ReadonlyMap<string, string> = new Map([
  [".gitattributes", "git"],
  [".gitmodules", "git"],
  [".worktreeinclude", "which ignored files trees get"],
]);

interface ReservedOptions {
  /** `[scope] allow_git_control`. */
  gitControlAllowed: boolean;
  /** Write claims without wildcards, as normalised text. */
  exactClaims: ReadonlySet<string>;
}

/**
 * The reason why a path is reserved, completing "x is reserved: ..."; null when it is not. To be called with the
 * path relative to the project root and, when that differs, with the path relative to the repository.
 */
export function reservedReason(path: string, options: ReservedOptions): string | null {
  const names = path.split("/").map(canonicalName);
  const folded = names.join("/");
  if (names.includes(".git")) return "it belongs to git";
  if (names[0] === ".dgov") return "`.dgov` belongs to dgov";
  if (names[0] === ".coverage-baseline") return "the coverage baseline belongs to dgov";
  if (baselines.some((baseline) => folded.startsWith(baseline))) {
    return "the structural baseline belongs to dgov";
  }
  const last = names.at(-1);
  const controls = last === undefined ? undefined : controlFiles.get(last);
  if (controls === undefined) return null;
  if (!options.gitControlAllowed) {
    return `it controls ${controls}; \`[scope] allow_git_control = true\` and an exact claim allow it`;
  }
  return options.exactClaims.has(path)
    ? null
    : `it controls ${controls} and needs a claim of exactly this path`;
}

/** A name as the most tolerant file system compares it: case-folded, without invisible characters. */
function canonicalName(name: string): string {
  if (/^[!-~]*$/.test(name)) return name.toLowerCase();
  return name
    .normalize("NFKC")
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
    .toLowerCase();
}
