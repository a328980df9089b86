/** What a coverage report says, whatever tool wrote it, and where its files are. Pure. */
import { posix } from "node:path";

export interface FileCoverage {
  /** Relative to the project, with `/`. */
  path: string;
  /** Lines, statements or branches: what the tool counts. */
  covered: number;
  total: number;
}

/** A reader's answer; a report it cannot read to the end says nothing. */
export type ReportReading = { ok: true; files: FileCoverage[] } | { ok: false; reason: string };

/** A tree as reports name its files. */
export interface Layout {
  /** The tree's root by every absolute name tools may use: with and without links resolved. */
  roots: readonly string[];
  /** The project's folder in it, "" or like `packages/app`. */
  projectDir: string;
  /** Go modules and their folders, relative to the root. */
  modules: readonly { name: string; dir: string }[];
  /** Whether a path relative to the root is a file of the tree. */
  has(path: string): boolean;
}

/** What a reader of one format gives: the files as the report names them. */
export type RawReading = { ok: true; files: RawCoverage[] } | { ok: false; reason: string };

export interface RawCoverage {
  /** As the report names it. */
  path: string;
  /** Folders the name may be relative to, besides the project's; as the report names them. */
  within?: readonly string[];
  covered: number;
  total: number;
}

/** The file of the tree a report means, relative to the project; null when it is not one. */
export function locate(layout: Layout, raw: Pick<RawCoverage, "path" | "within">): string | null {
  const path = raw.path.replaceAll("\\", "/");
  const prefix = layout.projectDir === "" ? "" : `${layout.projectDir}/`;
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

/** Absolute names of what a Go import path means; the innermost module comes first. */
function inModules({ modules, roots }: Layout, path: string): string[] {
  const [root = "/"] = roots;
  return modules
    .filter(({ name }) => path.startsWith(`${name}/`))
    .sort((a, b) => b.name.length - a.name.length)
    .map(({ name, dir }) => posix.join(root, dir, path.slice(name.length + 1)));
}

/** Figures of a file from the times each of its lines was run. */
export function figuresOf(lines: ReadonlyMap<string, number>): Omit<FileCoverage, "path"> {
  return { covered: [...lines.values()].filter((hits) => hits > 0).length, total: lines.size };
}

/** Covered share in percent; a file with nothing to cover is covered. */
export function percentOf({ covered, total }: Pick<FileCoverage, "covered" | "total">): number {
  return total === 0 ? 100 : (covered / total) * 100;
}
