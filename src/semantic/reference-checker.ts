/**
 * Rules stale_reference and signature_drift: references to removed symbols, and calls with an old signature.
 */

import type { Import } from "../languages/import-finder.ts";
import { baseName, parentFolder } from "../languages/source-tree.ts";
import {
  type FileSymbol,
  isGuarded,
  ownerName,
  type Reference,
  type Signature,
  type SymbolTable,
  simpleName,
} from "../languages/symbol-table/symbol-table.ts";
import { argumentMismatch } from "./call-signature.ts";
import {
  type Absence,
  asksForParameters,
  doubtOf,
  doubtOfOrigin,
  isReassigned,
  mayDefine,
  unreadableUse,
} from "./certainty/doubt.ts";
import {
  type ChangedSymbol,
  changedSymbols,
  moduleWord,
  type RemovedFile,
} from "./changed-symbols.ts";
import { type RuleResult, type Side, sideName } from "./finding.ts";
import type { MergeVersions } from "./merge-versions.ts";
import { filesOf, symbolsNamed, type Target, targetsOf } from "./name-resolution.ts";

/** Checks every changed file, and every file that mentions a removed or changed symbol. */
export async function brokenReferences(versions: MergeVersions): Promise<RuleResult> {
  const { changed, removed } = await changedSymbols(versions);
  const found: RuleResult = { findings: [], notes: [] };
  if (changed.length === 0 && removed.length === 0) return found;
  const wanted = [...searchWords(changed, removed), ...(await makersOf(versions, changed))];
  const mentions = await versions.input.mentioning([
    ...new Set(wanted.flatMap(([word]) => word ?? [])),
  ]);
  if (mentions.cut) {
    const message = "too many files mention the changed symbols; not all of them were checked";
    found.notes.push({ path: changed[0]?.path ?? removed[0]?.path ?? "", line: 1, message });
  }
  const checker = new ReferenceChecker(versions, changed, removed, found);
  for (const path of [...new Set([...versions.paths, ...mentions.paths])].sort()) {
    const text = await versions.text("merged", path);
    if (text === null || !wanted.some((words) => words.every((word) => text.includes(word))))
      continue;
    const table = await versions.table("merged", path);
    if (table !== null) await checker.check(table);
  }
  return found;
}

/**
 * Word lists, one of which occurs completely in every dependent file. The search uses the first word of each
 * list, the other words filter its results.
 */
function searchWords(
  changed: readonly ChangedSymbol[],
  removed: readonly RemovedFile[],
): string[][] {
  const words = removed.map(({ path }) => [moduleWord(path)]);
  for (const { name, path, before } of changed) {
    const parts = name.split(".").map((part) => part.replace(/<.*|!$/, ""));
    const [last = ""] = parts.slice(-1);
    const owner = parts.at(-2);
    if (owner === undefined) words.push([last]);
    else words.push(before.constructs ? [owner] : [owner, last]);
    // A default export may be imported under any name.
    if (before.isDefault) words.push([moduleWord(path)]);
  }
  return words.filter((all) => all.every((word) => /\w/.test(word)));
}

/** Word lists for members of types that a file may get from a function without naming them. */
async function makersOf(
  versions: MergeVersions,
  changed: readonly ChangedSymbol[],
): Promise<string[][]> {
  const words: string[][] = [];
  for (const { path, name } of changed) {
    const owner = ownerName(name);
    if (owner === "") continue;
    const table = await versions.table("merged", path);
    for (const { name: maker, returns } of table?.symbols ?? []) {
      if (returns === owner) words.push([simpleName(maker), simpleName(name)]);
    }
  }
  return words.filter((all) => all.every((word) => /^\w+$/.test(word)));
}

/** Checks files one by one and appends to `found`. */
class ReferenceChecker {
  readonly #versions: MergeVersions;
  readonly #changed = new Map<string, ChangedSymbol>();
  readonly #removedFiles: ReadonlyMap<string, Side>;
  readonly #words: Set<string>;
  readonly #paths: ReadonlySet<string>;
  readonly #found: RuleResult;

