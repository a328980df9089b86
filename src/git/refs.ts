/**
 * dgov's own refs, all below `refs/dgov/`, never below the operator's `refs/heads/`.
 *
 *   refs/dgov/keep/<run>/<unit>/<attempt>    an attempt's work
 *   refs/dgov/candidate/<run>/<n>            a candidate of the merge train
 *   refs/dgov/base/<run>, before/<run>       what a run started from
 */
import { durable, inRepository, must, nulSplit, type Oid } from "./git.ts";
import type { Repository } from "./repository.ts";

/** Any text as one ref component: bytes outside `[A-Za-z0-9_-]` become `%XX`. */
export function encodeRefPart(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      if (/[A-Za-z0-9_-]/.test(char)) return char;
      return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}

export function keepRef(run: string, unit: string, attempt: number): string {
  return `refs/dgov/keep/${encodeRefPart(run)}/${encodeRefPart(unit)}/${attempt}`;
}

export function candidateRef(run: string, n: number): string {
  return `refs/dgov/candidate/${encodeRefPart(run)}/${n}`;
}

export function baseRef(run: string): string {
  return `refs/dgov/base/${encodeRefPart(run)}`;
}

export function beforeRef(run: string): string {
  return `refs/dgov/before/${encodeRefPart(run)}`;
}

/** Points a ref at an object, durably. A symbolic ref of that name is replaced, never followed. */
export async function updateRef(r: Repository, ref: string, to: Oid): Promise<void> {
  const args = [...durable, "update-ref", "--no-deref", ref, to];
  await must(inRepository(r, args), `moving ${ref}`);
}

/** Removes a ref; nothing happens when there is none. */
export async function deleteRef(r: Repository, ref: string): Promise<void> {
  await must(inRepository(r, ["update-ref", "--no-deref", "-d", ref]), `removing ${ref}`);
}

/** Removes refs in one go; those that are not there are passed over. */
export async function deleteRefs(r: Repository, refs: readonly string[]): Promise<void> {
  if (refs.length === 0) return;
  const stdin = refs.map((ref) => `delete ${ref}\0\0`).join("");
  await must(
    inRepository(r, ["update-ref", "--no-deref", "-z", "--stdin"], { stdin }),
    "removing refs",
  );
}

/** Refs below a prefix (`refs/dgov/keep/R`, whole components), sorted by name. */
export async function listRefs(
  r: Repository,
  prefix: string,
): Promise<{ ref: string; oid: Oid }[]> {
  const args = ["for-each-ref", "--format=%(objectname) %(refname)%00", prefix];
  const output = await must(inRepository(r, args), `listing ${prefix}`);
  return nulSplit(output)
    .map((line) => line.toString().trimStart())
    .filter((line) => line !== "")
    .map((line) => {
      const cut = line.indexOf(" ");
      return { oid: line.slice(0, cut), ref: line.slice(cut + 1) };
    });
}
