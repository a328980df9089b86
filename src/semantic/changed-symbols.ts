/** Symbols and files that others may depend on, and that are not what they were. */

import type { FileSymbol, SymbolTable } from "../languages/symbol-table/symbol-table.ts";
import { sameSignature } from "./call-signature.ts";
import { symbolsByName } from "./concurrent-edits.ts";
import type { Side } from "./conflict.ts";
import type { MergeVersions } from "./merge-versions.ts";

/** A symbol that is gone or called in another way, and the side that made it so. */
export interface ChangedSymbol {
  path: string;
  name: string;
  side: Side;
  before: FileSymbol;
  /** Null when it is gone. */
  now: FileSymbol | null;
}

/** A file that is gone. */
export interface RemovedFile {
  path: string;
  side: Side;
}

/** What the merge leaves gone or changed, against what both sides started from. */
export async function changedSymbols(
  versions: MergeVersions,
): Promise<{ changed: ChangedSymbol[]; gone: RemovedFile[] }> {
  const changed: ChangedSymbol[] = [];
  const gone: RemovedFile[] = [];
  for (const path of versions.paths) {
    const [base, merged] = [
      await versions.table("base", path),
      await versions.table("merged", path),
    ];
    if (base === null) continue;
    if ((await versions.id("merged", path)) === undefined) {
      gone.push({ path, side: versions.input.theirs.has(path) ? "ours" : "theirs" });
    } else if (merged === null) continue;
    changed.push(...(await changedIn(versions, base, merged)));
  }
  return { changed, gone };
}

async function changedIn(
  versions: MergeVersions,
  base: SymbolTable,
  merged: SymbolTable | null,
): Promise<ChangedSymbol[]> {
  const now = symbolsByName(merged);
  const found: ChangedSymbol[] = [];
  for (const [name, [before, ...others]] of symbolsByName(base)) {
    // Nobody names the entries of a list.
    if (before === undefined || (before.kind === "field" && before.overload)) continue;
    const [first = null, ...more] = now.get(name) ?? [];
    if (first !== null) {
      // Which of several a call means cannot be told.
      if (others.length > 0 || more.length > 0) continue;
      if (before.signature === null || first.signature === null) continue;
      if (sameSignature(before.signature, first.signature)) continue;
    }
    const side = await sideThatChanged(versions, base.path, name, first);
    found.push({ path: base.path, name, side, before, now: first });
  }
  return found;
}

async function sideThatChanged(
  versions: MergeVersions,
  path: string,
  name: string,
  now: FileSymbol | null,
): Promise<Side> {
  const theirs = (await versions.table("theirs", path))?.symbols.find((one) => one.name === name);
  const same = (theirs?.hash ?? "") === (now?.hash ?? "");
  return same && versions.changedBy(path).theirs ? "theirs" : "ours";
}

/** The word an import of this file must hold. */
export function moduleWord(path: string): string {
  const parts = path.replace(/\.[^./]+$/, "").split("/");
  const last = parts.at(-1) ?? "";
  return /^(__init__|mod|index)$/.test(last) ? (parts.at(-2) ?? last) : last;
}
