/** Starts programs under conditions of a file system that tests cannot make otherwise. */

/**
 * First words of a command line whose program may not pass over file modes: none for a normal user; for root,
 * `setpriv` without capabilities. Null for root on a machine without it.
 */
export const unprivileged: readonly string[] | null = (() => {
  if (process.getuid?.() !== 0) return [];
  const words = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];
  if (Bun.which("setpriv") === null) return null;
  return Bun.spawnSync([...words, "true"]).exitCode === 0 ? words : null;
})();

/**
 * First words of a command line whose program sees an empty file system of 24 MiB at `$HOME/.cache`, and so do its
 * children. Null where mount namespaces are not available.
 */
export const smallCache: readonly string[] | null = (() => {
  const script = 'mkdir -p "$1" && mount -t tmpfs -o size=24m tmpfs "$1" && shift && exec "$@"';
  const user = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
  const words = (folder: string): string[] => {
    return ["unshare", "--mount", ...user, "sh", "-c", script.replaceAll('"$1"', folder), "sh"];
  };
  if (Bun.which("unshare") === null) return null;
  const tried = Bun.spawnSync([...words('"/tmp"'), "", "true"], { stderr: "ignore" });
  return tried.exitCode === 0 ? [...words('"$HOME/.cache"'), ""] : null;
})();
