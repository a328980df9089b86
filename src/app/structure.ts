/** Structural quality of the working tree: measuring it, comparing it, and saving the baseline. */
import { existsSync, realpathSync, statSync } from "node:fs";
import { relative, resolve } from "node:path";
import { ownPath, projectPath } from "../config/find.ts";
import { DgovError } from "../error.ts";
import { lastChange } from "../git/refs.ts";
import { workingTree } from "../git/working-tree.ts";
import { runPaths } from "../runner/paths.ts";
import type { Confirm } from "../runner/preconditions.ts";
import { fileMetricsCache, type SettlementContext } from "../settlement/context.ts";
import {
  type BaselineState,
  baselineOnDisk,
  writeStructureBaseline,
} from "../settlement/structure/baseline.ts";
import {
  type Comparison,
  chooseEngine,
  compareTree,
  type Engine,
  measureBaseline,
} from "../settlement/structure/engine.ts";
import { hasSource, type Scan, scanTree, sensorOf } from "../settlement/structure/scan.ts";
import { checkSentruxRules, measureWithSentrux } from "../settlement/structure/sentrux.ts";
import { once } from "../std/once.ts";
import { errorMessage } from "../std/text.ts";
import { type Baseline, baselineFile, metadataFile } from "../structure/baseline.ts";
import { type AdHocRequest, withSettlement } from "./ad-hoc-settlement.ts";

export interface StructureContext {
  /** With the caches that runs use. */
  c: SettlementContext;
  /** The engine that compares with the baseline on disk; chosen at its first use. */
  engine(): Promise<Engine>;
  /** The commit checked out. */
  head: string;
  /** Tree of the files as they are now. */
  tree: string;
  /** The folder to measure, relative to the project; "" for all of it. */
  folder: string;
  marker: string;
  signal: AbortSignal;
}

/**
 * Opens the working tree for measuring, for the time of `use`. `path` is a folder of the project,
 * relative to `cwd`; throws USAGE when it is not one.
 */
export function withStructure<T>(
  o: Omit<AdHocRequest, "name"> & { cwd: string; path: string | undefined },
  use: (structure: StructureContext) => Promise<T>,
): Promise<T> {
  return withSettlement({ ...o, name: "sentrux" }, async ({ c, config, head }) => {
    const folder = folderOf(o.cwd, c.projectRoot, o.path);
    const paths = runPaths({
      repositoryId: c.repository.id,
      configured: config.worktree.root,
      env: o.env,
    });
    const structure = {
      c: { ...c, fileMetrics: fileMetricsCache(paths.root, o.env) },
      head,
      tree: await workingTree(c.repository),
      folder,
      marker: `sentrux/${process.pid}`,
      signal: o.signal,
    };
    const engine = once(async () => {
      const state = await baselineState(structure);
      const madeBy = state === null || typeof state === "string" ? {} : { madeBy: state.madeBy };
      return announced(o, await chooseEngine(structure.c, { ...structure, ...madeBy }));
    });
    return use({ ...structure, engine });
  });
}

/** Reports the notice of an engine. */
function announced({ status }: Pick<AdHocRequest, "status">, engine: Engine): Engine {
  if (engine.notice !== null) status(`structure: ${engine.notice}`);
  return engine;
}

/** Figures and offenders of the built-in sensor. */
export function scanStructure({
  c,
  tree,
  folder,
  signal,
}: Omit<StructureContext, "engine">): Promise<Scan> {
  return scanTree(sensorOf(c, signal), tree, folder);
}

/** Result of the external program: its figures, and its rules where the project has some. */
interface SentruxCheck {
  figures: Baseline;
  passed: boolean;
  output: string;
}

