/** `dgov clean`: removes leftovers of finished runs; never live or kept work. */
import { cleanProject } from "../../../app/maintenance.ts";
import { command } from "../../command.ts";
import { requireProject } from "../../project.ts";

export default command({
  name: "clean",
  description: "Remove leftovers of finished runs",
  args: {
    dryRun: { type: "boolean", description: "Show what would be removed, and remove nothing" },
    layers: {
      type: "boolean",
      description: "Remove the layers of gate trees too; they are built again",
    },
  },
  examples: ["dgov clean --dry-run", "dgov clean", "dgov clean --layers"],
  async run(context, args) {
    const dry = args.dryRun === true;
    const projectRoot = requireProject(context);
    const cleaned = await cleanProject({
      projectRoot,
      env: context.env,
      dry,
      layers: args.layers === true,
    });
    const verb = dry ? "would remove" : "removed";
    const lines = [
      ...cleaned.removed.map((what) => `${verb} ${what}`),
      ...cleaned.kept.map((what) => `kept ${what}`),
    ];
    context.output.answer(
      { schema: "dgov.clean/1", dry_run: dry, ...cleaned },
      lines.length === 0 ? "nothing to remove" : lines.join("\n"),
    );
    return 0;
  },
});
