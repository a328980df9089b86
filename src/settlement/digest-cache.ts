/**
 * A persistent cache of values derived from content that a digest names, such as the imports of a blob or
 * the verdict on a tree. The content of a digest never changes, so entries never expire; they are dropped
 * when the program's own version of them changes.
 *
 * File format: a header line with the version, then one JSON line `[digest, value, seal]` per entry. The seal covers
 * the name of the cache, its version, the digest and the value: an entry that dgov did not write is not believed.
 */
import { existsSync, readFileSync } from "node:fs";
import { appendToFile, replaceFile } from "../std/files.ts";
import type { Seal } from "./seal.ts";

export interface DigestCache<T> {
  get(digest: string): T | undefined;
  /** Adds entries in memory and on disk; failures to write are ignored. */
  put(entries: Iterable<readonly [digest: string, value: T]>): void;
}

/** Maximum of entries kept on disk. */
const entriesMax = 100_000;

/** Version of the file format. */
const format = 2;

/**
 * Opens a cache file, which is read on first use. `name` tells caches apart, `version` the program's versions of
 * their values. Entries of another version are dropped; when there are more than 100,000, the newest half is kept.
 */
export function digestCache<T>(
  file: string,
  { name, version, seal }: { name: string; version: string; seal: Seal },
): DigestCache<T> {
  const header = JSON.stringify({ format, version });
  const sealed = (digest: string, value: unknown): string =>
    JSON.stringify([name, version, digest, value]);
  const values = new Map<string, T>();
  // Seals are checked when an entry is asked for: most are not.
  let stored: Map<string, Stored<T>> | null = null;
  const fromDisk = (digest: string): T | undefined => {
    stored ??= read<T>(file, header);
    const entry = stored.get(digest);
    stored.delete(digest);
    if (entry === undefined || !seal.matches(sealed(digest, entry.value), entry.seal)) {
      return undefined;
    }
    values.set(digest, entry.value);
    return entry.value;
  };
  return {
    get: (digest) => values.get(digest) ?? fromDisk(digest),
    put(entries) {
      const lines: string[] = [];
      stored ??= read<T>(file, header);
      for (const [digest, value] of entries) {
        values.set(digest, value);
        lines.push(`${JSON.stringify([digest, value, seal.of(sealed(digest, value))])}\n`);
      }
      if (lines.length > 0) attempt(() => appendToFile(file, lines.join(""), { mode: 0o600 }));
    },
  };
}

interface Stored<T> {
  value: T;
  seal: unknown;
}

function read<T>(file: string, header: string): Map<string, Stored<T>> {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const current = lines[0] === header;
  const entries = current ? lines.slice(1, -1) : [];
  const kept = entries.length > entriesMax ? entries.slice(-entriesMax / 2) : entries;
  // A crash can leave a partial last line, which would corrupt the next entry appended.
  const intact = current && lines.at(-1) === "" && kept.length === entries.length;
  if (!intact) attempt(() => replaceFile(file, [header, ...kept, ""].join("\n"), { mode: 0o600 }));
  const known = new Map<string, Stored<T>>();
  for (const line of kept) {
    try {
      const [digest, value, seal] = JSON.parse(line) as [string, T, unknown];
      known.set(digest, { value, seal });
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
