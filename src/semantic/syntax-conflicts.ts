/** Files the merge made that no grammar understands, and markers left in them. */
import { type Conflict, type Note, sideName } from "./conflict.ts";
import type { Found } from "./dependents.ts";
import type { States } from "./states.ts";

/** Charges only what the merge itself broke: grammars have gaps, and sides have their own gates. */
export async function syntaxConflicts(states: States): Promise<Found> {
  const conflicts: Conflict[] = [];
  const notes: Note[] = [];
  for (const path of states.paths) {
    const merged = await states.facts("merged", path);
    const [line] = merged?.errorLines ?? [];
    if (merged === null || line === undefined) continue;
    const { ours, theirs } = states.changedBy(path);
    const sides = await Promise.all(
      (["base", "ours", "theirs"] as const).map((state) => states.facts(state, path)),
    );
    const clean = sides.every((facts) => facts !== null && facts.errorLines.length === 0);
    if (!(ours && theirs && clean)) {
      notes.push({ path, line, message: "the grammar does not understand this line" });
      continue;
    }
    conflicts.push({
      kind: "syntax_conflict",
      symbol: "",
      path,
      line,
      message: `the file parses as ${sideName.ours} left it and as ${sideName.theirs} leaves it, but not once the two are merged; read the file as it is now and make the change again`,
      related: [],
    });
  }
  return { conflicts, notes };
}
