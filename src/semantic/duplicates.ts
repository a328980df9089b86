/**
 * Rule duplicate_definition: both sides add one name, in one file or one package, by a definition or an
 * import.
 */

import { parentFolder } from "../languages/source-tree.ts";
import {
  type FileSymbol,
  isGuarded,
  type SymbolTable,
} from "../languages/symbol-table/symbol-table.ts";
import { type Finding, sideName } from "./finding.ts";
import { type MergeVersions, symbolsByName } from "./merge-versions.ts";
import { targetsOf } from "./name-resolution.ts";

/** A definition or import of a name. */
interface Binding {
  name: string;
  /** Imported module and name; "" for a definition. */
  source: string;
  line: number;
}

/** Conflicts of names that each side added and that the merged version binds twice. */
export async function duplicateDefinitions(versions: MergeVersions): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const path of versions.paths) {
    const { ours, theirs } = versions.changedBy(path);
    if (ours && theirs) findings.push(...(await duplicatesInFile(versions, path)));
  }
  return [...findings, ...(await duplicatesInPackages(versions))];
}

async function duplicatesInFile(versions: MergeVersions, path: string): Promise<Finding[]> {
  const [merged, ours, theirs] = await Promise.all([
    versions.table("merged", path),
    versions.table("ours", path),
    versions.table("theirs", path),
  ]);
  if (merged === null) return [];
  const [now, inOurs, inTheirs] = [merged, ours, theirs].map(bindingsOf);
  const findings: Finding[] = [];
  for (const [name, bindings] of now ?? []) {
    const before = Math.max(inOurs?.get(name)?.length ?? 0, inTheirs?.get(name)?.length ?? 0);
    if (bindings.length <= before || bindings.length < 2) continue;
    const sameSource = new Set(bindings.map(({ source }) => source)).size === 1;
    if (sameSource && allowsRepeatedImports(merged) && bindings[0]?.source !== "") continue;
    const [first, second] = [bindings.at(-2), bindings.at(-1)];
    if (first !== undefined && second !== undefined) {
      findings.push(duplicateConflict(name, path, second.line, path, first.line));
    }
  }
  return findings;
}

/** True for languages that accept the same import twice. */
function allowsRepeatedImports({ language }: SymbolTable): boolean {
  return language === "python" || language === "java";
}

/** Bindings of a file by qualified name. */
function bindingsOf(table: SymbolTable | null): Map<string, Binding[]> {
  const found = new Map<string, Binding[]>();
  const add = (key: string, binding: Binding): void => {
    found.set(key, [...(found.get(key) ?? []), binding]);
  };
  if (table === null) return found;
  for (const symbol of table.symbols) {
    if (symbol.overload || mayRepeat(symbol) || isGuarded(table, symbol.line)) continue;
    add(symbol.name + symbol.variant, { name: symbol.name, source: "", line: symbol.line });
  }
  for (const imported of table.imports) {
    if (isGuarded(table, imported.line)) continue;
    const around = table.symbols.findLast(
      ({ line, endLine }) => line <= imported.line && imported.line <= endLine,
    );
    for (const { local, imported: name } of imported.names) {
      if (local === "" || local === "*") continue;
      const key = around === undefined ? local : `${around.name}.${local}`;
      const source = `${imported.specifier} ${name}`;
      add(key, { name: local, source, line: imported.line });
    }
  }
  return found;
}

/** True for names that may be defined any number of times. */
function mayRepeat({ name }: FileSymbol): boolean {
  return name === "_" || name === "init" || name.endsWith("._");
}

/** Conflicts of new names that each side defines in a different file of one namespace. */
async function duplicatesInPackages(versions: MergeVersions): Promise<Finding[]> {
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
      if (before.has(name) || mayRepeat(symbol)) continue;
      const namespace = await namespaceOf(versions, merged, symbol);
      if (namespace === null) continue;
      const key = `${namespace} ${name}`;
      fresh.set(key, [...(fresh.get(key) ?? []), { path, line, ours, theirs }]);
    }
  }
  const findings: Finding[] = [];
  for (const [key, places] of fresh) {
    const mine = places.find(({ ours, theirs }) => theirs && !ours);
    const other = places.find(({ ours, theirs }) => ours && !theirs);
    if (mine === undefined || other === undefined) continue;
    const name = key.slice(key.lastIndexOf(" ") + 1);
    findings.push(duplicateConflict(name, mine.path, mine.line, other.path, other.line));
  }
  return findings;
}

/** Key of the namespace beyond its file in which a name must be unique; null when there is none. */
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
  // Methods of a type may be defined in any file that names the type.
  const reference = { path: [owner], line: 1, within: "", scope: "", call: null };
  const [type] = await targetsOf(versions, table, reference);
  return type === undefined ? null : `${type.path} ${type.name}`;
}

function duplicateConflict(
  symbol: string,
  path: string,
  line: number,
  otherPath: string,
  otherLine: number,
): Finding {
  const place = `${otherPath}:${otherLine}`;
  return {
    kind: "duplicate_definition",
    symbol,
    path,
    line,
    message: `${sideName.ours} and ${sideName.theirs} both add \`${symbol}\` (the other definition is at ${place}); use the existing one, or choose another name`,
    related: [{ path: otherPath, line: otherLine, what: `other definition of \`${symbol}\`` }],
    uncertain: null,
  };
}
