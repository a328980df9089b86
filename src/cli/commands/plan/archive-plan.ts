/** `dgov archive-plan`: archives a plan, as a run does when all of it has landed. */
import { basename, relative } from "node:path";
import { archiveByName } from "../../../app/maintenance.ts";
import { command } from "../../command.ts";
import { requireProject } from "../../project.ts";

export default command({
  name: "archive-plan",
  description: "Move a plan to the archive",
  args: {
    name: {
      type: "positional",
      required: true,
      valueHint: "NAME",
      description: "Name of the plan",
    },
  },
  examples: ["dgov archive-plan my-plan"],
  async run(context, args) {
    const projectRoot = requireProject(context);
    const { location, to } = await archiveByName(projectRoot, args.name);
    const [from, now] = [location.dir, to].map((path) => relative(projectRoot, path));
    context.output.answer(
      {
        schema: "dgov.archive-plan/1",
        name: location.name,
        archived_as: basename(to),
        from,
        to: now,
      },
      `archived ${location.name} as ${now}`,
    );
    return 0;
  },
});
