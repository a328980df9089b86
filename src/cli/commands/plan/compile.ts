/** `dgov compile`: compiles a plan tree to `_compiled.toml`, or prints every diagnostic. */
import { join, relative } from "node:path";
import { compileFromDisk, invalidPlan, requireEdited } from "../../../app/compile.ts";
import type { SopRequests } from "../../../app/sop-picker.ts";
import { newTokenSum } from "../../../app/token-usage.ts";
import { requireConfig } from "../../../config/load.ts";
import { openLedger } from "../../../ledger/file.ts";
import { type CompiledPlan, renderPrompt } from "../../../plan/compiled.ts";
import { compiledName, writeCompiled } from "../../../plan/compiled-file.ts";
import { graphForms, renderGraph } from "../../../plan/graph.ts";
import { resolvePlan, resolveUnit } from "../../../plan/locate.ts";
import type { SopChoice } from "../../../plan/sops/picker.ts";
import { assemblePrompt, entriesFor, ledgerSection } from "../../../runner/attempt/prompt.ts";
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
      description: "Print the exact prompt of unit U's worker, with sizes",
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
      args.show === undefined ? null : shownUnit(projectRoot, plan, resolveUnit(ids, args.show));
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

/** The prompt of a unit's first attempt, and the sizes of its parts. */
function shownUnit(
  projectRoot: string,
  plan: CompiledPlan,
  unit: string,
): { document: Record<string, unknown>; text: string } {
  const task = present(
    plan.tasks.find(({ id }) => id === unit),
    unit,
  );
  const ledger = entriesFor(openLedger(projectRoot).entries, task);
  const prompt = assemblePrompt({
    plan,
    task,
    attempt: 1,
    fork: 0,
    earlier: null,
    notes: [],
    ledger,
    redBaseNotes: [],
    results: [],
    issues: null,
    diffs: [],
    previous: null,
  });
  const bytes = Buffer.byteLength(prompt);
  const parts = [
    ...renderPrompt(plan, task).parts,
    ...(ledger.length === 0 ? [] : [{ name: "ledger", text: ledgerSection(ledger) }]),
  ].map(({ name, text }) => ({ name, bytes: Buffer.byteLength(text) }));
  const sizes = parts.map((part) => `  ${part.name}: ${part.bytes} bytes`);
  return {
    document: { unit, prompt, bytes, parts },
    text: `${prompt}\n\n${bytes} bytes in total:\n${sizes.join("\n")}`,
  };
}
