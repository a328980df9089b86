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
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { sha256 } from "../std/digest.ts";

/**
 * Keeps bytes in `dir` under `<digest><suffix>` and gives the digest. Knowing them already is free.
 * `durable` (the default) means on disk when this returns.
 */
export function keepFile(
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
export function readKept(dir: string, digest: string, suffix = ""): Uint8Array | null {
  if (!/^[0-9a-f]{64}$/.test(digest)) return null;
  try {
    const bytes = readFileSync(join(dir, digest + suffix));
    return sha256(bytes) === digest ? bytes : null;
  } catch {
    return null;
  }
}

function syncDirectory(dir: string): void {
  const handle = openSync(dir, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
