/** Running a coverage command in a gate tree, and reading what it wrote. */
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Oid } from "../../git/objects.ts";
import { listTree } from "../../git/trees.ts";
import { substitutePlaceholders } from "../../process/spawn.ts";
import type { SettlementContext } from "../context.ts";
import { fillTestTemplate } from "../tests/test-command.ts";
import { testFolder } from "../tests/test-selection.ts";
import { type CommandRun, combineRuns } from "../trees/command.ts";
import { type GateTreeLease, withGateTree } from "../trees/lease.ts";
import { recordedFigures } from "./figures.ts";
import { goModule, readReport } from "./formats.ts";
import { type FileCoverage, type Layout, percentOf, type ReportReading } from "./report.ts";

export interface Measured {
  /** As it would be typed: `{output}` is left as it is, since it is another place each time. */
  run: CommandRun;
  /** Null when the command did not pass: what it left says nothing then. */
  report: ReportReading | null;
}

/** Bytes of a report that are read. */
const reportBytesMax = 64 * 1024 * 1024;

/** What tools call their report in a folder they are told to write to. */
const reportNames = [
  "lcov.info",
  "cobertura-coverage.xml",
  "cobertura.xml",
  "coverage.xml",
  "coverage.json",
];

/**
 * Runs commands, filled in but for `{output}`, on the tree of a place. `{output}` is a path where
 * there is nothing yet, outside the tree: what is found there was written by this run.
 */
export async function measure(
  c: SettlementContext,
  place: GateTreeLease,
  o: { tree: Oid; commands: readonly string[]; onOutput?: (chunk: Uint8Array) => void },
): Promise<Measured> {
  const runs: CommandRun[] = [];
  const reports: ReportReading[] = [];
  const layout = await layoutOf(c, place, o.tree);
  for (const command of o.commands) {
    const output = join(place.temporary, "coverage");
    const run = await place.run(substitutePlaceholders(command, { output }), o.onOutput);
    runs.push({ ...run, command });
    if (run.status !== "passed") return { run: combineRuns(runs), report: null };
    const text = reportText(output);
    reports.push(text.ok ? readReport(text.text, layout) : text);
  }
  return { run: combineRuns(runs), report: together(reports) };
}

/** The report at a path, or in the folder there. */
function reportText(path: string): { ok: true; text: string } | { ok: false; reason: string } {
  const found = [path, ...reportNames.map((name) => join(path, name))].find(isFile);
  if (found !== undefined) {
    if (statSync(found).size <= reportBytesMax)
      return { ok: true, text: readFileSync(found, "utf8") };
    return { ok: false, reason: `it is larger than ${reportBytesMax / 1024 / 1024} MiB` };
  }
  const reason = existsSync(path)
    ? `the command wrote none of ${reportNames.join(", ")} to the folder {output}`
    : "the command wrote nothing to {output}";
  return { ok: false, reason };
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

async function layoutOf(c: SettlementContext, place: GateTreeLease, tree: Oid): Promise<Layout> {
  const paths = new Set((await listTree(c.repository, tree)).map(({ path }) => path));
  const modules = [...paths]
    .filter((path) => basename(path) === "go.mod")
    .flatMap((path) => {
      const name = goModule(readFileSync(join(place.root, path), "utf8"));
      return name === null ? [] : [{ name, dir: dirname(path) }];
    });
  return {
    roots: [place.root, realpathSync(place.root)],
    projectDir: c.projectDir,
    modules,
    has: (path) => paths.has(path),
  };
}

/**
 * The reports of one command that was run several times, since its files did not fit one line. A
 * file keeps its best figures: which lines the others ran is not known here.
 */
function together(reports: readonly ReportReading[]): ReportReading {
  const files = new Map<string, FileCoverage>();
  for (const report of reports) {
    if (!report.ok) return report;
    for (const file of report.files) {
      const known = files.get(file.path);
      if (known === undefined || percentOf(known) < percentOf(file)) files.set(file.path, file);
    }
  }
  return { ok: true, files: [...files.values()] };
}

// ------------------------------------------------------------
// The coverage of a whole project, as one tree has it: what a baseline is made of.

export type ProjectCoverage =
  | { ok: true; command: string; files: FileCoverage[] }
  | { ok: false; reason: string; hint: string };

/** `coverage_cmd` for all of a tree's tests, filled in but for `{output}`. */
export async function wholeCommand(c: SettlementContext, tree: Oid): Promise<string[]> {
  const config = { ...c.config, testDir: await testFolder(c, tree) };
  return fillTestTemplate(config, c.config.commands.coverage ?? "", []);
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
  const known = o.known === true ? recordedFigures(c, o.tree, commands) : null;
  if (known !== null) return { ok: true, command: commands.join("\n"), files: known };
  const { marker } = o;
  const place = { tree: o.tree, unit: null, marker, signal: c.signal };
  const result = await withGateTree(c, place, async (gate): Promise<ProjectCoverage> => {
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
