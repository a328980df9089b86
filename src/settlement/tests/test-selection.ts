/**
 * The tests affected by a change: test files that it changes, and those that import a changed file, directly
 * or through others. All tests when the affected ones cannot be determined.
 */
import type { Config } from "../../config/config.ts";
import type { Oid } from "../../git/objects.ts";
import { diffTrees, hasFolder } from "../../git/trees.ts";
import type { ImportGraph } from "../../languages/import-graph.ts";
import { isSourceLanguage, languageFamily, languageOf } from "../../languages/language.ts";
import type { LanguageName } from "../../languages/parser.ts";
import { isCollectedTest } from "../../languages/test-path.ts";
import type { SettlementContext } from "../context.ts";
import { isRegularFile, isRegularMode } from "../parse-blobs.ts";
import { isSource, isTestFile } from "../source-files.ts";
import { treeImports } from "./tree-imports.ts";

/** Selected test files, relative to the project. */
export interface TestSelection {
  /** Empty when all tests are to run. */
  files: string[];
  /** The selected files that the base has, too. */
  onBase: string[];
  /** Reason to run all tests; null when files are selected. */
  full: string | null;
}

/** The selection for a tree without changes: all tests. */
export const noSelection: TestSelection = allTests("nothing changed");

/** A path that differs between the base and the tree, relative to the repository. */
export interface ChangedPath {
  path: string;
  onBase: boolean;
  inTree: boolean;
}

/**
 * Selects the tests affected by the difference of a tree to its base, and by the `noted` paths: files about which the
 * semantic gate has doubts that only tests can decide.
 */
export async function selectTests(
  c: SettlementContext,
  o: { base: Oid; tree: Oid; noted: readonly string[]; signal: AbortSignal },
): Promise<TestSelection> {
  const entries = await diffTrees(c.repository, o.base, o.tree);
  if (entries.some(({ newMode }) => newMode === "160000")) return allTests("a submodule moved");
  const prefix = c.projectPrefix;
  const changed = entries
    .filter(({ path }) => !path.startsWith(`${prefix}.dgov/`))
    .map(({ path, oldMode, newMode }) => {
      return { path, onBase: isRegularMode(oldMode), inTree: isRegularMode(newMode) };
    });
  const languages = languagesOf(changed);
  if (changed.length === 0 || languages.size === 0) return allTests("no source file changed");
  const deleted = changed.filter(({ inTree }) => !inTree).map(({ path }) => path);
  const { files, graph } = await treeImports(
    { ...c, signal: o.signal },
    o.tree,
    deleted,
    languages,
  );
  const inProject = files.filter((file) => isRegularFile(file) && file.path.startsWith(prefix));
  const names = inProject.map(({ path }) => path.slice(prefix.length));
  const tests = new Set(testFiles(c.config, names).map((name) => prefix + name));
  return chooseTests({ changed, noted: o.noted, tests, graph, prefix });
}

/** Selects tests by the import graph of the tree. Pure. */
export function chooseTests(o: {
  changed: readonly ChangedPath[];
  /** Unchanged paths whose tests are selected, too. */
  noted: readonly string[];
  /** Every test file of the tree, relative to the repository as the graph's paths are. */
  tests: ReadonlySet<string>;
  graph: ImportGraph;
  /** The project's folder as a prefix of paths. */
  prefix: string;
}): TestSelection {
  const untraced = o.changed.find(
    ({ path }) => !isTraced(path) && !isProse(path) && o.graph.usedBy(path).size === 0,
  );
  if (untraced !== undefined)
    return allTests(`cannot determine the tests affected by ${untraced.path}`);
  const affected = [...o.changed.map(({ path }) => path), ...o.noted];
  const reached = o.graph.dependentsOf(affected);
  const related = [...o.tests]
    .filter((path) => reached.has(path) || affected.includes(path))
    .sort();
  if (related.length === 0) return allTests("no test imports a changed file");
  const added = new Set(o.changed.filter(({ onBase }) => !onBase).map(({ path }) => path));
  const name = (path: string): string => path.slice(o.prefix.length);
  const onBase = related.filter((path) => !added.has(path)).map(name);
  return { files: related.map(name), onBase, full: null };
}

/** `test_dir`, or `.` (the project's folder) when the tree has no such folder. */
export async function testFolder(c: SettlementContext, tree: Oid): Promise<string> {
  const folder = [c.projectDir, c.config.testDir]
    .flatMap((path) => path.split("/"))
    .filter((part) => part !== "" && part !== ".")
    .join("/");
  const exists = folder === "" || (await hasFolder(c.repository, tree, folder));
  return exists ? c.config.testDir : ".";
}

function allTests(reason: string): TestSelection {
  return { files: [], onBase: [], full: reason };
}

/**
 * The files of a project that can be passed to a test runner: test files with a runner's naming convention,
 * or, in a project without any, every source file below `test_dir`.
 */
export function testFiles(
  config: Pick<Config, "testDir" | "sourceExtensions">,
  names: readonly string[],
): string[] {
  const tests = names.filter((name) => isSource(config, name) && isTestFile(config, name));
  const byName = tests.filter(isCollectedTest);
  return byName.length > 0 ? byName : tests.filter(isTraced);
}

/** True for languages with parsed imports, so that the users of a file are known. */
function isTraced(path: string): boolean {
  return isSourceLanguage(languageOf(path));
}

/** Matches documentation, which no test reads. */
function isProse(path: string): boolean {
  return /(\.(md|mdx|rst|adoc)|(^|\/)(LICENSE|CHANGELOG|AUTHORS|CODEOWNERS|\.gitignore))$/.test(
    path,
  );
}

function languagesOf(changed: readonly ChangedPath[]): Set<LanguageName> {
  const found = new Set<LanguageName>();
  for (const { path } of changed) {
    const language = languageOf(path);
    if (language === null) continue;
    for (const one of languageFamily(language)) found.add(one);
  }
  return found;
}
