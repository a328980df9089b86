/** What depends on a symbol that is gone, or is called in another way now. */
import { type Changed, changedSymbols, type Gone, moduleWord } from "./changed-symbols.ts";
import type { Conflict, Note } from "./conflict.ts";
import { DependentsJudge } from "./dependents-judge.ts";
import type { States } from "./states.ts";

export interface Found {
  conflicts: Conflict[];
  notes: Note[];
}

/** References to what is gone, and calls that no longer fit. */
export async function brokenDependents(states: States): Promise<Found> {
  const { changed, gone } = await changedSymbols(states);
  const found: Found = { conflicts: [], notes: [] };
  if (changed.length === 0 && gone.length === 0) return found;
  const wanted = wordsOf(changed, gone);
  const mentions = await states.input.mentioning([
    ...new Set(wanted.flatMap(([word]) => word ?? [])),
  ]);
  if (mentions.cut) {
    const message = "more files mention what changed than are looked at";
    found.notes.push({ path: changed[0]?.path ?? gone[0]?.path ?? "", line: 1, message });
  }
  const judge = new DependentsJudge(states, changed, gone, found);
  for (const path of [...new Set([...states.paths, ...mentions.paths])].sort()) {
    const text = await states.text("merged", path);
    if (text === null || !wanted.some((words) => words.every((word) => text.includes(word))))
      continue;
    const facts = await states.facts("merged", path);
    if (facts !== null) await judge.file(facts);
  }
  return found;
}

/** Words that all stand in a file that depends on one of these; the first is looked for. */
function wordsOf(changed: readonly Changed[], gone: readonly Gone[]): string[][] {
  const words = gone.map(({ path }) => [moduleWord(path)]);
  for (const { name, path, before } of changed) {
    const parts = name.split(".").map((part) => part.replace(/<.*|!$/, ""));
    const [last = ""] = parts.slice(-1);
    const owner = parts.at(-2);
    if (owner === undefined) words.push([last]);
    else words.push(before.constructs ? [owner] : [owner, last]);
    // A default export is imported under any name at all.
    if (before.isDefault) words.push([moduleWord(path)]);
  }
  return words.filter((all) => all.every((word) => /\w/.test(word)));
}
