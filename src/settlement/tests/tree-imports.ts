/** Who imports whom in a tree of the repository. Blobs are parsed once, and remembered by their id. */
import { join } from "node:path";
import type { Oid } from "../../git/objects.ts";
import type { Repository } from "../../git/repository.ts";
import { listTree, readObjects } from "../../git/trees.ts";
import { type ImportGraph, importGraph } from "../../syntax/import-graph.ts";
import { importIndex, manifestNames } from "../../syntax/import-index.ts";
import { type Import, importsOf } from "../../syntax/imports.ts";
import { languageOf } from "../../syntax/languages.ts";
import type { LanguageName } from "../../syntax/parser.ts";
import { type DigestCache, digestCache } from "../digest-cache.ts";

/** What is kept of an import: its specifier, and the names that are imported. */
type KeptImport = [specifier: string, ...imported: string[]];

/** Imports by `<language>:<blob id>`. */
export type ImportCache = DigestCache<KeptImport[]>;

/** To be changed with what the grammars' imports mean. */
const version = "1";

/** Blobs read at once. */
const batchSize = 200;

/** Files larger than this are generated, and import nothing that matters. */
const bytesMax = 1024 * 1024;

/** Milliseconds of parsing after which others have a turn. */
const sliceMs = 20;

/** The cache of a repository, beside its gate trees. */
export function importCache(folder: string): ImportCache {
  return digestCache(join(folder, "imports.jsonl"), version);
}

export interface TreeFile {
  path: string;
  mode: string;
  oid: Oid;
}

export interface TreeImports {
  files: TreeFile[];
  graph: ImportGraph;
}

/**
 * The import graph of a tree.
 *
 * @param gone paths the tree no longer has, which what is left of it may still import
 * @param languages only files of these are read; an import never crosses them
 */
export async function treeImports(
  o: { repository: Repository; imports: ImportCache; signal: AbortSignal },
  tree: Oid,
  gone: readonly string[],
  languages: ReadonlySet<LanguageName>,
): Promise<TreeImports> {
  const files = await listTree(o.repository, tree);
  const plain = files.filter(({ mode }) => mode.startsWith("100"));
  const named = plain.filter(({ path }) =>
    manifestNames.has(path.slice(path.lastIndexOf("/") + 1)),
  );
  const texts = await readObjects(
    o.repository,
    named.map(({ oid }) => oid),
  );
  const manifests = new Map(
    named.map(({ path }, i) => [path, texts[i]?.bytes.toString() ?? ""] as const),
  );
  const index = importIndex([...plain.map(({ path }) => path), ...gone], manifests);
  const sources = plain.flatMap((file) => {
    const language = languageOf(file.path);
    return language !== null && languages.has(language) ? [{ ...file, language }] : [];
  });
  await parseMissing(o, sources);
  const importing = sources.map(({ path, oid, language }) => {
    const kept = o.imports.get(`${language}:${oid}`) ?? [];
    return { path, imports: kept.map(unpacked) };
  });
  return { files, graph: importGraph(importing, index) };
}

type Source = TreeFile & { language: LanguageName };

async function parseMissing(
  o: { repository: Repository; imports: ImportCache; signal: AbortSignal },
  sources: readonly Source[],
): Promise<void> {
  const missing = new Map<string, Source>();
  for (const source of sources) {
    const key = `${source.language}:${source.oid}`;
    if (o.imports.get(key) === undefined) missing.set(key, source);
  }
  const open = [...missing];
  let sliceStart = performance.now();
  for (let from = 0; from < open.length && !o.signal.aborted; from += batchSize) {
    const batch = open.slice(from, from + batchSize);
    const objects = await readObjects(
      o.repository,
      batch.map(([, { oid }]) => oid),
    );
    const found: [string, KeptImport[]][] = [];
    for (const [i, [key, { path }]] of batch.entries()) {
      found.push([key, await importsIn(path, objects[i]?.bytes)]);
      if (performance.now() - sliceStart > sliceMs) {
        await new Promise((resolve) => setImmediate(resolve));
        sliceStart = performance.now();
      }
    }
    o.imports.put(found);
  }
}

/** Nothing, of what is missing, generated, or nested too deep to be followed. */
async function importsIn(path: string, bytes: Buffer | undefined): Promise<KeptImport[]> {
  if (bytes === undefined || bytes.length > bytesMax) return [];
  return packed((await importsOf(path, bytes.toString())) ?? []);
}

function packed(imports: readonly Import[]): KeptImport[] {
  return imports.map(({ specifier, names }) => [
    specifier,
    ...new Set(names.map(({ imported }) => imported)),
  ]);
}

function unpacked([specifier, ...imported]: KeptImport): Import {
  const names = imported.map((name) => ({ local: name, imported: name }));
  return { specifier, names, line: 0, reexport: false };
}
