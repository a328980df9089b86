/**
 * Reasons to doubt that two files of a repository belong to one build: published versions, builds that are gone, modules
 * that no build lists.
 */

import {
  baseName,
  enclosingFolders,
  joinTreePath,
  parentFolder,
} from "../../languages/source-tree.ts";
import type { SymbolTable } from "../../languages/symbol-table/symbol-table.ts";
import { dependenciesIn } from "../dropped-dependencies.ts";
import type { MergeVersions } from "../merge-versions.ts";

/** A use of a name, and the file of the repository that it leads to. */
export interface ModuleUse {
  /** File that defined the name. */
  from: string;
  user: SymbolTable;
  /** Module of the import that leads to the name; null for a name that is used without one. */
  specifier: string | null;
}

const manifests =
  /^(package\.json|Cargo\.toml|pyproject\.toml|setup\.(py|cfg)|Pipfile|requirements.*\.(txt|in)|pom\.xml|.*\.gradle(\.kts)?|libs\.versions\.toml)$/;

/** Manifests of a build of its own, by the extension of its sources. */
const builds: readonly [sources: RegExp, manifest: RegExp][] = [
  [/\.java$/, /^(pom\.xml|(?!settings\.).*\.gradle(\.kts)?)$/],
  [/\.rs$/, /^Cargo\.toml$/],
  [/\.go$/, /^go\.mod$/],
  [/\.[cm]?[jt]sx?$/, /^package\.json$/],
  [/\.pyi?$/, /^(pyproject\.toml|setup\.(py|cfg))$/],
];

/** Doubt about a file whose whole build left the tree: a published version may take its place. */
export async function removedBuild(
  versions: MergeVersions,
  tree: ReadonlyMap<string, string>,
  from: string,
): Promise<string | null> {
  const manifest = builds.find(([sources]) => sources.test(from))?.[1];
  if (manifest === undefined) return null;
  const isManifestIn = (path: string, folder: string): boolean =>
    parentFolder(path) === folder && manifest.test(baseName(path));
  const before = [...(await versions.tree("base")).keys()];
  for (const folder of enclosingFolders(parentFolder(from))) {
    const own = before.find((path) => isManifestIn(path, folder));
    if (own === undefined) continue;
    // Another manifest may have taken the place of the first one.
    const stays = tree.has(own) || [...tree.keys()].some((path) => isManifestIn(path, folder));
    return stays ? null : `${own} is gone as well; a published version may take its place`;
  }
  return null;
}

/** Doubt about a package that left the tree as a whole: a manifest around its user names it, or may name it. */
export async function publishedPackage(
  versions: MergeVersions,
  tree: ReadonlyMap<string, string>,
  { from, user, specifier }: { from: string; user: SymbolTable; specifier: string },
): Promise<string | null> {
  // A Go package is imported by the name of its module, which is a build of its own.
  if (user.language === "go") return null;
  const word = packageOf(specifier, user.language);
  const names = new Set([word, word.replaceAll("_", "-"), word.replaceAll("-", "_")]);
  const own = packageFolder(from, names, user.language);
  if (own !== null && [...tree.keys()].some((path) => path.startsWith(`${own}/`))) return null;
  const folders = enclosingFolders(parentFolder(user.path));
  for (const path of tree.keys()) {
    if (!manifests.test(baseName(path))) continue;
    if (!folders.includes(parentFolder(path)) && !path.endsWith("libs.versions.toml")) continue;
    const text = (await versions.text("merged", path)) ?? "";
    if ([...names].some((name) => text.includes(name))) {
      return `${path} names \`${word}\`, which may be a published package now`;
    }
    // A package may be published under another name than the one it is imported by.
    if (hasNewDependency(user.language, path, (await versions.text("base", path)) ?? "", text)) {
      return `${path} has new dependencies, which may contain \`${word}\``;
    }
  }
  return null;
}

