/** `dgov doctor`: checks everything a run needs and names the next command for each problem. */
import { runChecks } from "../../../app/doctor/checks.ts";
import { effectiveSettings } from "../../../app/doctor/effective-settings.ts";
import type { DoctorCheck } from "../../../app/doctor/rows.ts";
import { renderSettings } from "../../../config/settings.ts";
import { command } from "../../command.ts";
import { requireProject } from "../../project.ts";

export default command({
  name: "doctor",
  description: "Check everything that a run needs",
  args: {
    online: { type: "boolean", description: "Send a small request to the endpoint" },
    config: { type: "boolean", description: "Print every setting in force" },
  },
  examples: ["dgov doctor", "dgov doctor --online", "dgov doctor --config"],
  async run(context, args) {
    if (args.config) {
      const settings = effectiveSettings(requireProject(context), context.env);
      context.output.answer({ schema: "dgov.config/1", settings }, renderSettings(settings));
      return 0;
    }
    const { cwd, env, interactive, output } = context;
    const checks = await runChecks({ cwd, env, interactive, online: args.online === true });
    const ready = checks.every(({ state }) => state !== "fail");
    output.answer({ schema: "dgov.doctor/1", ready, checks }, renderChecks(checks));
    return ready ? 0 : 1;
  },
});

/** The checks as a table, each failed one with the next command below it. */
export function renderChecks(checks: readonly DoctorCheck[]): string {
  const width = Math.max(...checks.map(({ check }) => check.length));
  return checks
    .map(({ check, state, detail, next }) => {
      const line = `${state.padEnd(4)}  ${check.padEnd(width)}  ${detail}`;
      return next === null ? line : `${line}\n      ${" ".repeat(width)}  -> ${next}`;
    })
    .join("\n");
}
