/** One symbol, changed by both sides. */

import type { FileSymbol, SymbolTable } from "../languages/symbol-table/symbol-table.ts";
import { type Conflict, sideName } from "./conflict.ts";
import type { MergeVersions } from "./merge-versions.ts";

/** Symbols by name. One with overloads stands for all of them. */
export function byName(facts: SymbolTable | null): Map<string, FileSymbol[]> {
  return Map.groupBy(facts?.symbols ?? [], ({ name }) => name);
}

/** Symbols by name and, where a language has overloads, by what tells those apart. */
function byVariant(facts: SymbolTable | null): Map<string, FileSymbol[]> {
  return Map.groupBy(facts?.symbols ?? [], ({ name, variant }) => name + variant);
}

/** What all symbols of a name say together; "" for none. */
export function saying(symbols: readonly FileSymbol[] | undefined): string {
  return (symbols ?? []).map(({ hash }) => hash).join(" ");
}

/** Symbols both sides changed, each in its own way. */
export async function sameSymbolEdits(states: MergeVersions): Promise<Conflict[]> {
  const conflicts: Conflict[] = [];
  for (const path of states.paths) {
    const { ours, theirs } = states.changedBy(path);
    if (!ours || !theirs) continue;
    const [base, mine, other, merged] = await Promise.all([
      states.facts("base", path),
      states.facts("theirs", path),
      states.facts("ours", path),
      states.facts("merged", path),
    ]);
    const [was, here, there] = [byVariant(base), byVariant(mine), byVariant(other)];
    const now = byVariant(merged);
    for (const [name, symbols] of was) {
      const [before, byUs, byThem] = [
        saying(symbols),
        saying(there.get(name)),
        saying(here.get(name)),
      ];
      if (byUs === before || byThem === before || byUs === byThem) continue;
      const symbol = now.get(name)?.[0] ?? symbols[0];
      if (symbol !== undefined) conflicts.push(edited(path, symbol, byUs === "", byThem === ""));
    }
  }
  return conflicts;
}

function edited(
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
