/** Reads the JSON report of coverage.py (`coverage json`, `pytest --cov-report=json:...`). Pure. */
import type { RawCoverage, RawReading } from "./report.ts";

/** The files of a report: statements, and branches where they were measured. */
export function readCoveragePy(text: string): RawReading {
  let report: unknown;
  try {
    report = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ok: false, reason: `it is not whole JSON: ${why}` };
  }
  const named = field(report, "files");
  if (typeof named !== "object" || named === null || Array.isArray(named)) {
    return { ok: false, reason: 'it is JSON without the "files" of coverage.py' };
  }
  const files: RawCoverage[] = [];
  for (const [path, entry] of Object.entries(named)) {
    const summary = field(entry, "summary");
    const count = (name: string): number | null => {
      const value = field(summary, name);
      return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : null;
    };
    const [covered, total] = [count("covered_lines"), count("num_statements")];
    if (covered === null || total === null) {
      return { ok: false, reason: `${path} has no summary as coverage.py writes it` };
    }
    files.push({
      path,
      covered: covered + (count("covered_branches") ?? 0),
      total: total + (count("num_branches") ?? 0),
    });
  }
  return { ok: true, files };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
