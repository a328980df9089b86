/** Rule stale_reference for exports: a module no longer offers a name that another file imports from it. */
import { isGuarded, type SymbolTable } from "../languages/symbol-table/symbol-table.ts";
import { doubtOfOrigin, dynamicModule } from "./certainty/doubt.ts";
import { moduleWord } from "./changed-symbols.ts";
import { type Finding, type Side, sideName } from "./finding.ts";
import type { MergeVersions } from "./merge-versions.ts";
import { filesOf } from "./name-resolution.ts";

/** Modules followed through `export *`. */
const hopsMax = 5;

interface Exports {
  names: ReadonlySet<string>;
  /** It may offer names that are not listed. */
  open: boolean;
}

const unknown: Exports = { names: new Set(), open: true };

/** Findings of imports of names that the imported module exported in the base and no longer exports. */
export async function droppedExports(versions: MergeVersions): Promise<Finding[]> {
  const words = new Set<string>();
  const dropped = new Map<string, Promise<ReadonlySet<string>>>();
  const droppedIn = (path: string): Promise<ReadonlySet<string>> => {
    const names = dropped.get(path) ?? droppedBy(versions, path);
    dropped.set(path, names);
    return names;
  };
  const droppers = new Map<string, string>();
  for (const path of versions.paths) {
    if ((await versions.id("merged", path)) === undefined) continue;
    for (const name of await droppedIn(path)) {
      words.add(name === "default" ? moduleWord(path) : name);
      droppers.set(name, path);
    }
  }
  if (words.size === 0) return [];
  const { paths } = await versions.input.mentioning([...words]);
  const findings: Finding[] = [];
  for (const path of [...new Set([...versions.paths, ...paths])].sort()) {
    const table = await versions.table("merged", path);
    if (table === null) continue;
    for (const use of usedNames(table, droppers)) {
      const files = await filesOf(versions, path, use.imported);
      const [from, ...others] = files;
      if (from === undefined || others.length > 0) continue;
      if (!(await droppedIn(from)).has(use.name)) continue;
      const dropper = droppers.get(use.name) ?? from;
      const side = await sideThatDropped(versions, dropper, use.name);
      const uncertain = isGuarded(table, use.line)
        ? "this code may handle its absence"
        : (dynamicModule(await versions.table("merged", from), use.name) ??
          (await doubtOfOrigin(versions, {
            from,
            name: use.name,
            user: table,
            line: use.line,
            specifier: use.imported.specifier,
          })));
      findings.push(staleImport(path, use, from, side, uncertain));
    }
  }
  return findings;
}

type Imported = SymbolTable["imports"][number];

interface Use {
  name: string;
  line: number;
  imported: Imported;
}

/** Uses of some names that a file imports, each once per import. */
function usedNames(table: SymbolTable, wanted: ReadonlyMap<string, string>): Use[] {
  return table.imports.flatMap((imported) =>
    imported.names.flatMap((one): Use[] => {
      const use = (name: string, line: number): Use => ({
        name,
        line,
        imported: { ...imported, names: [one] },
      });
      if (one.imported !== "*")
        return wanted.has(one.imported) ? [use(one.imported, imported.line)] : [];
      // `import * as ns`: the members that the file names.
      const members = new Map<string, number>();
      for (const { path, scope, line } of table.references) {
        const [first = "", member = ""] = path;
        if (one.local === "" || first !== one.local || table.locals.get(scope)?.has(first))
          continue;
        if (wanted.has(member) && !members.has(member)) members.set(member, line);
      }
      return [...members].map(([name, line]) => use(name, line));
    }),
  );
}

/** Names that a module exported in the base and does not export in the merge. */
async function droppedBy(versions: MergeVersions, path: string): Promise<ReadonlySet<string>> {
  const now = await exportsOf(versions, "merged", path);
  if (now.open) return new Set();
  const before = await exportsOf(versions, "base", path);
  return before.names.difference(now.names);
}

async function exportsOf(
  versions: MergeVersions,
  version: "base" | "merged",
  path: string,
  hops = hopsMax,
): Promise<Exports> {
  const table = await versions.table(version, path);
  const text = await versions.text(version, path);
  if (table === null || text === null || hops === 0 || table.errorLines.length > 0) return unknown;
  const names = ownExports(table, text);
  if (names === null) return unknown;
  let open = false;
  for (const imported of table.imports) {
    const all = imported.names.some(({ local }) => local === "*");
    if (!imported.reexport || !all) continue;
    const files = (await versions.index(version)).resolve(path, imported);
    open ||= files.length === 0;
    for (const file of files) {
      const inner = await exportsOf(versions, version, file, hops - 1);
      open ||= inner.open;
      for (const name of inner.names) if (name !== "default") names.add(name);
    }
  }
  return { names, open };
}

/** Names that a module exports itself; null for a module whose exports are not all listed. */
function ownExports(table: SymbolTable, text: string): Set<string> | null {
  const { path, language, symbols, aliases, imports } = table;
  if (language === "python") return packageExports(table);
  if (!/^(javascript|typescript|tsx)$/.test(language) || /\.d\.[cm]?ts$/.test(path)) return null;
  if (!/^\s*export\b/m.test(text)) return null;
  if (
    /\bmodule\.exports\b|\bexports\.\w|^\s*export\s*=|^\s*declare\s+(module|global)\b/m.test(text)
  ) {
    return null;
  }
  const names = new Set(aliases.keys());
  for (const { name, exported, isDefault } of symbols) {
    if (exported && !name.includes(".")) names.add(isDefault ? "default" : name);
  }
  if (/^\s*export\s+default\b/m.test(text)) names.add("default");
  for (const imported of imports.filter(({ reexport }) => reexport)) {
    for (const { local } of imported.names) if (local !== "*") names.add(local);
  }
  return names;
}

/** Names that the `__init__.py` of a package defines or imports; null for another file. */
function packageExports({ path, symbols, imports }: SymbolTable): Set<string> | null {
  const all = imports.some(({ names }) => names.some(({ local }) => local === "*"));
  if (all || !/(^|\/)__init__\.py$/.test(path)) return null;
  const names = symbols.filter(({ name }) => !name.includes(".")).map(({ name }) => name);
  return new Set([...names, ...imports.flatMap((one) => one.names.map(({ local }) => local))]);
}

async function sideThatDropped(versions: MergeVersions, path: string, name: string): Promise<Side> {
  const { theirs } = versions.changedBy(path);
  if (!theirs) return "ours";
  const [table, text] = [await versions.table("theirs", path), await versions.text("theirs", path)];
  return table !== null && ownExports(table, text ?? "")?.has(name) ? "ours" : "theirs";
}

function staleImport(
  path: string,
  { name, line }: Use,
  from: string,
  side: Side,
  uncertain: string | null,
): Finding {
  const what = name === "default" ? `the default export of ${from}` : `\`${name}\``;
  return {
    kind: "stale_reference",
    symbol: name === "default" ? moduleWord(from) : name,
    path,
    line,
    message: `${what} is imported here, but ${sideName[side]} dropped that export of ${from}; import it from where it is, or export it again`,
    related: [{ path: from, line: 1, what: "module that exported it" }],
    uncertain,
  };
}
