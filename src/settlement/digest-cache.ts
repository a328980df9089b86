/**
 * A persistent cache of values derived from content that a digest names, such as the imports of a blob or
 * the verdict on a tree. The content of a digest never changes, so entries never expire; they are dropped
 * when the program's own version of them changes.
 *
 * File format: a header line with the version, then one JSON line `[digest, value]` per entry.
 */
import { existsSync, readFileSync } from "node:fs";
import { appendToFile, replaceFile } from "../std/files.ts";

export interface DigestCache<T> {
  get(digest: string): T | undefined;
  /** Adds entries in memory and on disk; failures to write are ignored. */
  put(entries: Iterable<readonly [digest: string, value: T]>): void;
}

/** Default maximum of entries kept on disk. */
const entriesMax = 100_000;

/**
 * Opens a cache file, which is read on first use. Entries of another `version` are dropped; when there are
 * more than `keptMax`, the newest half is kept.
 */
export function digestCache<T>(
  file: string,
  version: string,
  keptMax = entriesMax,
): DigestCache<T> {
  const header = JSON.stringify({ version });
  let loaded: Map<string, T> | null = null;
  const known = (): Map<string, T> => {
    loaded ??= read<T>(file, header, keptMax);
    return loaded;
  };
  return {
    get: (digest) => known().get(digest),
    put(entries) {
      const lines: string[] = [];
      for (const [digest, value] of entries) {
        known().set(digest, value);
        lines.push(`${JSON.stringify([digest, value])}\n`);
      }
      if (lines.length > 0) attempt(() => appendToFile(file, lines.join(""), { mode: 0o600 }));
    },
  };
}

function read<T>(file: string, header: string, keptMax: number): Map<string, T> {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const current = lines[0] === header;
  const entries = current ? lines.slice(1, -1) : [];
  const kept = entries.length > keptMax ? entries.slice(-keptMax / 2) : entries;
  // A crash can leave a partial last line, which would corrupt the next entry appended.
  const intact = current && lines.at(-1) === "" && kept.length === entries.length;
  if (!intact) attempt(() => replaceFile(file, [header, ...kept, ""].join("\n"), { mode: 0o600 }));
  const known = new Map<string, T>();
  for (const line of kept) {
    try {
      const [digest, value] = JSON.parse(line) as [string, T];
      known.set(digest, value);
    } catch {
      // A broken line is skipped; its value is computed again.
    }
  }
  return known;
}

/** Runs a write whose failure (read-only or full disk) leaves the cache in memory only. */
function attempt(write: () => void): void {
  try {
    write();
  } catch {
    // The cache only saves time.
  }
}
