/** Both sides took the same place in an order: the next number, or the one after the same step. */

import type { FileSymbol, SymbolTable } from "../languages/symbol-table/symbol-table.ts";
import { type Conflict, sideName } from "./conflict.ts";
import type { MergeVersions } from "./merge-versions.ts";
import { parentFolder } from "./name-resolution.ts";

/** A file only one side brought in. */
interface Added {
  path: string;
  side: "ours" | "theirs";
}

/** Steps that are numbered by their files' names, or say what they come after; numbers of members. */
export async function orderingConflicts(versions: MergeVersions): Promise<Conflict[]> {
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
  const conflicts: Conflict[] = [];
  for (const { mine, other } of pairs) {
    const siblings = await siblingsOf(versions, mine);
    const found =
      sameNumber(mine, other, siblings) ?? (await samePredecessor(versions, mine, other, siblings));
    if (found !== null) conflicts.push(found);
  }
  return [...conflicts, ...(await sameEnumerationValues(versions))];
}

function addedFiles(versions: MergeVersions): Added[] {
  const { base, ours, theirs, merged } = versions.input;
  return [...merged.keys()]
    .filter((path) => !base.has(path) && ours.has(path) !== theirs.has(path))
    .map((path) => ({ path, side: theirs.has(path) ? ("theirs" as const) : ("ours" as const) }));
}

/** Files of a folder as they were at base, bounded. */
const siblingsMax = 200;

async function siblingsOf(versions: MergeVersions, path: string): Promise<string[]> {
  const folder = parentFolder(path);
  const extension = extensionOf(path);
  const files = [...(await versions.tree("base")).keys()].filter(
    (one) => parentFolder(one) === folder && extensionOf(one) === extension,
  );
  return files.sort().slice(-siblingsMax);
}

/** `0040` of `0040_usage.js`, `V12` of `V12__AddEmail.java`; null without a number in front. */
function ordinalOf(path: string): string | null {
  const name = path.slice(path.lastIndexOf("/") + 1);
  // A date is no number: many things may be of one day.
  if (/^\d{4}-\d\d-\d\d/.test(name)) return null;
  return /^([A-Za-z]{0,2}\d+)(?=[_.-])/.exec(name)?.[1] ?? null;
}

function sameNumber(mine: string, other: string, siblings: readonly string[]): Conflict | null {
  const number = ordinalOf(mine);
  if (number === null || ordinalOf(other) !== number || extensionOf(mine) !== extensionOf(other)) {
    return null;
  }
  const shape = (ordinal: string): string => ordinal.replace(/\d+/, "");
  const before = siblings.map(ordinalOf).filter((one) => one !== null);
  const alike = before.filter((one) => shape(one) === shape(number));
  // A folder whose numbers were never all different is no sequence.
  if (alike.length === 0 || new Set(alike).size < alike.length || alike.includes(number))
    return null;
  return orderingConflict(number, mine, 1, other, 1, `both take the number ${number}`);
}

/** Both new steps name the same one before them: `down_revision = "a1"`. */
async function samePredecessor(
  versions: MergeVersions,
  mine: string,
  other: string,
  siblings: readonly string[],
): Promise<Conflict | null> {
  const [here, there] = [
    await versions.table("merged", mine),
    await versions.table("merged", other),
  ];
  if (here === null || there === null) return null;
  const links = here.symbols.flatMap((symbol) => {
    const same = there.symbols.find((one) => one.name === symbol.name);
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
    return orderingConflict(
      literal,
      mine,
      symbol.line,
      other,
      1,
      `both come right after \`${literal}\``,
    );
  }
  return null;
}

/** A step is known by its file's name, or by what it calls itself. */
function isStepNamed(step: SymbolTable, literal: string, link: string): boolean {
  const stem = step.path.slice(step.path.lastIndexOf("/") + 1).replace(/\.[^.]+$/, "");
  if (stem === literal) return true;
  return step.symbols.some((one) => one.name !== link && one.literals.includes(literal));
}

function linkOf(step: SymbolTable, name: string): FileSymbol | undefined {
  return step.symbols.find((one) => one.name === name);
}

/** New members of one enumeration that were given the same value. */
async function sameEnumerationValues(versions: MergeVersions): Promise<Conflict[]> {
  const conflicts: Conflict[] = [];
  for (const path of versions.paths) {
    const { ours, theirs } = versions.changedBy(path);
    if (!ours || !theirs) continue;
    const merged = await versions.table("merged", path);
    const here = tagsOf(await versions.table("theirs", path));
    const there = tagsOf(await versions.table("ours", path));
    for (const symbol of merged?.symbols ?? []) {
      const key = keyOfTag(symbol);
      const [mine, other] = [
        key === null ? undefined : here.get(key),
        key === null ? undefined : there.get(key),
      ];
      if (key === null || mine?.length !== 1 || other?.length !== 1) continue;
      if (mine[0] !== symbol.name || other[0] === symbol.name) continue;
      const twin = merged?.symbols.find((one) => one.name === other[0] && keyOfTag(one) === key);
      if (twin === undefined) continue;
      const what = `\`${symbol.name}\` and \`${twin.name}\` both take the value ${symbol.tag?.value}`;
      conflicts.push(
        orderingConflict(symbol.tag?.of ?? "", path, symbol.line, path, twin.line, what),
      );
    }
  }
  return conflicts;
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

function extensionOf(path: string): string {
  return /\.[^./]+$/.exec(path)?.[0] ?? "";
}

function orderingConflict(
  symbol: string,
  path: string,
  line: number,
  otherPath: string,
  otherLine: number,
  what: string,
): Conflict {
  return {
    kind: "ordering_conflict",
    symbol,
    path,
    line,
    message: `${sideName.ours} and ${sideName.theirs} ${what} (the other one is at ${otherPath}:${otherLine}); take the next free place in the order`,
    related: [{ path: otherPath, line: otherLine, what: "the one that landed first" }],
  };
}
