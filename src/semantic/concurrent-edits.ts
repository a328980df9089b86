/**
 * Rule same_symbol_edit: both sides edited one symbol in different ways. The distance of the edits decides:
 * edits in one place, and uses of a name that the other side took away, are certain; edits with unchanged
 * lines between them are not.
 */

import { isPredeclared } from "../languages/symbol-table/predeclared.ts";
import type { FileSymbol, Reference, SymbolTable } from "../languages/symbol-table/symbol-table.ts";
import { type Finding, type Side, sideName } from "./finding.ts";
import { type LineEdit, lineEdits } from "./line-edits.ts";
import type { MergeVersions } from "./merge-versions.ts";

const apart = "unchanged lines separate the two edits";

/** Findings of symbols that both sides edited or removed, with different results. */
export async function sameSymbolEdits(versions: MergeVersions): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const path of versions.paths) {
    const changed = versions.changedBy(path);
    if (!changed.ours || !changed.theirs) continue;
    const file = await readEditedFile(versions, path);
    if (file === null) continue;
    const names = lostNames(file);
    const named = new Set(names.map(({ symbol }) => symbol));
    findings.push(...names, ...editsOf(file).filter(({ symbol }) => !named.has(symbol)));
  }
  return findings;
}

/** A file that both sides changed: its symbols and lines in each version. */
interface EditedFile {
  path: string;
  tables: Record<"base" | "ours" | "theirs" | "merged", SymbolTable>;
  lines: readonly string[];
  edits: Record<Side, LineEdit[]>;
  /** Lines of the base that the merged version keeps, by number, with their number there. */
  kept: ReadonlyMap<number, number>;
  text: Record<Side, readonly string[]>;
}

async function readEditedFile(versions: MergeVersions, path: string): Promise<EditedFile | null> {
  const [base, ours, theirs, merged] = await Promise.all(
    (["base", "ours", "theirs", "merged"] as const).map((name) => versions.table(name, path)),
  );
  if (!base || !ours || !theirs || !merged) return null;
  const [lines = [], inOurs = [], inTheirs = [], inMerged = []] = await Promise.all(
    (["base", "ours", "theirs", "merged"] as const).map(async (name) =>
      ((await versions.text(name, path)) ?? "").split("\n"),
    ),
  );
  const kept = new Map<number, number>();
  let [line, shift] = [1, 0];
  for (const { start, end, newEnd } of [
    ...lineEdits(lines, inMerged),
    { start: lines.length + 1, end: 0, newEnd: 0 },
  ]) {
    for (; line < start; line++) kept.set(line, line + shift);
    line = end;
    shift = newEnd - end;
  }
  return {
    path,
    tables: { base, ours, theirs, merged },
    lines,
    edits: { ours: lineEdits(lines, inOurs), theirs: lineEdits(lines, inTheirs) },
    kept,
    text: { ours: inOurs, theirs: inTheirs },
  };
}

/** Symbols by qualified name and variant. */
function symbolsByVariant(table: SymbolTable): Map<string, FileSymbol[]> {
  return Map.groupBy(table.symbols, ({ name, variant }) => name + variant);
}

/** Hash of all symbols of a name; "" for none. */
function combinedHash(symbols: readonly FileSymbol[] | undefined): string {
  return (symbols ?? []).map(({ hash }) => hash).join(" ");
}

function editsOf(file: EditedFile): Finding[] {
  const findings: Finding[] = [];
  const [ours, theirs, merged] = (["ours", "theirs", "merged"] as const).map((name) =>
    symbolsByVariant(file.tables[name]),
  );
  for (const [name, symbols] of symbolsByVariant(file.tables.base)) {
    const before = combinedHash(symbols);
    const inOurs = combinedHash(ours?.get(name));
    const inTheirs = combinedHash(theirs?.get(name));
    if (inOurs === before || inTheirs === before || inOurs === inTheirs) continue;
    const [symbol] = symbols;
    if (symbol === undefined) continue;
    const line = merged?.get(name)?.[0]?.line ?? file.kept.get(symbol.line) ?? 1;
    const lost = (inOurs === "" || inTheirs === "") && !isKept(file, symbol);
    const close = lost || symbols.some((one) => distance(file, one) === 0);
    const what =
      inOurs === ""
        ? `${sideName.ours} removed \`${symbol.name}\`, which ${sideName.theirs} edits`
        : inTheirs === ""
          ? `${sideName.ours} edited \`${symbol.name}\`, which ${sideName.theirs} removes`
          : `${sideName.ours} and ${sideName.theirs} edit \`${symbol.name}\` in different ways`;
    findings.push(editFinding(file.path, symbol.name, line, what, close ? null : apart));
  }
  return findings;
}

/** True for a symbol with another name or other parameters in the merged version: most of its lines are in one symbol. */
function isKept({ tables, kept, lines }: EditedFile, { line, endLine }: FileSymbol): boolean {
  const numbers = Array.from({ length: endLine - line + 1 }, (_, index) => line + index).filter(
    (one) => /\w/.test(lines[one - 1] ?? ""),
  );
  const found = numbers.flatMap((one) => kept.get(one) ?? []);
  return (
    found.length * 2 >= numbers.length &&
    tables.merged.symbols.some(
      (symbol) =>
        found.filter((one) => symbol.line <= one && one <= symbol.endLine).length * 10 >=
        found.length * 9,
    )
  );
}

