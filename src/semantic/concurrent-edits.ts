/**
 * Rule same_symbol_edit: both sides edited one symbol in different ways. The distance of the edits decides:
 * edits in one place, and uses of a name that the other side took away, are certain; edits with unchanged
 * lines between them are not.
 */

import { parentFolder } from "../languages/source-tree.ts";
import { isPredeclared } from "../languages/symbol-table/predeclared.ts";
import {
  type FileSymbol,
  ownerName,
  type Reference,
  type SymbolTable,
  simpleName,
} from "../languages/symbol-table/symbol-table.ts";
import { doubtOf, hiddenBySyntax, mayDefine } from "./certainty/doubt.ts";
import { type Finding, type Side, sideName } from "./finding.ts";
import { type LineEdit, lineEdits, slackOf } from "./line-edits.ts";
import type { MergeVersions } from "./merge-versions.ts";
import { type Target, targetsOf } from "./name-resolution.ts";

const apart = "unchanged lines separate the two edits";

/** Findings of symbols that both sides edited or removed, with different results. */
export async function sameSymbolEdits(versions: MergeVersions): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const path of versions.paths) {
    const changed = versions.changedBy(path);
    if (!changed.ours || !changed.theirs) continue;
    const file = await readEditedFile(versions, path);
    if (file === null) continue;
    const names = await lostNames(versions, file);
    const named = new Set(names.map(({ symbol }) => symbol));
    findings.push(
      ...names,
      ...(await editsOf(versions, file)).filter(({ symbol }) => !named.has(symbol)),
    );
  }
  return findings;
}

/** A file that both sides changed: its symbols and lines in each version. */
interface EditedFile {
  path: string;
  tables: Record<"base" | "ours" | "theirs" | "merged", SymbolTable>;
  lines: readonly string[];
  edits: Record<Side, LineEdit[]>;
  /** Lines of the base that the merged version keeps, by number, with their number there. */
  kept: ReadonlyMap<number, number>;
  text: Record<Side, readonly string[]>;
}

async function readEditedFile(versions: MergeVersions, path: string): Promise<EditedFile | null> {
  const [base, ours, theirs, merged] = await Promise.all(
    (["base", "ours", "theirs", "merged"] as const).map((name) => versions.table(name, path)),
  );
  if (!base || !ours || !theirs || !merged) return null;
  const [lines = [], inOurs = [], inTheirs = [], inMerged = []] = await Promise.all(
    (["base", "ours", "theirs", "merged"] as const).map(async (name) =>
      ((await versions.text(name, path)) ?? "").split("\n"),
    ),
  );
  const kept = new Map<number, number>();
  let [line, shift] = [1, 0];
  for (const { start, end, newEnd } of [
    ...lineEdits(lines, inMerged),
    { start: lines.length + 1, end: 0, newEnd: 0 },
  ]) {
    for (; line < start; line++) kept.set(line, line + shift);
    line = end;
    shift = newEnd - end;
  }
  return {
    path,
    tables: { base, ours, theirs, merged },
    lines,
    edits: { ours: lineEdits(lines, inOurs), theirs: lineEdits(lines, inTheirs) },
    kept,
    text: { ours: inOurs, theirs: inTheirs },
  };
}

/** Symbols by qualified name and variant. */
function symbolsByVariant(table: SymbolTable): Map<string, FileSymbol[]> {
  return Map.groupBy(table.symbols, ({ name, variant }) => name + variant);
}

/** Hash of all symbols of a name; "" for none. */
function combinedHash(symbols: readonly FileSymbol[] | undefined): string {
  return (symbols ?? []).map(({ hash }) => hash).join(" ");
}

