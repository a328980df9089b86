/** Texts of blobs, many read by one process. */

import type { Oid } from "./objects.ts";
import type { Repository } from "./repository.ts";
import { objectSizes, readObjects } from "./trees.ts";

/** Bytes of one text; more is generated, or data. */
const textBytesMax = 1024 * 1024;
/** Bytes of all texts of one judgement. */
const totalBytesMax = 64 * 1024 * 1024;

export interface BlobReader {
  /** Reads what is not known yet. What is too much is left out. */
  load(ids: readonly Oid[]): Promise<void>;
  /** A text; null when it is no UTF-8, or too much. */
  read(id: Oid): Promise<string | null>;
}

/** Texts of a repository's blobs, each read once. */
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
      if (id !== undefined && object?.type === "blob") texts.set(id, textIn(object.bytes));
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

function textIn(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
