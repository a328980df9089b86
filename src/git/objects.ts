/**
 * Git objects made and checked without git: ids by own hashing, loose objects written and synced,
 * commits whose every byte follows from their arguments, so that building one twice gives one id.
 */
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
export type ObjectFormat = "sha1" | "sha256";

export interface Identity {
  name: string;
  email: string;
}

export interface CommitFields {
  tree: Oid;
  parents: Oid[];
  message: string;
  identity: Identity;
  /** RFC 3339; used for author and committer, to the second, in UTC. */
  date: string;
}

/** The id git gives these bytes. */
export function objectId(format: ObjectFormat, type: string, bytes: Uint8Array): Oid {
  return createHash(format).update(`${type} ${bytes.length}\0`).update(bytes).digest("hex");
}

/** Writes a loose object below an objects folder, synced, unless a file of its name is there. */
export function writeObject(
  objects: string,
  format: ObjectFormat,
  type: string,
  bytes: Uint8Array,
): Oid {
  const id = objectId(format, type, bytes);
  const folder = join(objects, id.slice(0, 2));
  const path = join(folder, id.slice(2));
  if (existsSync(path)) return id;
  mkdirSync(folder, { recursive: true });
  const temporary = join(folder, `tmp_obj_${randomBytes(6).toString("hex")}`);
  const fd = openSync(temporary, "wx", 0o444);
  try {
    writeSync(fd, deflateSync(Buffer.concat([Buffer.from(`${type} ${bytes.length}\0`), bytes])));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
  return id;
}

/** The bytes of a commit object. */
export function commitBytes(fields: CommitFields): Buffer {
  const stamp = `${identityText(fields.identity)} ${seconds(fields.date)} +0000`;
  const lines = [
    `tree ${fields.tree}`,
    ...fields.parents.map((parent) => `parent ${parent}`),
    `author ${stamp}`,
    `committer ${stamp}`,
  ];
  return Buffer.from(`${lines.join("\n")}\n\n${messageText(fields.message)}`);
}

/** A message as commits hold it: no NUL, one newline at the end. */
export function messageText(message: string): string {
  return `${message.replaceAll("\0", "").replace(/\n+$/, "")}\n`;
}

/** Seconds since the epoch of an RFC 3339 time. */
export function seconds(date: string): number {
  return Math.floor(Date.parse(date) / 1000);
}

/** `Name <email>` with what would break the line left out, as git itself does. */
function identityText(identity: Identity): string {
  const clean = (text: string): string =>
    text.replace(/[<>\n\0]/g, "").replace(/^[\s.,:;"'\\]+|[\s.,:;"'\\]+$/g, "");
  return `${clean(identity.name) || "unknown"} <${clean(identity.email)}>`;
}

/** An object id in lower-case hex, always whole: 40 digits, or 64 in a SHA-256 repository. */
export type Oid = string;
