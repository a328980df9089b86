/** The four versions of a merge and the symbol tables of their files, each text parsed once. */
import { type ImportIndex, importIndex, manifestNames } from "../languages/import-index.ts";
import { baseName } from "../languages/source-tree.ts";
import { hasSymbolTable, readSymbolTable } from "../languages/symbol-table/read.ts";
import type { FileSymbol, SymbolTable } from "../languages/symbol-table/symbol-table.ts";

/** Blob ids by path. */
export type Files = ReadonlyMap<string, string>;

export interface MergeInput {
  /**
   * Files that differ between the versions, in each version: `base` is the common base, `ours` the target,
   * `theirs` the change, `merged` the result of the text merge.
   */
  base: Files;
  ours: Files;
  theirs: Files;
  merged: Files;
  /** Every file of the merged tree. Called only when a rule has to search or resolve imports. */
  tree(): Promise<Files>;
  /** Files of the merged tree that contain one of the words; `cut` when the list is incomplete. */
  mentioning(words: readonly string[]): Promise<{ paths: string[]; cut: boolean }>;
  /** Text of a blob; null when it is binary or too large. */
  read(id: string): Promise<string | null>;
}

type VersionName = "base" | "ours" | "theirs" | "merged";

/** Manifests read per import index, at most. */
const manifestsMax = 500;

export class MergeVersions {
  readonly input: MergeInput;
  /** Paths with symbol tables that differ between the versions, sorted. */
  readonly paths: readonly string[];
  readonly #all: ReadonlySet<string>;
  readonly #table = new Map<string, Promise<SymbolTable | null>>();
  readonly #indexes = new Map<VersionName, Promise<ImportIndex>>();

  constructor(input: MergeInput) {
    this.input = input;
    const { base, ours, theirs, merged } = input;
    this.#all = new Set([base, ours, theirs, merged].flatMap((files) => [...files.keys()]));
    this.paths = [...this.#all].filter((path) => hasSymbolTable(path)).sort();
  }

  /** Every path that differs between the versions, sorted. */
  get changedPaths(): string[] {
    return [...this.#all].sort();
  }

  /** Blob id of a path in a version; undefined when the version does not contain it. */
  async id(version: VersionName, path: string): Promise<string | undefined> {
    if (this.#all.has(path)) return this.input[version].get(path);
    return (await this.input.tree()).get(path);
  }

  /** Symbol table of a file in a version; null when the file is missing or cannot be parsed. */
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

  /** Text of a file in a version; null when the file is missing, binary or too large. */
  async text(version: VersionName, path: string): Promise<string | null> {
    const id = await this.id(version, path);
    return id === undefined ? null : this.input.read(id);
  }

  /** All files of a version. */
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

  /** Import index of a version. */
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
      if (!manifestNames.has(baseName(path))) continue;
      if (manifests.size >= manifestsMax) break;
      const text = await this.input.read(id);
      if (text !== null) manifests.set(path, text);
    }
    return importIndex(files.keys(), manifests);
  }

  /** The sides that changed a file. */
  changedBy(path: string): { ours: boolean; theirs: boolean } {
    const { base, ours, theirs } = this.input;
    return {
      ours: base.get(path) !== ours.get(path),
      theirs: base.get(path) !== theirs.get(path),
    };
  }
}

/** Symbols by qualified name; overloads share an entry. */
export function symbolsByName(table: SymbolTable | null): Map<string, FileSymbol[]> {
  return Map.groupBy(table?.symbols ?? [], ({ name }) => name);
}
