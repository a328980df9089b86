/** Changes of project.toml that a planner proposes: shown, confirmed, checked, backed up and written. */
import { existsSync } from "node:fs";
import { configFile, ownPath, ownRoot } from "../config/find.ts";
import { parseConfig } from "../config/load.ts";
import { editProjectToml } from "../config/project-toml.ts";
import { DgovError } from "../error.ts";
import { readText, replaceFile } from "../std/files.ts";
import { indented } from "../std/text.ts";
import { backUp, backupStamp } from "./init.ts";

export interface ProjectChange {
  proposed: Record<string, string>;
  applied: boolean;
  /** Copy of the old file, relative to the project; null when none was made. */
  backup: string | null;
}

/**
 * Shows the proposed change and, with `apply` (`--apply-config`) and the operator's agreement, writes it.
 * CONFIG_INVALID when the changed file would have errors.
 */
export async function proposeProjectChange(o: {
  projectRoot: string;
  /** Keys of `[project]` with their new values. */
  proposed: Record<string, string>;
  apply: boolean;
  /** Called before anything is written; null to write without asking. */
  confirm: ((question: string) => Promise<boolean>) | null;
  status(text: string): void;
  warn(text: string): void;
}): Promise<ProjectChange> {
  const path = ownPath(o.projectRoot, configFile);
  const before = readText(path) ?? "";
  const changed = editProjectToml(before, o.proposed);
  const none = { proposed: o.proposed, applied: false, backup: null };
  if (!changed.ok) {
    const lines = Object.entries(o.proposed).map(([key, value]) => `  ${key} = ${value}`);
    const said = `the planner proposes for ${configFile}, but ${changed.problem}:`;
    o.warn([said, ...lines].join("\n"));
    return none;
  }
  if (changed.diff.length === 0) return none;
  const diff = indented(changed.diff.join("\n"), "  ");
  o.warn(`the planner proposes for ${configFile}:\n${diff}`);
  if (!o.apply) {
    o.status("nothing is changed; dgov plan create --apply-config makes such changes");
    return none;
  }
  if (o.confirm !== null && !(await o.confirm(`Change ${configFile} like this?`))) return none;
  const checked = parseConfig(changed.text, o.projectRoot);
  if (!checked.ok) {
    throw new DgovError("CONFIG_INVALID", `${configFile} would have errors with the change`, {
      diagnostics: checked.diagnostics,
    });
  }
  const backup = existsSync(path)
    ? backUp(ownRoot(o.projectRoot), configFile, backupStamp())
    : null;
  replaceFile(path, changed.text);
  const kept = backup === null ? "" : `; the old one is ${backup}`;
  o.status(`changed ${configFile}${kept}`);
  return { proposed: o.proposed, applied: true, backup };
}
