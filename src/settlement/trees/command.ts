/** One command of a gate: its text, its run, and how its end is read. */
import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { describeExit, type ExitResult } from "../../process/exit-result.ts";
import { runShell, substitutePlaceholders } from "../../process/spawn.ts";
import type { SettlementContext } from "../context.ts";
import { environmentIn } from "./environment.ts";

/** Bytes of output that are read: what is left out cannot be compared with the base's. */
const outputBytesMax = 8 * 1024 * 1024;

/** Bytes of file names in one command line: systems take 128 KiB of shell text at most. */
const namesBytesMax = 96 * 1024;

export interface CommandRun {
  /** After substitution. */
  command: string;
  status: "passed" | "failed" | "errored" | "cancelled";
  /** Null when it did not end by itself. */
  exitCode: number | null;
  /** How it ended, in words. */
  exit: string;
  /** Both streams, the tree's own path taken out: it is another one each time. */
  output: string;
  /** Whether there was more output than is read; then `output` is its head and tail. */
  cut: boolean;
  durationMs: number;
  changedPaths: string[];
}

/** Whether a command wants to be given files. */
export function takesFiles(command: string): boolean {
  return /\{files?\}/.test(command);
}

/**
 * A configured command with its placeholders filled in: several command lines when there are too
 * many files for one, none when it wants files and there are none.
 */
export function fillTemplate(config: Config, command: string, files: readonly string[]): string[] {
  const batches = takesFiles(command) ? batched(files) : [[]];
  return batches.map((batch) =>
    substitutePlaceholders(command, {
      file: batch,
      files: batch,
      test_dir: config.testDir.replace(/\/+$/, "") || ".",
    }),
  );
}

function batched(files: readonly string[]): string[][] {
  const batches: string[][] = [];
  let bytes = 0;
  for (const file of files) {
    const size = Buffer.byteLength(file) + 3;
    const last = batches.at(-1);
    if (last === undefined || bytes + size > namesBytesMax) {
      batches.push([file]);
      bytes = size;
    } else {
      last.push(file);
      bytes += size;
    }
  }
  return batches;
}

/** Runs a command in the project's folder of a tree. What it changed there is not looked at here. */
export async function runCommand(
  c: SettlementContext,
  o: {
    root: string;
    temporary?: string;
    command: string;
    marker: string;
    signal: AbortSignal;
    onOutput?: (chunk: Uint8Array) => void;
  },
): Promise<CommandRun> {
  const run = await runShell({
    command: o.command,
    cwd: join(o.root, c.projectDir),
    env: environmentIn(c, o.root, o.temporary),
    timeoutMs: c.config.settlementTimeoutS * 1000,
    outputBytesMax,
    marker: o.marker,
    signal: o.signal,
    ...(o.onOutput === undefined ? {} : { onOutput: o.onOutput }),
  });
  return {
    command: o.command,
    status: statusOf(run.result, o.command, run.stdout),
    exitCode: run.result.kind === "exited" ? run.result.code : null,
    exit: describeExit(run.result),
    output: run.combined.replaceAll(`${o.root}/`, "").replaceAll(o.root, "."),
    cut: run.bytes > outputBytesMax,
    durationMs: run.durationMs,
    changedPaths: [],
  };
}

/** How a command's end is read. Pure. */
export function statusOf(
  result: ExitResult,
  command: string,
  stdout: string,
): CommandRun["status"] {
  if (result.kind === "cancelled") return "cancelled";
  if (result.kind !== "exited") return "errored";
  // The shell's own words for a program that is missing, cannot be run, or was killed by a signal.
  if (result.code === 127 || result.code === 126 || crashed(result.code)) return "errored";
  if (result.code !== 0) return "failed";
  return failsByListing(command) && stdout.trim() !== "" ? "failed" : "passed";
}

/** 128 and a signal: ILL, TRAP, ABRT, BUS, FPE, KILL, SEGV, SYS. */
function crashed(code: number): boolean {
  return [132, 133, 134, 135, 136, 137, 139, 159].includes(code);
}

/** gofmt and its kin name the files they would change (-l), or show how (-d), and exit 0. */
function failsByListing(command: string): boolean {
  return /\b(gofmt|gofumpt|goimports|gci|shfmt)\b[^|;&]*\s-\w*[ld]/.test(command);
}

/** Several runs as one: what one gate's command did in all its command lines. */
export function combineRuns(runs: readonly CommandRun[]): CommandRun {
  const [first] = runs;
  if (first === undefined) {
    const none = { command: "", exitCode: 0, exit: "", output: "", cut: false, durationMs: 0 };
    return { ...none, status: "passed", changedPaths: [] };
  }
  if (runs.length === 1) return first;
  const worst =
    (["cancelled", "errored", "failed", "passed"] as const)
      .map((status) => runs.find((run) => run.status === status))
      .find((run) => run !== undefined) ?? first;
  return {
    command: runs.map((run) => run.command).join(" ; "),
    status: worst.status,
    exitCode: worst.exitCode,
    exit: worst.exit,
    output: runs.map((run) => run.output).join(""),
    cut: runs.some((run) => run.cut),
    durationMs: runs.reduce((total, run) => total + run.durationMs, 0),
    changedPaths: [...new Set(runs.flatMap((run) => run.changedPaths))],
  };
}
