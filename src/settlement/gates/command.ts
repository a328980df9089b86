/** One gate's commands in one gate tree: run, read, and undone. */
import { join } from "node:path";
import { type GateTree, proveTree, restoreTree } from "../../git/gate-tree.ts";
import { describeExit, type ExitResult } from "../../process/exit-result.ts";
import { runShell, substitute } from "../../process/spawn.ts";
import type { SettlementContext } from "../context.ts";

const outputBytesMax = 1024 * 1024;

export interface CommandRun {
  /** After substitution. */
  command: string;
  status: "passed" | "failed" | "errored" | "cancelled";
  exit: string;
  output: string;
  durationMs: number;
  changedPaths: string[];
}

/** Placeholders of configured commands; null when a command wants files and there are none. */
export function fillIn(c: SettlementContext, command: string, files: string[]): string | null {
  if (/\{files?\}/.test(command) && files.length === 0) return null;
  return substitute(command, {
    file: files,
    files,
    test_dir: c.config.testDir.replace(/\/+$/, "") || ".",
  });
}

/** Runs one command where exactly one tree is, then puts the tree back. */
export async function runInTree(
  c: SettlementContext,
  o: {
    gateTree: GateTree;
    keepFolders: string[];
    command: string;
    marker: string;
    signal: AbortSignal;
  },
): Promise<CommandRun> {
  const run = await runShell({
    command: o.command,
    cwd: join(o.gateTree.path, c.projectDir),
    env: { ...c.environment, PYTHONDONTWRITEBYTECODE: "1", CI: "1" },
    timeoutMs: c.config.settlementTimeoutS * 1000,
    outputBytesMax,
    marker: o.marker,
    signal: o.signal,
  });
  const changedPaths = await proveTree(c.repository, o.gateTree, o);
  if (changedPaths.length > 0) await restoreTree(c.repository, o.gateTree, o);
  return {
    command: o.command,
    status: statusOf(run.result, o.command, run.combined),
    exit: describeExit(run.result),
    output: run.combined,
    durationMs: run.durationMs,
    changedPaths,
  };
}

function statusOf(result: ExitResult, command: string, output: string): CommandRun["status"] {
  if (result.kind === "cancelled") return "cancelled";
  if (result.kind !== "exited") return "errored";
  // The shell's own words for a program that is missing or cannot be run.
  if (result.code === 127 || result.code === 126) return "errored";
  if (result.code !== 0) return "failed";
  // gofmt names the files it would change and exits 0 all the same.
  return /\bgofmt\s+(-\w+\s+)*-l\b/.test(command) && output.trim() !== "" ? "failed" : "passed";
}
