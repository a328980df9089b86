/**
 * The structural sensor on a tree of the repository: blobs are parsed once in their lives, figures
 * are computed anew. Paths are relative to the project.
 */
import { join } from "node:path";
import type { Oid } from "../../git/objects.ts";
import type { Repository } from "../../git/repository.ts";
import { diffTrees, listTree, readBlobAt, readObjects } from "../../git/trees.ts";
import { compareText } from "../../std/order.ts";
import { type Baseline, baselineFile, parseBaseline } from "../../structure/baseline.ts";
import { type FileFacts, factsOf, factsVersion, isGeneratedPath } from "../../structure/facts.ts";
import { isSourceLanguage } from "../../structure/grammar.ts";
import type { SourceFile } from "../../structure/graph.ts";
import { type Figures, measureFiles } from "../../structure/metrics.ts";
import { type Charge, chargesOf, type Offender, offendersOf } from "../../structure/offenders.ts";
import { importIndex, manifestNames } from "../../syntax/import-index.ts";
import { languageOf } from "../../syntax/languages.ts";
import { isTestCode } from "../../syntax/test-path.ts";
import type { SettlementContext } from "../context.ts";
import { type DigestCache, digestCache } from "../digest-cache.ts";

/** Facts by `<language>:<blob id>`. */
export type FactsCache = DigestCache<FileFacts>;

/** The cache of a repository, beside its gate trees. */
export function factsCache(folder: string): FactsCache {
  return digestCache(join(folder, "structure.jsonl"), factsVersion);
}

/** What scanning needs to know. */
export interface Sensor {
  repository: Repository;
  /** The project's folder below the repository's root, "" or like `packages/app`. */
  projectDir: string;
  includeTests: boolean;
  facts: FactsCache;
  signal: AbortSignal;
}

export interface Scan {
  figures: Figures;
  offenders: Offender[];
  /** Every file of the project. */
  paths: ReadonlySet<string>;
  /** Source files whose figures count, and those left out for what is written in them. */
  counted: ReadonlySet<string>;
  leftOut: ReadonlySet<string>;
}

/** The built-in sensor of a settlement. */
export function sensorOf(c: SettlementContext, signal: AbortSignal): Sensor {
  const { repository, projectDir, facts } = c;
  return { repository, projectDir, includeTests: c.config.sentrux.includeTests, facts, signal };
}

interface Entry {
  path: string;
  mode: string;
  oid: Oid;
}

/** Blobs read at once. */
const batchSize = 200;

/** Milliseconds of parsing after which others have a turn. */
const sliceMs = 20;

/** Scans kept: the base's is asked for by every candidate on it. */
const scansMax = 8;
const scans = new WeakMap<FactsCache, Map<string, Promise<Scan>>>();

/**
 * Measures a commit or tree. With a `folder` (relative to the project) only its files are nodes;
 * what the others use is still used. Throws the signal's reason when it was aborted.
 */
export async function scanTree(s: Sensor, treeish: Oid, folder = ""): Promise<Scan> {
  const known = scans.get(s.facts) ?? new Map<string, Promise<Scan>>();
  scans.set(s.facts, known);
  const key = [treeish, s.projectDir, folder, s.includeTests].join("\0");
  const found = known.get(key);
  if (found !== undefined) return found.catch(() => scan(s, treeish, folder));
  const scanning = scan(s, treeish, folder);
  known.set(key, scanning);
  const oldest = known.keys().next().value;
  if (known.size > scansMax && oldest !== undefined) known.delete(oldest);
  try {
    return await scanning;
  } catch (error) {
    known.delete(key);
    throw error;
  }
}

async function scan(s: Sensor, treeish: Oid, folder: string): Promise<Scan> {
  const entries = await projectFiles(s, treeish);
  const paths = entries.map(({ path }) => path);
  const index = importIndex(paths, await manifestsOf(s, entries));
  const files = await sourceFiles(s, entries, folder);
  const { includeTests } = s;
  const measured = measureFiles(files, index, { includeTests });
  const offenders = offendersOf(files, measured, { index, includeTests });
  const pathsOf = (some: readonly SourceFile[]) => new Set(some.map(({ path }) => path));
  return {
    figures: measured.figures,
    offenders,
    paths: new Set(paths),
    counted: pathsOf(files.filter(({ counted }) => counted)),
    leftOut: pathsOf(
      files.filter(({ path, facts }) => facts.generated && !isLeftByPath(path, includeTests)),
    ),
  };
}

/** Ordinary files of the project, by their paths in it. */
async function projectFiles(
  s: Pick<Sensor, "repository" | "projectDir">,
  treeish: Oid,
): Promise<Entry[]> {
  const prefix = s.projectDir === "" ? "" : `${s.projectDir}/`;
  return (await listTree(s.repository, treeish))
    .filter(({ path, mode }) => mode.startsWith("100") && path.startsWith(prefix))
    .map((entry) => ({ ...entry, path: entry.path.slice(prefix.length) }));
}

