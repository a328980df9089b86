/** `dgov doctor`: check everything a run will need, and say what to type next. */
import { command } from "../command.ts";
import { requireProject } from "../project.ts";

export default command({
  name: "doctor",
  description: "Check everything a run will need",
  args: {
    online: { type: "boolean", description: "Send one tiny request to the endpoint" },
    config: { type: "boolean", description: "Print every setting as it is in force" },
  },
  examples: ["dgov doctor", "dgov doctor --online", "dgov doctor --config"],
  async run(context, args) {
    if (args.config) {
      const root = requireProject(context);
      const { requireConfig } = await import("../../config/load.ts");
      const { toSnakeCase } = await import("../../runner/record.ts");
      const settings = toSnakeCase(requireConfig(root));
      context.output.answer(
        { schema: "dgov.config/1", settings },
        JSON.stringify(settings, null, 2),
      );
      return 0;
    }
    const { examine, renderRows } = await import("../doctor.ts");
    const rows = await examine(context, { online: args.online === true });
    const ready = rows.every((row) => row.state !== "fail");
    context.output.answer({ schema: "dgov.doctor/1", ready, checks: rows }, renderRows(rows));
    return ready ? 0 : 1;
  },
});
