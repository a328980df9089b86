/** Changes that a command wrote into an upper; all but build outputs are removed again. */
import { type Dirent, lstatSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makeAccessible } from "../../../std/files.ts";
import { isBuildOutput, type OutputRules } from "./outputs.ts";

/** Changed paths that are listed. */
const listedMax = 200;

/**
 * Lists what an upper has besides build outputs: files that were written, created or deleted. A new folder is one
 * entry that ends in "/".
 *
 * @param o.prune also removes them, which is allowed only while the upper is not mounted
 * @param o.isSame leaves out a tracked file that was written and is still the same
 */
export function changesIn(
  upper: string,
  rules: OutputRules,
  o: { prune: boolean; isSame?: (path: string) => boolean },
): string[] {
  const changed: string[] = [];
  const add = (path: string): void => {
    if (changed.length < listedMax && path !== ".git") changed.push(path);
  };
  const visit = (folder: string): void => {
    for (const entry of entriesOf(join(upper, folder))) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (isBuildOutput(path, rules)) continue;
      if (entry.isDirectory() && rules.tracked.has(path)) {
        visit(path);
        if (o.prune) removeIfEmpty(join(upper, path));
      } else if (entry.isDirectory()) {
        visitNew(path);
      } else {
        if (!(rules.tracked.has(path) && o.isSame?.(path))) add(path);
        if (o.prune) rmSync(join(upper, path), { force: true });
      }
    }
  };
  /** A folder that is not tracked: removed whole, unless build outputs are in it. */
  const visitNew = (path: string): void => {
    if (!holdsOutput(upper, path, rules)) {
      if (!isOpenedOnly(upper, path)) add(`${path}/`);
      if (o.prune) remove(join(upper, path));
      return;
    }
    visit(path);
    if (o.prune) removeIfEmpty(join(upper, path));
  };
  visit("");
  return changed;
}

/** True for a folder that has no file in it: overlays create folders for what is below them. */
function isOpenedOnly(upper: string, path: string): boolean {
  return entriesOf(join(upper, path)).every(
    (entry) => entry.isDirectory() && isOpenedOnly(upper, `${path}/${entry.name}`),
  );
}

/** The folders of build outputs in a folder, without those inside one another. */
export function outputsIn(upper: string, rules: OutputRules, folder = ""): string[] {
  return entriesOf(join(upper, folder)).flatMap((entry) => {
    if (!entry.isDirectory()) return [];
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    return isBuildOutput(path, rules) ? [path] : outputsIn(upper, rules, path);
  });
}

function holdsOutput(upper: string, folder: string, rules: OutputRules): boolean {
  return entriesOf(join(upper, folder)).some((entry) => {
    const path = `${folder}/${entry.name}`;
    return isBuildOutput(path, rules) || (entry.isDirectory() && holdsOutput(upper, path, rules));
  });
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    makeAccessible(folder);
    return readdirSync(folder, { withFileTypes: true });
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    makeAccessible(path);
    rmSync(path, { recursive: true, force: true });
  }
}

function removeIfEmpty(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() && readdirSync(path).length === 0) {
    rmdirSync(path);
  }
}
