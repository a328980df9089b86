/** The coverage of a whole project, as one tree has it: what a baseline is made of. */
import type { Oid } from "../../git/repository.ts";
import type { SettlementContext } from "../context.ts";
import { fillInTests } from "../gates/test-command.ts";
import { inGateTree } from "../place.ts";
import { testFolder } from "../test-selection.ts";
import { knownFigures } from "./figures.ts";
import { measure } from "./measure.ts";
import type { FileCoverage } from "./report.ts";

export type ProjectCoverage =
  | { ok: true; command: string; files: FileCoverage[] }
  | { ok: false; reason: string; hint: string };

/** `coverage_cmd` for all of a tree's tests, filled in but for `{output}`. */
export async function wholeCommand(c: SettlementContext, tree: Oid): Promise<string[]> {
  const config = { ...c.config, testDir: await testFolder(c, tree) };
  return fillInTests(config, c.config.commands.coverage ?? "", []);
}

/** Runs `coverage_cmd` on a tree; one that selects tests is given the folder of them. */
export async function measureProject(
  c: SettlementContext,
  o: {
    tree: Oid;
    marker: string;
    /** What the gates measured of this tree will do as well. */
    known?: boolean;
    /** Told what is being done. */
    started(text: string): void;
    onOutput(chunk: Uint8Array): void;
  },
): Promise<ProjectCoverage> {
  const commands = await wholeCommand(c, o.tree);
  const known = o.known === true ? knownFigures(c, o.tree, commands) : null;
  if (known !== null) return { ok: true, command: commands.join("\n"), files: known };
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

function lastWords(output: string): string {
  return output.trim().split("\n").at(-1) ?? "";
}
