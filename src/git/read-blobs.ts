/** Texts of blobs, read in batches by one git process, with bounds on their size. */
import type { Oid } from "./objects.ts";
import type { Repository } from "./repository.ts";
import { objectSizes, readObjects } from "./trees.ts";

/** Maximum bytes of one text; larger files are generated code or data. */
const textBytesMax = 1024 * 1024;
/** Maximum bytes of all texts of one reader. */
const totalBytesMax = 64 * 1024 * 1024;

interface BlobReader {
  /** Reads the blobs not read yet; texts beyond the bounds are left out and read as null. */
  load(ids: readonly Oid[]): Promise<void>;
  /** The text of a blob; null when it is not UTF-8, not a blob, or beyond the bounds. */
  read(id: Oid): Promise<string | null>;
}

/** Opens a reader that reads each blob of a repository at most once. */
export function blobReader(r: Repository): BlobReader {
  const texts = new Map<Oid, string | null>();
  let total = 0;
  const load = async (ids: readonly Oid[]): Promise<void> => {
    const fresh = [...new Set(ids)].filter((id) => !texts.has(id));
    const sizes = await objectSizes(r, fresh);
    const wanted = fresh.filter((id, index) => {
      const size = sizes[index] ?? null;
      texts.set(id, null);
      if (size === null || size > textBytesMax || total + size > totalBytesMax) return false;
      total += size;
      return true;
    });
    for (const [index, object] of (await readObjects(r, wanted)).entries()) {
      const id = wanted[index];
      if (id !== undefined && object?.type === "blob") texts.set(id, decodeUtf8(object.bytes));
    }
  };
  return {
    load,
    async read(id) {
      if (!texts.has(id)) await load([id]);
      return texts.get(id) ?? null;
    },
  };
}

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
