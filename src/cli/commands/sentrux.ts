/** `dgov sentrux`: the structural quality of the working tree, by the built-in sensor or the program. */
import { join } from "node:path";
import { type StructureContext, saveBaseline, withStructure } from "../../app/structure.ts";
import { plural } from "../../std/text.ts";
import { type ArgsDef, type Context, command, group } from "../command.ts";
import { table } from "../render/table.ts";

const args = {
  path: {
    type: "positional",
    required: false,
    valueHint: "PATH",
    description: "Only this folder of the project",
  },
} as const satisfies ArgsDef;

const check = command({
  name: "check",
  description: "Measure quality; no when something is too complex or runs in circles",
  args,
  examples: ["dgov sentrux check", "dgov sentrux check src --json"],
  run: (context, { path }) =>
    withStructure(context, path, (ground) =>
      ground.engine.kind === "external"
        ? checkExternal(context, ground, ground.engine.program)
        : checkBuiltin(context, ground),
    ),
});

async function checkBuiltin(context: Context, ground: StructureContext): Promise<number> {
  const { scanTree, sensorOf } = await import("../../settlement/structure/scan.ts");
  const { isHard } = await import("../../structure/offenders.ts");
  const { shownQuality } = await import("../../structure/baseline.ts");
  const { toSnakeCase } = await import("../../runner/records.ts");
  const { c, tree, folder } = ground;
  const { figures, offenders } = await scanTree(sensorOf(c, c.signal), tree, folder);
  const hard = offenders.filter(isHard).length;
  const { components, quality, ...rest } = figures;
  const lines = [
    `quality: ${shownQuality(quality)} of 10000`,
    ...table(Object.entries(components).map(([name, value]) => [name, value.toFixed(3)])),
    `${rest.files} files, ${rest.functions} functions, ${rest.importEdges} imports; ` +
      `${rest.cycles} cycles, ${rest.godFiles} god files, ${rest.complexFunctions} complex functions, ` +
      `${rest.deadFunctions} dead, ${rest.duplicateFunctions} duplicates`,
    ...(hard > 0 ? [`${hard} offenders: dgov sentrux offenders`] : []),
  ];
  context.output.answer(
    {
      schema: "dgov.sentrux-check/1",
      engine: "builtin",
      path: folder,
      passed: hard === 0,
      quality: shownQuality(quality),
      components,
      figures: toSnakeCase(rest),
      offenders: offenders.length,
      hard_offenders: hard,
    },
    lines.join("\n"),
  );
  return hard === 0 ? 0 : 1;
}

async function checkExternal(
  context: Context,
  { c, tree, folder, marker }: StructureContext,
  program: string,
): Promise<number> {
  const { runSentruxOnTree } = await import("../../settlement/structure/engine.ts");
  const { shownQuality } = await import("../../structure/baseline.ts");
  const asked = { tree, folder, marker, signal: c.signal };
  const answer = await runSentruxOnTree(c, program, asked, "check");
  const quality = answer.quality === null ? null : shownQuality(answer.quality);
  context.output.answer(
    {
      schema: "dgov.sentrux-check/1",
      engine: "external",
      path: folder,
      passed: answer.passed,
      quality,
      output: answer.output,
    },
    answer.output.trimEnd(),
  );
  return answer.passed ? 0 : 1;
}

const gate = command({
  name: "gate",
  description: "Compare the working tree with the baseline; no when it is degraded",
  args,
  examples: ["dgov sentrux gate", "dgov sentrux gate src --json"],
  run: (context, { path }) =>
    withStructure(context, path, async (ground) => {
      const { compareTree } = await import("../../settlement/structure/engine.ts");
      const { shownQuality } = await import("../../structure/baseline.ts");
      const { c, engine, tree, folder, marker } = ground;
      const { baseline } = await requireBaseline(ground);
      const asked = { tree, folder, marker, signal: c.signal, baseline };
      const { quality, degraded, warnings } = await compareTree(c, engine, asked);
      const passed = degraded.length === 0;
      const before = shownQuality(baseline.quality_signal);
      const after = quality === null ? null : shownQuality(quality);
      context.output.answer(
        {
          schema: "dgov.sentrux-gate/1",
          engine: engine.kind,
          path: folder,
          passed,
          baseline: before,
          quality: after,
          degraded,
          warnings,
        },
        [
          `${passed ? "no worse than the baseline" : "degraded"}: quality ${after ?? "unknown"}, baseline ${before}`,
          ...degraded.map((one) => `  ${one}`),
          ...warnings.map((one) => `  warning: ${one}`),
        ].join("\n"),
      );
      return passed ? 0 : 1;
    }),
});