async function manifestsOf(s: Sensor, entries: readonly Entry[]): Promise<Map<string, string>> {
  const named = entries.filter(({ path }) =>
    manifestNames.has(path.slice(path.lastIndexOf("/") + 1)),
  );
  const ids = named.map(({ oid }) => oid);
  const texts = await readObjects(s.repository, ids);
  return new Map(named.map(({ path }, at) => [path, texts[at]?.bytes.toString() ?? ""]));
}

async function sourceFiles(
  s: Sensor,
  entries: readonly Entry[],
  folder: string,
): Promise<SourceFile[]> {
  const below = folder === "" ? "" : `${folder}/`;
  const sources = entries.flatMap((entry) => {
    const language = languageOf(entry.path);
    return isSourceLanguage(language) ? [{ ...entry, key: `${language}:${entry.oid}` }] : [];
  });
  await readMissing(s, sources);
  return sources.flatMap(({ path, key }) => {
    const facts = s.facts.get(key);
    if (facts === undefined) return [];
    const left = facts.generated || isLeftByPath(path, s.includeTests);
    return [{ path, facts, counted: !left && path.startsWith(below) }];
  });
}

function isLeftByPath(path: string, includeTests: boolean): boolean {
  return isGeneratedPath(path) || (!includeTests && isTestCode(path));
}

/** Parses blobs that nobody has seen yet, without keeping the run from its other work. */
async function readMissing(
  s: Sensor,
  sources: readonly (Entry & { key: string })[],
): Promise<void> {
  const missing = new Map(
    sources.filter(({ key }) => s.facts.get(key) === undefined).map((one) => [one.key, one]),
  );
  const open = [...missing.values()];
  let turn = performance.now();
  for (let from = 0; from < open.length; from += batchSize) {
    s.signal.throwIfAborted();
    const batch = open.slice(from, from + batchSize);
    const objects = await readObjects(
      s.repository,
      batch.map(({ oid }) => oid),
    );
    const found: [string, FileFacts][] = [];
    for (const [at, { key, path }] of batch.entries()) {
      const text = objects[at]?.bytes.toString() ?? "";
      const facts = await factsOf(languageOf(path), text);
      if (facts !== null) found.push([key, facts]);
      if (performance.now() - turn > sliceMs) {
        await new Promise((resolve) => setImmediate(resolve));
        turn = performance.now();
      }
    }
    s.facts.put(found);
  }
}

/** What a change from one tree to another is charged with. */
export async function chargesBetween(
  c: SettlementContext,
  o: { before: Oid; after: Oid; signal: AbortSignal },
): Promise<Charge[]> {
  const sensor = sensorOf(c, o.signal);
  const before = await scanTree(sensor, o.before);
  const after = await scanTree(sensor, o.after);
  const prefix = c.projectDir === "" ? "" : `${c.projectDir}/`;
  const changed = await diffTrees(c.repository, o.before, o.after);
  const touched = new Set(
    changed
      .filter(({ path }) => path.startsWith(prefix))
      .map(({ path }) => path.slice(prefix.length)),
  );
  return [
    ...[...touched].sort(compareText).flatMap((path) => hiding(path, before, after)),
    ...chargesOf(after.offenders, before.offenders, { touched, paths: after.paths }),
  ];
}

/** A changed file may not take itself out of the figures by what is written in it. */
function hiding(path: string, before: Scan, after: Scan): Charge[] {
  if (!after.leftOut.has(path) || before.leftOut.has(path)) return [];
  const kind = before.counted.has(path) ? "hidden_file" : "unmeasured_file";
  return [{ kind, path, name: "", line: 1, endLine: 1, value: 1, limit: 0, was: null }];
}

/** Whether a commit or tree has files the sensor reads. */
export async function hasSource(
  s: Pick<Sensor, "repository" | "projectDir">,
  treeish: Oid,
): Promise<boolean> {
  return (await projectFiles(s, treeish)).some(({ path }) => isSourceLanguage(languageOf(path)));
}

/** The baseline a commit or tree holds: null when none, a string when it cannot be read. */
export async function readStructureBaseline(
  s: Pick<Sensor, "repository" | "projectDir">,
  treeish: Oid,
): Promise<Baseline | string | null> {
  const path = s.projectDir === "" ? baselineFile : `${s.projectDir}/${baselineFile}`;
  const bytes = await readBlobAt(s.repository, treeish, path);
  return bytes === null ? null : parseBaseline(Buffer.from(bytes).toString());
}
