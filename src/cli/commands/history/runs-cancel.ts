/** `dgov runs cancel`: interrupts the live run as Ctrl-C at its terminal does. */
import { cancelLiveRun } from "../../../app/maintenance.ts";
import { words } from "../../../std/text.ts";
import { isSuccessful, shownPhase } from "../../../views/run-view.ts";
import { wholeNumber } from "../../args.ts";
import { command } from "../../command.ts";
import { answerView } from "../../output.ts";
import { requireProject } from "../../project.ts";

const waitDefaultS = 60;

export default command({
  name: "cancel",
  description: "Stop the live run and keep its work",
  args: {
    wait: {
      type: "string",
      valueHint: "SECONDS",
      description: `Time to wait for the run to end; default ${waitDefaultS}`,
    },
  },
  examples: ["dgov runs cancel", "dgov runs cancel --wait 300"],
  async run(context, args) {
    const waitS = wholeNumber(args.wait, { flag: "--wait", max: 86_400 }) ?? waitDefaultS;
    const { run, plan, pid, view } = await cancelLiveRun({
      projectRoot: requireProject(context),
      waitS,
      status: (text) => context.output.log.info(text),
    });
    // A run that was starting has no events; the next run closes one that was killed.
    const phase = view === null ? "not_started" : shownPhase(view, false);
    const kept = (view?.units ?? []).flatMap(({ unit, phase, keptRef }) =>
      keptRef === null || isSuccessful(phase) ? [] : [{ unit, ref: keptRef }],
    );
    const text = [
      `run ${run} of ${plan} has ended: ${words(phase)}`,
      ...kept.map(({ unit }) => `  kept work of ${unit}: dgov take ${unit}`),
      ...(view === null ? [] : [`dgov run ${plan} --continue`]),
    ];
    const answer = { run, plan, pid, phase, exitCode: view?.exitCode ?? null, kept };
    answerView(context.output, "dgov.runs-cancel/1", answer, text.join("\n"));
    return 0;
  },
});
