/**
 * Authentication of cached values: an HMAC under a key of the user, which a process that can write the cache
 * cannot make without reading the key. The key is a file in dgov's state folder, made at first use.
 */
import { randomBytes } from "node:crypto";
import { linkSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Seal {
  /** The HMAC-SHA-256 of a text, in lower-case hex. Makes the key when there is none. */
  of(text: string): string;
  /** True for the seal of a text; false while there is no key. Creates nothing. */
  matches(text: string, seal: unknown): boolean;
}

const keyBytes = 32;

/**
 * The seal with the key in `folder`. Where no key can be kept, the seal has a key of this process: values of other
 * processes are then not believed.
 */
export function openSeal(folder: string): Seal {
  const file = join(folder, "cache-key");
  const sealed = (key: Uint8Array, text: string): string =>
    new Bun.CryptoHasher("sha256", key).update(text).digest("hex");
  let key = keyOr(() => readKey(file));
  return {
    of(text) {
      key ??= keyOr(() => readKey(file) ?? makeKey(folder, file)) ?? randomBytes(keyBytes);
      return sealed(key, text);
    },
    matches: (text, seal) => key !== null && sealed(key, text) === seal,
  };
}

/** The key that a step gives; null when it cannot be kept, or is not a private file of this user. */
function keyOr(step: () => Uint8Array | null): Uint8Array | null {
  try {
    return step();
  } catch {
    return null;
  }
}

function readKey(file: string): Uint8Array | null {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) return null;
  const isPrivate =
    found.isFile() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
  if (!isPrivate) throw new Error(`${file} is not a private file`);
  const key = readFileSync(file);
  if (key.length !== keyBytes) throw new Error(`${file} does not hold a key`);
  return key;
}

/** Writes a key under a name of its own, then links it: of several processes, one key is kept. */
function makeKey(folder: string, file: string): Uint8Array | null {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const own = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  writeFileSync(own, randomBytes(keyBytes), { mode: 0o600, flag: "wx" });
  try {
    linkSync(own, file);
  } catch (error) {
    if ((error as { code?: unknown }).code !== "EEXIST") throw error;
  } finally {
    rmSync(own, { force: true });
  }
  return readKey(file);
}
