/**
 * The project's baselines made anew for what has landed, in the checkout that bookkeeping takes files
 * from. One stays as it is when the project does not track it, when another branch is checked out, or
 * when the operator has deleted it.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DgovError } from "../error.ts";
import { readBlobAt } from "../git/diff.ts";
import { headOf, treeOf } from "../git/revisions.ts";
import {
  baselineFile as coverageFile,
  writeBaseline as writeCoverage,
} from "../settlement/coverage/baseline.ts";
import { measureProject } from "../settlement/coverage/project.ts";
import { writeBaseline as writeStructure } from "../settlement/structure-baseline.ts";
import { measureBaseline } from "../settlement/structure-compare.ts";
import { chooseEngine } from "../settlement/structure-external.ts";
import type { RunContext } from "./context.ts";

/** The structural baseline; gives the files to commit. */
export async function refreshStructure(c: RunContext, tip: string): Promise<string[]> {
  const path = `${prefixOf(c)}.sentrux/baseline.json`;
  if (!(await isKept(c, tip, path))) return [];
  const engine = chooseEngine(c.settlement.config, c.settlement.environment);
  const now = c.clock.now();
  const asked = { marker: `${c.run}/structure`, signal: c.signal, now };
  const tree = await treeOf(c.repository, tip);
  const baseline = await measureBaseline(c.settlement, engine, { ...asked, tree });
  writeStructure(c.projectRoot, baseline, { head: tip, now });
  return [path, `${prefixOf(c)}.sentrux/dgov-baseline.json`];
}

/**
 * The coverage baseline; gives the files to commit. What the gates measured is taken, and measured
 * otherwise. ENVIRONMENT when there are no figures.
 */
export async function refreshCoverage(c: RunContext, tip: string): Promise<string[]> {
  const path = `${prefixOf(c)}${coverageFile}`;
  const measurable = c.config.commands.coverage?.includes("{output}") === true;
  if (!measurable || !(await isKept(c, tip, path))) return [];
  const tree = await treeOf(c.repository, tip);
  const measured = await measureProject(c.settlement, {
    tree,
    known: true,
    marker: `${c.run}/coverage`,
    started: () => {},
    onOutput: () => {},
  });
  if (!measured.ok) throw new DgovError("ENVIRONMENT", measured.reason);
  const { command, files } = measured;
  writeCoverage(c.projectRoot, { command, head: tip, tree, files });
  return [path];
}

function prefixOf({ projectDir }: RunContext): string {
  return projectDir === "" ? "" : `${projectDir}/`;
}

/** Whether a file is tracked on the target, which is checked out, and is there. */
async function isKept(c: RunContext, tip: string, path: string): Promise<boolean> {
  const head = await headOf(c.repository);
  return (
    head.kind === "branch" &&
    head.branch === c.target &&
    existsSync(join(c.repository.topLevel, path)) &&
    (await readBlobAt(c.repository, tip, path)) !== null
  );
}