const gateSave = command({
  name: "gate-save",
  description: "Save the figures of the working tree as the baseline",
  args,
  examples: ["dgov sentrux gate-save"],
  run: (context, { path }) =>
    withStructure(context, path, async (ground) => {
      const { baselineFile, shownQuality } = await import("../../structure/baseline.ts");
      const { engine, folder, head } = ground;
      const baseline = await saveBaseline(ground);
      const file = join(folder, baselineFile);
      const quality = shownQuality(baseline.quality_signal);
      context.output.answer(
        {
          schema: "dgov.sentrux-gate-save/1",
          engine: engine.kind,
          path: folder,
          file,
          head,
          baseline,
        },
        `${file}: quality ${quality}; commit it, so that the gate judges by it`,
      );
      return 0;
    }),
});

const offenders = command({
  name: "offenders",
  description: "List what breaks a limit, by file and line",
  args,
  examples: ["dgov sentrux offenders", "dgov sentrux offenders src --json"],
  run: (context, { path }) =>
    withStructure(context, path, async ({ c, tree, folder }) => {
      const { scanTree, sensorOf } = await import("../../settlement/structure/scan.ts");
      const { toSnakeCase } = await import("../../runner/records.ts");
      const found = (await scanTree(sensorOf(c, c.signal), tree, folder)).offenders;
      const rows = found.map((o) => [
        o.kind,
        `${o.path}:${o.line}`,
        `${o.value} (limit ${o.limit})`,
        o.name,
      ]);
      const listed = found.map((one) => toSnakeCase({ ...one }));
      context.output.answer(
        { schema: "dgov.sentrux-offenders/1", path: folder, offenders: listed },
        rows.length === 0 ? "nothing breaks a limit" : table(rows, "").join("\n"),
      );
      return 0;
    }),
});

const status = command({
  name: "status",
  description: "Show the baseline, its age, and what measures",
  args,
  examples: ["dgov sentrux status"],
  run: (context, { path }) =>
    withStructure(context, path, async ({ c, engine, head, folder }) => {
      const { baselineOnDisk } = await import("../../settlement/structure/baseline.ts");
      const { shownQuality } = await import("../../structure/baseline.ts");
      const found = await baselineOnDisk(c, folder, { commit: head, now: Date.now() });
      const problem = typeof found === "string" ? found : null;
      const state = typeof found === "string" ? null : found;
      const { mode } = c.config.sentrux;
      const program = engine.kind === "external" ? engine.program : null;
      const lines = [
        `engine: ${program ?? "built in"}, mode: ${mode}`,
        state === null
          ? `baseline: ${problem ?? "none"} (dgov sentrux gate-save)`
          : `baseline: quality ${shownQuality(state.baseline.quality_signal)}${ageText(state)}`,
        ...(state?.stale ? [`stale: ${state.stale} (dgov sentrux gate-save)`] : []),
      ];
      context.output.answer(
        {
          schema: "dgov.sentrux-status/1",
          path: folder,
          engine: engine.kind,
          program,
          mode,
          baseline: state?.baseline ?? null,
          problem,
          accepted_head: state?.head ?? null,
          age_commits: state?.commits ?? null,
          age_s: state?.seconds ?? null,
          stale: state?.stale ?? null,
        },
        lines.join("\n"),
      );
      return 0;
    }),
});

function ageText(state: { commits: number | null; seconds: number | null }): string {
  const { commits, seconds } = state;
  const parts = [
    ...(commits === null ? [] : [`${plural(commits, "commit")} ago`]),
    ...(seconds === null ? [] : [`${plural(Math.floor(seconds / 86_400), "day")} old`]),
  ];
  return parts.length === 0 ? "" : `, ${parts.join(", ")}`;
}

/** The baseline on disk. REFUSED without one that can be read. */
async function requireBaseline({ c, folder, head }: StructureContext) {
  const { DgovError } = await import("../../error.ts");
  const { baselineOnDisk } = await import("../../settlement/structure/baseline.ts");
  const state = await baselineOnDisk(c, folder, { commit: head, now: Date.now() });
  if (state !== null && typeof state !== "string") return state;
  const hint = `dgov sentrux gate-save${folder === "" ? "" : ` ${folder}`}`;
  const what =
    state === null
      ? "there is no structural baseline"
      : `the structural baseline cannot be read: ${state}`;
  throw new DgovError("REFUSED", what, { hint });
}

export default group({
  name: "sentrux",
  description: "Measure the structure of the code",
  subcommands: { check, gate, "gate-save": gateSave, offenders, status },
});
