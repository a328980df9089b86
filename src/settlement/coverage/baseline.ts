/**
 * `.coverage-baseline/coverage.json`: that the project wants its coverage kept, and what it was when
 * that was said. dgov's own; no worker may change it.
 */
import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DgovError } from "../../error.ts";
import { sortedBy } from "../../std/order.ts";
import type { FileCoverage } from "./report.ts";

const folder = ".coverage-baseline";

/** Relative to the project. */
export const coverageBaselineFile = `${folder}/coverage.json`;

const schema = "dgov.coverage-baseline/1";

export interface CoverageBaseline {
  /** With `{output}` left open. */
  command: string;
  /** The commit that was measured, and its tree. */
  head: string;
  tree: string;
  files: FileCoverage[];
}

/** The baseline of a project; null when there is none. */
export function readCoverageBaseline(
  projectRoot: string,
): { ok: true; baseline: CoverageBaseline | null } | { ok: false; reason: string } {
  let text: string;
  try {
    text = readFileSync(join(projectRoot, coverageBaselineFile), "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return { ok: true, baseline: null };
    return { ok: false, reason: `${coverageBaselineFile} cannot be read (${code})` };
  }
  const baseline = parseCoverageBaseline(text);
  if (baseline !== null) return { ok: true, baseline };
  const reason = `${coverageBaselineFile} is not a baseline of this dgov; dgov coverage-baseline makes a new one`;
  return { ok: false, reason };
}

/** A baseline from its text; null when it is none. Pure. */
export function parseCoverageBaseline(text: string): CoverageBaseline | null {
  try {
    const read = JSON.parse(text) as Record<string, unknown>;
    const { command, head, tree, files } = read;
    if (read["schema"] !== schema || typeof files !== "object" || files === null) return null;
    if (typeof command !== "string" || typeof head !== "string" || typeof tree !== "string") {
      return null;
    }
    const figures = Object.entries(files as Record<string, Partial<FileCoverage> | null>);
    const whole = figures.flatMap(([path, one]) =>
      isCount(one?.covered) && isCount(one?.total)
        ? [{ path, covered: one.covered, total: one.total }]
        : [],
    );
    return whole.length === figures.length ? { command, head, tree, files: whole } : null;
  } catch {
    return null;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

/** A baseline as text: one line a file, so that two of them compare well. Pure. */
export function coverageBaselineText({ files, ...rest }: CoverageBaseline): string {
  const lines = sortedBy(files, ({ path }) => path).map(
    ({ path, covered, total }) =>
      `    ${JSON.stringify(path)}: ${JSON.stringify({ covered, total })}`,
  );
  const head = Object.entries({ schema, ...rest }).map(
    ([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`,
  );
  return `{\n${head.join(",\n")},\n  "files": {\n${lines.join(",\n")}\n  }\n}\n`;
}

/** Writes the baseline in one step. A folder that is a link is refused: it leads elsewhere. */
export function writeCoverageBaseline(projectRoot: string, baseline: CoverageBaseline): void {
  const at = join(projectRoot, folder);
  mkdirSync(at, { recursive: true });
  if (!lstatSync(at).isDirectory()) {
    throw new DgovError("REFUSED", `${folder} is a link; remove it first`);
  }
  const file = join(projectRoot, coverageBaselineFile);
  // Not through a link that the repository may have put there.
  rmSync(`${file}.new`, { force: true });
  writeFileSync(`${file}.new`, coverageBaselineText(baseline), { flag: "wx" });
  renameSync(`${file}.new`, file);
}
