/** `dgov take`: open the kept work of a rejected or abandoned attempt as a worktree. */

import { resolveKeptAttempt } from "../../../app/resolve-kept-attempt.ts";
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
      description: "Unit id or unique suffix",
    },
    plan: { type: "string", valueHint: "PLAN", description: "Plan the unit belongs to" },
  },
  examples: ["dgov take add-feature", "dgov take tasks/main.add-feature --plan my-plan"],
  async run(context, args) {
    const projectRoot = requireProject(context);
    const { openKeptAttempt } = await import("../../../runner/takeover.ts");
    const kept = await resolveKeptAttempt(context, projectRoot, args.unit, args.plan);
    const taken = await openKeptAttempt(kept);
    const text = [
      `${kept.entry.unit} was ${kept.entry.phase.replace("_", " ")}: ${taken.rejection}`,
      ...(taken.conflicted.length === 0
        ? []
        : [
            `These files changed on the target meanwhile and are as the target has them: ${taken.conflicted.join(", ")}`,
            "The kept change to them:",
            taken.conflictedDiff,
          ]),
      `Its work is in ${taken.path}, uncommitted.`,
      `dgov land ${kept.entry.unit}   sends what is in there then through the gates`,
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
