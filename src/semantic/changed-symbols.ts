/** Symbols and files that a merge removes, and callables that it gives another signature. */

import {
  type FileSymbol,
  type SymbolTable,
  simpleName,
} from "../languages/symbol-table/symbol-table.ts";
import { sameSignature } from "./call-signature.ts";
import type { Side } from "./finding.ts";
import { type MergeVersions, symbolsByName } from "./merge-versions.ts";

/** A symbol that was removed or has a new signature, and the side that changed it. */
export interface ChangedSymbol {
  path: string;
  name: string;
  side: Side;
  before: FileSymbol;
  /** Symbol in the merged version; null when it was removed. */
  now: FileSymbol | null;
}

/** A file that was removed, and the side that removed it. */
export interface RemovedFile {
  path: string;
  side: Side;
}

/** Compares the merged version with the base. */
export async function changedSymbols(
  versions: MergeVersions,
): Promise<{ changed: ChangedSymbol[]; removed: RemovedFile[] }> {
  const changed: ChangedSymbol[] = [];
  const removed: RemovedFile[] = [];
  for (const path of versions.paths) {
    const [base, merged] = [
      await versions.table("base", path),
      await versions.table("merged", path),
    ];
    if (base === null) continue;
    if ((await versions.id("merged", path)) === undefined) {
      removed.push({ path, side: versions.input.theirs.has(path) ? "ours" : "theirs" });
    } else if (merged === null) continue;
    changed.push(...(await changedIn(versions, base, merged)));
    if (merged !== null && path.endsWith(".py")) {
      changed.push(...(await removedAttributes(versions, base, merged)));
    }
  }
  return { changed, removed };
}

/** Attributes that the methods of a Python class set on `self`, and that its class no longer names. */
async function removedAttributes(
  versions: MergeVersions,
  base: SymbolTable,
  merged: SymbolTable,
): Promise<ChangedSymbol[]> {
  const found: ChangedSymbol[] = [];
  const [before, now, theirs] = await Promise.all(
    (["base", "merged", "theirs"] as const).map((version) => versions.text(version, base.path)),
  );
  for (const owner of base.symbols.filter(({ kind }) => kind === "type")) {
    const same = merged.symbols.find(({ name }) => name === owner.name);
    if (same === undefined || before == null || now == null) continue;
    const body = now.slice(same.start, same.end);
    const set = before
      .slice(owner.start, owner.end)
      .matchAll(/\bself\.(\w+)\s*(?::[^=\n]+)?=(?!=)/g);
    for (const attribute of new Set([...set].map((match) => match[1] ?? ""))) {
      const word = new RegExp(`\\b${attribute}\\b`);
      const name = `${owner.name}.${attribute}`;
      if (word.test(body) || base.symbols.some((one) => one.name === name)) continue;
      const side = word.test(theirs ?? "") ? "ours" : "theirs";
      const symbol: FileSymbol = { ...owner, name, kind: "field", signature: null };
      found.push({ path: base.path, name, side, before: symbol, now: null });
    }
  }
  return found;
}

async function changedIn(
  versions: MergeVersions,
  base: SymbolTable,
  merged: SymbolTable | null,
): Promise<ChangedSymbol[]> {
  const now = symbolsByName(merged);
  const found: ChangedSymbol[] = [];
  for (const [name, [before, ...others]] of symbolsByName(base)) {
    // Entries of a list cannot be referenced by name.
    // The blank identifier names nothing.
    if (simpleName(name) === "_") continue;
    if (before === undefined || (before.kind === "field" && before.overload)) continue;
    const [first = null, ...more] = now.get(name) ?? [];
    if (first !== null) {
      // Overloads are skipped: the one that a call selects is unknown.
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

/** Word that occurs in every import of this file. */
export function moduleWord(path: string): string {
  const parts = path.replace(/\.[^./]+$/, "").split("/");
  const last = parts.at(-1) ?? "";
  return /(^|\/)(__init__\.pyi?|mod\.rs|index\.\w+)$/.test(path) ? (parts.at(-2) ?? last) : last;
}
