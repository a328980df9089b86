/**
 * What was worked out about things named by a digest: a blob's imports, a tree's verdict. What a digest
 * names never changes, so an entry holds for as long as the program reads it in the same way.
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

export interface DigestCache<T> {
  get(digest: string): T | undefined;
  /** Keeps entries, on disk as well; a disk that refuses costs only time. */
  put(entries: Iterable<readonly [digest: string, value: T]>): void;
}

/** Entries kept between runs, unless told otherwise; the oldest half goes when there are more. */
const keptEntriesMax = 100_000;

/** The cache in a file; entries of another `version` are forgotten. Read once, when first asked. */
export function digestCache<T>(
  file: string,
  version: string,
  keptMax = keptEntriesMax,
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
      if (lines.length > 0) attempt(() => appendFileSync(file, lines.join(""), { mode: 0o600 }));
    },
  };
}

function read<T>(file: string, header: string, keptMax: number): Map<string, T> {
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
      const [digest, value] = JSON.parse(line) as [string, T];
      known.set(digest, value);
    } catch {
      // A broken line is worked out again.
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
