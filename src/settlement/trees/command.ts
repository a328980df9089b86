/** One configured command: its placeholders, its run in a tree, and the status of its exit. */
import type { Config } from "../../config/config.ts";
import type { GateAccess } from "../../config/gates.ts";
import type { Oid } from "../../git/objects.ts";
import { describeExit, type ExitResult } from "../../process/exit-result.ts";
import { runShell, substitutePlaceholders } from "../../process/spawn.ts";
import { secretRemover, secretRemovingStream } from "../../std/secrets.ts";
import type { SettlementContext } from "../context.ts";
import { type CommandTree, placeIn, withoutTreePaths } from "./confine.ts";

/** Maximum bytes of output that are read; output beyond it cannot be compared with the base's. */
const outputBytesMax = 8 * 1024 * 1024;

/** Maximum bytes of file names on one command line; Linux limits one argument to 128 KiB. */
const namesBytesMax = 96 * 1024;

export interface CommandRun {
  /** After substitution. */
  command: string;
  status: "passed" | "failed" | "errored" | "cancelled";
  /** Null when it was killed or could not be started. */
  exitCode: number | null;
  /** Description of how it ended, such as `exit code 1`. */
  exit: string;
  /** Both streams, without secrets and without the tree's path, which differs between runs. */
  output: string;
  /** True when there was more output than is read; `output` is then its head and tail. */
  cut: boolean;
  durationMs: number;
  /** True when no other gate command of this process ran beside it. */
  alone: boolean;
  /** False when it did not run, because the tree's dependencies could not be provided. */
  prepared: boolean;
  /** Paths it changed in the tree. */
  changedPaths: string[];
}

/**
 * True when other gate commands may have caused a failure. A timeout does not count: a repetition, for which
 * all other gates wait, would take as long.
 */
export function failedBesideOthers({ status, alone, exitCode }: CommandRun): boolean {
  return !alone && exitCode !== null && (status === "failed" || status === "errored");
}

/** True when a command has a `{file}` or `{files}` placeholder. */
export function takesFiles(command: string): boolean {
  return /\{files?\}/.test(command);
}

/**
 * Fills the placeholders of a configured command. Returns several command lines when the files do not fit
 * on one, and none when the command takes files and there are none.
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

/** The result of a command that did not start: it was cancelled, or its tree could not be prepared. */
export function unstartedRun(command: string, unprepared: string | null): CommandRun {
  return {
    command,
    status: unprepared === null ? "cancelled" : "errored",
    exitCode: null,
    exit: unprepared ?? "cancelled",
    output: "",
    cut: false,
    durationMs: 0,
    alone: true,
    prepared: unprepared === null,
    changedPaths: [],
  };
}

/** Runs a command in the project's folder of a tree; the caller adds `alone` and `changedPaths`. */
export async function runCommand(
  c: SettlementContext,
  o: {
    tree: CommandTree;
    access: GateAccess;
    command: string;
    /** Value of `DGOV_BASE`; null, the default, leaves it unset. */
    base?: Oid | null;
    marker: string;
    signal: AbortSignal;
    /** Time limit; `settlement_timeout` by default. */
    timeoutMs?: number;
    onOutput?: (chunk: Uint8Array) => void;
  },
): Promise<CommandRun> {
  const place = await placeIn(c, o.tree, o.access);
  const { secrets } = await c.copied();
  const remove = secretRemover(secrets);
  const live = o.onOutput && secretRemovingStream(secrets, o.onOutput);
  const run = await runShell({
    command: o.command,
    ...{ cwd: place.cwd, confine: place.confine },
    env: { ...place.env, ...(o.base ? { DGOV_BASE: o.base } : {}) },
    timeoutMs: o.timeoutMs ?? c.config.settlementTimeoutS * 1000,
    outputBytesMax,
    marker: o.marker,
    signal: o.signal,
    ...(live === undefined ? {} : { onOutput: live.write }),
  });
  live?.end();
  return {
    command: o.command,
    status: statusOf(run.result, o.command, run.stdout),
    exitCode: run.result.kind === "exited" ? run.result.code : null,
    exit: describeExit(run.result),
    output: withoutTreePaths(remove(run.combined), place),
    cut: run.bytes > outputBytesMax,
    durationMs: run.durationMs,
    alone: false,
    prepared: true,
    changedPaths: [],
  };
}

/** The status of an exit. Pure. */
export function statusOf(
  result: ExitResult,
  command: string,
  stdout: string,
): CommandRun["status"] {
  if (result.kind === "cancelled") return "cancelled";
  if (result.kind !== "exited") return "errored";
  // The shell's exit codes for a program that is missing, not executable, or killed by a signal.
  if (result.code === 127 || result.code === 126 || crashed(result.code)) return "errored";
  if (result.code !== 0) return "failed";
  return failsByListing(command) && stdout.trim() !== "" ? "failed" : "passed";
}

/** True for 128 plus one of the signals ILL, TRAP, ABRT, BUS, FPE, KILL, SEGV, SYS. */
function crashed(code: number): boolean {
  return [132, 133, 134, 135, 136, 137, 139, 159].includes(code);
}

/** True for gofmt and similar tools that list the files they would change (-l, -d) and exit 0. */
function failsByListing(command: string): boolean {
  return /\b(gofmt|gofumpt|goimports|gci|shfmt)\b[^|;&]*\s-\w*[ld]/.test(command);
}

/** Combines the runs of a command's several command lines; the worst status counts. */
export function combineRuns(runs: readonly CommandRun[]): CommandRun {
  const [first] = runs;
  if (first === undefined) {
    const none = { command: "", exitCode: 0, exit: "", output: "", cut: false, durationMs: 0 };
    return { ...none, status: "passed", alone: true, prepared: true, changedPaths: [] };
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
    alone: runs.every((run) => run.alone),
    prepared: runs.every((run) => run.prepared),
    changedPaths: [...new Set(runs.flatMap((run) => run.changedPaths))],
  };
}
