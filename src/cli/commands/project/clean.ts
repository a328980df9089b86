/** `dgov clean`: removes leftovers of finished runs; never live or kept work. */
import { command } from "../../command.ts";
import { requireProject } from "../../project.ts";

export default command({
  name: "clean",
  description: "Remove leftovers of finished runs",
  args: {
    dryRun: { type: "boolean", description: "Show what would be removed, and remove nothing" },
  },
  examples: ["dgov clean --dry-run", "dgov clean"],
  async run(context, args) {
    const projectRoot = requireProject(context);
    const { openRepository } = await import("../../../git/repository.ts");
    const { requireConfig } = await import("../../../config/load.ts");
    const { runPaths } = await import("../../../runner/paths.ts");
    const { cleanRuns } = await import("../../../runner/clean.ts");
    const { acquireRunLock, requireNoRun } = await import("../../../process/lock.ts");
    const { openEventLogForReading } = await import("../../../log/event-log.ts");
    const repository = await openRepository(projectRoot);
    const config = requireConfig(projectRoot);
    const { commonDir } = repository;
    if (args.dryRun) requireNoRun(commonDir);
    // Held until the end: a run that starts during it would lose its worktrees.
    const lock = args.dryRun ? null : acquireRunLock(commonDir, { run: "clean", plan: "clean" });
    try {
      using log = openEventLogForReading(projectRoot);
      const cleaned = await cleanRuns({
        repository,
        projectRoot,
        paths: runPaths({
          repositoryId: repository.id,
          configured: config.worktree.root,
          env: context.env,
        }),
        log,
        dry: args.dryRun === true,
      });
      const verb = args.dryRun ? "would remove" : "removed";
      const lines = [
        ...cleaned.removed.map((what) => `${verb} ${what}`),
        ...cleaned.kept.map((what) => `kept ${what}`),
      ];
      context.output.answer(
        { schema: "dgov.clean/1", dry_run: args.dryRun === true, ...cleaned },
        lines.length === 0 ? "nothing to remove" : lines.join("\n"),
      );
      return 0;
    } finally {
      lock?.release();
    }
  },
});
