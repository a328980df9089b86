/** A tree against the project's baseline, by whichever engine measures; and the next baseline. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DgovError } from "../error.ts";
import type { Oid } from "../git/repository.ts";
import { present } from "../std/assert.ts";
import {
  type Baseline,
  baselineFile,
  baselineOf,
  degradations,
  degradationText,
  parseBaseline,
} from "../structure/baseline.ts";
import type { SettlementContext } from "./context.ts";
import { environmentIn } from "./environment.ts";
import { inGateTree } from "./place.ts";
import { scanTree, sensorOf } from "./structure.ts";
import { askExternal, type Engine, type ExternalAnswer } from "./structure-external.ts";

export interface Comparison {
  /** 0 to 1; null when an external program did not say. */
  quality: number | null;
  /** What is worse than the baseline and reason to refuse, in words. */
  degraded: string[];
  /** What is worse and is only told. */
  warnings: string[];
}

interface Asked {
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
  o: Asked & { baseline: Baseline },
): Promise<Comparison> {
  if (engine.kind === "external") return comparisonOf(await external(c, engine.program, o, "gate"));
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
  o: Asked,
): Promise<number | null> {
  if (engine.kind === "external") return (await external(c, engine.program, o, "check")).quality;
  return (await scanTree(sensorOf(c, o.signal), o.tree, o.folder)).figures.quality;
}

/** The figures of a tree as a baseline. `now` in milliseconds. */
export async function measureBaseline(
  c: SettlementContext,
  engine: Engine,
  o: Asked & { now: number },
): Promise<Baseline> {
  if (engine.kind === "builtin") {
    return baselineOf((await scanTree(sensorOf(c, o.signal), o.tree, o.folder)).figures, o.now);
  }
  let saved: Baseline | string = "it was not written";
  const after = (folder: string): void => {
    const path = join(folder, baselineFile);
    if (existsSync(path)) saved = parseBaseline(readFileSync(path, "utf8"));
  };
  await external(c, engine.program, o, "save", after);
  if (typeof saved !== "string") return saved;
  throw new DgovError("ENVIRONMENT", `sentrux saved no baseline: ${saved}`, {
    hint: 'set [sentrux] engine = "builtin"',
  });
}

/** Asks the program about a tree of git, checked out where gates are. */
export async function external(
  c: SettlementContext,
  program: string,
  o: Asked,
  verb: "check" | "gate" | "save",
  after: (folder: string) => void = () => {},
): Promise<ExternalAnswer> {
  const { tree, folder = "", marker, signal } = o;
  const answer = await inGateTree(c, { tree, unit: null, marker, signal }, async (place) => {
    const at = join(place.project, folder);
    const said = await askExternal({
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
