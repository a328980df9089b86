/**
 * The engine that measures the structure of trees: the built-in sensor or the external `sentrux` program.
 * Compares a tree with the project's baseline and measures new baselines.
 *
 * One engine judges a whole settlement. It is chosen at its first use, by measuring a tree with it: a program
 * named sentrux may be another one, or lack its grammars.
 */
import type { Config } from "../../config/config.ts";
import { DgovError } from "../../error.ts";
import { memoByOwner } from "../../std/once.ts";
import { errorMessage } from "../../std/text.ts";
import {
  type Baseline,
  baselineOf,
  type Degradation,
  degradations,
  degradationText,
  type EngineId,
  engineName,
  isComparable,
  sensorVersion,
} from "../../structure/baseline.ts";
import type { SettlementContext } from "../context.ts";
import { scanTree, sensorOf } from "./scan.ts";
import { findSentrux, type Measurement, measureWithSentrux, sentruxVersion } from "./sentrux.ts";

export type Engine = {
  id: EngineId;
  /** Reason why it judges, where that may surprise; null otherwise. */
  notice: string | null;
} & ({ kind: "builtin" } | { kind: "external" /** Absolute path. */; program: string });

const builtinId: EngineId = { name: "builtin", version: sensorVersion };

const builtin = (notice: string | null): Engine => ({ kind: "builtin", id: builtinId, notice });

/** Absolute path of the external program where the configuration uses it; null for the built-in sensor. */
export function configuredSentrux(
  { sentrux }: Pick<Config, "sentrux">,
  environment: Record<string, string>,
): string | null {
  if (sentrux.engine === "builtin") return null;
  const program = findSentrux(environment["PATH"] ?? "");
  if (program !== null || sentrux.engine === "auto") return program;
  throw new DgovError("ENVIRONMENT", '[sentrux] engine is "external", but sentrux is not on PATH', {
    hint: 'install sentrux, or set [sentrux] engine = "builtin"',
  });
}

interface EngineRequest extends Measurement {
  /** Engine that measured the baseline to compare with; null when unknown, absent without a baseline. */
  madeBy?: EngineId | null;
}

const engines = memoByOwner<SettlementContext, Promise<Engine>>();

/**
 * The engine of a settlement. With `auto`, the external program where it is usable and the baseline is not the
 * built-in sensor's. Throws ENVIRONMENT when `external` is configured and the program is missing or unusable.
 */
export function chooseEngine(c: SettlementContext, o: EngineRequest): Promise<Engine> {
  const key = o.madeBy?.name ?? "";
  const choose = (): Promise<Engine> => choice(c, o);
  // Another caller's choice may fail because that caller was cancelled.
  return engines.peek(c, key)?.catch(choose) ?? engines(c, key, choose);
}

async function choice(c: SettlementContext, o: EngineRequest): Promise<Engine> {
  const program = configuredSentrux(c.config, c.environment);
  if (program === null) return builtin(null);
  const isAuto = c.config.sentrux.engine === "auto";
  if (isAuto && o.madeBy?.name === "builtin") {
    return builtin("the baseline is the built-in sensor's, which judges instead of sentrux");
  }
  try {
    const version = await sentruxVersion(c, program, o);
    await measureWithSentrux(c, program, o);
    return { kind: "external", id: { name: "sentrux", version }, program, notice: null };
  } catch (error) {
    if (!isAuto || o.signal.aborted) throw error;
    return builtin(`the built-in sensor judges: ${errorMessage(error)}`);
  }
}

export interface Comparison {
  /** 0 to 1; null when the external program printed none. */
  quality: number | null;
  /** Descriptions of figures worse than the baseline that fail a strict gate. */
  degraded: string[];
  /** Descriptions of figures worse than the baseline that are only reported. */
  warnings: string[];
}

/**
 * Compares a tree with a baseline. Throws ENVIRONMENT when another engine measured the baseline: figures of
 * different engines do not mean the same.
 */
export async function compareTree(
  c: SettlementContext,
  engine: Engine,
  o: Measurement & { baseline: Baseline; madeBy: EngineId | null },
): Promise<Comparison> {
  if (!isComparable(o.madeBy, engine.id)) {
    const names = [o.madeBy, engine.id].map(engineName);
    const message = `the structural baseline was measured by ${names[0]}, and ${names[1]} judges`;
    throw new DgovError("ENVIRONMENT", message, {
      hint: "dgov sentrux gate-save, and commit both files",
    });
  }
  if (engine.kind === "external") {
    const { answer } = await measureWithSentrux(c, engine.program, o);
    const { quality = null, degraded = false, worse = [], warnOnly = false } = answer ?? {};
    if (!degraded) return { quality, degraded: [], warnings: [] };
    const lines = worse.length > 0 ? worse : ["sentrux reports a degradation"];
    return warnOnly
      ? { quality, degraded: [], warnings: lines }
      : { quality, degraded: lines, warnings: [] };
  }
  const { figures } = await scanTree(sensorOf(c, o.signal), o.tree, o.folder);
  const worse = degradations(baselineOf(figures, 0), o.baseline);
  const texts = (some: readonly Degradation[]): string[] => some.map(degradationText);
  return {
    quality: figures.quality,
    degraded: texts(worse.filter(({ warnOnly }) => !warnOnly)),
    warnings: texts(worse.filter(({ warnOnly }) => warnOnly)),
  };
}

/** Measures a tree as a new baseline. `now` in milliseconds. */
export async function measureBaseline(
  c: SettlementContext,
  engine: Engine,
  o: Measurement & { now: number },
): Promise<Baseline> {
  if (engine.kind === "external") return (await measureWithSentrux(c, engine.program, o)).figures;
  return baselineOf((await scanTree(sensorOf(c, o.signal), o.tree, o.folder)).figures, o.now);
}
