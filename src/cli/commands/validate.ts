/** `dgov validate`: every check of compile, without writing. */
import { command } from "../command.ts";
import { requireProject } from "../project.ts";

export default command({
  name: "validate",
  description: "Check a plan without writing",
  args: {
    plan: {
      type: "positional",
      required: false,
      valueHint: "PLAN",
      description: "Plan name or path",
    },
  },
  examples: ["dgov validate my-plan", "dgov validate my-plan --json"],
  async run(context, args) {
    const projectRoot = requireProject(context);
    const { resolvePlan } = await import("../../plan/locate.ts");
    const { compileFromDisk, configFor } = await import("../compile-plan.ts");
    const { renderDiagnostics } = await import("../render/diagnostics.ts");
    const { openRepository } = await import("../../git/repository.ts");
    const location = await resolvePlan(projectRoot, args.plan?.replace(/\/_compiled\.toml$/, ""));
    const result = await compileFromDisk({
      projectRoot,
      location,
      config: configFor(projectRoot),
      repository: await openRepository(projectRoot).catch(() => null),
      needModels: true,
    });
    const diagnostics = result.ok ? result.warnings : result.diagnostics;
    const errors = diagnostics.filter((d) => d.severity === "error").length;
    const verdict = result.ok
      ? `${location.name}: valid, ${result.plan.tasks.length} units`
      : `${location.name}: ${errors} ${errors === 1 ? "error" : "errors"}`;
    context.output.answer(
      {
        schema: "dgov.validate/1",
        plan: location.name,
        valid: result.ok,
        units: result.ok ? result.plan.tasks.length : null,
        diagnostics,
      },
      [...(diagnostics.length > 0 ? [renderDiagnostics(diagnostics), ""] : []), verdict].join("\n"),
    );
    return result.ok ? 0 : 1;
  },
});
