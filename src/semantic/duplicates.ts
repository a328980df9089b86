/** One name, defined by both sides: in one file, in one package, or by an import and something else. */

import type { FileSymbol, SymbolTable } from "../languages/symbol-table/symbol-table.ts";
import { symbolsByName } from "./concurrent-edits.ts";
import { type Conflict, sideName } from "./conflict.ts";
import type { MergeVersions } from "./merge-versions.ts";
import { parentFolder, targetsOf } from "./name-resolution.ts";

/** A name and where it is bound. */
interface Binding {
  name: string;
  /** What it stands for, as far as two of them may be the same. */
  means: string;
  line: number;
}

/** Names that both sides brought in and that now stand twice. */
export async function duplicateDefinitions(versions: MergeVersions): Promise<Conflict[]> {
  const conflicts: Conflict[] = [];
  for (const path of versions.paths) {
    const { ours, theirs } = versions.changedBy(path);
    if (ours && theirs) conflicts.push(...(await duplicatesInFile(versions, path)));
  }
  return [...conflicts, ...(await duplicatesInPackages(versions))];
}

async function duplicatesInFile(versions: MergeVersions, path: string): Promise<Conflict[]> {
  const [merged, ours, theirs] = await Promise.all([
    versions.table("merged", path),
    versions.table("ours", path),
    versions.table("theirs", path),
  ]);
  if (merged === null) return [];
  const [now, here, there] = [merged, ours, theirs].map(bindingsOf);
  const conflicts: Conflict[] = [];
  for (const [name, bindings] of now ?? []) {
    const before = Math.max(here?.get(name)?.length ?? 0, there?.get(name)?.length ?? 0);
    if (bindings.length <= before || bindings.length < 2) continue;
    const sameAgain = new Set(bindings.map(({ means }) => means)).size === 1;
    if (sameAgain && importsTwice(merged) && bindings[0]?.means !== "") continue;
    const [first, second] = [bindings.at(-2), bindings.at(-1)];
    if (first !== undefined && second !== undefined) {
      conflicts.push(duplicateConflict(name, path, second.line, path, first.line));
    }
  }
  return conflicts;
}

/** Importing the same name twice is harmless here. */
function importsTwice({ language }: SymbolTable): boolean {
  return language === "python" || language === "java";
}

/** Everything a file binds, by full name: symbols mean nothing but themselves (""). */
function bindingsOf(table: SymbolTable | null): Map<string, Binding[]> {
  const found = new Map<string, Binding[]>();
  const add = (key: string, binding: Binding): void => {
    found.set(key, [...(found.get(key) ?? []), binding]);
  };
  if (table === null) return found;
  for (const symbol of table.symbols) {
    if (symbol.overload || isBlank(symbol)) continue;
    add(symbol.name + symbol.variant, { name: symbol.name, means: "", line: symbol.line });
  }
  for (const imported of table.imports) {
    const around = table.symbols.findLast(
      ({ line, endLine }) => line <= imported.line && imported.line <= endLine,
    );
    for (const { local, imported: name } of imported.names) {
      if (local === "" || local === "*") continue;
      const key = around === undefined ? local : `${around.name}.${local}`;
      const means = `${imported.specifier} ${name}`;
      add(key, { name: local, means, line: imported.line });
    }
  }
  return found;
}

/** Names that may stand any number of times. */
function isBlank({ name }: FileSymbol): boolean {
  return name === "_" || name === "init" || name.endsWith("._");
}

/** New symbols of new names in two files of one package, one from each side. */
async function duplicatesInPackages(versions: MergeVersions): Promise<Conflict[]> {
  const fresh = new Map<string, { path: string; line: number; ours: boolean; theirs: boolean }[]>();
  for (const path of versions.paths) {
    if (!/\.(go|java|rs)$/.test(path)) continue;
    const [base, merged] = [
      await versions.table("base", path),
      await versions.table("merged", path),
    ];
    if (merged === null) continue;
    const { ours, theirs } = versions.changedBy(path);
    const before = symbolsByName(base);
    for (const symbol of merged.symbols) {
      const { name, line } = symbol;
      if (before.has(name) || isBlank(symbol)) continue;
      const room = await namespaceOf(versions, merged, symbol);
      if (room === null) continue;
      const key = `${room} ${name}`;
      fresh.set(key, [...(fresh.get(key) ?? []), { path, line, ours, theirs }]);
    }
  }
  const conflicts: Conflict[] = [];
  for (const [key, places] of fresh) {
    const mine = places.find(({ ours, theirs }) => theirs && !ours);
    const other = places.find(({ ours, theirs }) => ours && !theirs);
    if (mine === undefined || other === undefined) continue;
    const name = key.slice(key.lastIndexOf(" ") + 1);
    conflicts.push(duplicateConflict(name, mine.path, mine.line, other.path, other.line));
  }
  return conflicts;
}

/** What a name must be the only one of its kind in, beyond its file; null when nothing is. */
async function namespaceOf(
  versions: MergeVersions,
  table: SymbolTable,
  { name }: FileSymbol,
): Promise<string | null> {
  const { language, path } = table;
  if (language === "go") return `${parentFolder(path)} ${table.package}`;
  const [owner = "", member] = name.split(".");
  if (language === "java") return member === undefined ? parentFolder(path) : null;
  if (member === undefined || owner.includes("<")) return null;
  // A type's methods may stand in any file that names the type.
  const use = { path: [owner], line: 1, within: "", scope: "", call: null };
  const [type] = await targetsOf(versions, table, use);
  return type === undefined ? null : `${type.path} ${type.name}`;
}

function duplicateConflict(
  symbol: string,
  path: string,
  line: number,
  otherPath: string,
  otherLine: number,
): Conflict {
  const place = `${otherPath}:${otherLine}`;
  return {
    kind: "duplicate_definition",
    symbol,
    path,
    line,
    message: `${sideName.ours} and ${sideName.theirs} both bring in \`${symbol}\` (the other one is at ${place}); use the one that is there, or take another name`,
    related: [{ path: otherPath, line: otherLine, what: `\`${symbol}\` is here, too` }],
  };
}
