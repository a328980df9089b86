/** `dgov undo`: reverts what a run or a unit landed, through the gates. */
import { executeUndo } from "../../../runner/operator/undo.ts";
import { plural, short } from "../../../std/text.ts";
import { command } from "../../command.ts";
import { answerView } from "../../output.ts";
import { requireProject } from "../../project.ts";
import { interruptible } from "../../signals.ts";

export default command({
  name: "undo",
  description: "Revert what a run or a unit landed",
  args: {
    what: {
      type: "positional",
      required: false,
      valueHint: "RUN|U",
      description:
        "Run id or the end of one, or a unit; default the newest run that is not undone yet",
    },
    plan: { type: "string", valueHint: "PLAN", description: "Plan of the unit or run" },
  },
  examples: ["dgov undo", "dgov undo 20260102-030405-1a2b", "dgov undo add-feature --plan my-plan"],
  async run(context, args) {
    const projectRoot = requireProject(context);
    return interruptible(async (signal) => {
      const undone = await executeUndo({
        projectRoot,
        what: args.what,
        plan: args.plan,
        env: context.env,
        status: (text) => context.output.log.info(text),
        signal,
      }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
        return null;
      });
      if (undone === null) {
        context.output.log.log("interrupted; nothing was changed");
        return 1;
      }
      const { plan, run, units, reverted, commit, target, before } = undone;
      const text = [
        `reverted ${plural(reverted.length, "commit")} of run ${run} of ${plan} with ${short(commit)}, on ${target}:`,
        ...units.map((unit) => `  ${unit}`),
        `git diff ${short(before)}..${short(commit)}`,
        `dgov run ${plan}   runs these units again`,
      ];
      answerView(context.output, "dgov.undo/1", undone, text.join("\n"));
      return 0;
    });
  },
});
