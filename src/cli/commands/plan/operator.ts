/** Prompts of `dgov plan create`. */
import { relative } from "node:path";
import { editInEditor, type Operator } from "../../../app/create-plan.ts";
import { renderDiagnostics } from "../../../std/diagnostics.ts";
import type { Context } from "../../command.ts";
import { confirm, promptText, select } from "../../prompt.ts";
import { renderDraft } from "./draft.ts";

/** The operator of a command at a terminal. */
export function operatorAt({ cwd, env, output }: Context): Operator {
  return {
    answer: (question) => promptText(question),
    confirm,
    async decide({ plan, diagnostics }) {
      if (plan !== null) output.log.log(`\n${renderDraft(plan)}\n`);
      if (diagnostics.length > 0) output.log.log(renderDiagnostics(diagnostics));
      const kind = await select("Accept this plan?", [
        ...(plan === null
          ? []
          : ([{ value: "accept", label: "Accept", hint: "write it to .dgov/plans" }] as const)),
        { value: "edit", label: "Edit its files" },
        { value: "again", label: "Ask again", hint: "say what should be different" },
      ] as const);
      return kind === "again"
        ? { kind, text: await promptText("What should be different?") }
        : { kind };
    },
    async edit(dir) {
      if (await editInEditor(dir, env)) return;
      await confirm(`The files are in ${relative(cwd, dir)}. Edited?`);
    },
  };
}
