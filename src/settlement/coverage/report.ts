/** Coverage figures of files, and the paths by which reports name them. Pure. */
import { posix } from "node:path";

export interface FileCoverage {
  /** Relative to the project, with `/`. */
  path: string;
  /** Covered and total lines, statements or branches, as the tool counts. */
  covered: number;
  total: number;
}

/** A report's figures, or the reason why it cannot be used. */
export type ReportReading = { ok: true; files: FileCoverage[] } | { ok: false; reason: string };

/** A checked-out tree, for resolving the paths in reports. */
export interface Layout {
  /** Absolute paths of the tree's root, with and without symbolic links resolved. */
  roots: readonly string[];
  /** The project's folder as a prefix of paths relative to the root: "" or `packages/app/`. */
  projectPrefix: string;
  /** Go modules and their folders, relative to the root. */
  modules: readonly { name: string; dir: string }[];
  /** True when a path relative to the root is a file of the tree. */
  has(path: string): boolean;
}

/** The result of parsing one format; paths are still as the report has them. */
export type RawReading = { ok: true; files: RawCoverage[] } | { ok: false; reason: string };

export interface RawCoverage {
  /** Path as in the report. */
  path: string;
  /** Source folders of the report, to which the path may be relative. */
  within?: readonly string[];
  covered: number;
  total: number;
}

/** Resolves a path of a report to a file of the tree, relative to the project; null when there is none. */
export function locate(layout: Layout, raw: Pick<RawCoverage, "path" | "within">): string | null {
  const path = raw.path.replaceAll("\\", "/");
  const prefix = layout.projectPrefix;
  const folders = [...(raw.within ?? []), "."].map((folder) => folder.replaceAll("\\", "/"));
  const places = isAbsolute(path) ? [path] : folders.map((folder) => posix.join(folder, path));
  for (const place of [...places, ...inModules(layout, path)]) {
    const inRoot = isAbsolute(place) ? belowRoot(layout, place) : posix.join(prefix, place);
    if (inRoot === null || !inRoot.startsWith(prefix) || !layout.has(inRoot)) continue;
    return inRoot.slice(prefix.length);
  }
  return null;
}

function isAbsolute(path: string): boolean {
  return path.startsWith("/") || /^[A-Za-z]:\//.test(path);
}

function belowRoot({ roots }: Layout, path: string): string | null {
  const normal = posix.normalize(path);
  const root = roots.find((one) => normal.startsWith(`${one}/`));
  return root === undefined ? null : normal.slice(root.length + 1);
}

/** Absolute paths that a Go import path may refer to; the innermost module first. */
function inModules({ modules, roots }: Layout, path: string): string[] {
  const [root = "/"] = roots;
  return modules
    .filter(({ name }) => path.startsWith(`${name}/`))
    .sort((a, b) => b.name.length - a.name.length)
    .map(({ name, dir }) => posix.join(root, dir, path.slice(name.length + 1)));
}

/** Figures of a file from the hit count of each line. */
export function figuresOf(lines: ReadonlyMap<string, number>): Omit<FileCoverage, "path"> {
  return { covered: [...lines.values()].filter((hits) => hits > 0).length, total: lines.size };
}

/** Covered share in percent; 100 for a file with nothing to cover. */
export function percentOf({ covered, total }: Pick<FileCoverage, "covered" | "total">): number {
  return total === 0 ? 100 : (covered / total) * 100;
}
