/** A tree against the project's baseline, by whichever engine measures; and the next baseline. */
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

export interface Comparison {
  /** 0 to 1; null when an external program did not say. */
  quality: number | null;
  /** What is worse than the baseline and reason to refuse, in words. */
  degraded: string[];
  /** What is worse and is only told. */
  warnings: string[];
}

interface Measurement {
  tree: Oid;
  /** Only this folder of the project; "" or absent for all of it. */
  folder?: string;
  marker: string;
  signal: AbortSignal;
}

/** Compares a tree with a baseline; an external program reads the one in the tree. */
export async function compareTree(
  c: SettlementContext,
  engine: Engine,
  o: Measurement & { baseline: Baseline },
): Promise<Comparison> {
  if (engine.kind === "external")
    return comparisonOf(await runExternalOnTree(c, engine.program, o, "gate"));
  const { figures } = await scanTree(sensorOf(c, o.signal), o.tree, o.folder);
  const worse = degradations(baselineOf(figures, 0), o.baseline);
  return {
    quality: figures.quality,
    degraded: worse.filter(({ warnOnly }) => !warnOnly).map(degradationText),
    warnings: worse.filter(({ warnOnly }) => warnOnly).map(degradationText),
  };
}

/** The quality of a tree, 0 to 1. */
export async function qualityOf(
  c: SettlementContext,
  engine: Engine,
  o: Measurement,
): Promise<number | null> {
  if (engine.kind === "external")
    return (await runExternalOnTree(c, engine.program, o, "check")).quality;
  return (await scanTree(sensorOf(c, o.signal), o.tree, o.folder)).figures.quality;
}

/** The figures of a tree as a baseline. `now` in milliseconds. */
export async function measureBaseline(
  c: SettlementContext,
  engine: Engine,
  o: Measurement & { now: number },
): Promise<Baseline> {
  if (engine.kind === "builtin") {
    return baselineOf((await scanTree(sensorOf(c, o.signal), o.tree, o.folder)).figures, o.now);
  }
  let saved: Baseline | string = "it was not written";
  const after = (folder: string): void => {
    const path = join(folder, baselineFile);
    if (existsSync(path)) saved = parseBaseline(readFileSync(path, "utf8"));
  };
  await runExternalOnTree(c, engine.program, o, "save", after);
  if (typeof saved !== "string") return saved;
  throw new DgovError("ENVIRONMENT", `sentrux saved no baseline: ${saved}`, {
    hint: 'set [sentrux] engine = "builtin"',
  });
}

/** Asks the program about a tree of git, checked out where gates are. */
export async function runExternalOnTree(
  c: SettlementContext,
  program: string,
  o: Measurement,
  verb: "check" | "gate" | "save",
  after: (folder: string) => void = () => {},
): Promise<ExternalAnswer> {
  const { tree, folder = "", marker, signal } = o;
  const answer = await withGateTree(c, { tree, unit: null, marker, signal }, async (place) => {
    const at = join(place.project, folder);
    const said = await runExternal({
      program,
      verb,
      folder: at,
      env: environmentIn(c, place.root, place.temporary),
      timeoutS: c.config.settlementTimeoutS,
      marker,
      signal,
    });
    after(at);
    return said;
  });
  signal.throwIfAborted();
  return present(answer, "a gate tree for sentrux");
}

function comparisonOf(answer: ExternalAnswer): Comparison {
  const { passed, quality, warnOnly } = answer;
  const worse = answer.worse.length > 0 ? answer.worse : ["sentrux says degraded"];
  if (passed) return { quality, degraded: [], warnings: [] };
  return warnOnly
    ? { quality, degraded: [], warnings: worse }
    : { quality, degraded: worse, warnings: [] };
}

// ------------------------------------------------------------
//  * The external `sentrux` program, asked in place of the built-in sensor: which of the two measures,
// and what the program says about a folder. It is given argv, a bounded time and a checked-out tree.

export type Engine = { kind: "builtin" } | { kind: "external"; program: string };

/** The engine of `[sentrux] engine`. ENVIRONMENT when the program is asked for and not there. */
export function chooseEngine(
  { sentrux }: Pick<Config, "sentrux">,
  environment: Record<string, string>,
): Engine {
  if (sentrux.engine === "builtin") return { kind: "builtin" };
  const program = findOnPath(environment["PATH"] ?? "");
  if (program !== null) return { kind: "external", program };
  if (sentrux.engine === "auto") return { kind: "builtin" };
  throw new DgovError("ENVIRONMENT", "[sentrux] engine is external, and sentrux is not on PATH", {
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
      // Not there.
    }
  }
  return null;
}

export interface ExternalAnswer {
  passed: boolean;
  /** 0 to 1; null when it did not say. */
  quality: number | null;
  /** What it finds worse, in its words. */
  worse: string[];
  /** All of that is no reason to refuse anything. */
  warnOnly: boolean;
  output: string;
}

const outputBytesMax = 256 * 1024;

/** Seconds the program may take, whatever gates may. */
const secondsMax = 120;

/** Runs the program on a folder. ENVIRONMENT when it does not end by itself. */
export async function runExternal(o: {
  program: string;
  verb: "check" | "gate" | "save";
  folder: string;
  env: Record<string, string>;
  timeoutS: number;
  marker: string;
  signal: AbortSignal;
}): Promise<ExternalAnswer> {
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
  const { result } = run;
  if (result.kind === "cancelled") o.signal.throwIfAborted();
  if (result.kind !== "exited" || result.code > 125) {
    throw new DgovError("ENVIRONMENT", `sentrux could not judge: ${describeExit(result)}`, {
      hint: 'run it by hand, or set [sentrux] engine = "builtin"',
    });
  }
  const answer = readExternal(run.combined, result.code);
  if (o.verb === "save" || !answer.passed || isAnswer(answer)) return answer;
  throw new DgovError("ENVIRONMENT", "sentrux ended well and said nothing that can be read", {
    hint: 'run it by hand, or set [sentrux] engine = "builtin"',
  });
}

/** Another program of that name ends well too: what passes has to have been measured. */
function isAnswer({ quality, output }: ExternalAnswer): boolean {
  return quality !== null || /\bno degradation\b/i.test(output);
}

/** What the program's output and exit code say. Pure. */
export function readExternal(output: string, code: number): ExternalAnswer {
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
