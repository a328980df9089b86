/** `dgov agents sync`: installs the shipped skills for agents that act as governor. */

import { join, resolve } from "node:path";
import { type SyncedSkill, syncSkills } from "../../../app/skills.ts";
import { skills } from "../../../assets/index.ts";
import { DgovError } from "../../../error.ts";
import { systemClock } from "../../../std/clock.ts";
import { type Context, command, group } from "../../command.ts";
import { answerView } from "../../output.ts";
import { confirm } from "../../prompt.ts";

const sync = command({
  name: "sync",
  description: "Install or update the skills shipped with dgov",
  args: {
    skillsDir: {
      type: "string",
      valueHint: "DIR",
      description: "Folder where agents look for skills; default ~/.agents/skills",
    },
    yes: { type: "boolean", alias: "y", description: "Replace edited skills, keeping a copy" },
  },
  examples: ["dgov agents sync", "dgov agents sync --skills-dir .claude/skills -y"],
  async run(context, args) {
    const dir = skillsDir(context, args.skillsDir);
    const synced = await syncSkills(dir, skills, {
      now: systemClock.now(),
      mayReplace: (path) => mayReplace(context, path, args.yes === true),
    });
    const left = synced.filter(({ state }) => state === "left");
    answerView(context.output, "dgov.agents-sync/1", { dir, skills: synced }, text(dir, synced));
    if (left.length > 0) {
      const names = left.map(({ name }) => name).join(", ");
      context.output.log.log(
        `not replaced, because edited: ${names}; -y replaces them and keeps a copy`,
      );
    }
    return left.length === 0 ? 0 : 1;
  },
});

function skillsDir(context: Context, typed: string | undefined): string {
  if (typed !== undefined) return resolve(context.cwd, typed);
  const home = context.env["HOME"];
  if (home) return join(home, ".agents/skills");
  throw new DgovError("ENVIRONMENT", "HOME is not set", {
    hint: "dgov agents sync --skills-dir DIR",
  });
}

/** Reports whether an edited skill may be replaced: with `-y`, or when the user confirms. */
async function mayReplace(context: Context, path: string, yes: boolean): Promise<boolean> {
  context.output.log.log(`${path} was edited since dgov wrote it`);
  if (yes) return true;
  if (!context.interactive) return false;
  return confirm("Replace it? A copy is kept.");
}

function text(dir: string, synced: readonly SyncedSkill[]): string {
  return [
    `skills in ${dir}:`,
    ...synced.map(({ name, state, backup }) => {
      const kept = backup === null ? "" : `, edited version kept as ${backup}`;
      return `  ${name}: ${state}${kept}`;
    }),
  ].join("\n");
}

export default group({
  name: "agents",
  description: "Install dgov skills for coding agents",
  subcommands: { sync },
});
