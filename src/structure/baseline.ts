/**
 * The figures a project has agreed to, in the format of the `sentrux` program, and dgov's note beside
 * them: which commit they are of. Comparing, and saying when they are old. Pure.
 */
import type { Figures } from "./metrics.ts";

/** Where both files lie, below the folder they are of. */
export const baselineFile = ".sentrux/baseline.json";
export const metadataFile = ".sentrux/dgov-baseline.json";

/** `baseline.json`, as far as it is known; keys as in the file. */
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

/** `dgov-baseline.json`. */
export interface BaselineNote {
  schema: 1;
  /** The commit the figures are of. */
  accepted_head: string;
  /** RFC 3339. */
  refreshed_at: string;
  timestamp: number;
  baseline: string;
  /** 0 to 10000. */
  quality: number;
}

/** The quality signal as it is shown. */
export function shownQuality(quality: number): number {
  return Math.round(quality * 10_000);
}

/** Figures as a baseline; `now` in milliseconds. */
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

/** The note to a baseline of a commit. */
export function noteOf(baseline: Baseline, o: { head: string; now: string }): BaselineNote {
  return {
    schema: 1,
    accepted_head: o.head,
    refreshed_at: o.now,
    timestamp: baseline.timestamp,
    baseline: baselineFile,
    quality: shownQuality(baseline.quality_signal),
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

/** A baseline from its text; a string says what is wrong with it. */
export function parseBaseline(text: string): Baseline | string {
  const data = parsed(text);
  if (data === null) return "it is not a JSON object";
  const missing = required.find((key) => !isFigure(data[key]));
  if (missing !== undefined) return `${missing} is not a number of 0 or more`;
  const figures = [...required, ...optional].map((key) => [
    key,
    isFigure(data[key]) ? data[key] : 0,
  ]);
  return { timestamp: secondsOf(data["timestamp"]), ...Object.fromEntries(figures) } as Baseline;
}

/** The note, as far as it can be read: the commit and the time, null where they cannot. */
export function parseNote(text: string): { head: string | null; timestamp: number | null } {
  const data = parsed(text) ?? {};
  const head = data["accepted_head"];
  const timestamp = secondsOf(data["timestamp"] ?? data["refreshed_at"]);
  return {
    head: typeof head === "string" && /^[0-9a-f]{40,64}$/.test(head) ? head : null,
    timestamp: timestamp === 0 ? null : timestamp,
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

/** Seconds, from a number of them or a date; 0 for neither. */
function secondsOf(value: unknown): number {
  const seconds = typeof value === "string" ? Date.parse(value) / 1000 : value;
  return isFigure(seconds) ? Math.floor(seconds) : 0;
}

export interface Degradation {
  kind: "quality" | "coupling" | "cycles" | "god_files" | "complex_functions";
  before: number;
  after: number;
  /** Told, but no reason to refuse anything. */
  warnOnly: boolean;
}

/** What got worse than a baseline, beyond what is noise. */
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

/** More than, where the last digits of a fraction decide nothing. */
function exceeds(difference: number, allowed: number): boolean {
  return difference - allowed > 1e-9;
}

/** A degradation in words. */
export function degradationText({ kind, before, after }: Degradation): string {
  if (kind === "quality")
    return `quality fell from ${shownQuality(before)} to ${shownQuality(after)}`;
  if (kind === "coupling") return `coupling rose from ${before.toFixed(2)} to ${after.toFixed(2)}`;
  return `${kind.replace("_", " ")} rose from ${before} to ${after}`;
}

/** Why a baseline is old, in words; null while it is not. */
export function staleness(
  age: { commits: number | null; seconds: number | null },
  limits: { staleCommits: number; staleDays: number },
): string | null {
  const days = age.seconds === null ? null : Math.floor(age.seconds / 86_400);
  if (age.commits !== null && age.commits > limits.staleCommits) {
    return `${age.commits} commits old, ${limits.staleCommits} are allowed`;
  }
  if (days !== null && days > limits.staleDays) {
    return `${days} days old, ${limits.staleDays} are allowed`;
  }
  return null;
}
