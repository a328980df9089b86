/** Rule ordering_conflict: both sides took one position in an order, by number or by predecessor. */

import { baseName, parentFolder } from "../languages/source-tree.ts";
import type { FileSymbol, SymbolTable } from "../languages/symbol-table/symbol-table.ts";
import { type Finding, type Side, sideName } from "./finding.ts";
import type { MergeVersions } from "./merge-versions.ts";

/** A file that only one side added. */
interface AddedFile {
  path: string;
  side: Side;
}

/**
 * Conflicts of added files that share a number in their names or a predecessor (migrations), and of added
 * enumeration members that share a value.
 */
export async function orderingConflicts(versions: MergeVersions): Promise<Finding[]> {
  const added = addedFiles(versions);
  const pairs = added
    .filter(({ side }) => side === "theirs")
    .flatMap((mine) =>
      added
        .filter(
          ({ side, path }) => side === "ours" && parentFolder(path) === parentFolder(mine.path),
        )
        .map((other) => ({ mine: mine.path, other: other.path })),
    );
  const findings: Finding[] = [];
  for (const { mine, other } of pairs) {
    const siblings = await siblingsOf(versions, mine);
    const found =
      sameNumber(mine, other, siblings) ?? (await samePredecessor(versions, mine, other, siblings));
    if (found !== null) findings.push(found);
  }
  return [...findings, ...(await sameEnumerationValues(versions))];
}

function addedFiles(versions: MergeVersions): AddedFile[] {
  const { base, ours, theirs, merged } = versions.input;
  return [...merged.keys()]
    .filter((path) => !base.has(path) && ours.has(path) !== theirs.has(path))
    .map((path) => ({ path, side: theirs.has(path) ? ("theirs" as const) : ("ours" as const) }));
}

/** Files of a folder that are compared, at most; the last ones by name. */
const siblingsMax = 200;

/** Base files with the same folder and extension as an added file. */
async function siblingsOf(versions: MergeVersions, path: string): Promise<string[]> {
  const folder = parentFolder(path);
  const extension = extensionOf(path);
  const files = [...(await versions.tree("base")).keys()].filter(
    (one) => parentFolder(one) === folder && extensionOf(one) === extension,
  );
  return files.sort().slice(-siblingsMax);
}

/**
 * Leading number of a file name: `0040` of `0040_usage.js`, `V12` of `V12__AddEmail.java`; null without one.
 */
function ordinalOf(path: string): string | null {
  const name = baseName(path);
  // A date is not a position: several files may share a day.
  if (/^\d{4}-\d\d-\d\d/.test(name)) return null;
  return /^([A-Za-z]{0,2}\d+)(?=[_.-])/.exec(name)?.[1] ?? null;
}

function sameNumber(mine: string, other: string, siblings: readonly string[]): Finding | null {
  const number = ordinalOf(mine);
  if (number === null || ordinalOf(other) !== number || extensionOf(mine) !== extensionOf(other)) {
    return null;
  }
  const shape = (ordinal: string): string => ordinal.replace(/\d+/, "");
  const before = siblings.map(ordinalOf).filter((one) => one !== null);
  const alike = before.filter((one) => shape(one) === shape(number));
  // Numbers that were not unique before are not positions in a sequence.
  if (alike.length === 0 || new Set(alike).size < alike.length || alike.includes(number))
    return null;
  return orderingConflict(number, mine, 1, other, 1, `both use the number ${number}`);
}

/** Finding of two added files that name one predecessor: `down_revision = "a1"`; null when they do not. */
async function samePredecessor(
  versions: MergeVersions,
  mine: string,
  other: string,
  siblings: readonly string[],
): Promise<Finding | null> {
  const [mineTable, otherTable] = [
    await versions.table("merged", mine),
    await versions.table("merged", other),
  ];
  if (mineTable === null || otherTable === null) return null;
  const links = mineTable.symbols.flatMap((symbol) => {
    const same = otherTable.symbols.find((one) => one.name === symbol.name);
    const shared = symbol.literals.filter((one) => same?.literals.includes(one));
    return shared.map((literal) => ({ name: symbol.name, literal, symbol }));
  });
  if (links.length === 0) return null;
  const steps = (await Promise.all(siblings.map((path) => versions.table("base", path)))).filter(
    (table) => table !== null,
  );
  for (const { name, literal, symbol } of links) {
    const before = steps.find((step) => isStepNamed(step, literal, name));
    const isStep = before?.symbols.some((one) => one.name === name);
    const taken = steps.some((step) => linkOf(step, name)?.literals.includes(literal));
    if (!isStep || taken) continue;
    return orderingConflict(literal, mine, symbol.line, other, 1, `both follow \`${literal}\``);
  }
  return null;
}

/** True when a literal names a step: by its file name, or by another string in it. */
function isStepNamed(step: SymbolTable, literal: string, link: string): boolean {
  const stem = baseName(step.path).replace(/\.[^.]+$/, "");
  if (stem === literal) return true;
  return step.symbols.some((one) => one.name !== link && one.literals.includes(literal));
}

function linkOf(step: SymbolTable, name: string): FileSymbol | undefined {
  return step.symbols.find((one) => one.name === name);
}

/** Conflicts of members that each side added to one enumeration with one value. */
async function sameEnumerationValues(versions: MergeVersions): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const path of versions.paths) {
    const { ours, theirs } = versions.changedBy(path);
    if (!ours || !theirs) continue;
    const merged = await versions.table("merged", path);
    const inTheirs = tagsOf(await versions.table("theirs", path));
    const inOurs = tagsOf(await versions.table("ours", path));
    for (const symbol of merged?.symbols ?? []) {
      const key = keyOfTag(symbol);
      const [mine, other] = [
        key === null ? undefined : inTheirs.get(key),
        key === null ? undefined : inOurs.get(key),
      ];
      if (key === null || mine?.length !== 1 || other?.length !== 1) continue;
      if (mine[0] !== symbol.name || other[0] === symbol.name) continue;
      const twin = merged?.symbols.find((one) => one.name === other[0] && keyOfTag(one) === key);
      if (twin === undefined) continue;
      const overlap = `give the value ${symbol.tag?.value} to both \`${twin.name}\` and \`${symbol.name}\``;
      findings.push(
        orderingConflict(symbol.tag?.of ?? "", path, symbol.line, path, twin.line, overlap),
      );
    }
  }
  return findings;
}

function keyOfTag({ tag }: FileSymbol): string | null {
  return tag === null ? null : `${tag.of} ${tag.value}`;
}

function tagsOf(table: SymbolTable | null): Map<string, string[]> {
  const tags = new Map<string, string[]>();
  for (const symbol of table?.symbols ?? []) {
    const key = keyOfTag(symbol);
    if (key !== null) tags.set(key, [...(tags.get(key) ?? []), symbol.name]);
  }
  return tags;
}

/** Extension of a path; the two directions of one migration have extensions of their own. */
function extensionOf(path: string): string {
  return /(\.(up|down|do|undo))?\.[^./]+$/.exec(path)?.[0] ?? "";
}

function orderingConflict(
  symbol: string,
  path: string,
  line: number,
  otherPath: string,
  otherLine: number,
  overlap: string,
): Finding {
  return {
    kind: "ordering_conflict",
    symbol,
    path,
    line,
    message: `${sideName.ours} and ${sideName.theirs} ${overlap} (the other one is at ${otherPath}:${otherLine}); use the next free position`,
    related: [{ path: otherPath, line: otherLine, what: "the other one at this position" }],
    uncertain: null,
  };
}
