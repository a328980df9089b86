/** `dgov fix`: one change, as a plan of one task through the same pipeline as any. */
import { existsSync, realpathSync, rmSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { parseClaim } from "../../../claims/path.ts";
import { usageError } from "../../args.ts";
import { command } from "../../command.ts";
import { requireProject } from "../../project.ts";
import { runPlan } from "../run.ts";

export default command({
  name: "fix",
  description: "Make one change by a plan of one task",
  args: {
    prompt: {
      type: "positional",
      required: true,
      valueHint: "PROMPT",
      description: "What to do",
    },
    file: {
      type: "string",
      alias: "f",
      repeated: true,
      valueHint: "FILE",
      description: "A file, folder or pattern it may change; give it several times for several",
    },
    name: { type: "string", valueHint: "N", description: "Name of the plan" },
    commitMessage: { type: "string", valueHint: "M", description: "Message of the commit" },
    testCmd: {
      type: "string",
      valueHint: "C",
      description: "Tests of this change, instead of the project's; `verify:NAME` for a recipe",
    },
    model: { type: "string", valueHint: "M", description: "Model, or an alias of [agents]" },
    yes: { type: "boolean", alias: "y", description: "Answer yes to every question" },
    stream: { type: "boolean", description: "Show thoughts and tool calls" },
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
      throw usageError(
        "fix needs to know which files it may change",
        "-f FILE, as often as needed",
      );
    }
    const files = [...new Set(typed.map((file) => claimOf(file, context.cwd, projectRoot)))];
    const { safeName, isSafeName, nameRule } = await import("../../../plan/names.ts");
    if (args.name !== undefined && !isSafeName(args.name)) {
      throw usageError(`"${args.name}" is not a name`, nameRule);
    }
    const { summaryOf, fixPlanFiles } = await import("../../../plan/fix-plan.ts");
    const { createPlanFolder } = await import("../../../app/create-plan-folder.ts");
    const { hasRun } = await import("../../../app/create-plan-folder.ts");
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
    context.output.status(`wrote ${relative(projectRoot, location.dir)}`);
    try {
      return await runPlan(context, {
        projectRoot,
        location,
        yes: args.yes === true,
        stream: args.stream === true,
      });
    } finally {
      // A plan that never started would only be in the way of the same command, typed again.
      if (!hasRun(projectRoot, location.name))
        rmSync(location.dir, { recursive: true, force: true });
    }
  },
});

/** What `-f` names, as a claim: relative to the project root, and never outside it (C10). */
function claimOf(typed: string, cwd: string, projectRoot: string): string {
  const path = resolve(cwd, typed);
  const claim = relative(projectRoot, path).split(sep).join("/");
  const real = relative(realpathSync(projectRoot), realpathSync(existingPart(path)));
  if ([claim, real].some((one) => /^\.\.(?:[/\\]|$)/.test(one) || isAbsolute(one))) {
    throw usageError(`${typed} lies outside the project`);
  }
  if (claim === "") {
    throw usageError(`${typed} is the whole project`, 'name files, or claim it all with -f "**"');
  }
  const parsed = parseClaim(claim);
  if (!parsed.ok) throw usageError(`${typed} ${parsed.problem}`);
  return parsed.claim.text;
}

/** The path itself, or the nearest folder above it that is there. */
function existingPart(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existingPart(dirname(path));
}
