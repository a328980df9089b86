/**
 * The built-in structural sensor, run on a tree of the repository. The metrics of each blob are computed once
 * and cached; figures and offenders are computed from them per tree. Paths are relative to the project.
 */
import type { Oid } from "../../git/objects.ts";
import type { Repository } from "../../git/repository.ts";
import { diffTrees, listTree } from "../../git/trees.ts";
import { importIndex } from "../../languages/import-index.ts";
import { isSourceLanguage, languageOf } from "../../languages/language.ts";
import { isTestCode } from "../../languages/test-path.ts";
import { memoByOwner } from "../../std/once.ts";
import { compareText } from "../../std/order.ts";
import { type FileMetrics, fileMetrics, isGeneratedPath } from "../../structure/file-metrics.ts";
import type { SourceFile } from "../../structure/graph.ts";
import { type Figures, measureFiles } from "../../structure/metrics.ts";
import { type Charge, chargesOf, type Offender, offendersOf } from "../../structure/offenders.ts";
import type { SettlementContext } from "../context.ts";
import type { DigestCache } from "../digest-cache.ts";
import { isRegularFile, parseBlobs, readManifests, type TreeFile } from "../parse-blobs.ts";

/** Inputs of a scan. */
export interface Sensor {
  repository: Repository;
  /** The project's folder as a prefix of paths: "" or `packages/app/`. */
  projectPrefix: string;
  includeTests: boolean;
  fileMetrics: DigestCache<FileMetrics>;
  signal: AbortSignal;
}

export interface Scan {
  figures: Figures;
  offenders: Offender[];
  /** Every regular file of the project. */
  paths: ReadonlySet<string>;
  /** Source files that the figures include. */
  counted: ReadonlySet<string>;
  /** Source files that the figures leave out because their content marks them as generated. */
  leftOut: ReadonlySet<string>;
}

/** The sensor of a settlement. */
export function sensorOf(c: SettlementContext, signal: AbortSignal): Sensor {
  const { repository, projectPrefix, fileMetrics } = c;
  const { includeTests } = c.config.sentrux;
  return { repository, projectPrefix, includeTests, fileMetrics, signal };
}

/** Recent scans; the base of several candidates is scanned once. */
const scans = memoByOwner<Sensor["fileMetrics"], Promise<Scan>>({ max: 8 });

/**
 * Scans a commit or tree. With a `folder` (relative to the project) the figures include only its files,
 * though files outside it still count as their users. Throws the signal's reason when it was aborted.
 */
export async function scanTree(s: Sensor, treeish: Oid, folder = ""): Promise<Scan> {
  const key = [treeish, s.projectPrefix, folder, s.includeTests].join("\0");
  const compute = (): Promise<Scan> => scan(s, treeish, folder);
  // Another caller's scan may fail because that caller was cancelled.
  return scans.peek(s.fileMetrics, key)?.catch(compute) ?? scans(s.fileMetrics, key, compute);
}

async function scan(s: Sensor, treeish: Oid, folder: string): Promise<Scan> {
  const entries = await projectFiles(s, treeish);
  const paths = entries.map(({ path }) => path);
  const index = importIndex(paths, await readManifests(s.repository, entries));
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
      files.filter(({ path, metrics }) => metrics.generated && !isExcludedPath(path, includeTests)),
    ),
  };
}

/** Regular files of the project. */
async function projectFiles(
  { repository, projectPrefix }: Pick<Sensor, "repository" | "projectPrefix">,
  treeish: Oid,
): Promise<TreeFile[]> {
  return (await listTree(repository, treeish))
    .filter((file) => isRegularFile(file) && file.path.startsWith(projectPrefix))
    .map((file) => ({ ...file, path: file.path.slice(projectPrefix.length) }));
}

async function sourceFiles(
  s: Sensor,
  entries: readonly TreeFile[],
  folder: string,
): Promise<SourceFile[]> {
  const below = folder === "" ? "" : `${folder}/`;
  const sources = entries.flatMap((entry) => {
    const language = languageOf(entry.path);
    return isSourceLanguage(language) ? [{ ...entry, key: `${language}:${entry.oid}` }] : [];
  });
  await parseBlobs({ ...s, cache: s.fileMetrics }, sources, ({ path }, bytes) =>
    fileMetrics(languageOf(path), bytes?.toString() ?? ""),
  );
  s.signal.throwIfAborted();
  return sources.flatMap(({ path, key }) => {
    const metrics = s.fileMetrics.get(key);
    if (metrics === undefined) return [];
    const excluded = metrics.generated || isExcludedPath(path, s.includeTests);
    return [{ path, metrics, counted: !excluded && path.startsWith(below) }];
  });
}

function isExcludedPath(path: string, includeTests: boolean): boolean {
  return isGeneratedPath(path) || (!includeTests && isTestCode(path));
}

/** The offenders that a change from one tree to another introduced or made worse. */
export async function chargesBetween(
  c: SettlementContext,
  o: { before: Oid; after: Oid; signal: AbortSignal },
): Promise<Charge[]> {
  const sensor = sensorOf(c, o.signal);
  const before = await scanTree(sensor, o.before);
  const after = await scanTree(sensor, o.after);
  const changed = await diffTrees(c.repository, o.before, o.after);
  const touched = new Set(
    changed
      .filter(({ path }) => path.startsWith(c.projectPrefix))
      .map(({ path }) => path.slice(c.projectPrefix.length)),
  );
  return [
    ...[...touched].sort(compareText).flatMap((path) => hiding(path, before, after)),
    ...chargesOf(after.offenders, before.offenders, { touched, paths: after.paths }),
  ];
}

/** A charge for a changed file whose new content excludes it from the figures (a "generated" marker). */
function hiding(path: string, before: Scan, after: Scan): Charge[] {
  if (!after.leftOut.has(path) || before.leftOut.has(path)) return [];
  const kind = before.counted.has(path) ? "hidden_file" : "unmeasured_file";
  return [{ kind, path, name: "", line: 1, endLine: 1, value: 1, limit: 0, was: null }];
}

/** True when a commit or tree has files in a language the sensor reads. */
export async function hasSource(
  s: Pick<Sensor, "repository" | "projectPrefix">,
  treeish: Oid,
): Promise<boolean> {
  return (await projectFiles(s, treeish)).some(({ path }) => isSourceLanguage(languageOf(path)));
}
