/** The variables a project's commands may see, by its configuration. Pure. */
import type { Config } from "./config.ts";

/**
 * Names for `childEnvironment`: `extra` are the variables `[run] env` passes on, `deny` the variables that
 * hold providers' keys.
 */
export function childVariables(config: Pick<Config, "run" | "providers">): {
  extra: string[];
  deny: string[];
} {
  const deny = Object.values(config.providers).map((provider) => provider.apiKeyEnv);
  return { extra: config.run.env, deny };
}
