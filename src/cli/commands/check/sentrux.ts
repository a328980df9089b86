/** `dgov sentrux`: the structural quality of the working tree, by the built-in sensor or the external program. */
import { join } from "node:path";
import {
  baselineState,
  checkStructure,
  compareWorkingTree,
  type StructureContext,
  saveBaseline,
  scanStructure,
  withStructure,
} from "../../../app/structure.ts";
import { snakeCase } from "../../../std/case.ts";
import { plural } from "../../../std/text.ts";
import { baselineFile, shownQuality } from "../../../structure/baseline.ts";
import { isHard } from "../../../structure/offenders.ts";
import { type ArgsDef, type Context, command, group } from "../../command.ts";
import { requireProject } from "../../project.ts";
import { textTable } from "../../render/table.ts";
import { interruptible } from "../../signals.ts";

const args = {
  path: {
    type: "positional",
    required: false,
    valueHint: "PATH",
    description: "Measure only this folder of the project",
  },
} as const satisfies ArgsDef;

/** Runs a `sentrux` command on the working tree; an interrupt ends it with exit code 130. */
function onStructure(
  context: Context,
  path: string | undefined,
  use: (structure: StructureContext) => Promise<number>,
): Promise<number> {
  return interruptible(async (signal) => {
    const projectRoot = requireProject(context);
    const { cwd, env, output } = context;
    const status = (text: string): void => output.log.info(text);
    try {
      return await withStructure({ projectRoot, cwd, env, path, status, signal }, use);
    } catch (error) {
      if (signal.aborted) return 130;
      throw error;
    }
  });
}

const check = command({
  name: "check",
  description: "Measure structural quality; exit 1 on complexity or import-cycle violations",
  args,
  examples: ["dgov sentrux check", "dgov sentrux check src --json"],
  run: (context, { path }) =>
    onStructure(context, path, async (structure) => {
      const { folder } = structure;
      const result = await checkStructure(structure);
      if (result.engine === "builtin") return answerBuiltin(context, folder, result);
      return answerExternal(context, folder, result);
    }),
});

type Check<E extends string> = Extract<Awaited<ReturnType<typeof checkStructure>>, { engine: E }>;

function answerBuiltin(
  context: Context,
  folder: string,
  { figures, offenders }: Check<"builtin">,
): number {
  const hard = offenders.filter(isHard).length;
  const { components, quality, ...rest } = figures;
  const lines = [
    `quality: ${shownQuality(quality)} of 10000`,
    ...textTable(Object.entries(components).map(([name, value]) => [name, value.toFixed(3)])),
    `${rest.files} files, ${rest.functions} functions, ${rest.importEdges} imports; ` +
      `${rest.cycles} cycles, ${rest.godFiles} god files, ${rest.complexFunctions} complex functions, ` +
      `${rest.deadFunctions} dead, ${rest.duplicateFunctions} duplicates`,
    ...(hard > 0 ? [`${plural(hard, "violation")}: dgov sentrux offenders`] : []),
  ];
  context.output.answer(
    {
      schema: "dgov.sentrux-check/1",
      engine: "builtin",
      path: folder,
      passed: hard === 0,
      quality: shownQuality(quality),
      components,
      figures: snakeCase(rest),
      offenders: offenders.length,
      hard_offenders: hard,
    },
    lines.join("\n"),
  );
  return hard === 0 ? 0 : 1;
}

function answerExternal(
  context: Context,
  folder: string,
  { passed, figures, output }: Check<"external">,
): number {
  const quality = shownQuality(figures.quality_signal);
  context.output.answer(
    {
      schema: "dgov.sentrux-check/1",
      engine: "external",
      path: folder,
      passed,
      quality,
      figures,
      output,
    },
    `quality: ${quality} of 10000\n${output.trimEnd()}`,
  );
  return passed ? 0 : 1;
}

const gate = command({
  name: "gate",
  description: "Compare the working tree with the baseline; exit 1 when it is degraded",
  args,
  examples: ["dgov sentrux gate", "dgov sentrux gate src --json"],
  run: (context, { path }) =>
    onStructure(context, path, async (structure) => {
      const { folder } = structure;
      const { quality, degraded, warnings, baseline, engine } = await compareWorkingTree(structure);
      const passed = degraded.length === 0;
      const before = shownQuality(baseline.quality_signal);
      const after = quality === null ? null : shownQuality(quality);
      context.output.answer(
        {
          schema: "dgov.sentrux-gate/1",
          engine,
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
    onStructure(context, path, async (structure) => {
      const { folder, head } = structure;
      const { baseline, engine } = await saveBaseline(structure);
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
        `${file}: quality ${quality}; commit it for the structure gate`,
      );
      return 0;
    }),
});

const offenders = command({
  name: "offenders",
  description: "List violations of limits, by file and line",
  args,
  examples: ["dgov sentrux offenders", "dgov sentrux offenders src --json"],
  run: (context, { path }) =>
    onStructure(context, path, async (structure) => {
      const found = (await scanStructure(structure)).offenders;
      const rows = found.map((o) => [
        o.kind,
        `${o.path}:${o.line}`,
        `${o.value} (limit ${o.limit})`,
        o.name,
      ]);
      context.output.answer(
        {
          schema: "dgov.sentrux-offenders/1",
          path: structure.folder,
          offenders: found.map(snakeCase),
        },
        rows.length === 0 ? "no violations of limits" : textTable(rows, "").join("\n"),
      );
      return 0;
    }),
});

const status = command({
  name: "status",
  description: "Show the engine, the baseline and its age",
  args,
  examples: ["dgov sentrux status"],
  run: (context, { path }) =>
    onStructure(context, path, async (structure) => {
      const { c, folder } = structure;
      const engine = await structure.engine();
      const found = await baselineState(structure);
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

export default group({
  name: "sentrux",
  description: "Measure the structure of the code",
  subcommands: { check, gate, "gate-save": gateSave, offenders, status },
});
