/**
 * The structural baseline: the accepted figures of a project, in the file format of the `sentrux` program, and
 * dgov's note of the commit they belong to. Comparison with the baseline, and its age. Pure.
 */
import { plural, words } from "../std/text.ts";
import type { Figures } from "./metrics.ts";

/** Paths of both files, relative to the measured folder. */
export const baselineFile = ".sentrux/baseline.json";
export const metadataFile = ".sentrux/dgov-baseline.json";

/** The known part of `baseline.json`; keys as in the file. */
export interface Baseline {
  /** Seconds since the epoch. */
  timestamp: number;
  /** 0 to 1. */
  quality_signal: number;
  coupling_score: number;
  cycle_count: number;
  god_file_count: number;
  hotspot_count: number;
  complex_fn_count: number;
  max_depth: number;
  total_import_edges: number;
  cross_module_edges: number;
}

/** Program that measured a baseline. */
export interface EngineId {
  name: "builtin" | "sentrux";
  /** Null when unknown. */
  version: string | null;
}

/** Version of the built-in sensor. Increment it when the same tree would give other figures. */
export const sensorVersion = "2";

/** True when figures of two engines mean the same: one program in one version, as far as it is known. */
export function isComparable(a: EngineId | null, b: EngineId): boolean {
  if (a === null || a.name !== b.name) return false;
  const unknown = a.version === null || b.version === null;
  return a.version === b.version || (unknown && a.name === "sentrux");
}

/** Name of an engine in messages. */
export function engineName(id: EngineId | null): string {
  if (id === null) return "an unknown engine";
  const name = id.name === "builtin" ? "the built-in sensor" : id.name;
  return id.version === null ? name : `${name} ${id.version}`;
}

/** `dgov-baseline.json`. */
interface BaselineNote {
  schema: 1;
  engine: EngineId["name"];
  engine_version: string | null;
  /** Commit that was measured. */
  accepted_head: string;
  /** RFC 3339. */
  refreshed_at: string;
  /** As in the baseline. */
  timestamp: number;
  /** `baselineFile`. */
  baseline: string;
  /** 0 to 10000. */
  quality: number;
  /** The run that wrote it; absent when the operator saved it. */
  run?: string;
}

/** The quality signal (0 to 1) as displayed: 0 to 10000. */
export function shownQuality(quality: number): number {
  return Math.round(quality * 10_000);
}

/** Figures as a baseline; `now` in milliseconds since the epoch. */
export function baselineOf(figures: Figures, now: number): Baseline {
  return {
    timestamp: Math.floor(now / 1000),
    quality_signal: figures.quality,
    coupling_score: figures.coupling,
    cycle_count: figures.cycles,
    god_file_count: figures.godFiles,
    hotspot_count: figures.hotspots,
    complex_fn_count: figures.complexFunctions,
    max_depth: figures.maxDepth,
    total_import_edges: figures.importEdges,
    cross_module_edges: figures.crossModuleEdges,
  };
}

/** Note for a baseline of the commit `head`, measured by an engine; `now` is RFC 3339. `run` wrote it, if any. */
export function noteOf(
  baseline: Baseline,
  o: { head: string; now: string; engine: EngineId; run?: string },
): BaselineNote {
  return {
    schema: 1,
    engine: o.engine.name,
    engine_version: o.engine.version,
    accepted_head: o.head,
    refreshed_at: o.now,
    timestamp: baseline.timestamp,
    baseline: baselineFile,
    quality: shownQuality(baseline.quality_signal),
    ...(o.run === undefined ? {} : { run: o.run }),
  };
}

const required = [
  "quality_signal",
  "coupling_score",
  "cycle_count",
  "god_file_count",
  "complex_fn_count",
] as const;
const optional = [
  "hotspot_count",
  "max_depth",
  "total_import_edges",
  "cross_module_edges",
] as const;

/** Parses `baseline.json`; a string is the reason why it is invalid. Missing optional figures are 0. */
export function parseBaseline(text: string): Baseline | string {
  const data = parsed(text);
  if (data === null) return "not a JSON object";
  const missing = required.find((key) => !isFigure(data[key]));
  if (missing !== undefined) return `${missing} is not a non-negative number`;
  const figures = [...required, ...optional].map((key) => [
    key,
    isFigure(data[key]) ? data[key] : 0,
  ]);
  return { timestamp: secondsOf(data["timestamp"]), ...Object.fromEntries(figures) } as Baseline;
}

/**
 * Parses the figures that sentrux saved; a string is the reason why they are invalid. Every figure is
 * required.
 */
export function parseFigures(text: string): Baseline | string {
  const data = parsed(text);
  const missing = [...required, ...optional].find((key) => !isFigure(data?.[key]));
  return missing === undefined ? parseBaseline(text) : `${missing} is not a non-negative number`;
}

