/** Files the merge made that no grammar understands, and markers left in them. */
import { type Conflict, type Note, sideName } from "./conflict.ts";
import type { MergeVersions } from "./merge-versions.ts";
import type { Findings } from "./reference-checker.ts";

/** Charges only what the merge itself broke: grammars have gaps, and sides have their own gates. */
export async function syntaxConflicts(versions: MergeVersions): Promise<Findings> {
  const conflicts: Conflict[] = [];
  const notes: Note[] = [];
  for (const path of versions.paths) {
    const markers = await markerLine(versions, path);
    if (markers !== null) {
      const message =
        "markers of an unfinished merge stand here; decide for one side and remove them";
      conflicts.push({ ...syntaxConflict(path, markers), message });
      continue;
    }
    const merged = await versions.table("merged", path);
    if (merged === null) {
      if ((await versions.id("merged", path)) !== undefined) {
        notes.push({
          path,
          line: 1,
          message: "the file cannot be read: its symbols are not judged",
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
      notes.push({ path, line, message: "the grammar does not understand this line" });
      continue;
    }
    conflicts.push({
      ...syntaxConflict(path, line),
      message: `the file parses as ${sideName.ours} left it and as ${sideName.theirs} leaves it, but not once the two are merged; read the file as it is now and make the change again`,
    });
  }
  return { conflicts, notes };
}

function syntaxConflict(path: string, line: number): Omit<Conflict, "message"> {
  return { kind: "syntax_conflict", symbol: baseNameOf(path), path, line, related: [] };
}

function baseNameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Line of a whole set of merge markers the file did not have at base, where they make no sense. */
async function markerLine(versions: MergeVersions, path: string): Promise<number | null> {
  const merged = await versions.table("merged", path);
  if (merged === null || merged.errorLines.length === 0) return null;
  const line = markersIn(await versions.text("merged", path));
  return line !== null && markersIn(await versions.text("base", path)) === null ? line : null;
}

function markersIn(text: string | null): number | null {
  const match = /^<{7} .*\n(?:.*\n)*?={7}\n(?:.*\n)*?>{7} /m.exec(text ?? "");
  return match === null ? null : (text ?? "").slice(0, match.index).split("\n").length;
}
