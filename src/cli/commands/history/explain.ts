/** `dgov explain U`: explains the phase of a unit; `dgov explain WORD` a word of dgov's output. */

import { openProjectLog } from "../../../app/open-log.ts";
import { resolveRun } from "../../../app/resolve-run.ts";
import { DgovError } from "../../../error.ts";
import { resolveUnit } from "../../../plan/locate.ts";
import { moment, words } from "../../../std/text.ts";
import { explainWord, type WordMeaning } from "../../../views/catalog/words.ts";
import { type ExplainView, explainUnit } from "../../../views/explain.ts";
import { type Context, command } from "../../command.ts";
import { answerView } from "../../output.ts";
import { requireProject } from "../../project.ts";
import { textTable } from "../../render/table.ts";

export default command({
  name: "explain",
  description: "Explain why a unit waits, was skipped or was rejected, or what a word means",
  args: {
    unit: {
      type: "positional",
      required: true,
      description: "Unit id, or the end of one; or a word, such as scope_violation",
    },
    plan: {
      type: "string",
      valueHint: "PLAN",
      description: "Plan of the unit; default that of the last run",
    },
  },
  examples: [
    "dgov explain add-feature",
    "dgov explain tasks/main.add-feature --plan my-plan",
    "dgov explain scope_violation",
  ],
  async run(context, args) {
    let view: ExplainView;
    try {
      view = await unitView(context, args);
    } catch (error) {
      const { word, meanings } = wordInstead(args.unit, error);
      answerView(context.output, "dgov.word/1", { word, meanings }, renderWord(word, meanings));
      return 0;
    }
    answerView(context.output, "dgov.explain/1", view, renderExplain(view));
    return 0;
  },
});

/** The view of the unit that was typed. Throws NOT_FOUND or NOT_INITIALISED when there is none. */
async function unitView(
  context: Context,
  args: { unit: string; plan: string | undefined },
): Promise<ExplainView> {
  using seen = openProjectLog(requireProject(context));
  const { shown } = await resolveRun(seen, args.plan, (text) => context.output.log.info(text));
  const id = resolveUnit(
    shown.units.map((unit) => unit.unit),
    args.unit,
  );
  const view = explainUnit(shown, id);
  if (view === null) throw new DgovError("NOT_FOUND", `the plan has no unit ${id}`);
  return view;
}

/** The word that was typed in place of a unit. Throws the given error, with a suggestion, when it is none. */
function wordInstead(typed: string, error: unknown): { word: string; meanings: WordMeaning[] } {
  const missing =
    error instanceof DgovError && (error.code === "NOT_FOUND" || error.code === "NOT_INITIALISED");
  if (!missing) throw error;
  const found = explainWord(typed);
  if (found.word !== null) return found;
  if (found.near === null || error.hint?.startsWith("did you mean ") === true) throw error;
  throw new DgovError("NOT_FOUND", `no unit and no word ${typed}`, {
    hint: `did you mean ${found.near}?`,
  });
}

function renderWord(word: string, meanings: readonly WordMeaning[]): string {
  return meanings
    .map(({ of, means, retried, remedy, doNot }) =>
      [
        `${word}: ${of}`,
        `  ${means}`,
        ...(retried === null || retried === "" ? [] : [`  tried again: ${retried}`]),
        `  to do: ${remedy}`,
        ...(doNot === null ? [] : [`  do not: ${doNot}`]),
      ].join("\n"),
    )
    .join("\n\n");
}

/** The view as text. */
export function renderExplain(view: ExplainView): string {
  const reason = view.reason === "" ? "" : `: ${view.reason}`;
  const since = view.since === "" ? "" : ` since ${moment(view.since)} UTC`;
  const lines = [
    `${view.unit} is ${words(view.state)}${since}${reason}`,
    `  ${view.summary} (plan ${view.plan}, run ${view.run}, attempt ${view.attempt})`,
  ];
  if (view.because.length > 0) {
    lines.push("", "because of:");
    lines.push(...textTable(view.because.map((b) => [b.unit, words(b.state), b.reason])));
  }
  if (view.rejections.length > 0) {
    lines.push("", "rejections:");
    const rows = view.rejections.map((r) => [`attempt ${r.attempt}`, r.verdict, r.reason]);
    lines.push(...textTable(rows));
  }
  if (view.history.length > 0) {
    lines.push("", "history:");
    lines.push(...textTable(view.history.map((h) => [moment(h.at), words(h.to), h.reason])));
  }
  if (view.keptRef !== null) lines.push("", `kept: ${view.keptRef}`);
  if (view.next !== null) lines.push(`next: ${view.next}`);
  return lines.join("\n");
}
