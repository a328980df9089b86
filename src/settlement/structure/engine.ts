/**
 * The engine that measures the structure of trees: the built-in sensor or the external `sentrux` program.
 * Compares a tree with the project's baseline and measures new baselines.
 */
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { DgovError } from "../../error.ts";
import type { Oid } from "../../git/objects.ts";
import { describeExit } from "../../process/exit-result.ts";
import { runProcess } from "../../process/spawn.ts";
import { present } from "../../std/assert.ts";
import {
  type Baseline,
  baselineFile,
  baselineOf,
  degradations,
  degradationText,
  parseBaseline,
} from "../../structure/baseline.ts";
import type { SettlementContext } from "../context.ts";
import { environmentIn } from "../trees/environment.ts";
import { withGateTree } from "../trees/lease.ts";
import { scanTree, sensorOf } from "./scan.ts";

/** The program that measures; `program` is the absolute path of sentrux. */
export type Engine = { kind: "builtin" } | { kind: "external"; program: string };

/** Chooses the engine by `[sentrux] engine`. Throws ENVIRONMENT when `external` is configured and sentrux is not on PATH. */
export function chooseEngine(
  { sentrux }: Pick<Config, "sentrux">,
  environment: Record<string, string>,
): Engine {
  if (sentrux.engine === "builtin") return { kind: "builtin" };
  const program = findOnPath(environment["PATH"] ?? "");
  if (program !== null) return { kind: "external", program };
  if (sentrux.engine === "auto") return { kind: "builtin" };
  throw new DgovError("ENVIRONMENT", '[sentrux] engine is "external", but sentrux is not on PATH', {
    hint: 'install sentrux, or set [sentrux] engine = "builtin"',
  });
}

