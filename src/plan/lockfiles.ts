/** Lockfiles, which change with the dependencies that a manifest names. Pure. */

/** Lockfiles by the name of their manifest. */
const lockfilesOf: Readonly<Record<string, readonly string[]>> = {
  "package.json": [
    ...["package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock"],
    ...["bun.lock", "bun.lockb"],
  ],
  "deno.json": ["deno.lock"],
  "Cargo.toml": ["Cargo.lock"],
  "pyproject.toml": ["uv.lock", "poetry.lock", "pdm.lock"],
  Pipfile: ["Pipfile.lock"],
  "pixi.toml": ["pixi.lock"],
  "go.mod": ["go.sum"],
  "go.work": ["go.work.sum"],
  Gemfile: ["Gemfile.lock"],
  "composer.json": ["composer.lock"],
  "mix.exs": ["mix.lock"],
  "pubspec.yaml": ["pubspec.lock"],
  Podfile: ["Podfile.lock"],
  "Package.swift": ["Package.resolved"],
  "flake.nix": ["flake.lock"],
};

/**
 * The paths at which the lockfile of a manifest may be: beside it, or in a folder above, where a workspace has one for
 * all its packages. One list per folder, the nearest first; none for a file that is no manifest.
 */
export function lockfilePlaces(manifest: string): string[][] {
  const folders = manifest.split("/");
  const name = folders.pop() ?? "";
  const names = Object.hasOwn(lockfilesOf, name) ? (lockfilesOf[name] ?? []) : [];
  if (names.length === 0) return [];
  return Array.from({ length: folders.length + 1 }, (_, up) => {
    const folder = folders.slice(0, folders.length - up);
    return names.map((one) => [...folder, one].join("/"));
  });
}
