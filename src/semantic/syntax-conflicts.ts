/** Rule syntax_conflict: merged files that no longer parse, and conflict markers left in files. */
import { baseName } from "../languages/source-tree.ts";
import { type Finding, type Note, type RuleResult, sideName } from "./finding.ts";
import type { MergeVersions } from "./merge-versions.ts";

/**
 * Reports only errors that the merge introduced. Others become notes: grammars are incomplete, and each side
 * has its own gates.
 */
export async function syntaxConflicts(versions: MergeVersions): Promise<RuleResult> {
  const findings: Finding[] = [];
  const notes: Note[] = [];
  for (const path of versions.paths) {
    const markers = await markerLine(versions, path);
    if (markers !== null) {
      const message =
        "the file contains merge conflict markers; resolve the conflict and remove the markers";
      findings.push({ ...syntaxConflict(path, markers), message });
      continue;
    }
    const merged = await versions.table("merged", path);
    if (merged === null) {
      if ((await versions.id("merged", path)) !== undefined) {
        notes.push({
          path,
          line: 1,
          message: "the file could not be read or parsed; its symbols were not checked",
        });
      }
      continue;
    }
    const [line] = merged.errorLines;
    if (line === undefined) continue;
    const { ours, theirs } = versions.changedBy(path);
    const sides = await Promise.all(
      (["base", "ours", "theirs"] as const).map((version) => versions.table(version, path)),
    );
    const clean = sides.every((table) => table !== null && table.errorLines.length === 0);
    if (!(ours && theirs && clean)) {
      notes.push({ path, line, message: "the parser does not recognise the syntax of this line" });
      continue;
    }
    findings.push({
      ...syntaxConflict(path, line),
      message: `the file parses with ${sideName.ours} and with ${sideName.theirs}, but not with both; re-read the file and reapply the change to its current version`,
    });
  }
  return { findings, notes };
}

function syntaxConflict(path: string, line: number): Omit<Finding, "message"> {
  return {
    kind: "syntax_conflict",
    symbol: baseName(path),
    path,
    line,
    related: [],
    uncertain: null,
  };
}

/** First line of complete conflict markers that break the syntax and were not in the base; null without any. */
async function markerLine(versions: MergeVersions, path: string): Promise<number | null> {
  const merged = await versions.table("merged", path);
  if (merged === null || merged.errorLines.length === 0) return null;
  const line = conflictMarkersIn(await versions.text("merged", path));
  return line !== null && conflictMarkersIn(await versions.text("base", path)) === null
    ? line
    : null;
}

/** First line of complete conflict markers in a text; null without any. */
export function conflictMarkersIn(text: string | null): number | null {
  const match = /^<{7} .*\n(?:.*\n)*?={7}\n(?:.*\n)*?>{7} /m.exec(text ?? "");
  return match === null ? null : (text ?? "").slice(0, match.index).split("\n").length;
}