/** True for a manifest of Java or Python that declares a dependency which it did not declare before. */
function hasNewDependency(
  language: SymbolTable["language"],
  path: string,
  before: string,
  now: string,
): boolean {
  if (language === "python") {
    return dependenciesIn(path, now).difference(dependenciesIn(path, before)).size > 0;
  }
  if (language !== "java") return false;
  const known = new Set(before.split("\n"));
  const declares = /<artifactId>|["'][\w.-]+:[\w.-]+|\blibs\.\w|\b(module|group) ?[=:]/;
  return now.split("\n").some((line) => declares.test(line) && !known.has(line));
}

function packageOf(specifier: string, language: SymbolTable["language"]): string {
  if (language === "rust") return specifier.split("::")[0] ?? specifier;
  if (language === "python") return specifier.split(".")[0] ?? specifier;
  if (language === "java") return specifier.split(".").slice(0, 3).join(".");
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Folder of the package that held the file `from`; null when its folders do not tell. */
function packageFolder(
  from: string,
  names: ReadonlySet<string>,
  language: SymbolTable["language"],
): string | null {
  if (language === "java") return parentFolder(from);
  const parts = from.split("/");
  const at = parts.findLastIndex((part) => names.has(part) || names.has(part.replace(/\..*/, "")));
  return at >= 0 && at < parts.length - 1 ? parts.slice(0, at + 1).join("/") : null;
}

/** A build of its own that may take the defining module from a published artefact, or that is not built. */
export async function buildBoundary(
  versions: MergeVersions,
  { from, user, specifier }: ModuleUse,
): Promise<string | null> {
  if (/(^|\/)(testdata|_[^/]*)\/.*\.go$/.test(user.path)) return `${user.path} is not compiled`;
  const manifest = builds.find(([sources]) => sources.test(user.path))?.[1];
  if (manifest === undefined || user.language === "python") return null;
  const tree = await versions.tree("merged");
  const manifestsOf = new Map<string, string>();
  for (const path of tree.keys()) {
    if (!manifest.test(baseName(path))) continue;
    const first = manifestsOf.get(parentFolder(path));
    // A folder may have more scripts than the one of its build.
    if (first === undefined || /^(pom\.xml|build\.)/.test(baseName(path))) {
      manifestsOf.set(parentFolder(path), path);
    }
  }
  const buildOf = (path: string): string | undefined => {
    const folder = enclosingFolders(parentFolder(path)).find((one) => manifestsOf.has(one));
    return folder === undefined ? undefined : manifestsOf.get(folder);
  };
  const own = buildOf(user.path);
  if (own === undefined) return null;
  if (user.language === "java" && (await isLeftOut(versions, tree, parentFolder(own)))) {
    return `no build around ${own} names it as a module`;
  }
  if (own === buildOf(from)) return null;
  // The workspace of a package is declared in a folder around it.
  const around = /^(java|go|rust)$/.test(user.language) ? [] : enclosingFolders(parentFolder(own));
  const texts = await Promise.all(
    [own, ...around.flatMap((folder) => manifestsOf.get(folder) ?? [])].map((path) =>
      versions.text("merged", path),
    ),
  );
  // A use without an import of its own: some other import leads out of the build.
  const leadsOut = user.imports.find(({ specifier: module }) => {
    const to = module.startsWith(".") ? joinTreePath(parentFolder(user.path), module) : null;
    return to !== null && buildOf(to) !== own;
  });
  const leads = specifier ?? leadsOut?.specifier ?? "";
  return isLinked(user.language, texts.join("\n"), [...tree.keys()], leads)
    ? null
    : `${own} may take the code of ${from} from a published version`;
}

/** True when a build takes other builds of the repository from their folders, as far as its manifest tells. */
function isLinked(
  language: SymbolTable["language"],
  manifests: string,
  tree: readonly string[],
  specifier: string,
): boolean {
  const has = (names: RegExp): boolean => tree.some((path) => names.test(baseName(path)));
  switch (language) {
    case "java":
      return /\bproject\s*\(|\bprojects\.|\$\{(project|parent)\./.test(manifests);
    case "go":
      return /=>\s*\.\.?\//.test(manifests) || has(/^go\.work$/);
    case "rust":
      return /\bpath\s*=|\bworkspace\s*=\s*true/.test(manifests);
    default:
      // Workspaces link their packages; a relative path leads to the file itself.
      return (
        specifier.startsWith(".") ||
        has(/^(pnpm-workspace\.yaml|lerna\.json|rush\.json)$/) ||
        /"workspaces"|\b(workspace|file|link|portal):/.test(manifests)
      );
  }
}

/** True for the folder of a Java build that no build around it lists among its modules. */
async function isLeftOut(
  versions: MergeVersions,
  tree: ReadonlyMap<string, string>,
  folder: string,
): Promise<boolean> {
  if (folder === "") return false;
  let lists = false;
  for (const around of enclosingFolders(parentFolder(folder))) {
    for (const name of ["pom.xml", "settings.gradle", "settings.gradle.kts"]) {
      const path = around === "" ? name : `${around}/${name}`;
      const text = tree.has(path) ? ((await versions.text("merged", path)) ?? "") : "";
      if (!/<modules>|\binclude\b/.test(text)) continue;
      lists = true;
      const active = text.replace(/<!--[\s\S]*?-->|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, "");
      const module = new RegExp(`(?<![\\w-])${RegExp.escape(baseName(folder))}(?![\\w-])`);
      // A script may find its modules by their folders.
      if (module.test(active) || /\b(eachDir|listFiles|fileTree|walk)\w*\b/.test(active))
        return false;
    }
  }
  return lists;
}
