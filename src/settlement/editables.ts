/**
 * Python packages of the operator's checkout that an environment elsewhere (Poetry's, conda's, a
 * folder of virtual environments) has installed in place. An activated one would make every gate
 * import the operator's code, not the candidate's.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { dirname, isAbsolute, join, relative } from "node:path";

/** Folders of the checkout that Python programs found on this PATH look for packages in. */
export function editableFolders(path: string, checkout: string): string[] {
  const sites = path
    .split(":")
    .filter((entry) => isAbsolute(entry) && !isInside(entry, checkout))
    .flatMap((entry) => sitesBeside(entry));
  const found = [...new Set(sites)].flatMap((site) => inPlace(site));
  return [...new Set(found)].filter((folder) => isInside(folder, checkout));
}

/** Whether a path is a folder or lies in it. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return isAbsolute(path) && way !== ".." && !way.startsWith("../");
}

function sitesBeside(programs: string): string[] {
  const lib = join(dirname(programs), "lib");
  return names(lib)
    .filter((name) => name.startsWith("python3"))
    .map((name) => join(lib, name, "site-packages"));
}

/** Folders that packages of a site were installed from, in each of the ways there are. */
function inPlace(site: string): string[] {
  return names(site).flatMap((name) => {
    const path = join(site, name);
    if (name.endsWith(".pth")) {
      return textOf(path)
        .split("\n")
        .map((line) => line.trim());
    }
    if (/^__editable__.*_finder\.py$/.test(name)) {
      const mapped = textOf(path).matchAll(/'[^'\n]+': '([^'\n]+)'/g);
      return [...mapped].map(([, folder]) => dirname(folder ?? ""));
    }
    // A link to a package that never was installed otherwise.
    return /^\w+(\.py)?$/.test(name) ? [dirname(targetOf(path))] : [];
  });
}

function names(folder: string): string[] {
  return attempt(() => readdirSync(folder), []);
}

function textOf(path: string): string {
  return attempt(() => readFileSync(path, "utf8"), "");
}

function targetOf(path: string): string {
  return attempt(() => readlinkSync(path), "");
}

/** What cannot be read leads nowhere. */
function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
