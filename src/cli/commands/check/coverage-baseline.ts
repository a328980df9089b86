/** `dgov coverage-baseline`: measures HEAD with `coverage_cmd` and saves the figures for the coverage gate. */
import { saveCoverageBaseline } from "../../../app/working-tree.ts";
import { command } from "../../command.ts";
import { requireProject } from "../../project.ts";
import { interruptible } from "../../signals.ts";

export default command({
  name: "coverage-baseline",
  description: "Save the coverage baseline",
  args: {},
  examples: ["dgov coverage-baseline"],
  run: (context) =>
    interruptible(async (signal) => {
      const saved = await saveCoverageBaseline({
        projectRoot: requireProject(context),
        env: context.env,
        status: (text) => context.output.log.info(text),
        onOutput: (chunk) => process.stderr.write(chunk),
        signal,
      });
      if (saved === null) return 130;
      const { path, head, command, covered, total, percent, files } = saved;
      context.output.answer(
        { schema: "dgov.coverage-baseline/1", path, head, command, covered, total, files },
        `${path}: ${files.length} files, ${percent.toFixed(1)} % covered (${covered} of ${total})`,
      );
      return 0;
    }),
});
