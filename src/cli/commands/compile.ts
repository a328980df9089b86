/** `dgov compile`: a plan tree to `_compiled.toml`, or every reason why not. */
import { join, relative } from "node:path";
import { newTokenSum } from "../../app/token-usage.ts";
import type { CompiledPlan } from "../../plan/compiled.ts";
import type { GraphForm } from "../../plan/graph.ts";
import type { SopChoice } from "../../plan/sops/picker.ts";
import { present } from "../../std/assert.ts";
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
      description: "Plan name or path; may be left out when there is one live plan",
    },
    dryRun: { type: "boolean", description: "Ask no model and write nothing" },
    recompileSops: { type: "boolean", description: "Choose SOPs anew, whatever was chosen before" },
    explainSops: {
      type: "boolean",
      description: "Show which SOPs each unit gets, who chose them, and why",
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
    const form = await graphForm(args.graph);
    const projectRoot = requireProject(context);
    const { resolvePlan, resolveUnit } = await import("../../plan/locate.ts");
    const { compileFromDisk, configFor, invalidPlan, repositoryOf, requireEdited } = await import(
      "../../app/compile.ts"
    );
    const { compiledName, writeCompiled } = await import("../../plan/compiled-file.ts");
    const { renderDiagnostics } = await import("../render/diagnostics.ts");
    const location = await resolvePlan(projectRoot, args.plan);
    const config = configFor(projectRoot);
    const dryRun = args.dryRun === true;
    const spent = newTokenSum();
    const notes: string[] = [];
    const result = await compileFromDisk(context, {
      projectRoot,
      location,
      config,
      repository: await repositoryOf(projectRoot),
      needModels: !dryRun,
      sops: dryRun ? "offline" : args.recompileSops ? "asks-again" : "asks",
      asked: ({ usage }) => spent.add(usage),
      noted: (text) => notes.push(text),
    });
    if (!result.ok) throw invalidPlan(location.name, result.diagnostics);
    const { plan, warnings, edges } = result;
    const ids = plan.tasks.map((task) => task.id);
    const shown =
      args.show === undefined
        ? null
        : await shownUnit(projectRoot, plan, resolveUnit(ids, args.show));
    const graph = form === null ? null : await drawn(plan, form);
    const path = join(location.dir, compiledName);
    if (!dryRun) {
      requireEdited(config, plan);
      writeCompiled(location.dir, result.bytes);
    }
    if (warnings.length > 0) context.output.status(renderDiagnostics(warnings));

    const assigned = plan.tasks.filter((task) => task.sops.length > 0).length;
    const counts = `${count(ids.length, "unit")}, ${count(edges, "edge")}`;
    const lines = [
      dryRun
        ? `${plan.name} is valid: ${counts}; nothing written`
        : `compiled ${counts} -> ${relative(context.cwd, path)}`,
      ...(assigned > 0 && !args.explainSops ? [`SOPs for ${count(assigned, "unit")}`] : []),
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

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

async function graphForm(typed: string | undefined): Promise<GraphForm | null> {
  if (typed === undefined) return null;
  const { graphForms } = await import("../../plan/graph.ts");
  const form = graphForms.find((known) => known === typed);
  if (form !== undefined) return form;
  throw usageError(`--graph takes ${graphForms.join(", ")}, not "${typed}"`);
}

async function drawn(plan: CompiledPlan, form: GraphForm): Promise<string> {
  const { renderGraph } = await import("../../plan/graph.ts");
  return renderGraph(plan, form);
}

/** A line for each unit, and below it why each SOP was chosen where that is known. */
function explained(plan: CompiledPlan, choices: ReadonlyMap<string, SopChoice>): string[] {
  return plan.tasks.flatMap((task) => {
    const why = choices.get(task.id)?.why ?? {};
    const sops = task.sops.map((name) => `    ${name}${why[name] ? ` (${why[name]})` : ""}`);
    const who = task.sopsPickedBy === "none" ? "no SOPs" : `chosen by ${task.sopsPickedBy}`;
    return [`  ${task.id}: ${who}`, ...sops];
  });
}

/** What the worker of a unit is sent on its first attempt, and how large its parts are. */
async function shownUnit(
  projectRoot: string,
  plan: CompiledPlan,
  unit: string,
): Promise<{ document: Record<string, unknown>; text: string }> {
  const { assemblePrompt } = await import("../../runner/attempt/prompt.ts");
  const { renderPrompt } = await import("../../plan/prompt.ts");
  const { entriesFor, ledgerSection } = await import("../../runner/attempt/prompt.ts");
  const { openLedger } = await import("../../ledger/file.ts");
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
    baselineNotes: [],
    results: [],
    findings: null,
    diffs: [],
    handover: null,
  });
  const bytes = Buffer.byteLength(prompt);
  const parts = [
    ...renderPrompt(plan, task).parts,
    ...(ledger.length === 0 ? [] : [{ name: "ledger", text: ledgerSection(ledger) }]),
  ].map(({ name, text }) => ({ name, bytes: Buffer.byteLength(text) }));
  const sizes = parts.map((part) => `  ${part.name}: ${part.bytes} bytes`);
  return {
    document: { unit, prompt, bytes, parts },
    text: `${prompt}\n\n${bytes} bytes in all:\n${sizes.join("\n")}`,
  };
}
