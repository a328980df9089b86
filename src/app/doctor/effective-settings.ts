/** The settings in force in a project, with the defaults that are found on this machine. */
import { configFile, ownPath } from "../../config/find.ts";
import { requireConfig } from "../../config/load.ts";
import { type Setting, settingsInForce } from "../../config/settings.ts";
import { parseToml } from "../../config/toml.ts";
import { worktreeRoot } from "../../runner/paths.ts";
import { copyableFolders } from "../../settlement/trees/dependencies.ts";
import { readText } from "../../std/files.ts";

/** Every setting in force; throws CONFIG_INVALID when project.toml has errors. */
export function effectiveSettings(
  projectRoot: string,
  env: Record<string, string | undefined>,
): Setting[] {
  const config = requireConfig(projectRoot);
  const parsed = parseToml(readText(ownPath(projectRoot, configFile)) ?? "");
  return settingsInForce(config, parsed.ok ? parsed.value : {}, {
    root: worktreeRoot({ configured: config.worktree.root, env }),
    copy: copyableFolders(projectRoot),
  });
}