function findOnPath(path: string): string | null {
  for (const folder of path.split(":")) {
    const program = join(folder, "sentrux");
    try {
      if (!folder.startsWith("/")) continue;
      accessSync(program, constants.X_OK);
      return program;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

export interface Comparison {
  /** 0 to 1; null when the external program printed none. */
  quality: number | null;
  /** Descriptions of figures worse than the baseline that fail a strict gate. */
  degraded: string[];
  /** Descriptions of figures worse than the baseline that are only reported. */
  warnings: string[];
}

/** A tree, or a folder of it, to be measured. */
interface Measurement {
  tree: Oid;
  /** Folder relative to the project; "" or absent for the whole project. */
  folder?: string;
  marker: string;
  signal: AbortSignal;
}

/** Compares a tree with a baseline; the external program reads the baseline in the tree. */
export async function compareTree(
  c: SettlementContext,
  engine: Engine,
  o: Measurement & { baseline: Baseline },
): Promise<Comparison> {
  if (engine.kind === "external")
    return comparisonOf(await runSentruxOnTree(c, engine.program, o, "gate"));
  const { figures } = await scanTree(sensorOf(c, o.signal), o.tree, o.folder);
  const worse = degradations(baselineOf(figures, 0), o.baseline);
  return {
    quality: figures.quality,
    degraded: worse.filter(({ warnOnly }) => !warnOnly).map(degradationText),
    warnings: worse.filter(({ warnOnly }) => warnOnly).map(degradationText),
  };
}

/** The quality of a tree, 0 to 1; null when the external program printed none. */
export async function qualityOf(
  c: SettlementContext,
  engine: Engine,
  o: Measurement,
): Promise<number | null> {
  if (engine.kind === "external")
    return (await runSentruxOnTree(c, engine.program, o, "check")).quality;
  return (await scanTree(sensorOf(c, o.signal), o.tree, o.folder)).figures.quality;
}

/** Measures a tree as a new baseline. `now` in milliseconds. */
export async function measureBaseline(
  c: SettlementContext,
  engine: Engine,
  o: Measurement & { now: number },
): Promise<Baseline> {
  if (engine.kind === "builtin") {
    return baselineOf((await scanTree(sensorOf(c, o.signal), o.tree, o.folder)).figures, o.now);
  }
  let saved: Baseline | string = "no file was written";
  const after = (folder: string): void => {
    const path = join(folder, baselineFile);
    if (existsSync(path)) saved = parseBaseline(readFileSync(path, "utf8"));
  };
  await runSentruxOnTree(c, engine.program, o, "save", after);
  if (typeof saved !== "string") return saved;
  throw new DgovError("ENVIRONMENT", `sentrux saved no baseline: ${saved}`, {
    hint: 'set [sentrux] engine = "builtin"',
  });
}

/**
 * Runs the program on a tree, checked out as a gate tree. `after` is called with the measured folder while
 * it still exists.
 */
export async function runSentruxOnTree(
  c: SettlementContext,
  program: string,
  o: Measurement,
  verb: "check" | "gate" | "save",
  after: (folder: string) => void = () => {},
): Promise<SentruxResult> {
  const { tree, folder = "", marker, signal } = o;
  const result = await withGateTree(c, { tree, unit: null, marker, signal }, async (lease) => {
    const at = join(lease.project, folder);
    const result = await runSentrux({
      program,
      verb,
      folder: at,
      env: environmentIn(c, lease.root, lease.temporary),
      timeoutS: c.config.settlementTimeoutS,
      marker,
      signal,
    });
    after(at);
    return result;
  });
  signal.throwIfAborted();
  return present(result, "sentrux ran in a gate tree");
}

function comparisonOf(result: SentruxResult): Comparison {
  const { passed, quality, warnOnly } = result;
  const worse = result.worse.length > 0 ? result.worse : ["sentrux reports a degradation"];
  if (passed) return { quality, degraded: [], warnings: [] };
  return warnOnly
    ? { quality, degraded: [], warnings: worse }
    : { quality, degraded: worse, warnings: [] };
}

/** Result of the external program. */
export interface SentruxResult {
  passed: boolean;
  /** 0 to 1; null when it printed none. */
  quality: number | null;
  /** Its descriptions of what is worse. */
  worse: string[];
  /** True when everything worse is only a warning. */
  warnOnly: boolean;
  output: string;
}

const outputBytesMax = 256 * 1024;

/** Maximum seconds of a run, also when the gates' timeout is longer. */
const secondsMax = 120;

/** Runs the program on a folder. Throws ENVIRONMENT when it does not exit or its output cannot be parsed. */
async function runSentrux(o: {
  program: string;
  verb: "check" | "gate" | "save";
  folder: string;
  env: Record<string, string>;
  timeoutS: number;
  marker: string;
  signal: AbortSignal;
}): Promise<SentruxResult> {
  const verb = o.verb === "save" ? ["gate", "--save"] : [o.verb];
  const run = await runProcess({
    argv: [o.program, ...verb, o.folder],
    cwd: o.folder,
    env: o.env,
    timeoutMs: Math.min(o.timeoutS, secondsMax) * 1000,
    outputBytesMax,
    marker: o.marker,
    signal: o.signal,
  });
  const exit = run.result;
  if (exit.kind === "cancelled") o.signal.throwIfAborted();
  if (exit.kind !== "exited" || exit.code > 125) {
    throw new DgovError("ENVIRONMENT", `sentrux failed: ${describeExit(exit)}`, {
      hint: 'run sentrux in a terminal to see its output, or set [sentrux] engine = "builtin"',
    });
  }
  const result = parseSentruxOutput(run.combined, exit.code);
  if (o.verb === "save" || !result.passed || isMeasurement(result)) return result;
  throw new DgovError("ENVIRONMENT", "sentrux exited 0 but its output could not be parsed", {
    hint: 'run sentrux in a terminal to see its output, or set [sentrux] engine = "builtin"',
  });
}

/** True when the output shows a measurement: another program named sentrux may exit 0, too. */
function isMeasurement({ quality, output }: SentruxResult): boolean {
  return quality !== null || /\bno degradation\b/i.test(output);
}

/** Parses the program's output and exit code. Pure. */
export function parseSentruxOutput(output: string, code: number): SentruxResult {
  const figures = [
    ...output.matchAll(/^\W*quality(?: signal)?\s*:\s*([\d.]+)(?:\s*(?:->|→)\s*([\d.]+))?/gim),
  ];
  const last = figures.at(-1);
  const figure = last === undefined ? Number.NaN : Number(last[2] ?? last[1]);
  const worse = output
    .split("\n")
    .filter((line) => /^\s*✗/.test(line) && !/DEGRADED/.test(line))
    .map((line) => line.replace(/^\s*✗\s*/, "").trim());
  const warnOnly =
    worse.length > 0 &&
    worse.every((line) => /complex functions increased|coupling increased/i.test(line));
  const quality = Number.isFinite(figure) ? (figure <= 1 ? figure : figure / 10_000) : null;
  return { passed: code === 0, quality, worse, warnOnly: code !== 0 && warnOnly, output };
}
