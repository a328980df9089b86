/**
 * Which tests a change concerns: those it changes, and those that reach what it changes through
 * imports. Where that cannot be said, all of them.
 */
import type { Config } from "../../config/config.ts";
import type { Oid } from "../../git/objects.ts";
import { diffTrees, hasFolder } from "../../git/trees.ts";
import type { ImportGraph } from "../../syntax/import-graph.ts";
import { languageOf } from "../../syntax/languages.ts";
import type { LanguageName } from "../../syntax/parser.ts";
import type { SettlementContext } from "../context.ts";
import { isSource, isTestFile } from "../source-files.ts";
import { treeImports } from "./tree-imports.ts";

/** Test files relative to the project. */
export interface TestSelection {
  /** Empty: the full command is to be run. */
  files: string[];
  /** Those of them the base has as well. */
  onBase: string[];
  /** Why the full command is to be run; null when there are files. */
  full: string | null;
}

/** Where no tests are chosen because there is nothing to choose by. */
export const noTests: TestSelection = everything("nothing changed");

/** A path that differs between the base and the tree, relative to the repository. */
export interface ChangedPath {
  path: string;
  onBase: boolean;
  inTree: boolean;
}

/** Languages that import one another. */
const families: readonly ReadonlySet<LanguageName>[] = [
  new Set<LanguageName>(["typescript", "tsx", "javascript"]),
];

/** The tests a tree's difference to a base concerns. */
export async function selectTests(
  c: SettlementContext,
  o: { base: Oid; tree: Oid; signal: AbortSignal },
): Promise<TestSelection> {
  const entries = await diffTrees(c.repository, o.base, o.tree);
  const prefix = c.projectDir === "" ? "" : `${c.projectDir}/`;
  const changed = entries
    .filter(({ path }) => !path.startsWith(`${prefix}.dgov/`))
    .map(({ path, oldMode, newMode }) => {
      return { path, onBase: oldMode.startsWith("100"), inTree: newMode.startsWith("100") };
    });
  const languages = languagesOf(changed);
  if (changed.length === 0 || languages.size === 0) return everything("no source file changed");
  const gone = changed.filter(({ inTree }) => !inTree).map(({ path }) => path);
  const { files, graph } = await treeImports({ ...c, signal: o.signal }, o.tree, gone, languages);
  const inProject = files.filter(
    ({ path, mode }) => mode.startsWith("100") && path.startsWith(prefix),
  );
  const names = inProject.map(({ path }) => path.slice(prefix.length));
  const tests = new Set(testFiles(c.config, names).map((name) => prefix + name));
  return chooseTests({ changed, tests, graph, prefix });
}

/** The choice itself. Pure. */
export function chooseTests(o: {
  changed: readonly ChangedPath[];
  /** Every test file of the tree, relative to the repository, like the graph's paths. */
  tests: ReadonlySet<string>;
  graph: ImportGraph;
  /** The project's folder, "" or with a slash at its end. */
  prefix: string;
}): TestSelection {
  const unseen = o.changed.find(
    ({ path }) => !isTraced(path) && !isProse(path) && o.graph.usedBy(path).size === 0,
  );
  if (unseen !== undefined) return everything(`nothing says which tests use ${unseen.path}`);
  const changed = o.changed.map(({ path }) => path);
  const reached = o.graph.dependentsOf(changed);
  const related = [...o.tests].filter((path) => reached.has(path) || changed.includes(path)).sort();
  if (related.length === 0) return everything("no test reaches what changed");
  const added = new Set(o.changed.filter(({ onBase }) => !onBase).map(({ path }) => path));
  const name = (path: string): string => path.slice(o.prefix.length);
  const onBase = related.filter((path) => !added.has(path)).map(name);
  return { files: related.map(name), onBase, full: null };
}

/** `test_dir`, or the whole project in a tree that has no such folder. */
export async function testFolder(c: SettlementContext, tree: Oid): Promise<string> {
  const folder = [c.projectDir, c.config.testDir]
    .flatMap((path) => path.split("/"))
    .filter((part) => part !== "" && part !== ".")
    .join("/");
  const there = folder === "" || (await hasFolder(c.repository, tree, folder));
  return there ? c.config.testDir : ".";
}

function everything(reason: string): TestSelection {
  return { files: [], onBase: [], full: reason };
}

/**
 * Of a project's files those a test runner may be given. Below `test_dir` that is what its names
 * say; where no file there is named like a test, every source file is one.
 */
export function testFiles(
  config: Pick<Config, "testDir" | "sourceExtensions">,
  names: readonly string[],
): string[] {
  const tests = names.filter((name) => isSource(config, name) && isTestFile(config, name));
  const byName = tests.filter((name) => runnable.test(name));
  return byName.length > 0 ? byName : tests.filter(isTraced);
}

const runnable =
  /(^|\/)(test_[^/]*|[^/]*_test)\.py$|[._](test|spec)\.[cm]?[jt]sx?$|_test\.go$|(^|\/)tests\/([^/]+|[^/]+\/main)\.rs$|(^|\/)(Test\w*|\w*(Tests?|TestCase|IT))\.java$|Tests?\.swift$/;

/** Whether a file's imports, and thereby its users, are known. */
function isTraced(path: string): boolean {
  const language = languageOf(path);
  return language !== null && language !== "bash";
}

/** Nothing reads prose but people. */
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
    for (const one of families.find((family) => family.has(language)) ?? [language]) found.add(one);
  }
  return found;
}
