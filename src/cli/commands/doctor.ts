/** `dgov doctor`: check everything a run will need, and say what to type next. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { configFile } from "../../config/find.ts";
import type { Setting } from "../../config/settings.ts";
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
      const settings = await readSettings(requireProject(context));
      const { renderSettings } = await import("../../config/settings.ts");
      context.output.answer({ schema: "dgov.config/1", settings }, renderSettings(settings));
      return 0;
    }
    const { runChecks, renderRows } = await import("../../app/doctor.ts");
    const rows = await runChecks(context, { online: args.online === true });
    const ready = rows.every((row) => row.state !== "fail");
    context.output.answer({ schema: "dgov.doctor/1", ready, checks: rows }, renderRows(rows));
    return ready ? 0 : 1;
  },
});

/** Every setting in force; CONFIG_INVALID when project.toml has errors. */
async function readSettings(root: string): Promise<Setting[]> {
  const { requireConfig } = await import("../../config/load.ts");
  const { parseToml } = await import("../../config/toml.ts");
  const { settingsInForce } = await import("../../config/settings.ts");
  const config = requireConfig(root);
  let text = "";
  try {
    text = readFileSync(join(root, configFile), "utf8");
  } catch {
    // Without the file every setting has its default.
  }
  const parsed = parseToml(text);
  return settingsInForce(config, parsed.ok ? parsed.value : {});
}
