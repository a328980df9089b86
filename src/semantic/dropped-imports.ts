/** Rule stale_reference for imports: one side drops an import, the other side starts to use its name. */
import { baseName } from "../languages/source-tree.ts";
import { isPredeclared } from "../languages/symbol-table/predeclared.ts";
import { isGuarded, type SymbolTable } from "../languages/symbol-table/symbol-table.ts";
import { hiddenBySyntax } from "./certainty/doubt.ts";
import { type Finding, type Side, sideName } from "./finding.ts";
import type { MergeVersions } from "./merge-versions.ts";

/** Findings of uses in the merge whose import only the other side dropped. */
export async function droppedImports(versions: MergeVersions): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const path of versions.paths) {
    const { ours, theirs } = versions.changedBy(path);
    if (!ours || !theirs) continue;
    const [base, merged] = [
      await versions.table("base", path),
      await versions.table("merged", path),
    ];
    if (base === null || merged === null) continue;
    const kept = boundNames(merged);
    const gone = [...boundNames(base)].filter(([name]) => !kept.has(name));
    for (const [name, specifier] of gone) {
      for (const side of ["ours", "theirs"] as const) {
        const dropper = await versions.table(side, path);
        const user = await versions.table(side === "ours" ? "theirs" : "ours", path);
        if (dropper === null || user === null || boundNames(dropper).has(name)) continue;
        // The side that dropped the import must not need it, and the side that uses the name must have it.
        if (isDefined(merged, name) || useOf(dropper, name) !== null) continue;
        if (!boundNames(user).has(name) || useOf(user, name) === null) continue;
        const line = useOf(merged, name);
        if (line === null) continue;
        const uncertain =
          (await doubtOf(versions, base, merged, name, line)) ??
          (await hiddenBySyntax(versions, side, path, name));
        findings.push(dropped(path, name, specifier, line, side, uncertain));
      }
    }
  }
  return findings;
}

/** Names that the imports of a file bind, with the modules they come from. */
function boundNames({ imports, language }: SymbolTable): Map<string, string> {
  // `export { a } from` binds nothing in its own file.
  const script = /^(javascript|typescript|tsx)$/.test(language);
  const binding = imports.filter(({ reexport }) => !(reexport && script));
  return new Map(
    binding.flatMap(({ names, specifier }) =>
      names.flatMap(({ local }): [string, string][] => {
        const first = local.split(".")[0] ?? "";
        return first === "" || first === "*" ? [] : [[first, specifier]];
      }),
    ),
  );
}

function isDefined(table: SymbolTable, name: string): boolean {
  return (
    table.symbols.some((one) => one.name === name) ||
    (table.locals.get("")?.has(name) ?? false) ||
    isPredeclared(table.language, name)
  );
}

/** First line that uses a name which is not local there; null without one. */
function useOf({ references, locals, symbols }: SymbolTable, name: string): number | null {
  for (const { path, scope, within, line } of references) {
    if (path[0] !== name || locals.get(scope)?.has(name)) continue;
    // A type parameter or a member of an enclosing symbol may have the name.
    if (locals.get(within)?.has(name) || symbols.some((one) => one.name === `${within}.${name}`)) {
      continue;
    }
    return line;
  }
  return null;
}

/** Names that test runners define in every file when they are configured to. */
const testGlobals =
  /^(after|afterAll|afterEach|assert|before|beforeAll|beforeEach|chai|describe|expect|it|jest|mocha|sinon|suite|test|vi|\$|jQuery)$/;

async function doubtOf(
  versions: MergeVersions,
  base: SymbolTable,
  merged: SymbolTable,
  name: string,
  line: number,
): Promise<string | null> {
  const { language, path, imports, openEnded } = merged;
  if (isGuarded(merged, line)) return "this code may handle its absence";
  if (imports.some(({ names }) => names.some(({ local }) => local === "*"))) {
    return `an import of every name in ${path} may bind it`;
  }
  if (language !== "rust" && openEnded) return `${path} may define it dynamically`;
  if (/^(javascript|typescript|tsx)$/.test(language) && testGlobals.test(name)) {
    return `\`${name}\` may be a global of the test runner`;
  }
  if (language === "go") {
    // The name of a package may differ from its path.
    const known = new Set(base.imports.map(({ specifier }) => specifier));
    const fresh = imports.find(
      ({ specifier }) => !known.has(specifier) && specifier.includes(name),
    );
    if (fresh !== undefined) return `\`${fresh.specifier}\` may be the package \`${name}\``;
  }
  if (language === "java") {
    const tree = await versions.tree("merged");
    const own = [...tree.keys()].find((one) => baseName(one) === `${name}.java`);
    if (own !== undefined) return `${own} may be in the same package`;
    const inherits = merged.symbols.some((one) => one.inherits && one.kind === "type");
    if (inherits && /^[a-z]/.test(name)) return `\`${name}\` may be inherited`;
  }
  if (language === "rust") {
    const text = (await versions.text("merged", path)) ?? "";
    // Inline modules have names of their own.
    const module = /^\s*(pub )?mod \w+ \{/m.exec(text)?.index ?? text.length;
    if (/\bmacro_rules!/.test(text) || text.slice(0, module).split("\n").length <= line) {
      return `${path} has modules or macros that may define it`;
    }
  }
  return null;
}

function dropped(
  path: string,
  name: string,
  specifier: string,
  line: number,
  side: Side,
  uncertain: string | null,
): Finding {
  return {
    kind: "stale_reference",
    symbol: name,
    path,
    line,
    message: `\`${name}\` is used here, but ${sideName[side]} dropped its import (\`${specifier}\`) as unused; import it again`,
    related: [],
    uncertain,
  };
}
