/**
 * Version, commit and target of this build.
 *
 * `build.ts` replaces the three names at bundling; from source they are undefined, hence `typeof`.
 */
declare const DGOV_VERSION: string | undefined;
declare const DGOV_COMMIT: string | undefined;
declare const DGOV_TARGET: string | undefined;

export interface BuildInfo {
  /** Version of package.json, `+dirty` appended when built from a changed tree; `dev` from source. */
  version: string;
  /** Commit the build was made from, or `dev`. */
  commit: string;
  /** e.g. `linux-x64-baseline`, or `source`. */
  target: string;
}

export const buildInfo: BuildInfo = {
  version: typeof DGOV_VERSION === "string" ? DGOV_VERSION : "dev",
  commit: typeof DGOV_COMMIT === "string" ? DGOV_COMMIT : "dev",
  target: typeof DGOV_TARGET === "string" ? DGOV_TARGET : "source",
};
