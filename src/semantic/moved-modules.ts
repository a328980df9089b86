/**
 * Rule stale_reference for modules: an import that led to a file which the merge no longer has, and that leads
 * to its package or parent module now, which does not offer the name.
 */
import { isGuarded, type SymbolTable } from "../languages/symbol-table/symbol-table.ts";
import { doubtOfOrigin, dynamicModule } from "./certainty/doubt.ts";
import { moduleWord } from "./changed-symbols.ts";
import { type Finding, sideName } from "./finding.ts";
import type { MergeVersions } from "./merge-versions.ts";

/** Findings of imports of moved or removed modules by way of their package. */
export async function movedModules(versions: MergeVersions): Promise<Finding[]> {
  const removed: string[] = [];
  for (const path of versions.paths) {
    if (!/\.(py|rs)$/.test(path) || !versions.input.base.has(path)) continue;
    if (!versions.input.merged.has(path)) removed.push(path);
  }
  if (removed.length === 0) return [];
  const { paths } = await versions.input.mentioning([...new Set(removed.map(moduleWord))]);
  const [before, now] = [await versions.index("base"), await versions.index("merged")];
  const findings: Finding[] = [];
  for (const path of [...new Set([...versions.paths, ...paths])].sort()) {
    const table = await versions.table("merged", path);
    const reported = new Set<string>();
    for (const imported of table?.imports ?? []) {
      for (const name of imported.names) {
        if (name.imported === "*" && table?.language === "python") continue;
        const one = { ...imported, names: [name] };
        const [from, ...others] = before.resolve(path, one);
        if (from === undefined || others.length > 0 || !removed.includes(from)) continue;
        const files = now.resolve(path, one);
        // An import that leads nowhere is a reference to a removed file.
        if (table === null || files.length === 0 || reported.has(from)) continue;
        if (await someOffers(versions, files, from, name.imported)) continue;
        reported.add(from);
        const tables = await Promise.all(files.map((file) => versions.table("merged", file)));
        const [dynamic = null] = tables.flatMap((one) => dynamicModule(one, name.imported) ?? []);
        const { line, specifier } = imported;
        const absence = { from, name: "", user: table, line, specifier };
        const doubt = dynamic ?? (await doubtOfOrigin(versions, absence));
        findings.push(movedModule(versions, table, line, from, doubt));
      }
    }
  }
  return findings;
}

/** True when one of the files defines or imports the module's name or the imported one, or may do so. */
async function someOffers(
  versions: MergeVersions,
  files: readonly string[],
  from: string,
  name: string,
): Promise<boolean> {
  for (const path of files) {
    if (moduleWord(path) === moduleWord(from)) return true;
    const table = await versions.table("merged", path);
    if (table === null) return true;
    const offered = new Set([
      ...table.symbols.map((one) => one.name.replace(/!$/, "")),
      ...table.imports.flatMap(({ names }) => names.map(({ local }) => local.split(".")[0] ?? "")),
      ...(table.locals.get("") ?? []),
    ]);
    if (offered.has("*") || offered.has(name) || offered.has(moduleWord(from))) return true;
    const text = (await versions.text("merged", path)) ?? "";
    // A macro or an attribute may declare the module.
    if (new RegExp(`\\b${RegExp.escape(moduleWord(from))}\\b`).test(text)) return true;
  }
  return false;
}

function movedModule(
  versions: MergeVersions,
  table: SymbolTable,
  line: number,
  from: string,
  doubt: string | null,
): Finding {
  const symbol = moduleWord(from);
  const side = versions.input.theirs.has(from) ? "ours" : "theirs";
  return {
    kind: "stale_reference",
    symbol,
    path: table.path,
    line,
    message: `\`${symbol}\` is imported here, but ${sideName[side]} removed or renamed the module (it was ${from}); import it from its new place`,
    related: [{ path: from, line: 1, what: `former file of \`${symbol}\`` }],
    uncertain: isGuarded(table, line) ? "this code may handle its absence" : doubt,
  };
}
