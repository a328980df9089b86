/** What depends on a symbol that is gone, or is called in another way now. */

import type { Import } from "../languages/import-finder.ts";
import { isPredeclared } from "../languages/symbol-table/predeclared.ts";
import type { FileSymbol, Reference, SymbolTable } from "../languages/symbol-table/symbol-table.ts";
import { argumentMismatch } from "./call-signature.ts";
import {
  type ChangedSymbol,
  changedSymbols,
  moduleWord,
  type RemovedFile,
} from "./changed-symbols.ts";
import { type Conflict, type Note, type Side, sideName } from "./conflict.ts";
import type { MergeVersions } from "./merge-versions.ts";
import { filesOf, parentFolder, symbolsNamed, type Target, targetsOf } from "./name-resolution.ts";

export interface Findings {
  conflicts: Conflict[];
  notes: Note[];
}

/** References to what is gone, and calls that no longer fit. */
export async function brokenReferences(versions: MergeVersions): Promise<Findings> {
  const { changed, gone } = await changedSymbols(versions);
  const found: Findings = { conflicts: [], notes: [] };
  if (changed.length === 0 && gone.length === 0) return found;
  const wanted = searchWords(changed, gone);
  const mentions = await versions.input.mentioning([
    ...new Set(wanted.flatMap(([word]) => word ?? [])),
  ]);
  if (mentions.cut) {
    const message = "more files mention what changed than are looked at";
    found.notes.push({ path: changed[0]?.path ?? gone[0]?.path ?? "", line: 1, message });
  }
  const judge = new ReferenceChecker(versions, changed, gone, found);
  for (const path of [...new Set([...versions.paths, ...mentions.paths])].sort()) {
    const text = await versions.text("merged", path);
    if (text === null || !wanted.some((words) => words.every((word) => text.includes(word))))
      continue;
    const table = await versions.table("merged", path);
    if (table !== null) await judge.file(table);
  }
  return found;
}

/** Words that all stand in a file that depends on one of these; the first is looked for. */
function searchWords(changed: readonly ChangedSymbol[], gone: readonly RemovedFile[]): string[][] {
  const words = gone.map(({ path }) => [moduleWord(path)]);
  for (const { name, path, before } of changed) {
    const parts = name.split(".").map((part) => part.replace(/<.*|!$/, ""));
    const [last = ""] = parts.slice(-1);
    const owner = parts.at(-2);
    if (owner === undefined) words.push([last]);
    else words.push(before.constructs ? [owner] : [owner, last]);
    // A default export is imported under any name at all.
    if (before.isDefault) words.push([moduleWord(path)]);
  }
  return words.filter((all) => all.every((word) => /\w/.test(word)));
}

// ------------------------------------------------------------
// Whether what a file names and calls is there still, and called as it is to be.

/** Looks at one file after the other for what no longer holds. */
export class ReferenceChecker {
  readonly #versions: MergeVersions;
  readonly #changed = new Map<string, ChangedSymbol>();
  readonly #gone: ReadonlyMap<string, Side>;
  readonly #words: Set<string>;
  readonly #paths: ReadonlySet<string>;
  readonly #found: Findings;

  constructor(
    versions: MergeVersions,
    changed: readonly ChangedSymbol[],
    gone: readonly RemovedFile[],
    found: Findings,
  ) {
    this.#versions = versions;
    for (const one of changed) this.#changed.set(keyOf(one), one);
    this.#gone = new Map(gone.map(({ path, side }) => [path, side]));
    this.#words = new Set(changed.map(({ name }) => lastOf(name)));
    for (const { name, before } of changed) {
      if (before.constructs) this.#words.add(lastOf(ownerOf(name)));
    }
    this.#paths = new Set(changed.map(({ path }) => path));
    this.#found = found;
  }

