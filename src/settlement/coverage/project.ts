/** The coverage of a whole project, as one tree has it: what a baseline is made of. */
import { listTree } from "../../git/diff.ts";
import type { Oid } from "../../git/repository.ts";
import type { SettlementContext } from "../context.ts";
import { fillIn } from "../gates/command.ts";
import { inGateTree } from "../place.ts";
import { isSource, isTestFile } from "../source.ts";
import { measure } from "./measure.ts";
import type { FileCoverage } from "./report.ts";

export type ProjectCoverage =
  | { ok: true; command: string; files: FileCoverage[] }
  | { ok: false; reason: string; hint: string };

/** Runs `coverage_cmd` on a tree; one that selects tests is given all of them. */
export async function measureProject(
  c: SettlementContext,
  o: {
    tree: Oid;
    marker: string;
    /** Told what is being done. */
    started(text: string): void;
    onOutput(chunk: Uint8Array): void;
  },
): Promise<ProjectCoverage> {
  const template = c.config.commands.coverage ?? "";
  const commands = fillIn(c.config, template, await testsOf(c, o.tree));
  if (commands.length === 0) {
    const hint = "see [project] test_dir and source_extensions";
    return { ok: false, reason: "coverage_cmd selects tests, and there are none", hint };
  }
  const { marker } = o;
  const place = { tree: o.tree, unit: null, marker, signal: c.signal };
  const result = await inGateTree(c, place, async (gate): Promise<ProjectCoverage> => {
    if (c.config.worktree.setup !== null) o.started(c.config.worktree.setup);
    const prepared = await gate.prepare();
    if (!prepared.ok)
      return { ok: false, reason: prepared.reason, hint: lastWords(prepared.output) };
    for (const command of commands) o.started(command);
    const { run, report } = await measure(c, gate, { ...o, commands });
    const command = commands.join("\n");
    if (report?.ok) return { ok: true, command, files: report.files };
    return report === null
      ? { ok: false, reason: `coverage_cmd failed: ${run.exit}`, hint: "see what it wrote above" }
      : {
          ok: false,
          reason: `the coverage report cannot be used: ${report.reason}`,
          hint: "coverage_cmd is to write lcov, coverage.py JSON, Cobertura or a Go profile to {output}",
        };
  });
  return result ?? { ok: false, reason: "cancelled", hint: "dgov coverage-baseline" };
}

async function testsOf(c: SettlementContext, tree: Oid): Promise<string[]> {
  const prefix = c.projectDir === "" ? "" : `${c.projectDir}/`;
  return (await listTree(c.repository, tree))
    .filter(({ path, mode }) => mode.startsWith("100") && path.startsWith(prefix))
    .map(({ path }) => path.slice(prefix.length))
    .filter((name) => isSource(c.config, name) && isTestFile(c.config, name));
}

function lastWords(output: string): string {
  return output.trim().split("\n").at(-1) ?? "";
}