/** Quality as the configured engine measures it. */
export async function checkStructure(
  s: StructureContext,
): Promise<({ engine: "builtin" } & Scan) | ({ engine: "external" } & SentruxCheck)> {
  const engine = await s.engine();
  if (engine.kind === "builtin") return { engine: "builtin", ...(await scanStructure(s)) };
  const { figures } = await measureWithSentrux(s.c, engine.program, s);
  const rules = await checkSentruxRules(s.c, engine.program, s);
  const withoutRules = { passed: true, output: "figures only: no .sentrux/rules.toml\n" };
  return { engine: "external", figures, ...(rules ?? withoutRules) };
}

/** Compares the working tree with the baseline on disk. Throws REFUSED when there is none to read. */
export async function compareWorkingTree(
  s: StructureContext,
): Promise<Comparison & { baseline: Baseline; engine: Engine["kind"] }> {
  const { baseline, madeBy } = await requireBaseline(s);
  const engine = await s.engine();
  const compared = await compareTree(s.c, engine, { ...s, baseline, madeBy });
  return { ...compared, baseline, engine: engine.kind };
}

/** The baseline on disk and its age; null when there is none, a string when it cannot be read. */
export function baselineState(
  s: Omit<StructureContext, "engine">,
): Promise<BaselineState | string | null> {
  return baselineOnDisk(s.c, s.folder, { commit: s.head, now: Date.now() });
}

async function requireBaseline(s: StructureContext): Promise<BaselineState> {
  const state = await baselineState(s);
  if (state !== null && typeof state !== "string") return state;
  const hint = `dgov sentrux gate-save${s.folder === "" ? "" : ` ${s.folder}`}`;
  const problem =
    state === null
      ? "there is no structural baseline"
      : `the structural baseline cannot be read: ${state}`;
  throw new DgovError("REFUSED", problem, { hint });
}

/** Measures the working tree and writes both baseline files. */
export async function saveBaseline(
  s: StructureContext,
): Promise<{ baseline: Baseline; engine: Engine }> {
  const now = Date.now();
  // A new baseline does not depend on the engine of the last one.
  const engine = await chooseEngine(s.c, s);
  const baseline = await measureBaseline(s.c, engine, { ...s, now });
  const note = { head: s.head, now, engine: engine.id };
  writeStructureBaseline(ownPath(s.c.projectRoot, s.folder), baseline, note);
  return { baseline, engine };
}

/**
 * Saves a baseline in a project with source code and no baseline: after a confirmation or, without `confirm`, when the
 * operator has not deleted it. Gives the files written. A failure is reported by `status` and gives none.
 */
export async function offerBaseline(
  o: Omit<AdHocRequest, "name"> & { confirm: Confirm | null },
): Promise<string[]> {
  const { projectRoot, status, confirm, signal } = o;
  if (existsSync(ownPath(projectRoot, baselineFile))) return [];
  try {
    return await withStructure({ ...o, cwd: projectRoot, path: undefined }, async (s) => {
      if (s.c.config.sentrux.mode === "off" || !(await hasSource(s.c, s.tree))) return [];
      const question = "Save the structure of the code as a baseline for the gates?";
      const agreed =
        confirm === null
          ? (await lastChange(s.c.repository, s.head, `${s.c.projectPrefix}${baselineFile}`)) ===
            null
          : await confirm(question);
      if (!agreed) return [];
      await saveBaseline(s);
      return [baselineFile, metadataFile].map((name) =>
        projectPath(projectRoot, ownPath(projectRoot, name)),
      );
    });
  } catch (error) {
    if (!signal.aborted) status(`no structural baseline: ${errorMessage(error)}`);
    return [];
  }
}

/** A typed folder, relative to the project. */
function folderOf(cwd: string, projectRoot: string, path: string | undefined): string {
  if (path === undefined) return "";
  const typed = resolve(cwd, path);
  if (!existsSync(typed) || !statSync(typed).isDirectory()) {
    throw new DgovError("USAGE", `${path} is not a folder`);
  }
  const folder = relative(realpathSync(projectRoot), realpathSync(typed));
  if (folder === ".." || folder.startsWith("../")) {
    throw new DgovError("USAGE", `${path} is not in the project`);
  }
  return folder;
}
