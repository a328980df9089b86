/** Reading source files and manifests of a tree out of git, for the import graph and the structure scan. */
import { posix } from "node:path";
import type { Oid } from "../git/objects.ts";
import type { Repository } from "../git/repository.ts";
import { readObjects } from "../git/trees.ts";
import { manifestNames } from "../languages/import-index.ts";
import type { DigestCache } from "./digest-cache.ts";

/** A file of a tree. */
export interface TreeFile {
  path: string;
  mode: string;
  oid: Oid;
}

/** True for a regular file: not a link, not a submodule. */
export function isRegularFile({ mode }: Pick<TreeFile, "mode">): boolean {
  return isRegularMode(mode);
}

/** True for the mode of a regular file, executable or not. */
export function isRegularMode(mode: string): boolean {
  return mode.startsWith("100");
}

/** Texts of the manifests (`package.json`, `go.mod`, ...) among some files, by path. */
export async function readManifests(
  r: Repository,
  files: readonly TreeFile[],
): Promise<Map<string, string>> {
  const manifests = files.filter(({ path }) => manifestNames.has(posix.basename(path)));
  const objects = await readObjects(
    r,
    manifests.map(({ oid }) => oid),
  );
  return new Map(manifests.map(({ path }, i) => [path, objects[i]?.bytes.toString() ?? ""]));
}

/** A source file and the key of its blob in a cache: `<language>:<blob id>`. */
interface KeyedFile extends TreeFile {
  key: string;
}

/** Blobs read from git at once. */
const batchSize = 200;

/** Milliseconds of parsing after which the event loop gets a turn. */
const sliceMs = 20;

/**
 * Parses the blobs that a cache does not have and adds the results to it, in batches. `parse` returns null
 * for a file whose result is not to be cached. Returns early when the signal is aborted.
 */
export async function parseBlobs<T>(
  o: { repository: Repository; cache: DigestCache<T>; signal: AbortSignal },
  files: readonly KeyedFile[],
  parse: (file: KeyedFile, bytes: Buffer | undefined) => Promise<T | null>,
): Promise<void> {
  const missing = new Map(
    files.filter(({ key }) => o.cache.get(key) === undefined).map((file) => [file.key, file]),
  );
  const open = [...missing.values()];
  let sliceStart = performance.now();
  for (let from = 0; from < open.length && !o.signal.aborted; from += batchSize) {
    const batch = open.slice(from, from + batchSize);
    const objects = await readObjects(
      o.repository,
      batch.map(({ oid }) => oid),
    );
    const parsed: [string, T][] = [];
    for (const [i, file] of batch.entries()) {
      const value = await parse(file, objects[i]?.bytes);
      if (value !== null) parsed.push([file.key, value]);
      if (performance.now() - sliceStart > sliceMs) {
        await new Promise((resolve) => setImmediate(resolve));
        sliceStart = performance.now();
      }
    }
    o.cache.put(parsed);
  }
}
