/**
 * What was worked out about blobs, by blob id: a file's imports, its shape. A blob never changes, so
 * an entry holds for as long as the program that made it reads blobs in the same way.
 *
 * One JSON line an entry, behind a line that names the version.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";

export interface BlobCache<T> {
  get(oid: string): T | undefined;
  /** Keeps entries, on disk as well; a disk that refuses costs only time. */
  put(entries: Iterable<readonly [oid: string, value: T]>): void;
}

/** Entries kept between runs; the oldest half goes when there are more. */
const keptMax = 100_000;

/** The cache in a file; entries of another `version` are forgotten. Read once, when first asked. */
export function blobCache<T>(file: string, version: string): BlobCache<T> {
  const header = JSON.stringify({ version });
  let loaded: Map<string, T> | null = null;
  const known = (): Map<string, T> => {
    loaded ??= read<T>(file, header);
    return loaded;
  };
  return {
    get: (oid) => known().get(oid),
    put(entries) {
      const lines: string[] = [];
      for (const [oid, value] of entries) {
        known().set(oid, value);
        lines.push(`${JSON.stringify([oid, value])}\n`);
      }
      if (lines.length > 0) attempt(() => appendFileSync(file, lines.join(""), { mode: 0o600 }));
    },
  };
}

function read<T>(file: string, header: string): Map<string, T> {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const same = lines[0] === header;
  const entries = same ? lines.slice(1, -1) : [];
  const recent = entries.length > keptMax ? entries.slice(-keptMax / 2) : entries;
  // A line cut by a crash must not swallow the next one.
  const whole = same && lines.at(-1) === "" && recent.length === entries.length;
  if (!whole) attempt(() => replace(file, [header, ...recent, ""].join("\n")));
  const known = new Map<string, T>();
  for (const line of recent) {
    try {
      const [oid, value] = JSON.parse(line) as [string, T];
      known.set(oid, value);
    } catch {
      // A broken line is a blob read again.
    }
  }
  return known;
}

function replace(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** A cache that cannot be written is a cache of this process. */
function attempt(write: () => void): void {
  try {
    write();
  } catch {
    // Read-only, or full: the gate that asked does not depend on it.
  }
}
