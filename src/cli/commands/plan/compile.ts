/** `dgov compile`: compiles a plan tree to `_compiled.toml`, or prints every diagnostic. */
import { join, relative } from "node:path";
import { compileFromDisk, invalidPlan, newTokenSum, requireEdited } from "../../../app/compile.ts";
import type { SopRequests } from "../../../app/sop-picker.ts";
import type { Config } from "../../../config/config.ts";
import { requireConfig } from "../../../config/load.ts";
import type { CompiledPlan } from "../../../plan/compiled.ts";
import { compiledName, writeCompiled } from "../../../plan/compiled-file.ts";
import { graphForms, renderGraph } from "../../../plan/graph.ts";
import { resolvePlan, resolveUnit } from "../../../plan/locate.ts";
import type { SopChoice } from "../../../plan/sops/picker.ts";
import { present } from "../../../std/assert.ts";
import { renderDiagnostics } from "../../../std/diagnostics.ts";
import { plural } from "../../../std/text.ts";
import { command } from "../../command.ts";
import { requireProject } from "../../project.ts";
import { rateLimiterOf } from "../../rate-limiter.ts";

export default command({
  name: "compile",
  description: "Compile a plan",
  args: {
    plan: {
      type: "positional",
      required: false,
      valueHint: "PLAN",
      description: "Plan name or path; optional when there is one live plan",
    },
    dryRun: { type: "boolean", description: "Write nothing and send no model requests" },
    recompileSops: { type: "boolean", description: "Choose SOPs again; ignore cached choices" },
    explainSops: {
      type: "boolean",
      description: "Show the SOPs of each unit, who chose them, and the reasons",
    },
    graph: {
      type: "enum",
      options: [...graphForms],
      bare: "tree",
      description: "Draw the dependency graph",
    },
    show: {
      type: "string",
      valueHint: "U",
      description: "Print the first request of unit U's worker: messages, tools, sizes",
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
    const location = await resolvePlan(projectRoot, args.plan);
    const config = requireConfig(projectRoot);
    const dryRun = args.dryRun === true;
    const spent = newTokenSum();
    const notes: string[] = [];
    const requests: SopRequests = {
      limiter: rateLimiterOf(context, config),
      fresh: args.recompileSops === true,
      onModelCall: ({ usage }) => spent.add(usage),
    };
    const result = await compileFromDisk({
      projectRoot,
      location,
      config,
      needModels: !dryRun,
      env: context.env,
      sops: dryRun ? null : requests,
      warn(text) {
        context.output.log.warn(text);
        notes.push(text);
      },
    });
    if (!result.ok) throw invalidPlan(location.name, result.diagnostics);
    const { plan, warnings, edges } = result;
    const ids = plan.tasks.map((task) => task.id);
    const shown =
      args.show === undefined
        ? null
        : await shownUnit({ projectRoot, config, plan }, resolveUnit(ids, args.show));
    const graph = args.graph === undefined ? null : renderGraph(plan, args.graph);
    const path = join(location.dir, compiledName);
    if (!dryRun) {
      requireEdited(config, plan);
      writeCompiled(location.dir, result.bytes);
    }
    if (warnings.length > 0) context.output.log.info(renderDiagnostics(warnings));

    const assigned = plan.tasks.filter((task) => task.sops.length > 0).length;
    const counts = `${plural(ids.length, "unit")}, ${plural(edges, "edge")}`;
    const lines = [
      dryRun
        ? `${plan.name} is valid: ${counts}; nothing written`
        : `compiled ${counts} -> ${relative(context.cwd, path)}`,
      ...(assigned > 0 && !args.explainSops ? [`SOPs for ${plural(assigned, "unit")}`] : []),
      ...(args.explainSops ? explained(plan, result.sops) : []),
      ...(graph === null ? [] : ["", graph]),
      ...(shown === null ? [] : ["", shown.text]),
    ];
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
          sops_why: result.sops.get(task.id)?.why ?? {},
        })),
        edges,
        sops_assigned: assigned,
        ...spent.document(),
        warnings,
        notes,
        ...(graph === null ? {} : { graph }),
        ...(shown === null ? {} : { show: shown.document }),
      },
      lines.join("\n"),
    );
    return 0;
  },
});

/** A line for each unit with its picker, and below it each SOP with the reason where one is known. */
function explained(plan: CompiledPlan, choices: ReadonlyMap<string, SopChoice>): string[] {
  return plan.tasks.flatMap((task) => {
    const why = choices.get(task.id)?.why ?? {};
    const sops = task.sops.map((name) => `    ${name}${why[name] ? ` (${why[name]})` : ""}`);
    const who = task.sopsPickedBy === "none" ? "no SOPs" : `chosen by ${task.sopsPickedBy}`;
    return [`  ${task.id}: ${who}`, ...sops];
  });
}

/** The first request of a unit's worker, with the sizes of its parts. */
async function shownUnit(
  o: { projectRoot: string; config: Config; plan: CompiledPlan },
  unit: string,
): Promise<{ document: Record<string, unknown>; text: string }> {
  const { plan } = o;
  const task = present(
    plan.tasks.find(({ id }) => id === unit),
    unit,
  );
  // Loads the tools of a worker.
  const { firstRequest } = await import("../../../app/first-request.ts");
  const first = await firstRequest({ ...o, task });
  const { system, prompt, promptParts } = first;
  const bytes = Buffer.byteLength(prompt);
  const systemBytes = Buffer.byteLength(system);
  const toolBytes = Buffer.byteLength(JSON.stringify(first.tools));
  const total = bytes + systemBytes + toolBytes;
  const sizes = (of: readonly { name: string; bytes: number }[], indent: string): string[] =>
    of.map((part) => `${indent}${part.name}: ${part.bytes} bytes`);
  return {
    document: {
      ...{ unit, model: first.model, prompt, bytes, parts: promptParts },
      messages: first.messages,
      tools: first.tools,
      sizes: {
        ...{ system_message: systemBytes, user_message: bytes, tool_definitions: toolBytes, total },
        estimated_tokens: first.estimatedTokens,
      },
      added_by_run: first.added,
    },
    text: [
      `--- system message ---\n${system}\n\n--- user message ---\n${prompt}\n\n--- sizes ---`,
      `system message: ${systemBytes} bytes`,
      ...sizes(first.systemParts, "  "),
      `user message: ${bytes} bytes`,
      ...sizes(promptParts, "  "),
      `${plural(first.tools.length, "tool")} (--json prints the definitions): ${toolBytes} bytes`,
      ...sizes(first.toolParts, "  "),
      `in total: ${total} bytes, about ${first.estimatedTokens} tokens`,
      `A run adds to the user message, where there are any: ${first.added.join("; ")}.`,
    ].join("\n"),
  };
}
