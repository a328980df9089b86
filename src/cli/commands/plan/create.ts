/** `dgov plan create`: creates a plan for a goal with a planner model. */
import { relative } from "node:path";
import { type CreatedPlan, createPlan } from "../../../app/create-plan.ts";
import { isNameTaken } from "../../../app/create-plan-folder.ts";
import { DgovError } from "../../../error.ts";
import { resolvePlan } from "../../../plan/locate.ts";
import { isSafeName, nameRule } from "../../../plan/names.ts";
import { renderDiagnostics } from "../../../std/diagnostics.ts";
import { usageError } from "../../args.ts";
import { captureAnswer } from "../../capture-answer.ts";
import { type Context, command } from "../../command.ts";
import { requireProject } from "../../project.ts";
import { confirm } from "../../prompt.ts";
import { rateLimiterOf } from "../../rate-limiter.ts";
import { interruptible } from "../../signals.ts";
import { runPlan } from "../run/run.ts";
import { renderDraft } from "./draft.ts";
import { operatorAt } from "./operator.ts";

const goalCharsMax = 100_000;

export default command({
  name: "create",
  description: "Create a plan for a goal with a planner model",
  args: {
    goal: {
      type: "positional",
      required: true,
      valueHint: "GOAL",
      description: "The goal of the plan, as text",
    },
    auto: { type: "boolean", description: "Do not prompt; accept the first draft that compiles" },
    run: { type: "boolean", description: "Run the plan at once, as dgov run does" },
    name: { type: "string", valueHint: "N", description: "Name of the plan" },
    model: {
      type: "string",
      valueHint: "M",
      description: "Model of the planner, or a name in [agents]",
    },
    applyConfig: {
      type: "boolean",
      description:
        "Apply the changes to project.toml that the planner proposes, after showing them",
    },
  },
  examples: [
    'dgov plan create "Add a token-bucket rate limiter to src/limiter.py"',
    'dgov plan create "Add a rate limiter" --auto --run',
    'dgov plan create "Add a rate limiter" --name limiter --model fast',
  ],
  async run(context, args) {
    const goal = args.goal.trim();
    if (goal === "") throw usageError("the goal is empty");
    if (goal.length > goalCharsMax) {
      throw usageError(`the goal has more than ${goalCharsMax} characters`);
    }
    if (!args.auto && !context.interactive) {
      throw usageError(
        "plan create prompts for decisions and needs a terminal",
        "--auto does not prompt",
      );
    }
    const projectRoot = requireProject(context);
    const name = await requireFreeName(projectRoot, args.name);
    let created: CreatedPlan | null = null;
    const code = await interruptible(async (signal) => {
      const { env, output } = context;
      created = await createPlan({
        projectRoot,
        env,
        goal,
        operator: args.auto ? null : operatorAt(context),
        confirmTrust: context.interactive ? confirm : null,
        name,
        model: args.model ?? null,
        applyConfig: args.applyConfig === true,
        limiter: (config) => rateLimiterOf(context, config),
        status: (text) => output.log.info(text),
        warn: (text) => output.log.log(text),
        signal,
      });
      return 0;
    });
    if (code !== 0 || created === null) {
      context.output.answer(
        { schema: "dgov.plan-create/1", plan: null, status: "interrupted" },
        "",
      );
      return code;
    }
    return answer(context, projectRoot, created, args.run === true);
  },
});

async function requireFreeName(
  projectRoot: string,
  name: string | undefined,
): Promise<string | null> {
  if (name === undefined) return null;
  if (!isSafeName(name)) throw usageError(`invalid plan name "${name}"`, nameRule);
  if (!(await isNameTaken(projectRoot, name))) return name;
  throw new DgovError("REFUSED", `a plan named ${name} exists or existed`, {
    hint: "choose another --name",
  });
}

async function answer(
  context: Context,
  projectRoot: string,
  created: CreatedPlan,
  run: boolean,
): Promise<number> {
  const { name, dir, compiled, change } = created;
  if (compiled.warnings.length > 0) {
    context.output.log.info(renderDiagnostics(compiled.warnings));
  }
  const document = {
    schema: "dgov.plan-create/1",
    plan: name,
    status: "created",
    path: dir,
    digest: compiled.plan.digest,
    summary: compiled.plan.summary,
    units: compiled.plan.tasks.map((task) => ({
      unit: task.id,
      summary: task.summary,
      role: task.role,
      depends_on: task.dependsOn,
      files: task.claims,
    })),
    edges: compiled.edges,
    warnings: compiled.warnings,
    rounds: created.rounds,
    ...created.spent.document(),
    config: change,
  };
  const text = `${renderDraft(compiled.plan)}\n\nwrote ${relative(context.cwd, dir)}`;
  if (!run) {
    context.output.answer({ ...document, run: null }, `${text}\ndgov run ${name}`);
    return 0;
  }
  const kept = captureAnswer(context);
  const location = await resolvePlan(projectRoot, dir);
  const code = await runPlan(kept.context, { projectRoot, location });
  const { document: ran, text: summary } = kept.answered;
  context.output.answer({ ...document, run: ran }, `${text}\n\n${summary}`);
  return code;
}