async function editsOf(versions: MergeVersions, file: EditedFile): Promise<Finding[]> {
  const findings: Finding[] = [];
  const [ours, theirs, merged] = (["ours", "theirs", "merged"] as const).map((name) =>
    symbolsByVariant(file.tables[name]),
  );
  for (const [name, symbols] of symbolsByVariant(file.tables.base)) {
    const before = combinedHash(symbols);
    const inOurs = combinedHash(ours?.get(name));
    const inTheirs = combinedHash(theirs?.get(name));
    if (inOurs === before || inTheirs === before || inOurs === inTheirs) continue;
    const [symbol] = symbols;
    if (symbol === undefined) continue;
    const line = merged?.get(name)?.[0]?.line ?? file.kept.get(symbol.line) ?? 1;
    const lost = (inOurs === "" || inTheirs === "") && !isKept(file, symbol);
    const close = lost || symbols.some((one) => distance(file, one) === 0);
    const what =
      inOurs === ""
        ? `${sideName.ours} removed \`${symbol.name}\`, which ${sideName.theirs} edits`
        : inTheirs === ""
          ? `${sideName.ours} edited \`${symbol.name}\`, which ${sideName.theirs} removes`
          : `${sideName.ours} and ${sideName.theirs} edit \`${symbol.name}\` in different ways`;
    const remover = inOurs === "" ? "ours" : inTheirs === "" ? "theirs" : null;
    const hidden = remover && (await hiddenBySyntax(versions, remover, file.path, symbol.name));
    findings.push(editFinding(file.path, symbol.name, line, what, close ? hidden : apart));
  }
  return findings;
}

/** True for a symbol with another name or other parameters in the merged version: most of its lines are in one symbol. */
function isKept({ tables, kept, lines }: EditedFile, { line, endLine }: FileSymbol): boolean {
  const numbers = Array.from({ length: endLine - line + 1 }, (_, index) => line + index).filter(
    (one) => /\w/.test(lines[one - 1] ?? ""),
  );
  const found = numbers.flatMap((one) => kept.get(one) ?? []);
  return (
    found.length * 2 >= numbers.length &&
    tables.merged.symbols.some(
      (symbol) =>
        found.filter((one) => symbol.line <= one && one <= symbol.endLine).length * 10 >=
        found.length * 9,
    )
  );
}

/**
 * Unchanged lines between the closest two edits of a symbol by the two sides, in the places that keep them furthest
 * apart; edits of its members do not count. Infinity when the sides made the same edits.
 */
function distance(file: EditedFile, symbol: FileSymbol): number {
  const members = file.tables.base.symbols.filter(({ name }) => name.startsWith(`${symbol.name}.`));
  const own = ({ start, end }: LineEdit): boolean =>
    start <= symbol.endLine &&
    Math.max(end - 1, start) >= symbol.firstLine &&
    !(start === end && start === symbol.firstLine) &&
    !members.some((one) => one.firstLine <= start && Math.max(end - 1, start) <= one.endLine);
  const [ours, theirs] = [file.edits.ours.filter(own), file.edits.theirs.filter(own)];
  let least = Number.POSITIVE_INFINITY;
  for (const mine of theirs) {
    for (const other of ours) {
      if (isSameEdit(file, mine, other)) continue;
      const [first, second] =
        mine.start < other.start
          ? [
              { edit: mine, text: file.text.theirs },
              { edit: other, text: file.text.ours },
            ]
          : [
              { edit: other, text: file.text.ours },
              { edit: mine, text: file.text.theirs },
            ];
      const up = slackOf(first.edit, file.lines, first.text).up;
      const down = slackOf(second.edit, file.lines, second.text).down;
      least = Math.min(least, Math.max(0, second.edit.start + down - (first.edit.end - up)));
    }
  }
  return least;
}

function isSameEdit({ text }: EditedFile, mine: LineEdit, other: LineEdit): boolean {
  if (mine.start !== other.start || mine.end !== other.end) return false;
  const written = text.theirs.slice(mine.newStart - 1, mine.newEnd - 1).join("\n");
  return written === text.ours.slice(other.newStart - 1, other.newEnd - 1).join("\n");
}

