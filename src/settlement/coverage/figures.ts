/** Coverage figures of trees: recorded by earlier measurements, taken from the baseline, or measured now. */
import { ownFolders } from "../../claims/reserved.ts";
import type { Oid } from "../../git/objects.ts";
import { diffTrees } from "../../git/trees.ts";
import { memoByOwner } from "../../std/once.ts";
import type { SettlementContext } from "../context.ts";
import type { GateInput } from "../gates/gate.ts";
import { fillTestTemplate } from "../tests/test-command.ts";
import { testFolder } from "../tests/test-selection.ts";
import { withGateTree } from "../trees/gate-trees.ts";
import { lastLine } from "../verdict.ts";
import { type Measured, measureCoverage } from "./measure.ts";
import type { FileCoverage } from "./report.ts";

/** Figures of a base, or the measurement that gave none; null when it could not be prepared or was cancelled. */
type BaseFigures = { ok: true; files: FileCoverage[] } | { ok: false; measured: Measured | null };

/** Measurements of bases by cache key; attempts on the same base share one. */
const baseMeasurements = memoByOwner<SettlementContext, Promise<Measured | null>>({
  keep: (measured) => measured !== null,
});

/**
 * The base's figures for these commands: the recorded ones; or those of the baseline, when the same
 * command produced it from the same sources; or those of a measurement made now.
 */
export async function figuresOfBase(
  input: GateInput,
  commands: readonly string[],
): Promise<BaseFigures> {
  const { context: c, onBase } = input;
  const files =
    recordedFigures(c, onBase.key, commands) ?? (await figuresOfBaseline(input, commands));
  if (files !== null) return { ok: true, files };
  const measured = await baseMeasurements(c, keyOf(c, onBase.key, commands), () =>
    measureBase(input, commands),
  );
  return measured?.report?.ok
    ? { ok: true, files: measured.report.files }
    : { ok: false, measured };
}

async function measureBase(
  input: GateInput,
  commands: readonly string[],
): Promise<Measured | null> {
  const { context: c, onBase, request } = input;
  const { tree, history } = onBase;
  const { marker, signal } = request;
  return withGateTree(c, { tree, unit: null, marker, signal }, async (lease) => {
    if (!(await lease.prepare()).ok) return null;
    const measured = await measureCoverage(c, lease, { tree, history, commands, mode: input.mode });
    recordFigures(c, onBase.key, commands, measured);
    return measured.run.status === "cancelled" ? null : measured;
  });
}

/** The baseline's figures, when measuring the base would give the same. */
async function figuresOfBaseline(
  { context: c, baseTree }: GateInput,
  commands: readonly string[],
): Promise<FileCoverage[] | null> {
  const { baseline } = c.coverageBaseline.ok ? c.coverageBaseline : { baseline: null };
  if (baseline === null || baseline.command !== commands.join("\n")) return null;
  return (await sameSources(c, baseline.tree, baseTree)) ? baseline.files : null;
}

/** True when trees differ only in dgov's own folders: a baseline is committed after it was measured. */
async function sameSources(c: SettlementContext, a: Oid, b: Oid): Promise<boolean> {
  if (a === b) return true;
  try {
    const changed = await diffTrees(c.repository, a, b);
    return changed.every(({ path }) =>
      ownFolders.some((own) => path.startsWith(c.projectPrefix + own)),
    );
  } catch {
    // The baseline's commit is not in this clone.
    return false;
  }
}

/** Records the figures of a measured tree, or tree with history, for later runs; it may become a base. */
export function recordFigures(
  c: SettlementContext,
  key: string,
  commands: readonly string[],
  { report }: Measured,
): void {
  if (report?.ok) c.coverageFigures.put([[keyOf(c, key, commands), report.files]]);
}

function recordedFigures(
  c: SettlementContext,
  key: string,
  commands: readonly string[],
): FileCoverage[] | null {
  return c.coverageFigures.get(keyOf(c, key, commands)) ?? null;
}

function keyOf(c: SettlementContext, key: string, commands: readonly string[]): string {
  const command = [c.config.worktree.setup ?? "", ...commands].join("\n");
  return c.cache.digest({ tree: key, base: "", gate: "coverage", command });
}

type ProjectCoverage =
  | { ok: true; command: string; files: FileCoverage[] }
  | { ok: false; reason: string; hint: string };

/** The lines of `coverage_cmd` that run all tests of a tree; only `{output}` is left to substitute. */
async function projectCommand(c: SettlementContext, tree: Oid): Promise<string[]> {
  const config = { ...c.config, testDir: await testFolder(c, tree) };
  return fillTestTemplate(config, c.config.commands.coverage ?? "", []);
}

/** Measures the coverage of a whole project at a tree, for its baseline. */
export async function measureProject(
  c: SettlementContext,
  o: {
    tree: Oid;
    marker: string;
    /** Accepts figures that a gate recorded for this tree. */
    useRecorded?: boolean;
    /** Called with each command before it runs. */
    started(text: string): void;
    onOutput(chunk: Uint8Array): void;
  },
): Promise<ProjectCoverage> {
  const commands = await projectCommand(c, o.tree);
  const command = commands.join("\n");
  const recorded = o.useRecorded === true ? recordedFigures(c, o.tree, commands) : null;
  if (recorded !== null) return { ok: true, command, files: recorded };
  const request = { tree: o.tree, unit: null, marker: o.marker, signal: c.signal };
  const result = await withGateTree(c, request, async (lease): Promise<ProjectCoverage> => {
    if (c.config.worktree.setup !== null) o.started(c.config.worktree.setup);
    const prepared = await lease.prepare();
    if (!prepared.ok)
      return { ok: false, reason: prepared.reason, hint: lastLine(prepared.output) };
    for (const line of commands) o.started(line);
    const { run, report } = await measureCoverage(c, lease, { ...o, commands });
    if (report?.ok) return { ok: true, command, files: report.files };
    return report === null
      ? {
          ok: false,
          reason: `coverage_cmd failed: ${run.exit}`,
          hint: "read the output of coverage_cmd above",
        }
      : {
          ok: false,
          reason: `the coverage report cannot be used: ${report.reason}`,
          hint: "coverage_cmd must write lcov, coverage.py JSON, Cobertura or a Go profile to {output}",
        };
  });
  return result ?? { ok: false, reason: "cancelled", hint: "run dgov coverage-baseline again" };
}
