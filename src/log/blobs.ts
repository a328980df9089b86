/**
 * Content that is too large for a row (gate outputs, compiled plans), as files named by their SHA-256.
 *
 * A file appears under its name only when it is complete, so an event may name its digest.
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../std/digest.ts";
import { replaceFile } from "../std/files.ts";

/**
 * Stores bytes in `dir` as `<digest><suffix>` and returns the digest. Content that is already there is
 * not written again. `durable` (the default) waits until the file and its folder are synced.
 */
export function storeBlob(
  dir: string,
  bytes: string | Uint8Array,
  o: { suffix?: string; durable?: boolean } = {},
): string {
  const { suffix = "", durable = true } = o;
  const digest = sha256(bytes);
  const path = join(dir, digest + suffix);
  if (!existsSync(path)) replaceFile(path, bytes, { durable });
  return digest;
}

/** The bytes stored under a digest; null when the file is missing or does not match its digest. */
export function readBlob(dir: string, digest: string, suffix = ""): Uint8Array | null {
  if (!/^[0-9a-f]{64}$/.test(digest)) return null;
  try {
    const bytes = readFileSync(join(dir, digest + suffix));
    return sha256(bytes) === digest ? bytes : null;
  } catch {
    return null;
  }
}

export interface BlobFile {
  path: string;
  /** Null for a temporary file that a crash left. */
  digest: string | null;
  bytes: number;
  /** Epoch milliseconds. */
  modifiedAt: number;
}

/** Stored files without suffix, and temporary files; none when the folder does not exist. */
export function listBlobs(dir: string): BlobFile[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir).flatMap((name) => {
    const whole = /^[0-9a-f]{64}$/.test(name);
    if (!whole && !temporaryName.test(name)) return [];
    const path = join(dir, name);
    const { size, mtimeMs } = statSync(path);
    return [{ path, digest: whole ? name : null, bytes: size, modifiedAt: mtimeMs }];
  });
}

/** Names of temporary files: those of `replaceFile`, and those that dgov 0.1.0 wrote. */
const temporaryName = /^(?:[0-9a-f]{64}\.[0-9a-f]{12}|\.[0-9a-f]{64}\.\d+)\.tmp$/;

/** Deletes files. Missing is not an error. */
export function removeBlobs(files: readonly BlobFile[]): void {
  for (const { path } of files) rmSync(path, { force: true });
}