/**
 * Findings of local names that one side removed, renamed or gave another type, and that new lines of the other
 * side use.
 */
async function lostNames(versions: MergeVersions, file: EditedFile): Promise<Finding[]> {
  const { path, tables } = file;
  const findings = new Map<string, Finding>();
  for (const reference of tables.merged.references) {
    const { scope, path: [name = "?"] = [], line } = reference;
    if (scope === "" || name === "?" || isLocal(tables.merged, reference)) continue;
    if (!isLocal(tables.base, reference)) continue;
    const remover = (["ours", "theirs"] as const).find((side) => !isLocal(tables[side], reference));
    const user = remover === "ours" ? "theirs" : "ours";
    if (remover === undefined || !isLocal(tables[user], reference)) continue;
    // A name that the remover still uses is defined where the reader does not see it.
    if (tables[remover].references.some((one) => one.scope === scope && one.path[0] === name)) {
      continue;
    }
    const what = `${sideName[remover]} removed or renamed \`${name}\` in \`${scope}\`, and ${sideName[user]} uses it`;
    const doubt = isDefinedOutside(tables.merged, reference)
      ? `\`${name}\` is also a name outside \`${scope}\``
      : null;
    findings.set(`${scope} ${name}`, editFinding(path, scope, line, what, doubt));
  }
  for (const side of ["ours", "theirs"] as const) {
    for (const finding of await retypedNames(versions, file, side)) {
      findings.set(`${finding.symbol} ${finding.message}`, finding);
    }
  }
  return [...findings.values()];
}

function isLocal({ locals }: SymbolTable, { scope, path: [name = "?"] }: Reference): boolean {
  return locals.get(scope)?.has(name) ?? false;
}

function isDefinedOutside(table: SymbolTable, { path: [name = "?"] }: Reference): boolean {
  return (
    table.openEnded ||
    isPredeclared(table.language, name) ||
    table.locals.get("")?.has(name) === true ||
    table.symbols.some((one) => one.name === name || one.name.endsWith(`.${name}`)) ||
    table.imports.some(({ names }) => names.some(({ local }) => local === "*" || local === name))
  );
}

/** Findings of variables with another type in `side`, which new lines of the other side use. */
async function retypedNames(
  versions: MergeVersions,
  { path, tables, edits }: EditedFile,
  side: Side,
): Promise<Finding[]> {
  const other = side === "ours" ? "theirs" : "ours";
  const found = new Map<string, Finding>();
  const isNew = (line: number): boolean =>
    edits[other].some(({ newStart, newEnd }) => newStart <= line && line < newEnd);
  for (const reference of tables[other].references) {
    const { scope, path: [name = "?"] = [], line } = reference;
    if (scope === "" || !isNew(line)) continue;
    const [before, now, used] = [tables.base, tables[side], tables[other]].map((table) =>
      table.types.get(scope)?.get(name),
    );
    if (before === undefined || now === undefined || before === now || used !== before) continue;
    if (`${before}${now}`.includes("?")) continue;
    const what = `${sideName[side]} changed the type of \`${name}\` in \`${scope}\` from ${before} to ${now}, and ${sideName[other]} uses it in new lines`;
    // A use that is certain replaces one that is not.
    if (found.get(what)?.uncertain === null) continue;
    const misfit = await misfitOf(versions, tables, reference, { before, now, other });
    if (misfit === "none") continue;
    found.set(what, editFinding(path, scope, line, what, misfit === "certain" ? null : misfit));
  }
  return [...found.values()];
}

/**
 * Misfit of a use and the new type of its variable: "none" when the type has the used member, "certain" when it
 * is known not to have it, else the reason for doubt.
 */
