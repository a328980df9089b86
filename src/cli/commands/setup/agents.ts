/** `dgov agents sync`: the shipped skills, for agents that act as governor. */

import { join, resolve } from "node:path";
import { type SyncedSkill, syncSkills } from "../../../app/skills.ts";
import { DgovError } from "../../../error.ts";
import { systemClock } from "../../../std/clock.ts";
import { type Context, command, group } from "../../command.ts";
import { answerView } from "../../output.ts";

const sync = command({
  name: "sync",
  description: "Install or refresh the shipped skills",
  args: {
    skillsDir: {
      type: "string",
      valueHint: "DIR",
      description: "Where agents look for skills; ~/.agents/skills when left out",
    },
    yes: { type: "boolean", alias: "y", description: "Replace edited skills; a copy is kept" },
  },
  examples: ["dgov agents sync", "dgov agents sync --skills-dir .claude/skills -y"],
  async run(context, args) {
    const dir = skillsDir(context, args.skillsDir);
    const { skills } = await import("../../../assets/index.ts");
    const synced = await syncSkills(dir, skills, {
      now: systemClock.now(),
      mayReplace: (path) => mayReplace(context, path, args.yes === true),
    });
    const left = synced.filter(({ state }) => state === "left");
    answerView(context.output, "dgov.agents-sync/1", { dir, skills: synced }, text(dir, synced));
    if (left.length > 0) {
      context.output.warn(
        `left as you edited them: ${left.map(({ name }) => name).join(", ")}; -y replaces them and keeps a copy`,
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

/** Says that a local edit is in the way, and asks where somebody can answer. */
async function mayReplace(context: Context, path: string, yes: boolean): Promise<boolean> {
  context.output.warn(`${path} was edited since dgov wrote it`);
  if (yes) return true;
  if (!context.interactive) return false;
  const { confirm } = await import("../../prompt.ts");
  return confirm("Replace it? A copy is kept beside it.");
}

function text(dir: string, synced: readonly SyncedSkill[]): string {
  return [
    `skills in ${dir}:`,
    ...synced.map(({ name, state, backup }) => {
      const kept = backup === null ? "" : `, your edit is kept as ${backup}`;
      return `  ${name}: ${state}${kept}`;
    }),
  ].join("\n");
}

export default group({
  name: "agents",
  description: "Manage what agents on this machine know of dgov",
  subcommands: { sync },
});
