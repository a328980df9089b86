/**
 * The coverage baseline, `.coverage-baseline/coverage.json`: the figures of one commit. Its presence
 * enables the coverage gate. Workers may not change it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ownPath } from "../../config/find.ts";
import type { Oid } from "../../git/objects.ts";
import type { Repository } from "../../git/repository.ts";
import { readBlobAt } from "../../git/trees.ts";
import { makeProjectFolder, replaceFile } from "../../std/files.ts";
import { sortedBy } from "../../std/order.ts";
import type { FileCoverage } from "./report.ts";

const folder = ".coverage-baseline";

/** Relative to the project. */
export const coverageBaselineFile = `${folder}/coverage.json`;

const schema = "dgov.coverage-baseline/1";

interface CoverageBaseline {
  /** The command lines, with `{output}` not substituted. */
  command: string;
  /** The measured commit and its tree. */
  head: string;
  tree: string;
  files: FileCoverage[];
}

/** The baseline of a project, null when there is none; or the reason why it cannot be read. */
export type CoverageBaselineReading =
  | { ok: true; baseline: CoverageBaseline | null }
  | { ok: false; reason: string };

/** Reads the baseline of a project. */
export function readCoverageBaseline(projectRoot: string): CoverageBaselineReading {
  let text: string;
  try {
    text = readFileSync(ownPath(projectRoot, coverageBaselineFile), "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return { ok: true, baseline: null };
    return { ok: false, reason: `${coverageBaselineFile} cannot be read (${code})` };
  }
  return readingOf(text);
}

/** Reads the baseline that a project has in a commit. */
export async function coverageBaselineAt(
  repository: Repository,
  o: { commit: Oid; projectPrefix: string },
): Promise<CoverageBaselineReading> {
  const path = o.projectPrefix + coverageBaselineFile;
  const bytes = await readBlobAt(repository, o.commit, path);
  return bytes === null ? { ok: true, baseline: null } : readingOf(Buffer.from(bytes).toString());
}

function readingOf(text: string): CoverageBaselineReading {
  const baseline = parseCoverageBaseline(text);
  if (baseline !== null) return { ok: true, baseline };
  const reason = `${coverageBaselineFile} is not a baseline of this version; run dgov coverage-baseline`;
  return { ok: false, reason };
}

/** Parses a baseline; null when the text is not one. Pure. */
export function parseCoverageBaseline(text: string): CoverageBaseline | null {
  try {
    const read = JSON.parse(text) as Record<string, unknown>;
    const { command, head, tree, files } = read;
    if (read["schema"] !== schema || typeof files !== "object" || files === null) return null;
    if (typeof command !== "string" || typeof head !== "string" || typeof tree !== "string") {
      return null;
    }
    const figures = Object.entries(files as Record<string, Partial<FileCoverage> | null>);
    const valid = figures.flatMap(([path, one]) =>
      isCount(one?.covered) && isCount(one?.total)
        ? [{ path, covered: one.covered, total: one.total }]
        : [],
    );
    return valid.length === figures.length ? { command, head, tree, files: valid } : null;
  } catch {
    return null;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

/** Renders a baseline as JSON with one line per file, for readable diffs. Pure. */
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

/** Writes the baseline below a folder, atomically. Throws as `makeProjectFolder`. */
export function writeCoverageBaseline(root: string, baseline: CoverageBaseline): void {
  makeProjectFolder(root, folder);
  replaceFile(join(root, coverageBaselineFile), coverageBaselineText(baseline));
}
