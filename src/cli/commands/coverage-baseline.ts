/** `dgov coverage-baseline`: measure HEAD with `coverage_cmd`, and have changes judged against it. */
import { type AdHocSettlement, withSettlement } from "../../app/ad-hoc-settlement.ts";
import { type Context, command } from "../command.ts";
import { interruptible } from "../signals.ts";

export default command({
  name: "coverage-baseline",
  description: "Save the coverage baseline",
  args: {},
  examples: ["dgov coverage-baseline"],
  run: (context) =>
    interruptible((signal) =>
      withSettlement(context, { name: "coverage-baseline", signal }, (ground) =>
        save(context, ground),
      ),
    ),
});

async function save(context: Context, { c, config, head }: AdHocSettlement): Promise<number> {
  const { DgovError } = await import("../../error.ts");
  const { uncommittedPaths } = await import("../../runner/preconditions.ts");
  const { treeOfCommit } = await import("../../git/commit.ts");
  const { coverageBaselineFile, writeCoverageBaseline } = await import(
    "../../settlement/coverage/baseline.ts"
  );
  const { measureProject } = await import("../../settlement/coverage/figures.ts");
  const { percentOf } = await import("../../settlement/coverage/report.ts");
  const template = config.commands.coverage;
  if (template === null || !template.includes("{output}")) {
    const what =
      template === null ? "no coverage_cmd is configured" : "coverage_cmd has no {output}";
    throw new DgovError("REFUSED", what, {
      hint: 'set [project] coverage_cmd in .dgov/project.toml, like "pytest --cov=src --cov-report=json:{output}"',
    });
  }
  const dirty = await uncommittedPaths(c.repository, c.projectPrefix);
  if (dirty.length > 0) {
    const more = dirty.length > 3 ? ` and ${dirty.length - 3} more` : "";
    const names = `${dirty.slice(0, 3).join(", ")}${more}`;
    throw new DgovError(
      "WORKTREE_DIRTY",
      `the baseline is made of the commit checked out, and there are uncommitted changes: ${names}`,
      { hint: "commit or stash them first" },
    );
  }
  const tree = await treeOfCommit(c.repository, head);
  const measured = await measureProject(c, {
    tree,
    marker: `coverage-baseline/${process.pid}`,
    started: (text) => context.output.status(text),
    onOutput: (chunk) => process.stderr.write(chunk),
  });
  if (c.signal.aborted) return 130;
  if (!measured.ok) throw new DgovError("REFUSED", measured.reason, { hint: measured.hint });
  const { command: text, files } = measured;
  writeCoverageBaseline(c.projectRoot, { command: text, head, tree, files });
  const sum = (count: "covered" | "total"): number => files.reduce((all, f) => all + f[count], 0);
  const [covered, total] = [sum("covered"), sum("total")];
  context.output.answer(
    {
      schema: "dgov.coverage-baseline/1",
      path: coverageBaselineFile,
      head,
      command: text,
      covered,
      total,
      files: files.map((file) => ({ ...file, percent: percentOf(file) })),
    },
    `${coverageBaselineFile}: ${files.length} files, ${percentOf({ covered, total }).toFixed(1)} % covered (${covered} of ${total})`,
  );
  return 0;
}