  async file(table: SymbolTable): Promise<void> {
    // One report of a name in a file is enough: who mends it sees the rest.
    const reported = new Set<string>();
    for (const imported of table.imports) await this.#import(table, imported, reported);
    for (const use of table.references) {
      if (use.path.some((part) => this.#mayMatter(table, part))) {
        await this.#use(table, use, reported);
      }
    }
  }

  /** A name that changed, or that an import here gives to one that did. */
  #mayMatter(table: SymbolTable, part: string): boolean {
    if (this.#words.has(part) || part === "self" || part === "Self") return true;
    return table.imports.some(
      ({ names }) =>
        names.some(({ local, imported }) => local === part && this.#words.has(imported)) ||
        names.some(({ local, imported }) => local === part && imported === "default"),
    );
  }

  async #import(table: SymbolTable, imported: Import, reported: Set<string>): Promise<void> {
    for (const name of imported.names) {
      const files = await filesOf(this.#versions, table.path, { ...imported, names: [name] });
      if (files.length === 0) continue;
      const gone = files.filter((path) => this.#gone.has(path));
      if (gone.length === files.length) {
        const [path = ""] = gone;
        const side = this.#gone.get(path) ?? "ours";
        const symbol = name.imported === "*" ? moduleWord(path) : name.imported;
        this.#stale(table, imported.line, symbol, path, side, reported);
        continue;
      }
      if (name.imported === "*" || name.imported === "default") continue;
      const targets = files.map((path) => ({ path, name: name.imported, instance: false }));
      const missing = await this.#missing(targets);
      if (missing !== null) {
        this.#stale(table, imported.line, missing.name, missing.path, missing.side, reported);
      }
    }
  }

  async #use(table: SymbolTable, use: Reference, reported: Set<string>): Promise<void> {
    const targets = await targetsOf(this.#versions, table, use);
    if (targets.length === 0) return;
    const missing = await this.#missing(targets);
    if (missing !== null) {
      this.#stale(table, use.line, missing.name, missing.path, missing.side, reported);
      return;
    }
    if (use.call !== null) await this.#call(table, use, targets);
  }

  /** The symbol that is gone, when no target has it, nor can have it unseen. */
  async #missing(targets: readonly Target[]): Promise<ChangedSymbol | null> {
    // Most names lead to what nobody touched: no file is read for those.
    if (!targets.some((target) => this.#changed.get(keyOf(target))?.now === null)) return null;
    let gone: ChangedSymbol | null = null;
    for (const target of targets) {
      const table = await this.#versions.table("merged", target.path);
      if (table !== null && (await this.#has(table, target.name))) return null;
      const changed = this.#changed.get(keyOf(target));
      if (changed?.now === null) gone ??= changed;
      // What was never there is not for this rule to judge.
      else if (changed === undefined && table !== null) {
        const before = await this.#versions.table("base", target.path);
        if (before?.symbols.some((one) => one.name === target.name)) return null;
      }
    }
    return gone === null || (await this.#movedInPackage(gone)) ? null : gone;
  }

  async #has(table: SymbolTable, name: string): Promise<boolean> {
    if (table.openEnded || table.aliases.has(name)) return true;
    if (table.symbols.some((one) => one.name === name)) return true;
    const first = name.split(".")[0] ?? "";
    if (table.locals.get("")?.has(first) || isPredeclared(table.language, first)) return true;
    for (const { names } of table.imports) {
      if (names.some(({ local }) => local === "*" || local.split(".")[0] === first)) return true;
    }
    const owner = table.symbols.find((one) => one.name === ownerOf(name));
    if (owner?.inherits) return true;
    if (table.language === "rust" && mayComeFromTrait(table, name)) return true;
    return table.reassigned.has(name) || table.reassigned.has(`self.${lastOf(name)}`);
  }

  /** Packages share their names, and types of some languages have members all over the place. */
  async #movedInPackage({ path, name }: ChangedSymbol): Promise<boolean> {
    for (const other of this.#versions.paths) {
      const member = name.includes(".") && /\.(rs|go)$/.test(path);
      const shared = /\.(go|java)$/.test(path) && parentFolder(other) === parentFolder(path);
      if (other === path || !(shared || member)) continue;
      const table = await this.#versions.table("merged", other);
      if (table?.symbols.some((one) => one.name === name)) return true;
    }
    return false;
  }

  async #call(table: SymbolTable, use: Reference, targets: readonly Target[]): Promise<void> {
    if (use.call === null || !targets.some(({ path }) => this.#paths.has(path))) return;
    const hits: { changed: ChangedSymbol; symbol: FileSymbol; instance: boolean }[] = [];
    for (const target of targets) {
      const file = await this.#versions.table("merged", target.path);
      if (file === null) continue;
      const symbols = symbolsNamed(file, target.name, true);
      const [symbol] = symbols;
      if (symbol === undefined) continue;
      const changed = this.#changed.get(keyOf({ path: target.path, name: symbol.name }));
      const again =
        file.reassigned.has(symbol.name) || file.reassigned.has(`self.${lastOf(symbol.name)}`);
      if (symbols.length > 1 || changed === undefined || again) return;
      hits.push({ changed, symbol, instance: target.instance || symbol.constructs });
    }
    const [hit] = hits;
    if (hit === undefined || new Set(hits.map(({ changed }) => changed)).size !== 1) return;
    const { changed, symbol } = hit;
    if (changed.before.signature === null || symbol.signature === null) return;
    const explicit = symbol.instance && !hit.instance;
    if (explicit && !/^(python|rust)$/.test(table.language)) return;
    const skipped = explicit ? 1 : 0;
    const wrong = argumentMismatch(use.call, symbol.signature, skipped);
    const place = { path: table.path, line: use.line };
    if (wrong === null) return;
    if (argumentMismatch(use.call, changed.before.signature, skipped) !== null) {
      const message = `the call of \`${symbol.name}\` ${wrong}, and did not fit before either`;
      this.#found.notes.push({ ...place, message });
      return;
    }
    this.#found.conflicts.push({
      kind: "signature_drift",
      symbol: symbol.name,
      ...place,
      message: `\`${symbol.name}\` ${wrong}: ${sideName[changed.side]} changed its parameters (${changed.path}:${symbol.line}), and this call still has the old ones; call it as it is now, or keep the old way of calling it working`,
      related: [{ path: changed.path, line: symbol.line, what: `\`${symbol.name}\` is here` }],
    });
  }

  #stale(
    table: SymbolTable,
    line: number,
    symbol: string,
    from: string,
    side: Side,
    reported: Set<string>,
  ): void {
    if (table.guardedLines.some(([first, last]) => first <= line && line <= last)) {
      const message = `\`${symbol}\` is gone, and this code may go on without it`;
      this.#found.notes.push({ path: table.path, line, message });
      return;
    }
    // Of a file that is gone, its import says it all.
    const key = this.#gone.has(from) ? from : symbol;
    if (reported.has(key)) return;
    reported.add(key);
    this.#found.conflicts.push({
      kind: "stale_reference",
      symbol,
      path: table.path,
      line,
      message: `\`${symbol}\` is used here, but ${sideName[side]} removed or renamed it (it was in ${from}); use what took its place, or keep the old name`,
      related: [{ path: from, line: 1, what: `\`${symbol}\` was here` }],
    });
  }
}

/** Methods a derived trait brings along under the same name. */
const derived = /\.(clone|default|eq|ne|cmp|partial_cmp|hash|fmt|from|into|try_from)$/;

/** Whether a trait may have what a type itself has no longer. */
function mayComeFromTrait(table: SymbolTable, name: string): boolean {
  const owner = `${ownerOf(name)}<`;
  const member = `.${lastOf(name)}`;
  return (
    derived.test(name) ||
    table.symbols.some((one) => one.name.startsWith(owner) && one.name.endsWith(member))
  );
}

function keyOf({ path, name }: { path: string; name: string }): string {
  return `${path} ${name}`;
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

function ownerOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(".")));
}
