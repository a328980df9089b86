/** Folders of the user: XDG Base Directory Specification 0.8. */
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

const folders = {
  cache: ["XDG_CACHE_HOME", ".cache"],
  config: ["XDG_CONFIG_HOME", ".config"],
  state: ["XDG_STATE_HOME", ".local/state"],
} as const;

/**
 * Absolute path of a base folder of the user. An empty or relative value of its variable is ignored, as the
 * specification asks for.
 */
export function userFolder(
  kind: keyof typeof folders,
  env: Record<string, string | undefined>,
): string {
  const [variable, fallback] = folders[kind];
  const given = env[variable] ?? "";
  return isAbsolute(given) ? given : join(env["HOME"] || homedir(), fallback);
}
