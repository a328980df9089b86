/** One name, defined by both sides: in one file, in one package, or by an import and something else. */

import type { FileSymbol, SymbolTable } from "../languages/symbol-table/symbol-table.ts";
import { byName } from "./concurrent-edits.ts";
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
export async function duplicateDefinitions(states: MergeVersions): Promise<Conflict[]> {
  const conflicts: Conflict[] = [];
  for (const path of states.paths) {
    const { ours, theirs } = states.changedBy(path);
    if (ours && theirs) conflicts.push(...(await inOneFile(states, path)));
  }
  return [...conflicts, ...(await inOnePackage(states))];
}

async function inOneFile(states: MergeVersions, path: string): Promise<Conflict[]> {
  const [merged, ours, theirs] = await Promise.all([
    states.facts("merged", path),
    states.facts("ours", path),
    states.facts("theirs", path),
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
      conflicts.push(duplicate(name, path, second.line, path, first.line));
    }
  }
  return conflicts;
}

/** Importing the same name twice is harmless here. */
function importsTwice({ language }: SymbolTable): boolean {
  return language === "python" || language === "java";
}

/** Everything a file binds, by full name: symbols mean nothing but themselves (""). */
function bindingsOf(facts: SymbolTable | null): Map<string, Binding[]> {
  const found = new Map<string, Binding[]>();
  const add = (key: string, binding: Binding): void => {
    found.set(key, [...(found.get(key) ?? []), binding]);
  };
  if (facts === null) return found;
  for (const symbol of facts.symbols) {
    if (symbol.overload || isBlank(symbol)) continue;
    add(symbol.name + symbol.variant, { name: symbol.name, means: "", line: symbol.line });
  }
  for (const imported of facts.imports) {
    const around = facts.symbols.findLast(
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
async function inOnePackage(states: MergeVersions): Promise<Conflict[]> {
  const fresh = new Map<string, { path: string; line: number; ours: boolean; theirs: boolean }[]>();
  for (const path of states.paths) {
    if (!/\.(go|java|rs)$/.test(path)) continue;
    const [base, merged] = [await states.facts("base", path), await states.facts("merged", path)];
    if (merged === null) continue;
    const { ours, theirs } = states.changedBy(path);
    const before = byName(base);
    for (const symbol of merged.symbols) {
      const { name, line } = symbol;
      if (before.has(name) || isBlank(symbol)) continue;
      const room = await roomOf(states, merged, symbol);
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
    conflicts.push(duplicate(name, mine.path, mine.line, other.path, other.line));
  }
  return conflicts;
}

/** What a name must be the only one of its kind in, beyond its file; null when nothing is. */
async function roomOf(
  states: MergeVersions,
  facts: SymbolTable,
  { name }: FileSymbol,
): Promise<string | null> {
  const { language, path } = facts;
  if (language === "go") return `${parentFolder(path)} ${facts.package}`;
  const [owner = "", member] = name.split(".");
  if (language === "java") return member === undefined ? parentFolder(path) : null;
  if (member === undefined || owner.includes("<")) return null;
  // A type's methods may stand in any file that names the type.
  const use = { path: [owner], line: 1, within: "", scope: "", call: null };
  const [type] = await targetsOf(states, facts, use);
  return type === undefined ? null : `${type.path} ${type.name}`;
}

function duplicate(
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
