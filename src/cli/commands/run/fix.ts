/** `dgov fix`: makes one change with a plan of one task, through the pipeline of `dgov run`. */

import { existsSync, realpathSync, rmSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { createPlanFolder, hasRun } from "../../../app/create-plan-folder.ts";
import { parseClaim } from "../../../claims/path.ts";
import { fixPlanFiles, summaryOf } from "../../../plan/fix-plan.ts";
import { isSafeName, nameRule, safeName } from "../../../plan/names.ts";
import { usageError } from "../../args.ts";
import { command } from "../../command.ts";
import { requireProject } from "../../project.ts";
import { allowDirtyFlag, runPlan, targetFlag } from "./run.ts";

export default command({
  name: "fix",
  description: "Make one change with a plan of one task",
  args: {
    prompt: {
      type: "positional",
      required: true,
      valueHint: "PROMPT",
      description: "The change to make",
    },
    file: {
      type: "string",
      alias: "f",
      repeated: true,
      valueHint: "FILE",
      description: "A file, folder or pattern that the change may touch",
    },
    name: { type: "string", valueHint: "N", description: "Name of the plan" },
    commitMessage: { type: "string", valueHint: "M", description: "Commit message" },
    testCmd: {
      type: "string",
      valueHint: "C",
      description:
        "Test command that must pass in addition to the project's; `verify:NAME` for a recipe",
    },
    model: { type: "string", valueHint: "M", description: "Model, or a name in [agents]" },
    target: targetFlag,
    allowDirty: allowDirtyFlag,
    yes: { type: "boolean", alias: "y", description: "Answer yes to every question" },
    stream: { type: "boolean", description: "Show model text and tool calls" },
  },
  examples: [
    'dgov fix "Repair the off-by-one in pagination" -f src/pagination.py',
    'dgov fix "Tighten error messages" -f src/api.py -f src/errors.py --name errors',
    'dgov fix "Sort imports" -f "src/**" --test-cmd "make check" --stream',
  ],
  async run(context, args) {
    const projectRoot = requireProject(context);
    if (args.prompt.trim() === "") throw usageError("the prompt is empty");
    const typed = args.file ?? [];
    if (typed.length === 0) {
      throw usageError("fix needs the files that it may change", "give each with -f FILE");
    }
    const files = [...new Set(typed.map((file) => claimOf(file, context.cwd, projectRoot)))];
    if (args.name !== undefined && !isSafeName(args.name)) {
      throw usageError(`invalid plan name "${args.name}"`, nameRule);
    }
    const wanted = args.name ?? safeName(`fix-${summaryOf(args.prompt)}`.toLowerCase(), "fix");
    const location = await createPlanFolder(projectRoot, { wanted, kind: "fix" }, (name) =>
      fixPlanFiles({
        name,
        prompt: args.prompt,
        files,
        commitMessage: args.commitMessage ?? "Apply requested fix",
        testCmd: args.testCmd ?? null,
        agent: args.model ?? null,
      }),
    );
    context.output.log.info(`wrote ${relative(projectRoot, location.dir)}`);
    try {
      return await runPlan(context, {
        projectRoot,
        location,
        target: args.target,
        allowDirty: args.allowDirty === true,
        yes: args.yes === true,
        stream: args.stream === true,
      });
    } finally {
      // The folder of a plan that never ran would block the same command from running again.
      if (!hasRun(projectRoot, location.name))
        rmSync(location.dir, { recursive: true, force: true });
    }
  },
});

/** The claim for a typed path, relative to the project root. Throws USAGE outside of it (C10). */
export function claimOf(typed: string, cwd: string, projectRoot: string): string {
  const path = resolve(cwd, typed);
  const claim = relative(projectRoot, path).split(sep).join("/");
  const real = relative(realpathSync(projectRoot), realpathSync(existingPart(path)));
  if ([claim, real].some((one) => /^\.\.(?:[/\\]|$)/.test(one) || isAbsolute(one))) {
    throw usageError(`${typed} is outside the project`);
  }
  if (claim === "") {
    throw usageError(
      `${typed} is the whole project`,
      'name files, or claim all of it with -f "**"',
    );
  }
  const parsed = parseClaim(claim);
  if (!parsed.ok) throw usageError(`${typed} ${parsed.problem}`);
  return parsed.claim.text;
}

/** The path itself, or the nearest folder above it that exists. */
function existingPart(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existingPart(dirname(path));
}
