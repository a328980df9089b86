/**
 * Paths no worker may change whatever its claims say: dgov's own state, git's own state, and files
 * that steer git itself.
 */

/** Folders of the project that hold dgov's own files. */
export const ownFolders = [".dgov/", ".sentrux/", ".coverage-baseline/"];

const baselines = [".sentrux/baseline.json", ".sentrux/dgov-baseline.json"];

export interface ReservedOptions {
  /** `[scope] allow_git_control`. */
  gitControlAllowed: boolean;
  /** Write claims without wildcards, as normalised text. */
  exactClaims: ReadonlySet<string>;
}

/**
 * Why a path is reserved, completing "x is reserved: ...", or null when it is not. Ask with the path
 * relative to the project root and, when that is another one, relative to the repository.
 */
export function reservedReason(path: string, options: ReservedOptions): string | null {
  const names = path.split("/").map(plain);
  const folded = names.join("/");
  if (names.includes(".git")) return "it is git's own";
  if (names[0] === ".dgov") return "`.dgov` belongs to dgov";
  if (names[0] === ".coverage-baseline") return "the coverage baseline belongs to dgov";
  if (baselines.some((baseline) => folded.startsWith(baseline))) {
    return "the structural baseline belongs to dgov";
  }
  const last = names.at(-1);
  if (last !== ".gitattributes" && last !== ".gitmodules") return null;
  if (!options.gitControlAllowed) {
    return "it steers git; `[scope] allow_git_control = true` and an exact claim allow it";
  }
  return options.exactClaims.has(path)
    ? null
    : "it steers git and needs a claim of exactly this path";
}

/** A name as the most forgiving file system reads it: case folded, invisible characters left out. */
function plain(name: string): string {
  if (/^[!-~]*$/.test(name)) return name.toLowerCase();
  return name
    .normalize("NFKC")
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
    .toLowerCase();
}