/** The parsed `dgov-baseline.json`: commit, time in seconds and engine, null where unknown. */
interface ReadNote {
  head: string | null;
  timestamp: number | null;
  engine: EngineId | null;
  /** True when a run wrote the baseline. */
  byRun: boolean;
}

/**
 * Parses the note of a baseline. Without one, and with the note of another baseline, sentrux wrote the baseline itself,
 * since it leaves the note as it was.
 */
export function noteFor(baseline: Baseline, text: string | null): ReadNote {
  const timestamp = parsed(text ?? "")?.["timestamp"];
  const isOther = isFigure(timestamp) && secondsOf(timestamp) !== baseline.timestamp;
  if (text !== null && !isOther) return parseNote(text);
  const engine = { name: "sentrux", version: null } as const;
  return { head: null, timestamp: null, engine, byRun: false };
}

/** Parses `dgov-baseline.json`. */
function parseNote(text: string): ReadNote {
  const data = parsed(text) ?? {};
  const { engine: name, engine_version: version } = data;
  const head = data["accepted_head"];
  const timestamp = secondsOf(data["timestamp"] ?? data["refreshed_at"]);
  return {
    head: typeof head === "string" && /^[0-9a-f]{40,64}$/.test(head) ? head : null,
    timestamp: timestamp === 0 ? null : timestamp,
    engine:
      name === "builtin" || name === "sentrux"
        ? { name, version: typeof version === "string" ? version : null }
        : null,
    byRun: typeof data["run"] === "string",
  };
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const data: unknown = JSON.parse(text);
    const plain = typeof data === "object" && data !== null && !Array.isArray(data);
    return plain ? (data as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function isFigure(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

/** Whole seconds of a number of seconds or a date string; 0 for any other value. */
function secondsOf(value: unknown): number {
  const seconds = typeof value === "string" ? Date.parse(value) / 1000 : value;
  return isFigure(seconds) ? Math.floor(seconds) : 0;
}

export interface Degradation {
  kind: "quality" | "coupling" | "cycles" | "god_files" | "complex_functions";
  before: number;
  after: number;
  /** True when it is reported but rejects nothing. */
  warnOnly: boolean;
}

/**
 * Figures that are worse than the baseline by more than the tolerance: 0.02 for quality, 0.05 for coupling, 0
 * for counts.
 */
export function degradations(now: Baseline, baseline: Baseline): Degradation[] {
  const found: (Degradation & { worse: boolean })[] = [
    {
      kind: "quality",
      before: baseline.quality_signal,
      after: now.quality_signal,
      worse: exceeds(baseline.quality_signal - now.quality_signal, 0.02),
      warnOnly: false,
    },
    count("cycles", baseline.cycle_count, now.cycle_count, false),
    count("god_files", baseline.god_file_count, now.god_file_count, false),
    {
      kind: "coupling",
      before: baseline.coupling_score,
      after: now.coupling_score,
      worse: exceeds(now.coupling_score - baseline.coupling_score, 0.05),
      warnOnly: true,
    },
    count("complex_functions", baseline.complex_fn_count, now.complex_fn_count, true),
  ];
  return found.filter(({ worse }) => worse).map(({ worse: _, ...rest }) => rest);
}

function count(kind: Degradation["kind"], before: number, after: number, warnOnly: boolean) {
  return { kind, before, after, worse: after > before, warnOnly };
}

/** Greater than, with a tolerance for floating-point error. */
function exceeds(difference: number, allowed: number): boolean {
  return difference - allowed > 1e-9;
}

/** Message of a degradation, with both figures. */
export function degradationText({ kind, before, after }: Degradation): string {
  if (kind === "quality")
    return `quality fell from ${shownQuality(before)} to ${shownQuality(after)}`;
  if (kind === "coupling") return `coupling rose from ${before.toFixed(2)} to ${after.toFixed(2)}`;
  return `${words(kind)} rose from ${before} to ${after}`;
}

const secondsPerDay = 86_400;

/**
 * Reason why a baseline is stale, by its age in commits and in days; null while it is not. An unknown age is
 * null.
 */
export function staleness(
  age: { commits: number | null; seconds: number | null },
  limits: { staleCommits: number; staleDays: number },
): string | null {
  const days = age.seconds === null ? null : Math.floor(age.seconds / secondsPerDay);
  if (age.commits !== null && age.commits > limits.staleCommits) {
    return `${plural(age.commits, "commit")} old (limit ${limits.staleCommits})`;
  }
  if (days !== null && days > limits.staleDays) {
    return `${plural(days, "day")} old (limit ${limits.staleDays})`;
  }
  return null;
}
