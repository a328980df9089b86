/**
 * The semantic corpus: tiny repositories in three states, with the expected verdict of the semantic gate.
 *
 * The format is described in `test/fixtures/semantic/README.md`. The trees of a parsed case are complete:
 * files that a side does not list are as in the base.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** Languages of the corpus, each with its own folder. */
export const languages = ["go", "java", "javascript", "python", "rust", "typescript"] as const;

/** Kinds of conflict; `null` in a case without one. */
export const kinds = [
  "duplicate_definition",
  "ordering_conflict",
  "same_symbol_edit",
  "signature_drift",
  "stale_reference",
  "syntax_conflict",
  "text_conflict",
] as const;

export type Language = (typeof languages)[number];
export type Kind = (typeof kinds)[number];

/** A repository's files by path. */
export type Tree = ReadonlyMap<string, string>;

/** One case: a repository at base, on the target (`ours`) and in the attempt (`theirs`). */
export interface Case {
  /** Path of the case file below the corpus, as in `go/03-two-helpers.txt`. */
  readonly path: string;
  readonly language: Language;
  readonly origin: "public-shape" | "written";
  readonly shape: string;
  readonly expect: "conflict" | "innocent";
  readonly kind: Kind | null;
  /** The name that a report of the conflict must mention; `null` without a conflict. */
  readonly symbol: string | null;
  /** True for every third number of a language; these are not used to tune the gate. */
  readonly heldOut: boolean;
  readonly base: Tree;
  readonly ours: Tree;
  readonly theirs: Tree;
}

const corpus = resolve(import.meta.dir, "../fixtures/semantic");
const marker = /^-- (base|ours|theirs)\/(\S+) --$/;
const sides = ["base", "ours", "theirs"] as const;

/** All cases in order of path. Throws an Error that names file and line of a malformed one. */
export function readCorpus(folder = corpus): Case[] {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".txt"))
    .sort();
  return paths.map((path) => ({
    ...parseCase(path, readFileSync(join(folder, path), "utf8")),
    heldOut: Number(/\d+/.exec(path)?.[0]) % 3 === 0,
  }));
}

/** Parses one case; `path` is its name in messages. */
export function parseCase(path: string, text: string): Omit<Case, "heldOut"> {
  const lines = text.replace(/\n$/, "").split("\n");
  const start = lines.findIndex((line) => marker.test(line));
  if (start < 0) throw new Error(`${path}: no file section; write "-- base/<path> --"`);
  const fields = parseFields(path, lines.slice(0, start));
  const trees = parseTrees(path, lines, start);
  const expect = oneOf(path, "expect", fields, ["conflict", "innocent"] as const);
  const conflict = expect === "conflict";
  return {
    path,
    language: oneOf(path, "language", fields, languages),
    origin: oneOf(path, "origin", fields, ["public-shape", "written"] as const),
    shape: required(path, "shape", fields),
    expect,
    kind: conflict ? oneOf(path, "kind", fields, kinds) : absent(path, "kind", fields),
    symbol: conflict ? required(path, "symbol", fields) : absent(path, "symbol", fields),
    ...trees,
  };
}

function parseFields(path: string, lines: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>();
  for (const [index, line] of lines.entries()) {
    const field = /^([a-z]+): (\S.*)$/.exec(line);
    if (field === null) throw new Error(`${path}:${index + 1}: expected "field: value"`);
    fields.set(field[1] ?? "", (field[2] ?? "").trim());
  }
  return fields;
}

function parseTrees(path: string, lines: readonly string[], start: number) {
  const written = { base: new Map(), ours: new Map(), theirs: new Map() } as Record<
    (typeof sides)[number],
    Map<string, string[]>
  >;
  let body: string[] = [];
  for (const [index, line] of lines.entries()) {
    if (index < start) continue;
    const section = marker.exec(line);
    if (section === null) {
      body.push(line);
      continue;
    }
    const files = written[section[1] as (typeof sides)[number]];
    const file = section[2] ?? "";
    if (files.has(file)) throw new Error(`${path}:${index + 1}: ${file} is written twice`);
    body = [];
    files.set(file, body);
  }
  const base = overlay(new Map(), written.base);
  return { base, ours: overlay(base, written.ours), theirs: overlay(base, written.theirs) };
}

/** A tree overlaid with a side's files; a file whose only line is `(deleted)` is removed. */
function overlay(under: Tree, files: ReadonlyMap<string, readonly string[]>): Tree {
  const tree = new Map(under);
  for (const [file, lines] of files) {
    if (lines.length === 1 && lines[0] === "(deleted)") tree.delete(file);
    else tree.set(file, `${lines.join("\n")}\n`);
  }
  return tree;
}

function required(path: string, name: string, fields: ReadonlyMap<string, string>): string {
  const value = fields.get(name);
  if (value === undefined) throw new Error(`${path}: the field "${name}" is missing`);
  return value;
}

function absent(path: string, name: string, fields: ReadonlyMap<string, string>): null {
  if (fields.has(name)) throw new Error(`${path}: "${name}" is only for cases that conflict`);
  return null;
}

function oneOf<Value extends string>(
  path: string,
  name: string,
  fields: ReadonlyMap<string, string>,
  values: readonly Value[],
): Value {
  const value = required(path, name, fields).replace(/\s+#.*$/, "");
  const found = values.find((known) => known === value);
  if (found === undefined) {
    throw new Error(`${path}: ${name} is "${value}", not one of ${values.join(", ")}`);
  }
  return found;
}
