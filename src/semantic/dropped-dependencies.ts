/** Rule stale_reference for packages: one side drops a dependency, the other side starts to import it. */
import { baseName, enclosingFolders, parentFolder, valueAt } from "../languages/source-tree.ts";
import { isGuarded, type SymbolTable } from "../languages/symbol-table/symbol-table.ts";
import { type Finding, type Side, sideName } from "./finding.ts";
import type { MergeVersions } from "./merge-versions.ts";

type Ecosystem = "npm" | "python" | "cargo" | "go";

/** Ecosystem of a manifest; null for any other file. */
function ecosystemOf(path: string): Ecosystem | null {
  const name = baseName(path);
  if (name === "package.json") return "npm";
  if (name === "Cargo.toml") return "cargo";
  if (name === "go.mod") return "go";
  return /^(pyproject\.toml|setup\.(py|cfg)|Pipfile|requirements[\w.-]*\.(txt|in))$/.test(name)
    ? "python"
    : null;
}

const ecosystems: Partial<Record<SymbolTable["language"], Ecosystem>> = {
  javascript: "npm",
  typescript: "npm",
  tsx: "npm",
  python: "python",
  rust: "cargo",
  go: "go",
};

interface Dropped {
  manifest: string;
  ecosystem: Ecosystem;
  name: string;
  side: Side;
}

/** Findings of new imports of packages that the other side dropped from the manifest. */
export async function droppedDependencies(versions: MergeVersions): Promise<Finding[]> {
  const dropped: Dropped[] = [];
  for (const path of versions.changedPaths) {
    const ecosystem = ecosystemOf(path);
    if (ecosystem === null) continue;
    const names = async (version: "base" | "ours" | "theirs" | "merged") =>
      dependenciesIn(path, (await versions.text(version, path)) ?? "");
    const [base, ours, theirs, merged] = await Promise.all(
      (["base", "ours", "theirs", "merged"] as const).map(names),
    );
    for (const name of base ?? []) {
      if (merged?.has(name)) continue;
      // Both sides know about a dependency that both drop.
      if (ours?.has(name) === theirs?.has(name)) continue;
      dropped.push({ manifest: path, ecosystem, name, side: ours?.has(name) ? "theirs" : "ours" });
    }
  }
  if (dropped.length === 0) return [];
  const findings: Finding[] = [];
  for (const path of versions.paths) {
    const [base, merged] = [
      await versions.table("base", path),
      await versions.table("merged", path),
    ];
    if (merged === null) continue;
    const known = new Set((base?.imports ?? []).map(({ specifier }) => specifier));
    const reported = new Set<string>();
    for (const { specifier, line } of merged.imports) {
      const one = dropped.find(
        ({ manifest, ecosystem, name }) =>
          ecosystems[merged.language] === ecosystem &&
          enclosingFolders(parentFolder(path)).includes(parentFolder(manifest)) &&
          isImportOf(ecosystem, name, specifier),
      );
      if (one === undefined || reported.has(one.name)) continue;
      const user = one.side === "ours" ? "theirs" : "ours";
      if (!versions.changedBy(path)[user]) continue;
      if ([...known].some((old) => isImportOf(one.ecosystem, one.name, old))) continue;
      const own = await versions.table(user, path);
      if (!own?.imports.some((mine) => mine.specifier === specifier)) continue;
      if (await isProvided(versions, path, merged, one, specifier)) continue;
      reported.add(one.name);
      findings.push(staleImport(path, line, one, isGuarded(merged, line)));
    }
  }
  return findings;
}

/** Dependencies that a manifest declares, by the names that imports begin with. */
export function dependenciesIn(path: string, text: string): Set<string> {
  const ecosystem = ecosystemOf(path);
  try {
    if (ecosystem === "npm") return npmDependencies(JSON.parse(text));
    if (ecosystem === "cargo") return new Set(cargoDependencies(Bun.TOML.parse(text)));
  } catch {
    // A manifest that does not parse declares nothing that can be compared.
    return new Set();
  }
  if (ecosystem === "go") {
    return new Set(
      [...text.matchAll(/^\s*(?:require\s+)?([\w.-]+\.\w[^\s"]*)\s+v\d/gm)].flatMap(
        (m) => m[1] ?? [],
      ),
    );
  }
  return new Set(
    [...text.matchAll(/^[\s"'[]*([A-Za-z][\w.-]*)\s*(?=\[|[<>=!~;"',]|$)/gm)].flatMap((m) =>
      m[1] === undefined ? [] : [pythonModule(m[1])],
    ),
  );
}

function npmDependencies(manifest: unknown): Set<string> {
  const tables = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];
  return new Set(tables.flatMap((table) => Object.keys(valueAt(manifest, table) ?? {})));
}

/** Names of the dependencies of a `Cargo.toml`, of all kinds and targets. */
function cargoDependencies(table: unknown): string[] {
  if (typeof table !== "object" || table === null || Array.isArray(table)) return [];
  return Object.entries(table).flatMap(([key, value]) =>
    /^((dev|build)-)?dependencies$/.test(key)
      ? Object.keys(value ?? {}).map((name) => name.replaceAll("-", "_"))
      : /^(workspace|target|cfg\(.*\)|[\w-]+)$/.test(key)
        ? cargoDependencies(value)
        : [],
  );
}

function pythonModule(name: string): string {
  return name.toLowerCase().replace(/[-.]/g, "_");
}

function isImportOf(ecosystem: Ecosystem, name: string, specifier: string): boolean {
  if (ecosystem === "python") return specifier.split(".")[0]?.toLowerCase() === name;
  if (ecosystem === "cargo") return specifier.split("::")[0] === name;
  return specifier === name || specifier.startsWith(`${name}/`);
}

/** True when another manifest around the file declares the package, or the repository contains it. */
async function isProvided(
  versions: MergeVersions,
  path: string,
  table: SymbolTable,
  { ecosystem, name }: Dropped,
  specifier: string,
): Promise<boolean> {
  const imported = table.imports.find((one) => one.specifier === specifier);
  if (imported !== undefined) {
    const inside = (await versions.index("merged")).resolve(path, imported);
    if (inside.length > 0) return true;
  }
  if (table.symbols.some((one) => one.name === name)) return true;
  const around = enclosingFolders(parentFolder(path));
  for (const other of (await versions.tree("merged")).keys()) {
    if (ecosystemOf(other) !== ecosystem || !around.includes(parentFolder(other))) continue;
    const declared = dependenciesIn(other, (await versions.text("merged", other)) ?? "");
    if (declared.has(name)) return true;
    if (ecosystem === "go" && [...declared].some((one) => isImportOf("go", one, specifier)))
      return true;
  }
  return false;
}

function staleImport(
  path: string,
  line: number,
  { manifest, name, side }: Dropped,
  guarded: boolean,
): Finding {
  return {
    kind: "stale_reference",
    symbol: name,
    path,
    line,
    message: `\`${name}\` is imported here, but ${sideName[side]} dropped it from ${manifest}; declare it again, or do without it`,
    related: [{ path: manifest, line: 1, what: `manifest that declared \`${name}\`` }],
    uncertain: guarded ? "this code may handle its absence" : null,
  };
}
