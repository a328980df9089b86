/** `dgov compile`: a plan tree to `_compiled.toml`, or every reason why not. */
import { join, relative } from "node:path";
import { usageError } from "../args.ts";
import { command } from "../command.ts";
import { requireProject } from "../project.ts";

export default command({
  name: "compile",
  description: "Compile a plan",
  args: {
    plan: {
      type: "positional",
      required: false,
      valueHint: "PLAN",
      description: "Plan name or path",
    },
    dryRun: { type: "boolean", description: "Write nothing" },
    explainSops: {
      type: "boolean",
      description: "Show which SOPs each unit gets, and who chose them",
    },
    graph: {
      type: "string",
      bare: "tree",
      valueHint: "tree|mermaid|dot",
      description: "Draw the dependency graph",
    },
    show: {
      type: "string",
      valueHint: "U",
      description: "Print exactly what unit U's worker is sent, with sizes",
    },
  },
  examples: [
    "dgov compile my-plan",
    "dgov compile my-plan --dry-run --graph",
    "dgov compile my-plan --graph=mermaid",
    "dgov compile my-plan --show add-feature",
  ],
  async run(context, args) {
    const projectRoot = requireProject(context);
    const { resolvePlan, resolveUnit } = await import("../../plan/locate.ts");
    const { graphForms, renderGraph } = await import("../../plan/graph.ts");
    const form = graphForms.find((known) => known === args.graph);
    if (args.graph !== undefined && form === undefined) {
      throw usageError(`--graph takes ${graphForms.join(", ")}, not "${args.graph}"`);
    }
    const location = await resolvePlan(projectRoot, args.plan);
    const { compileFromDisk, configFor, invalidPlan } = await import("../compile-plan.ts");
    const { compiledName, writeCompiled } = await import("../../plan/compiled-file.ts");
    const { renderDiagnostics } = await import("../render/diagnostics.ts");
    const { openRepository } = await import("../../git/repository.ts");
    const dryRun = args.dryRun === true;
    const result = await compileFromDisk({
      projectRoot,
      location,
      config: configFor(projectRoot),
      repository: await openRepository(projectRoot).catch(() => null),
      needModels: !dryRun,
    });
    if (!result.ok) throw invalidPlan(location.name, result.diagnostics);
    const { plan, warnings } = result;
    const path = join(location.dir, compiledName);
    if (!dryRun) writeCompiled(location.dir, result.bytes);
    if (warnings.length > 0) context.output.status(renderDiagnostics(warnings));

    const assigned = plan.tasks.filter((task) => task.sops.length > 0).length;
    const output = relative(context.cwd, path) || path;
    const lines = [
      `${dryRun ? "checked" : "compiled"} ${plan.tasks.length} units, ${result.edges} edges${dryRun ? "" : ` -> ${output}`}`,
    ];
    if (args.explainSops) {
      lines.push(
        ...plan.tasks.map((t) => `  ${t.id}: ${t.sops.join(", ") || "none"} (${t.sopsPickedBy})`),
      );
    } else if (assigned > 0) lines.push(`SOPs for ${assigned} units`);
    if (form !== undefined) lines.push("", renderGraph(plan, form));
    const shown =
      args.show === undefined
        ? null
        : await showUnit(
            plan,
            resolveUnit(
              plan.tasks.map((t) => t.id),
              args.show,
            ),
          );
    if (shown !== null) lines.push("", shown.text);
    context.output.answer(
      {
        schema: "dgov.compile/1",
        plan: plan.name,
        status: dryRun ? "checked" : "compiled",
        dry_run: dryRun,
        output: dryRun ? null : path,
        digest: plan.digest,
        units: plan.tasks.map((task) => ({
          unit: task.id,
          summary: task.summary,
          role: task.role,
          depends_on: task.dependsOn,
          digest: task.digest,
          sops: task.sops,
          sops_picked_by: task.sopsPickedBy,
        })),
        edges: result.edges,
        sops_assigned: assigned,
        warnings,
        ...(form === undefined ? {} : { graph: renderGraph(plan, form) }),
        ...(shown === null ? {} : { show: shown.document }),
      },
      lines.join("\n"),
    );
    return 0;
  },
});

async function showUnit(
  plan: import("../../plan/compiled.ts").CompiledPlan,
  unit: string,
): Promise<{ document: unknown; text: string }> {
  const { assemblePrompt } = await import("../../runner/prompt.ts");
  const { renderPrompt } = await import("../../plan/prompt.ts");
  const task = plan.tasks.find((t) => t.id === unit);
  if (task === undefined) throw new Error(`no task ${unit}`);
  const parts = renderPrompt(plan, task).parts;
  const prompt = assemblePrompt({
    plan,
    task,
    attempt: 1,
    fork: 0,
    earlier: null,
    notes: [],
    baselineNotes: [],
    results: [],
    diffs: [],
  });
  const sizes = parts.map((part) => `  ${part.name}: ${Buffer.byteLength(part.text)} bytes`);
  return {
    document: {
      unit,
      prompt,
      bytes: Buffer.byteLength(prompt),
      parts: parts.map((part) => ({ name: part.name, bytes: Buffer.byteLength(part.text) })),
    },
    text: `${prompt}\n\n${Buffer.byteLength(prompt)} bytes in all:\n${sizes.join("\n")}`,
  };
}
