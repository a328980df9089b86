/** What the `sentrux` commands share: the working tree, the folder they are asked about, the engine. */
import { existsSync, realpathSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { usageError } from "../cli/args.ts";
import type { Context } from "../cli/command.ts";
import { interruptible } from "../cli/signals.ts";
import type { SettlementContext } from "../settlement/context.ts";
import type { Engine } from "../settlement/structure/engine.ts";
import type { Baseline } from "../structure/baseline.ts";
import { withSettlement } from "./ad-hoc-settlement.ts";

export interface StructureContext {
  /** With the caches that runs use. */
  c: SettlementContext;
  engine: Engine;
  /** The commit checked out, and the files as they are now. */
  head: string;
  tree: string;
  /** What is asked about, relative to the project; "" for all of it. */
  folder: string;
  marker: string;
}

/** Opens the ground of a `sentrux` command and runs it; an interrupt is exit code 130. */
export function withStructure(
  context: Context,
  path: string | undefined,
  use: (ground: StructureContext) => Promise<number>,
): Promise<number> {
  return interruptible((signal) =>
    withSettlement(context, { name: "sentrux", signal }, async ({ c, config, head }) => {
      const { workingTree } = await import("../git/working-tree.ts");
      const { runPaths } = await import("../runner/paths.ts");
      const { factsCache } = await import("../settlement/context.ts");
      const { chooseEngine } = await import("../settlement/structure/engine.ts");
      const folder = folderOf(context.cwd, c.projectRoot, path);
      const places = runPaths({
        repositoryId: c.repository.id,
        configured: config.worktree.root,
        env: context.env,
      });
      try {
        return await use({
          c: { ...c, facts: factsCache(places.root) },
          engine: chooseEngine(config, c.environment),
          head,
          tree: await workingTree(c.repository),
          folder,
          marker: `sentrux/${process.pid}`,
        });
      } catch (error) {
        if (signal.aborted) return 130;
        throw error;
      }
    }),
  );
}

/** Measures the working tree and writes both baseline files. */
export async function saveBaseline(ground: StructureContext): Promise<Baseline> {
  const { measureBaseline } = await import("../settlement/structure/engine.ts");
  const { writeStructureBaseline } = await import("../settlement/structure/baseline.ts");
  const { c, engine, head, tree, folder, marker } = ground;
  const now = Date.now();
  const asked = { tree, folder, marker, signal: c.signal, now };
  const baseline = await measureBaseline(c, engine, asked);
  writeStructureBaseline(join(c.projectRoot, folder), baseline, { head, now });
  return baseline;
}

/**
 * Offers a baseline to a project that has sources and none yet. Gives the file written, or null. What
 * goes wrong is said and is no failure of whoever offers.
 */
export async function offerBaseline(context: Context, root: string): Promise<string | null> {
  const { baselineFile } = await import("../structure/baseline.ts");
  if (existsSync(join(root, baselineFile))) return null;
  try {
    const saved = await withStructure({ ...context, cwd: root }, undefined, async (ground) => {
      const { hasSource } = await import("../settlement/structure/scan.ts");
      const { confirm } = await import("../cli/prompt.ts");
      if (!(await hasSource(ground.c, ground.tree))) return 1;
      if (!(await confirm("Save the structure of the code as a baseline for the gates?"))) return 1;
      await saveBaseline(ground);
      return 0;
    });
    return saved === 0 ? baselineFile : null;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    context.output.status(`no structural baseline: ${why}`);
    return null;
  }
}

/** A folder as typed, relative to the project. */
function folderOf(cwd: string, projectRoot: string, path: string | undefined): string {
  if (path === undefined) return "";
  const typed = resolve(cwd, path);
  if (!existsSync(typed) || !statSync(typed).isDirectory()) {
    throw usageError(`${path} is not a folder`);
  }
  const folder = relative(realpathSync(projectRoot), realpathSync(typed));
  if (folder === ".." || folder.startsWith("../")) {
    throw usageError(`${path} is not in the project`);
  }
  return folder;
}
