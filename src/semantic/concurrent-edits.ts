/** One symbol, changed by both sides. */

import type { FileSymbol, SymbolTable } from "../languages/symbol-table/symbol-table.ts";
import { type Conflict, sideName } from "./conflict.ts";
import type { MergeVersions } from "./merge-versions.ts";

/** Symbols by name. One with overloads stands for all of them. */
export function symbolsByName(table: SymbolTable | null): Map<string, FileSymbol[]> {
  return Map.groupBy(table?.symbols ?? [], ({ name }) => name);
}

/** Symbols by name and, where a language has overloads, by what tells those apart. */
function symbolsByVariant(table: SymbolTable | null): Map<string, FileSymbol[]> {
  return Map.groupBy(table?.symbols ?? [], ({ name, variant }) => name + variant);
}

/** What all symbols of a name say together; "" for none. */
export function combinedHash(symbols: readonly FileSymbol[] | undefined): string {
  return (symbols ?? []).map(({ hash }) => hash).join(" ");
}

/** Symbols both sides changed, each in its own way. */
export async function sameSymbolEdits(versions: MergeVersions): Promise<Conflict[]> {
  const conflicts: Conflict[] = [];
  for (const path of versions.paths) {
    const { ours, theirs } = versions.changedBy(path);
    if (!ours || !theirs) continue;
    const [base, mine, other, merged] = await Promise.all([
      versions.table("base", path),
      versions.table("theirs", path),
      versions.table("ours", path),
      versions.table("merged", path),
    ]);
    const [was, here, there] = [
      symbolsByVariant(base),
      symbolsByVariant(mine),
      symbolsByVariant(other),
    ];
    const now = symbolsByVariant(merged);
    for (const [name, symbols] of was) {
      const [before, byUs, byThem] = [
        combinedHash(symbols),
        combinedHash(there.get(name)),
        combinedHash(here.get(name)),
      ];
      if (byUs === before || byThem === before || byUs === byThem) continue;
      const symbol = now.get(name)?.[0] ?? symbols[0];
      if (symbol !== undefined)
        conflicts.push(editConflict(path, symbol, byUs === "", byThem === ""));
    }
  }
  return conflicts;
}

function editConflict(
  path: string,
  { name, line }: FileSymbol,
  goneInOurs: boolean,
  goneInTheirs: boolean,
): Conflict {
  const what = goneInOurs
    ? `${sideName.ours} removed \`${name}\`, and ${sideName.theirs} edits it`
    : goneInTheirs
      ? `${sideName.ours} edited \`${name}\`, and ${sideName.theirs} removes it`
      : `${sideName.ours} and ${sideName.theirs} both edit \`${name}\`, each in its own way`;
  return {
    kind: "same_symbol_edit",
    symbol: name,
    path,
    line,
    message: `${what}; read \`${name}\` as it is now and make the change again on top of it`,
    related: [],
  };
}
