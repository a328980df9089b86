/** `dgov scope status`: the verdict review would reach on the working tree, from the same code. */
import { usageError } from "../args.ts";
import { type Context, command, group } from "../command.ts";
import { requireProject } from "../project.ts";

const status = command({
  name: "status",
  description: "Preview the scope verdict on the working tree",
  args: {
    task: { type: "string", valueHint: "U", description: "Unit whose claims count" },
    plan: { type: "string", valueHint: "PLAN", description: "Plan the unit belongs to" },
    claim: {
      type: "string",
      repeated: true,
      valueHint: "F",
      description: "A write claim, besides those of --task",
    },
    read: {
      type: "string",
      repeated: true,
      valueHint: "F",
      description: "A read claim, likewise",
    },
  },
  examples: [
    "dgov scope status --task add-feature",
    "dgov scope status --task add-feature --claim src/more.ts",
    "dgov scope status --claim src/** --read README.md",
  ],
  async run(context, args) {
    const claims = args.claim ?? [];
    const { task } = args;
    if (task === undefined && claims.length === 0) throw usageError("give --task U, or --claim F");
    const projectRoot = requireProject(context);
    const { requireConfig } = await import("../../config/load.ts");
    const { scopePolicy } = await import("../../config/scope-policy.ts");
    const { judgeChanges } = await import("../../claims/verdict.ts");
    const { openRepository, prefixOf, projectDirOf } = await import("../../git/repository.ts");
    const { operatorChanges } = await import("../../git/changes.ts");
    const { headOf } = await import("../../git/refs.ts");
    const config = requireConfig(projectRoot);
    const repository = await openRepository(projectRoot);
    const none = { create: [], edit: [], delete: [], touch: [], read: [] };
    const of =
      task === undefined
        ? { unit: null, summary: "", claims: none }
        : await claimsOfUnit(context, projectRoot, task, args.plan);
    const touch = [...of.claims.touch, ...claims];
    const about = {
      ...of,
      claims: { ...of.claims, touch, read: [...of.claims.read, ...(args.read ?? [])] },
    };
    const head = (await headOf(repository)).commit;
    const projectDir = projectDirOf(repository, projectRoot);
    const own = `${prefixOf(projectDir)}.dgov/`;
    const changes = (await operatorChanges(repository, head)).filter(
      // What dgov itself keeps there is no work of the task's.
      (change) => !change.path.startsWith(own),
    );
    const verdict = judgeChanges(
      changes,
      scopePolicy(config, { claims: about.claims, projectDir, unitSummary: about.summary }),
    );
    const lines = [
      `scope: ${verdict.passed ? "pass" : `fail: ${verdict.verdict}`}`,
      ...changes.map((change) => `  ${change.status} ${change.path}`),
      ...(verdict.passed ? [] : [verdict.reason]),
    ];
    context.output.answer(
      {
        schema: "dgov.scope-status/1",
        unit: about.unit,
        passed: verdict.passed,
        verdict: verdict.verdict,
        retriable: verdict.retriable,
        reason: verdict.reason,
        claimed_writable: [
          ...about.claims.create,
          ...about.claims.edit,
          ...about.claims.delete,
          ...about.claims.touch,
        ],
        claimed_readonly: about.claims.read,
        modified_files: changes.map((change) => change.path),
        claimed: verdict.claimed,
        ignored: verdict.ignored,
        offending: verdict.paths,
      },
      lines.join("\n"),
    );
    return verdict.passed ? 0 : 1;
  },
});

async function claimsOfUnit(
  context: Context,
  projectRoot: string,
  typed: string,
  planName: string | undefined,
): Promise<{ unit: string; summary: string; claims: import("../../plan/compiled.ts").Claims }> {
  const { resolvePlan, resolveUnit } = await import("../../plan/locate.ts");
  const { compileFromDisk, configFor, invalidPlan } = await import("../../app/compile.ts");
  const location = await resolvePlan(projectRoot, planName);
  const result = await compileFromDisk(context, {
    projectRoot,
    location,
    config: configFor(projectRoot),
    repository: null,
    needModels: false,
    sops: "offline",
    asked: () => {},
  });
  if (!result.ok) throw invalidPlan(location.name, result.diagnostics);
  const unit = resolveUnit(
    result.plan.tasks.map((task) => task.id),
    typed,
  );
  const task = result.plan.tasks.find((one) => one.id === unit);
  if (task === undefined) throw usageError(`no unit ${typed}`);
  return { unit, summary: task.summary, claims: task.claims };
}

export default group({
  name: "scope",
  description: "Manage claims: preview verdicts",
  subcommands: { status },
});
