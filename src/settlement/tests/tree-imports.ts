/** The import graph of a tree. Each blob is parsed once; its imports are cached by blob id. */
import type { Oid } from "../../git/objects.ts";
import type { Repository } from "../../git/repository.ts";
import { listTree } from "../../git/trees.ts";
import type { Import } from "../../languages/import-finder.ts";
import { type ImportGraph, importGraph } from "../../languages/import-graph.ts";
import { importIndex } from "../../languages/import-index.ts";
import { importsOf } from "../../languages/imports.ts";
import { languageOf } from "../../languages/language.ts";
import type { LanguageName } from "../../languages/parser.ts";
import type { DigestCache } from "../digest-cache.ts";
import { isRegularFile, parseBlobs, readManifests, type TreeFile } from "../parse-blobs.ts";

/** An import as it is cached: the specifier and the imported names. */
export type CachedImport = [specifier: string, ...imported: string[]];

/** Version of the cached imports; to be raised when the grammars' imports change. */
export const importsVersion = "1";

/** Larger files are taken for generated code and parsed as without imports. */
const bytesMax = 1024 * 1024;

/**
 * Lists a tree and builds the import graph of its files in some languages.
 *
 * @param gone paths deleted from the tree, which other files may still import
 * @param languages a set closed under imports: no file imports one of a language outside it
 */
export async function treeImports(
  o: { repository: Repository; imports: DigestCache<CachedImport[]>; signal: AbortSignal },
  tree: Oid,
  gone: readonly string[],
  languages: ReadonlySet<LanguageName>,
): Promise<{ files: TreeFile[]; graph: ImportGraph }> {
  const files = await listTree(o.repository, tree);
  const regular = files.filter(isRegularFile);
  const manifests = await readManifests(o.repository, regular);
  const index = importIndex([...regular.map(({ path }) => path), ...gone], manifests);
  const sources = regular.flatMap((file) => {
    const language = languageOf(file.path);
    return language !== null && languages.has(language)
      ? [{ ...file, key: `${language}:${file.oid}` }]
      : [];
  });
  await parseBlobs({ ...o, cache: o.imports }, sources, ({ path }, bytes) =>
    importsIn(path, bytes),
  );
  const importing = sources.map(({ path, key }) => {
    const cached = o.imports.get(key) ?? [];
    return { path, imports: cached.map(unpacked) };
  });
  return { files, graph: importGraph(importing, index) };
}

/** Empty for a file that is missing, larger than `bytesMax` or nested too deeply to parse. */
async function importsIn(path: string, bytes: Buffer | undefined): Promise<CachedImport[]> {
  if (bytes === undefined || bytes.length > bytesMax) return [];
  return packed((await importsOf(path, bytes.toString())) ?? []);
}

function packed(imports: readonly Import[]): CachedImport[] {
  return imports.map(({ specifier, names }) => [
    specifier,
    ...new Set(names.map(({ imported }) => imported)),
  ]);
}

function unpacked([specifier, ...imported]: CachedImport): Import {
  const names = imported.map((name) => ({ local: name, imported: name }));
  return { specifier, names, line: 0, reexport: false };
}
