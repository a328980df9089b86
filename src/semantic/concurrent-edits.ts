/** Rule same_symbol_edit: both sides changed one symbol in different ways. */

import type { FileSymbol, SymbolTable } from "../languages/symbol-table/symbol-table.ts";
import { type Finding, sideName } from "./finding.ts";
import type { MergeVersions } from "./merge-versions.ts";

/** Symbols by qualified name and variant. */
function symbolsByVariant(table: SymbolTable | null): Map<string, FileSymbol[]> {
  return Map.groupBy(table?.symbols ?? [], ({ name, variant }) => name + variant);
}

/** Hash of all symbols of a name; "" for none. */
function combinedHash(symbols: readonly FileSymbol[] | undefined): string {
  return (symbols ?? []).map(({ hash }) => hash).join(" ");
}

/** Conflicts of symbols that both sides edited or removed, with different results. */
export async function sameSymbolEdits(versions: MergeVersions): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const path of versions.paths) {
    const changed = versions.changedBy(path);
    if (!changed.ours || !changed.theirs) continue;
    const base = symbolsByVariant(await versions.table("base", path));
    const ours = symbolsByVariant(await versions.table("ours", path));
    const theirs = symbolsByVariant(await versions.table("theirs", path));
    const merged = symbolsByVariant(await versions.table("merged", path));
    for (const [name, symbols] of base) {
      const before = combinedHash(symbols);
      const inOurs = combinedHash(ours.get(name));
      const inTheirs = combinedHash(theirs.get(name));
      if (inOurs === before || inTheirs === before || inOurs === inTheirs) continue;
      const symbol = merged.get(name)?.[0] ?? symbols[0];
      if (symbol === undefined) continue;
      findings.push(editConflict(path, symbol, inOurs === "", inTheirs === ""));
    }
  }
  return findings;
}

function editConflict(
  path: string,
  { name, line }: FileSymbol,
  removedInOurs: boolean,
  removedInTheirs: boolean,
): Finding {
  const what = removedInOurs
    ? `${sideName.ours} removed \`${name}\`, which ${sideName.theirs} edits`
    : removedInTheirs
      ? `${sideName.ours} edited \`${name}\`, which ${sideName.theirs} removes`
      : `${sideName.ours} and ${sideName.theirs} edit \`${name}\` in different ways`;
  return {
    kind: "same_symbol_edit",
    symbol: name,
    path,
    line,
    message: `${what}; re-read \`${name}\` and reapply the change to its current version`,
    related: [],
    uncertain: null,
  };
}