async function misfitOf(
  versions: MergeVersions,
  tables: EditedFile["tables"],
  { path: [name = "?", member], ...place }: Reference,
  { before, now, other }: { before: string; now: string; other: Side },
): Promise<string> {
  const unknown = `a value of ${now} may have what is used of ${before}`;
  if (isText(before) !== isText(now) && [before, now].every(isScalar)) {
    return member !== undefined && anyValueHas.test(member) ? unknown : "certain";
  }
  if (member === undefined) return unknown;
  const use = { ...place, path: [name, member], call: null };
  const fresh = await targetsOf(versions, tables.merged, use);
  const known = await Promise.all(fresh.map((one) => memberIn(versions, one)));
  if (known.includes("listed")) return "none";
  const old = await targetsOf(versions, tables[other], use);
  const stays = await Promise.all(old.map((one) => memberIn(versions, one)));
  if (!stays.includes("listed") || known.length === 0) return unknown;
  if (known.some((one) => one !== "absent")) return unknown;
  for (const { path: from, name } of fresh) {
    const absence = { from, name, user: tables.merged, line: place.line, specifier: null };
    const doubt = await doubtOf(versions, absence);
    if (doubt !== null) return doubt;
  }
  return "certain";
}

/** Members of every value, or of too many types to tell. */
const anyValueHas =
  /^(clone|cmp|compareTo|eq|equals|fmt|hash|hashCode|into|toString|to_owned|to_string|valueOf|__\w+__)$/;

/** Presence of a member of a type of the repository in the merged version. */
async function memberIn(
  versions: MergeVersions,
  { path, name }: Target,
): Promise<"listed" | "absent" | "unknown"> {
  const table = await fileOfType(versions, path, ownerName(name));
  const owner = table?.symbols.find((one) => one.name === ownerName(name));
  if (table === null || owner === undefined) return "unknown";
  if (table.symbols.some((one) => one.name === name)) return "listed";
  if (owner.inherits || mayDefine(table, name, false)) return "unknown";
  // Members may be defined outside the file of their type.
  const mentions = await versions.input.mentioning([simpleName(name)]);
  for (const other of mentions.paths) {
    const file = await versions.table("merged", other);
    const members = (file?.symbols ?? []).filter(
      (one) => simpleName(one.name) === simpleName(name) && one.name.includes("."),
    );
    if (members.some((one) => one.name === name)) return "listed";
    // A trait may be implemented for any type.
    if (file?.language === "rust" && members.length > 0) return "unknown";
  }
  return mentions.cut ? "unknown" : "absent";
}

/** Table of the file that defines a type: the given one, or another one of its package. */
async function fileOfType(
  versions: MergeVersions,
  path: string,
  type: string,
): Promise<SymbolTable | null> {
  const shares = /\.(go|java)$/.test(path);
  const paths = shares ? (await versions.input.mentioning([simpleName(type)])).paths : [];
  for (const one of [path, ...paths.filter((one) => parentFolder(one) === parentFolder(path))]) {
    const table = await versions.table("merged", one);
    if (table?.symbols.some(({ name, kind }) => name === type && kind === "type")) return table;
  }
  return null;
}

function isText(type: string): boolean {
  return /^(str|[sS]tring)$/.test(type);
}

/** True for texts, numbers and truth values of any language. */
function isScalar(type: string): boolean {
  return (
    isText(type) ||
    /^(u?int|float|[iuf])(8|16|32|64|128)$|^[iu]size$|^(u?int|float|byte|rune|bigint)$|^bool(ean)?$/.test(
      type,
    ) ||
    /^(number|short|long|double|Number|Byte|Short|Integer|Long|Float|Double|Boolean)$/.test(type)
  );
}

function editFinding(
  path: string,
  symbol: string,
  line: number,
  what: string,
  uncertain: string | null,
): Finding {
  return {
    kind: "same_symbol_edit",
    symbol,
    path,
    line,
    message: `${what}; re-read \`${symbol}\` and reapply the change to its current version`,
    related: [],
    uncertain,
  };
}
