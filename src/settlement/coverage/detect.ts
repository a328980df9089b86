/** Reads a coverage report of whichever format its content shows. Pure. */
import { readCobertura } from "./cobertura.ts";
import { readCoveragePy } from "./coverage-py.ts";
import { readGoProfile } from "./go-profile.ts";
import { readLcov } from "./lcov.ts";
import {
  type FileCoverage,
  type Layout,
  locate,
  type RawReading,
  type ReportReading,
} from "./report.ts";

const formats: readonly { looks: RegExp; read(text: string): RawReading }[] = [
  { looks: /^\s*mode: /, read: readGoProfile },
  { looks: /^\s*\{/, read: readCoveragePy },
  { looks: /^\s*</, read: readCobertura },
  { looks: /^\s*(TN|SF):/, read: readLcov },
];

/** Characters of a reason: it quotes the report, whose lines may be long. */
const reasonMax = 200;

/**
 * The figures of the tree's files, from a report's text. Files that are not the tree's are left out;
 * a report about nothing else, or that cannot be read to its end, gives the reason, completing "the
 * coverage report cannot be used: ...".
 */
export function readReport(text: string, layout: Layout): ReportReading {
  const content = text.replace(/^\uFEFF/, "");
  if (content.trim() === "") return { ok: false, reason: "it is empty" };
  const format = formats.find(({ looks }) => looks.test(content));
  if (format === undefined) {
    const reason = "it is neither lcov, coverage.py JSON, Cobertura nor a Go profile";
    return { ok: false, reason };
  }
  const raw = format.read(content);
  if (!raw.ok) return { ok: false, reason: raw.reason.slice(0, reasonMax) };
  const files = new Map<string, FileCoverage>();
  for (const { covered, total, ...named } of raw.files) {
    const path = locate(layout, named);
    if (path !== null) files.set(path, { path, covered, total });
  }
  if (files.size > 0) return { ok: true, files: [...files.values()] };
  const [first] = raw.files;
  const reason =
    first === undefined
      ? "it tells of no file"
      : `it tells of no file of the project (but of ${first.path})`;
  return { ok: false, reason };
}
