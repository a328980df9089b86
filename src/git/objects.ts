/**
 * Git objects written and verified without git: ids are hashed here, loose objects written and
 * synced, and commits are a pure function of their fields, so that building one twice gives the same id.
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

/** The id of an object: the hash of its header (`<type> <size>\0`) and its bytes. */
export function objectId(format: ObjectFormat, type: string, bytes: Uint8Array): Oid {
  return createHash(format).update(`${type} ${bytes.length}\0`).update(bytes).digest("hex");
}

/**
 * Writes a loose object below an objects folder and returns its id; synced, unless `durable` is false. An
 * existing file of that name is left alone. The temporary name is one that `git gc` removes after a crash.
 */
export function writeObject(
  objects: string,
  format: ObjectFormat,
  type: string,
  bytes: Uint8Array,
  o: { durable?: boolean } = {},
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
    if (o.durable !== false) fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
  return id;
}

/** The content of a commit object. */
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

/** A commit message without NUL bytes and with exactly one newline at the end. */
export function messageText(message: string): string {
  return `${message.replaceAll("\0", "").replace(/\n+$/, "")}\n`;
}

/**
 * The message with a `Signed-off-by` trailer of the committer, in its last paragraph when that has trailers. A message
 * that has it already is left alone.
 */
export function signedOff(message: string, identity: Identity): string {
  const text = messageText(message);
  const trailer = `Signed-off-by: ${identityText(identity)}`;
  const paragraphs = text.trimEnd().split(/\n[ \t]*\n/);
  const last = (paragraphs.length > 1 ? (paragraphs.at(-1) ?? "") : "").split("\n");
  if (last.includes(trailer)) return text;
  // A line that begins with a space continues the one above.
  const isTrailers = last.every(
    (line, i) => /^[A-Za-z0-9-]+: ./.test(line) || (i > 0 && /^\s/.test(line)),
  );
  return `${text}${isTrailers ? "" : "\n"}${trailer}\n`;
}

/** Seconds since the epoch of an RFC 3339 time. */
export function seconds(date: string): number {
  return Math.floor(Date.parse(date) / 1000);
}

/** `Name <email>` without the characters that git itself strips from identities. */
function identityText(identity: Identity): string {
  const clean = (text: string): string =>
    text.replace(/[<>\n\0]/g, "").replace(/^[\s.,:;"'\\]+|[\s.,:;"'\\]+$/g, "");
  return `${clean(identity.name) || "unknown"} <${clean(identity.email)}>`;
}

/** A full object id in lower-case hex: 40 digits, or 64 in a SHA-256 repository. */
export type Oid = string;
