/**
 * What is too big for a row: gate outputs and compiled plans, as files named by their SHA-256.
 *
 * A file appears under its name whole or not at all (written aside, synced, renamed), so an event
 * that names a digest can rely on it.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { sha256 } from "../std/digest.ts";

/**
 * Keeps bytes in `dir` under `<digest><suffix>` and gives the digest. Knowing them already is free.
 * `durable` (the default) means on disk when this returns.
 */
export function storeBlob(
  dir: string,
  bytes: string | Uint8Array,
  o: { suffix?: string; durable?: boolean } = {},
): string {
  const { suffix = "", durable = true } = o;
  const data = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
  const digest = sha256(data);
  const path = join(dir, digest + suffix);
  if (existsSync(path)) return digest;
  mkdirSync(dir, { recursive: true });
  const aside = join(dir, `.${digest}.${process.pid}.tmp`);
  const file = openSync(aside, "w", 0o644);
  try {
    for (let at = 0; at < data.length; ) at += writeSync(file, data, at);
    if (durable) fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(aside, path);
  if (durable) syncDirectory(dir);
  return digest;
}

/** The bytes kept under a digest, or null: missing, or no longer what the digest says. */
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
  /** Null: what a crash left of writing one. */
  digest: string | null;
  bytes: number;
  /** Epoch milliseconds. */
  modifiedAt: number;
}

/** The files kept in a folder; none when there is no such folder. */
export function listBlobs(dir: string): BlobFile[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir).flatMap((name) => {
    const whole = /^[0-9a-f]{64}$/.test(name);
    if (!whole && !/^\.[0-9a-f]{64}\.\d+\.tmp$/.test(name)) return [];
    const path = join(dir, name);
    const { size, mtimeMs } = statSync(path);
    return [{ path, digest: whole ? name : null, bytes: size, modifiedAt: mtimeMs }];
  });
}

/** Removes kept files; one that is gone already is passed over. */
export function removeBlobs(files: readonly BlobFile[]): void {
  for (const { path } of files) rmSync(path, { force: true });
}

function syncDirectory(dir: string): void {
  const handle = openSync(dir, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