/**
 * Unchanged lines between the closest two edits of a symbol by the two sides; edits of its members do not count. Infinity when the sides made the same edits.
 */
function distance(file: EditedFile, symbol: FileSymbol): number {
  const members = file.tables.base.symbols.filter(({ name }) => name.startsWith(`${symbol.name}.`));
  const own = ({ start, end }: LineEdit): boolean =>
    start <= symbol.endLine &&
    Math.max(end - 1, start) >= symbol.firstLine &&
    !(start === end && start === symbol.firstLine) &&
    !members.some((one) => one.firstLine <= start && Math.max(end - 1, start) <= one.endLine);
  const [ours, theirs] = [file.edits.ours.filter(own), file.edits.theirs.filter(own)];
  let least = Number.POSITIVE_INFINITY;
  for (const mine of theirs) {
    for (const other of ours) {
      if (isSameEdit(file, mine, other)) continue;
      const [first, second] = mine.start < other.start ? [mine, other] : [other, mine];
      least = Math.min(least, Math.max(0, second.start - first.end));
    }
  }
  return least;
}

function isSameEdit({ text }: EditedFile, mine: LineEdit, other: LineEdit): boolean {
  if (mine.start !== other.start || mine.end !== other.end) return false;
  const written = text.theirs.slice(mine.newStart - 1, mine.newEnd - 1).join("\n");
  return written === text.ours.slice(other.newStart - 1, other.newEnd - 1).join("\n");
}

/**
 * Findings of local names that one side removed, renamed or gave another type, and that new lines of the other
 * side use.
 */
function lostNames(file: EditedFile): Finding[] {
  const { path, tables } = file;
  const findings = new Map<string, Finding>();
  for (const reference of tables.merged.references) {
    const { scope, path: [name = "?"] = [], line } = reference;
    if (scope === "" || name === "?" || isLocal(tables.merged, reference)) continue;
    if (!isLocal(tables.base, reference)) continue;
    const remover = (["ours", "theirs"] as const).find((side) => !isLocal(tables[side], reference));
    const user = remover === "ours" ? "theirs" : "ours";
    if (remover === undefined || !isLocal(tables[user], reference)) continue;
    // A name that the remover still uses is defined where the reader does not see it.
    if (tables[remover].references.some((one) => one.scope === scope && one.path[0] === name)) {
      continue;
    }
    const what = `${sideName[remover]} removed or renamed \`${name}\` in \`${scope}\`, and ${sideName[user]} uses it`;
    const doubt = isDefinedOutside(tables.merged, reference)
      ? `\`${name}\` is also a name outside \`${scope}\``
      : null;
    findings.set(`${scope} ${name}`, editFinding(path, scope, line, what, doubt));
  }
  for (const side of ["ours", "theirs"] as const) {
    for (const finding of retypedNames(file, side)) {
      findings.set(`${finding.symbol} ${finding.message}`, finding);
    }
  }
  return [...findings.values()];
}

function isLocal({ locals }: SymbolTable, { scope, path: [name = "?"] }: Reference): boolean {
  return locals.get(scope)?.has(name) ?? false;
}

function isDefinedOutside(table: SymbolTable, { path: [name = "?"] }: Reference): boolean {
  return (
    table.openEnded ||
    isPredeclared(table.language, name) ||
    table.locals.get("")?.has(name) === true ||
    table.symbols.some((one) => one.name === name || one.name.endsWith(`.${name}`)) ||
    table.imports.some(({ names }) => names.some(({ local }) => local === "*" || local === name))
  );
}

/** Findings of variables with another type in `side`, which new lines of the other side use. */
function retypedNames({ path, tables, edits }: EditedFile, side: Side): Finding[] {
  const other = side === "ours" ? "theirs" : "ours";
  const typeIn = (table: SymbolTable, scope: string, name: string): string | undefined =>
    table.types.get(scope)?.get(name);
  const findings: Finding[] = [];
  const isNew = (line: number): boolean =>
    edits[other].some(({ newStart, newEnd }) => newStart <= line && line < newEnd);
  for (const { scope, path: [name = "?"] = [], line } of tables[other].references) {
    if (scope === "" || !isNew(line)) continue;
    const [before, now, used] = [tables.base, tables[side], tables[other]].map((table) =>
      typeIn(table, scope, name),
    );
    if (before === undefined || now === undefined || before === now || used !== before) continue;
    if (`${before}${now}`.includes("?")) continue;
    const what = `${sideName[side]} changed the type of \`${name}\` in \`${scope}\` from ${before} to ${now}, and ${sideName[other]} uses it in new lines`;
    if (findings.some(({ message }) => message.startsWith(what))) continue;
    findings.push(editFinding(path, scope, line, what, null));
  }
  return findings;
}

function editFinding(
  path: string,
  symbol: string,
  line: number,
  what: string,
  uncertain: string | null,
): Finding {
  return {
    kind: "same_symbol_edit",
    symbol,
    path,
    line,
    message: `${what}; re-read \`${symbol}\` and reapply the change to its current version`,
    related: [],
    uncertain,
  };
}
