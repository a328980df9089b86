/**
 * The next layer, from a tree that has landed, so that later candidates neither install nor compile again what it
 * brought. Built beside the run: its first commands are those that compile, never tests.
 *
 * What landed was judged and is not trusted: only build outputs and installed dependencies of it are kept.
 */

import type { Config } from "../../../config/config.ts";
import { commonAccess } from "../../../config/gates.ts";
import type { Oid } from "../../../git/objects.ts";
import type { SettlementContext } from "../../context.ts";
import { withGateTree } from "../gate-trees.ts";
import { footingOf } from "./footing.ts";

/**
 * Builds the layer of a landed tree, if later trees would gain by it: dependencies changed, or there are commands that
 * compile. Resolves to the failed command and its exit, or null. Nothing depends on a layer that could not be built.
 */
export async function advanceLayers(
  c: SettlementContext,
  o: { tree: Oid; marker: string; signal: AbortSignal },
): Promise<string | null> {
  const ground = await c.ground();
  if (ground === null || !ground.builds) return null;
  const now = await footingOf(c, ground, { tree: o.tree, builds: false, cold: false });
  const commands = compilingCommands(c.config);
  const differs = now?.layer?.dependencies !== now?.key.dependencies;
  if (now === null || now.layer === null || (!differs && commands.length === 0)) return null;
  return withGateTree(c, { ...o, unit: null, buildsLayer: "landed" }, async (lease) => {
    const prepared = await lease.prepare();
    if (!prepared.ok) return prepared.reason;
    for (const command of commands) {
      const run = await lease.run(command, { access: commonAccess(c.config) });
      if (run.status === "cancelled") return "cancelled";
    }
    return null;
  });
}

/** The commands of a project that compile without running anything: those of cargo, as far as they can. Pure. */
export function compilingCommands({ commands }: Pick<Config, "commands">): string[] {
  const { lint, typeCheck, test } = commands;
  return [...new Set([lint, typeCheck, test].flatMap((text) => compiling(text ?? "") ?? []))];
}

/** A command of cargo that compiles as the given one does; null for every other command. */
function compiling(command: string): string | null {
  const found =
    /^((?:\w+=\S+\s+)*)cargo\s+(test|t|nextest run|clippy|check|build|b|c)\b([^;&|]*)$/.exec(
      command.trim(),
    );
  if (found === null) return null;
  const [, variables = "", verb = "", rest = ""] = found;
  const before = rest.split(/\s--(?:\s|$)/)[0] ?? "";
  if (/^(test|t|nextest run)$/.test(verb)) return `${variables}cargo ${verb}${before} --no-run`;
  return command.trim();
}
