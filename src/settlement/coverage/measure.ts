/** Running a coverage command in a gate tree and reading the report it writes. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { accessOf } from "../../config/gates.ts";
import type { Oid } from "../../git/objects.ts";
import { realRoot } from "../../git/own-folder.ts";
import { listTree } from "../../git/trees.ts";
import type { GateHistory } from "../../git/worktrees/gate-tree.ts";
import { substitutePlaceholders } from "../../process/spawn.ts";
import type { LockMode } from "../../std/shared-lock.ts";
import type { SettlementContext } from "../context.ts";
import { type CommandRun, combineRuns } from "../trees/command.ts";
import { type GateTreeLease, runConfirmed } from "../trees/lease.ts";
import { goModule, readReport } from "./formats.ts";
import { type FileCoverage, type Layout, percentOf, type ReportReading } from "./report.ts";

export interface Measured {
  /** Its `command` keeps `{output}` unsubstituted, since the path differs on every run. */
  run: CommandRun;
  /** Null when the command did not pass; a report it may have left is ignored. */
  report: ReportReading | null;
}

const reportBytesMax = 64 * 1024 * 1024;

/** File names under which tools write their report when `{output}` is used as a folder. */
const reportNames = [
  "lcov.info",
  "cobertura-coverage.xml",
  "cobertura.xml",
  "coverage.xml",
  "coverage.json",
];

/**
 * Runs coverage commands in a leased tree and reads their reports. `{output}`, the one placeholder left in
 * `commands`, becomes a path outside the tree that does not exist before each run, so that a file found
 * there was written by that run.
 */
export async function measureCoverage(
  c: SettlementContext,
  lease: GateTreeLease,
  o: {
    tree: Oid;
    commands: readonly string[];
    history?: GateHistory | null;
    mode?: LockMode;
    onOutput?: (chunk: Uint8Array) => void;
  },
): Promise<Measured> {
  const runs: CommandRun[] = [];
  const reports: ReportReading[] = [];
  const access = accessOf(c.config, "coverage");
  const inside = await lease.inside(access);
  const layout = await layoutOf(c, lease, { tree: o.tree, inside: inside.root });
  for (const command of o.commands) {
    const output = join(lease.temporary, "coverage");
    const named = join(inside.temporary ?? lease.temporary, "coverage");
    const run = await runConfirmed(lease, substitutePlaceholders(command, { output: named }), {
      access,
      history: o.history ?? null,
      ...(o.mode === undefined ? {} : { mode: o.mode }),
      ...(o.onOutput === undefined ? {} : { onOutput: o.onOutput }),
    });
    runs.push({ ...run, command });
    if (run.status !== "passed") return { run: combineRuns(runs), report: null };
    const text = reportText(output);
    reports.push(text.ok ? readReport(text.text, layout) : text);
  }
  return { run: combineRuns(runs), report: mergeReports(reports) };
}

/** Reads the report at a path, or under a known name in the folder at that path. */
function reportText(path: string): { ok: true; text: string } | { ok: false; reason: string } {
  const found = [path, ...reportNames.map((name) => join(path, name))].find(isFile);
  if (found !== undefined) {
    if (statSync(found).size <= reportBytesMax)
      return { ok: true, text: readFileSync(found, "utf8") };
    return { ok: false, reason: `it is larger than ${reportBytesMax / 1024 / 1024} MiB` };
  }
  const reason = existsSync(path)
    ? `the command wrote none of ${reportNames.join(", ")} into the folder {output}`
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

async function layoutOf(
  c: SettlementContext,
  lease: GateTreeLease,
  { tree, inside }: { tree: Oid; inside: string },
): Promise<Layout> {
  const paths = new Set((await listTree(c.repository, tree)).map(({ path }) => path));
  const modules = [...paths]
    .filter((path) => basename(path) === "go.mod")
    .flatMap((path) => {
      const name = goModule(readFileSync(join(lease.root, path), "utf8"));
      return name === null ? [] : [{ name, dir: dirname(path) }];
    });
  return {
    roots: [lease.root, realRoot(lease.root), inside],
    projectPrefix: c.projectPrefix,
    modules,
    has: (path) => paths.has(path),
  };
}

/**
 * Merges the reports of several command lines of one command (its files did not fit on one). A file keeps
 * the figures with the highest share, since the reports do not say which lines each run covered.
 */
function mergeReports(reports: readonly ReportReading[]): ReportReading {
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
