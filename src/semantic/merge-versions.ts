/** The four versions of a merge, and their files' table, each text read and parsed once. */
import { type ImportIndex, importIndex, manifestNames } from "../languages/import-index.ts";
import { readSymbolTable, supportedLanguage } from "../languages/symbol-table/read.ts";
import type { SymbolTable } from "../languages/symbol-table/symbol-table.ts";

/** Blob ids by path. */
export type Files = ReadonlyMap<string, string>;

export interface MergeInput {
  /**
   * The files that are not the same in all versions, in each: `base` is what both sides started from,
   * `ours` what landed meanwhile, `theirs` the change itself, `merged` what the text merge made.
   */
  base: Files;
  ours: Files;
  theirs: Files;
  merged: Files;
  /** Every file of the merged tree; asked for only when something has to be looked for. */
  tree(): Promise<Files>;
  /** Files of the merged tree in which one of these words stands; fewer than all when cut. */
  mentioning(words: readonly string[]): Promise<{ paths: string[]; cut: boolean }>;
  /** The text of a blob; null when it is no text, or too much of it. */
  read(id: string): Promise<string | null>;
}

export type VersionName = "base" | "ours" | "theirs" | "merged";

/** Manifests an import index is given, at most. */
const manifestsMax = 500;

export class MergeVersions {
  readonly input: MergeInput;
  /** Paths of supported languages that are not the same in all versions, sorted. */
  readonly paths: readonly string[];
  readonly #all: ReadonlySet<string>;
  readonly #table = new Map<string, Promise<SymbolTable | null>>();
  readonly #indexes = new Map<VersionName, Promise<ImportIndex>>();

  constructor(input: MergeInput) {
    this.input = input;
    const { base, ours, theirs, merged } = input;
    this.#all = new Set([base, ours, theirs, merged].flatMap((files) => [...files.keys()]));
    this.paths = [...this.#all].filter((path) => supportedLanguage(path) !== null).sort();
  }

  /** The blob at a path in a version. */
  async id(version: VersionName, path: string): Promise<string | undefined> {
    if (this.#all.has(path)) return this.input[version].get(path);
    return (await this.input.tree()).get(path);
  }

  /** Facts of a file in a version; null when it is not there or cannot be read. */
  async table(version: VersionName, path: string): Promise<SymbolTable | null> {
    const id = await this.id(version, path);
    if (id === undefined) return null;
    const key = `${id} ${path}`;
    let table = this.#table.get(key);
    if (table === undefined) {
      table = this.input
        .read(id)
        .then((text) => (text === null ? null : readSymbolTable(path, text)));
      this.#table.set(key, table);
    }
    return table;
  }

  /** The text of a file in a version; null when it is not there or is no text. */
  async text(version: VersionName, path: string): Promise<string | null> {
    const id = await this.id(version, path);
    return id === undefined ? null : this.input.read(id);
  }

  /** Paths of a whole version. */
  async tree(version: "base" | "merged"): Promise<Files> {
    const merged = await this.input.tree();
    if (version === "merged") return merged;
    const files = new Map(merged);
    for (const path of this.#all) {
      const id = this.input.base.get(path);
      if (id === undefined) files.delete(path);
      else files.set(path, id);
    }
    return files;
  }

  /** Where imports lead in a version. */
  index(version: "base" | "merged"): Promise<ImportIndex> {
    let index = this.#indexes.get(version);
    if (index === undefined) {
      index = this.#readIndex(version);
      this.#indexes.set(version, index);
    }
    return index;
  }

  async #readIndex(version: "base" | "merged"): Promise<ImportIndex> {
    const files = await this.tree(version);
    const manifests = new Map<string, string>();
    for (const [path, id] of files) {
      if (!manifestNames.has(path.slice(path.lastIndexOf("/") + 1))) continue;
      if (manifests.size >= manifestsMax) break;
      const text = await this.input.read(id);
      if (text !== null) manifests.set(path, text);
    }
    return importIndex(files.keys(), manifests);
  }

  /** Which sides changed a file. */
  changedBy(path: string): { ours: boolean; theirs: boolean } {
    const { base, ours, theirs } = this.input;
    return {
      ours: base.get(path) !== ours.get(path),
      theirs: base.get(path) !== theirs.get(path),
    };
  }
}
