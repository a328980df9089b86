/** Changes of project.toml a planner proposes: shown, agreed to, backed up, checked, written. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Context } from "../cli/command.ts";
import { configFile } from "../config/find.ts";
import { parseConfig } from "../config/load.ts";
import { editProjectToml } from "../config/project-toml.ts";
import { DgovError } from "../error.ts";
import { isoTime, systemClock } from "../std/clock.ts";
import { indented } from "../std/text.ts";

export interface ProjectChange {
  proposed: Record<string, string>;
  applied: boolean;
  /** Where the file as it was is kept, relative to the project. */
  backup: string | null;
}

/** Deals with a proposal; `apply` is `--apply-config`. Without it the proposal is only shown. */
export async function proposeProjectChange(
  context: Context,
  o: {
    projectRoot: string;
    proposed: Record<string, string>;
    apply: boolean;
    /** Asked before anything is written; null when the flag itself is the agreement. */
    confirm: ((question: string) => Promise<boolean>) | null;
  },
): Promise<ProjectChange> {
  const path = join(o.projectRoot, configFile);
  const before = existsSync(path) ? readFileSync(path, "utf8") : "";
  const changed = editProjectToml(before, o.proposed);
  const none = { proposed: o.proposed, applied: false, backup: null };
  if (!changed.ok) {
    const lines = Object.entries(o.proposed).map(([key, value]) => `  ${key} = ${value}`);
    const said = `the planner proposes for ${configFile}, but ${changed.problem}:`;
    context.output.log.log([said, ...lines].join("\n"));
    return none;
  }
  if (changed.diff.length === 0) return none;
  const diff = indented(changed.diff.join("\n"), "  ");
  context.output.log.log(`the planner proposes for ${configFile}:\n${diff}`);
  if (!o.apply) {
    context.output.log.info("nothing is changed; --apply-config makes such changes");
    return none;
  }
  if (o.confirm !== null && !(await o.confirm(`Change ${configFile} like this?`))) return none;
  const checked = parseConfig(changed.text, o.projectRoot);
  if (!checked.ok) {
    throw new DgovError("CONFIG_INVALID", `${configFile} would have errors with the change`, {
      diagnostics: checked.diagnostics,
    });
  }
  const backup = existsSync(path) ? backUp(o.projectRoot) : null;
  const aside = `${path}.${process.pid}.tmp`;
  writeFileSync(aside, changed.text);
  renameSync(aside, path);
  const kept = backup === null ? "" : `; the old one is ${backup}`;
  context.output.log.info(`changed ${configFile}${kept}`);
  return { proposed: o.proposed, applied: true, backup };
}

function backUp(projectRoot: string): string {
  const stamp = isoTime(systemClock.now()).replace(/[-:.]/g, "").slice(0, 15);
  const kept = join(".dgov/runtime/backup", stamp, "project.toml");
  mkdirSync(dirname(join(projectRoot, kept)), { recursive: true });
  copyFileSync(join(projectRoot, configFile), join(projectRoot, kept));
  return kept;
}