  constructor(
    versions: MergeVersions,
    changed: readonly ChangedSymbol[],
    removed: readonly RemovedFile[],
    found: RuleResult,
  ) {
    this.#versions = versions;
    for (const one of changed) this.#changed.set(keyOf(one), one);
    this.#removedFiles = new Map(removed.map(({ path, side }) => [path, side]));
    this.#words = new Set(changed.map(({ name }) => simpleName(name)));
    for (const { name, before } of changed) {
      if (before.constructs) this.#words.add(simpleName(ownerName(name)));
    }
    this.#paths = new Set(changed.map(({ path }) => path));
    this.#found = found;
  }

  async check(table: SymbolTable): Promise<void> {
    // One conflict per name and file is enough to fix all of its references.
    const reported = new Set<string>();
    for (const imported of table.imports) await this.#checkImport(table, imported, reported);
    for (const reference of table.references) {
      if (reference.path.some((part) => this.#mayMatter(table, part))) {
        await this.#checkReference(table, reference, reported);
      }
    }
  }

  /** True for a part of a name that may refer to a changed symbol, directly or through an import. */
  #mayMatter(table: SymbolTable, part: string): boolean {
    if (this.#words.has(part) || part === "self" || part === "Self") return true;
    return table.imports.some(
      ({ names }) =>
        names.some(({ local, imported }) => local === part && this.#words.has(imported)) ||
        names.some(({ local, imported }) => local === part && imported === "default"),
    );
  }

  async #checkImport(table: SymbolTable, imported: Import, reported: Set<string>): Promise<void> {
    for (const name of imported.names) {
      const files = await filesOf(this.#versions, table.path, { ...imported, names: [name] });
      if (files.length === 0) continue;
      const removed = files.filter((path) => this.#removedFiles.has(path));
      if (removed.length === files.length) {
        const [path = ""] = removed;
        const side = this.#removedFiles.get(path) ?? "ours";
        const symbol = name.imported === "*" ? moduleWord(path) : name.imported;
        const { line, specifier } = imported;
        const gone = { from: path, name: "", user: table, line, specifier };
        await this.#reportStale(gone, symbol, side, reported);
        continue;
      }
      if (name.imported === "*" || name.imported === "default") continue;
      const targets = files.map((path) => ({ path, name: name.imported, instance: false }));
      const missing = await this.#missing(targets);
      if (missing !== null) {
        const { line, specifier } = imported;
        const gone = { from: missing.path, name: missing.name, user: table, line, specifier };
        await this.#reportStale(gone, missing.name, missing.side, reported);
      }
    }
  }

  async #checkReference(
    table: SymbolTable,
    reference: Reference,
    reported: Set<string>,
  ): Promise<void> {
    const targets = await targetsOf(this.#versions, table, reference);
    if (targets.length === 0) return;
    const missing = await this.#missing(targets);
    // An attribute may be set from outside of its class.
    const sets = table.language === "python" && table.reassigned.has(reference.path.join("."));
    if (missing?.before.kind === "field" && sets) return;
    if (missing !== null) {
      const { line } = reference;
      const specifier = specifierOf(table, reference);
      const gone = { from: missing.path, name: missing.name, user: table, line, specifier };
      await this.#reportStale(gone, missing.name, missing.side, reported);
      return;
    }
    if (reference.call !== null) await this.#checkCall(table, reference, targets);
  }

  /** The removed symbol, when no target exists or may exist unlisted; else null. */
  async #missing(targets: readonly Target[]): Promise<ChangedSymbol | null> {
    // Most targets did not change; their files are not read.
    if (!targets.some((target) => this.#changed.get(keyOf(target))?.now === null)) return null;
    let removed: ChangedSymbol | null = null;
    for (const target of targets) {
      const table = await this.#versions.table("merged", target.path);
      const changed = this.#changed.get(keyOf(target));
      const field = changed?.before.kind === "field";
      if (table !== null && mayDefine(table, target.name, field)) return null;
      if (changed?.now === null) removed ??= changed;
      // A target that is missing from the base as well does not count.
      else if (changed === undefined && table !== null) {
        const before = await this.#versions.table("base", target.path);
        if (before?.symbols.some((one) => one.name === target.name)) return null;
      }
    }
    return removed === null || (await this.#movedInPackage(removed)) ? null : removed;
  }

  /** True when the symbol is now in another file of the package, or in another `impl` or method declaration. */
  async #movedInPackage({ path, name }: ChangedSymbol): Promise<boolean> {
    const extension = path.slice(path.lastIndexOf("."));
    if (!/^\.(rs|go|java)$/.test(extension)) return false;
    const members = name.includes(".") && extension !== ".java";
    const tree = await this.#versions.tree("merged");
    const changed = new Set(this.#versions.paths);
    for (const other of tree.keys()) {
      if (other === path || !other.endsWith(extension)) continue;
      const sibling = extension !== ".rs" && parentFolder(other) === parentFolder(path);
      // A Java package may have several source roots.
      const root = extension === ".java" && baseName(other) === baseName(path);
      if (!(sibling || root || (members && changed.has(other)))) continue;
      const text = await this.#versions.text("merged", other);
      if (!text?.includes(simpleName(name))) continue;
      if (root && packageIn(text) !== packageIn(await this.#versions.text("base", path))) continue;
      const table = await this.#versions.table("merged", other);
      if (table?.symbols.some((one) => one.name === name)) return true;
    }
    return false;
  }

  /** Reports a call that does not match the new signature, when every target is the same changed symbol. */
  async #checkCall(
    table: SymbolTable,
    reference: Reference,
    targets: readonly Target[],
  ): Promise<void> {
    if (reference.call === null || !targets.some(({ path }) => this.#paths.has(path))) return;
    const candidates: { changed: ChangedSymbol; symbol: FileSymbol; instance: boolean }[] = [];
    for (const target of targets) {
      const file = await this.#versions.table("merged", target.path);
      if (file === null) continue;
      const symbols = symbolsNamed(file, target.name, true);
      const [symbol] = symbols;
      if (symbol === undefined) continue;
      const changed = this.#changed.get(keyOf({ path: target.path, name: symbol.name }));
      if (symbols.length > 1 || changed === undefined) return;
      if (isReassigned(file, symbol.name)) return;
      // `Base.__init__(self)` names the constructor, `Base()` the type.
      const constructed = symbol.constructs && symbol.name !== target.name;
      candidates.push({ changed, symbol, instance: target.instance || constructed });
    }
    const [candidate] = candidates;
    if (candidate === undefined || new Set(candidates.map(({ changed }) => changed)).size !== 1)
      return;
    const { changed, symbol } = candidate;
    if (changed.before.signature === null || symbol.signature === null) return;
    // A method that is called through its type takes its receiver as the first argument.
    const explicit = symbol.instance && !candidate.instance;
    if (explicit && !/^(python|rust)$/.test(table.language)) return;
    const skipped = explicit ? 1 : 0;
    const mismatch = argumentMismatch(reference.call, symbol.signature, skipped);
    const place = { path: table.path, line: reference.line };
    if (mismatch === null) return;
    if (argumentMismatch(reference.call, changed.before.signature, skipped) !== null) {
      const message = `\`${symbol.name}\` ${mismatch}; this call does not match the base version either`;
      this.#found.notes.push({ ...place, message });
      return;
    }
    const gone = { from: changed.path, name: symbol.name, user: table, ...place, specifier: null };
    this.#found.findings.push({
      kind: "signature_drift",
      symbol: symbol.name,
      ...place,
      message: `\`${symbol.name}\` ${mismatch}: ${sideName[changed.side]} changed its parameters (${changed.path}:${symbol.line}), and this call passes the old ones; update the call, or keep the old call valid`,
      related: [
        { path: changed.path, line: symbol.line, what: `definition of \`${symbol.name}\`` },
      ],
      uncertain:
        (isGuarded(table, reference.line) ? "the call may not be compiled" : null) ??
        omittedInScript(
          table,
          reference.call.positional,
          changed.before.signature,
          symbol.signature,
        ) ??
        (await this.#writtenForScript(changed, table, reference.line, mismatch)) ??
        asksForParameters(
          table,
          { name: symbol.name, line: reference.line },
          (await this.#versions.text("merged", table.path)) ?? "",
        ) ??
        unreadableDefinition(await this.#versions.table("merged", changed.path), symbol) ??
        unreadableUse(gone) ??
        (await doubtOfOrigin(this.#versions, gone)),
    });
  }

  /**
   * Doubt about a call in plain JavaScript that omits arguments, on a line that the side which changed the parameters
   * wrote with them.
   */
  async #writtenForScript(
    { side }: ChangedSymbol,
    { language, path }: SymbolTable,
    line: number,
    mismatch: string,
  ): Promise<string | null> {
    if (language !== "javascript" || !mismatch.startsWith("requires")) return null;
    const written = (await this.#versions.text("merged", path))?.split("\n")[line - 1]?.trim();
    const has = async (version: "base" | Side): Promise<boolean> =>
      ((await this.#versions.text(version, path)) ?? "")
        .split("\n")
        .some((one) => one.trim() === written);
    if ((await has("base")) || !(await has(side))) return null;
    return `the call was written with the new parameters, and plain JavaScript may omit arguments`;
  }

  async #reportStale(
    absence: Absence,
    symbol: string,
    side: Side,
    reported: Set<string>,
  ): Promise<void> {
    const { from, line, user: table } = absence;
    const guarded = isGuarded(table, line) ? "this code may handle its absence" : null;
    // One conflict per removed file is enough.
    const key = this.#removedFiles.has(from) ? from : symbol;
    if (reported.has(key)) return;
    reported.add(key);
    const uncertain = guarded ?? (await doubtOf(this.#versions, absence));
    this.#found.findings.push({
      kind: "stale_reference",
      symbol,
      path: table.path,
      line,
      message: `\`${symbol}\` is used here, but ${sideName[side]} removed or renamed it (it was in ${from}); use its replacement, or keep the old name`,
      related: [{ path: from, line: 1, what: `former file of \`${symbol}\`` }],
      uncertain,
    });
  }
}

/** Doubt about the parameters of a symbol with syntax errors, or about its being the only one of its name. */
function unreadableDefinition(file: SymbolTable | null, symbol: FileSymbol): string | null {
  const overloads = file !== null && /^(java|typescript|tsx)$/.test(file.language);
  const lines = file?.errorLines.filter(
    (one) => overloads || (symbol.firstLine <= one && one <= symbol.endLine),
  );
  return file === null || lines?.length === 0
    ? null
    : `${file.path} has syntax that the parser does not recognise, behind which another \`${symbol.name}\` may be defined`;
}

/** Module of the import that binds the first part of a reference; null without one. */
function specifierOf({ imports }: SymbolTable, { path: [first] }: Reference): string | null {
  const imported = imports.find(({ names }) => names.some(({ local }) => local === first));
  return imported?.specifier ?? null;
}

function packageIn(text: string | null): string {
  return /^\s*package\s+([\w.]+)/m.exec(text ?? "")?.[1] ?? "";
}

/**
 * Doubt about a call in plain JavaScript, which may omit arguments and pass more than a function takes. Only a parameter
 * that was inserted or dropped before an argument of the call gives that argument to another parameter.
 */
function omittedInScript(
  { language, path }: SymbolTable,
  given: number,
  before: Signature,
  now: Signature,
): string | null {
  if (language !== "javascript") return null;
  const names = ({ parameters }: Signature): string[] => parameters.map(({ name }) => name);
  const [old, fresh] = [names(before), names(now)];
  const passed = Array.from({ length: Math.min(given, old.length) }, (_, at) => at);
  const moved = passed.some((at) => fresh.includes(old[at] ?? "") && old[at] !== fresh[at]);
  if (moved || passed.some((at) => isDropped(old, fresh, at))) return null;
  return `${path} is plain JavaScript, where arguments may be omitted`;
}

/** True for a parameter that is gone, and whose place the next one has taken. */
function isDropped(old: readonly string[], now: readonly string[], at: number): boolean {
  const next = old[at + 1];
  return !now.includes(old[at] ?? "") && next !== undefined && now[at] === next;
}

function keyOf({ path, name }: { path: string; name: string }): string {
  return `${path} ${name}`;
}
