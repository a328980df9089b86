/** `dgov take`: opens the kept work of a rejected or abandoned attempt as a worktree. */
import { resolveKeptAttempt } from "../../../app/resolve-kept-attempt.ts";
import { openKeptAttempt } from "../../../runner/operator/takeover.ts";
import { words } from "../../../std/text.ts";
import { command } from "../../command.ts";
import { requireProject } from "../../project.ts";

export default command({
  name: "take",
  description: "Open a kept attempt as a worktree",
  args: {
    unit: {
      type: "positional",
      required: true,
      valueHint: "U",
      description: "Unit id, or a unique end of one",
    },
    plan: { type: "string", valueHint: "PLAN", description: "Plan of the unit" },
  },
  examples: ["dgov take add-feature", "dgov take tasks/main.add-feature --plan my-plan"],
  async run(context, args) {
    const projectRoot = requireProject(context);
    const kept = await resolveKeptAttempt({
      projectRoot,
      env: context.env,
      unit: args.unit,
      plan: args.plan,
    });
    const taken = await openKeptAttempt(kept);
    const text = [
      `${kept.entry.unit} was ${words(kept.entry.phase)}: ${taken.rejection}`,
      ...(taken.conflicted.length === 0
        ? []
        : [
            `These files have changed on the target since and have the content of the target: ${taken.conflicted.join(", ")}`,
            "The kept changes to them:",
            taken.conflictedDiff,
          ]),
      `Its work is uncommitted in ${taken.path}.`,
      `dgov land ${kept.entry.unit}   lands the content of that folder through the gates`,
    ];
    context.output.answer(
      {
        schema: "dgov.take/1",
        plan: kept.plan,
        unit: kept.entry.unit,
        phase: kept.entry.phase,
        path: taken.path,
        rejection: taken.rejection,
        conflicted: taken.conflicted,
        conflicted_diff: taken.conflictedDiff,
        kept_ref: kept.entry.kept?.ref ?? null,
      },
      text.join("\n"),
    );
    return 0;
  },
});
