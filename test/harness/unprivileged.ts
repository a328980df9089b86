/** Starts programs for which file modes count, also when the tests run as root. */

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
