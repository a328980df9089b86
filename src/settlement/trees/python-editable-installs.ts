/**
 * Packages of the operator's checkout installed in place ("editable") in Python environments elsewhere:
 * Poetry's, conda's, or a shared folder of virtual environments. With such an environment on PATH, gates
 * would import the operator's code in place of the candidate's.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { dirname, isAbsolute, join, relative } from "node:path";

/** Folders of the checkout from which the Python environments on `path` (a PATH value) import packages. */
export function editableInstalls(path: string, checkout: string): string[] {
  const sites = path
    .split(":")
    .filter((entry) => isAbsolute(entry) && !isInside(entry, checkout))
    .flatMap((entry) => sitesBeside(entry));
  const found = [...new Set(sites)].flatMap((site) => installedInPlace(site));
  return [...new Set(found)].filter((folder) => isInside(folder, checkout));
}

function sitesBeside(programs: string): string[] {
  const lib = join(dirname(programs), "lib");
  return entriesOf(lib)
    .filter((name) => name.startsWith("python3"))
    .map((name) => join(lib, name, "site-packages"));
}

/** Source folders of the packages installed in place in a site: by `.pth`, import hook or symbolic link. */
function installedInPlace(site: string): string[] {
  return entriesOf(site).flatMap((name) => {
    const path = join(site, name);
    if (name.endsWith(".pth")) {
      return textAt(path)
        .split("\n")
        .map((line) => line.trim());
    }
    if (/^__editable__.*_finder\.py$/.test(name)) {
      const mapped = textAt(path).matchAll(/'[^'\n]+': '([^'\n]+)'/g);
      return [...mapped].map(([, folder]) => dirname(folder ?? ""));
    }
    // A package linked into the site without an installer.
    return /^\w+(\.py)?$/.test(name) ? [dirname(targetOf(path))] : [];
  });
}

function entriesOf(folder: string): string[] {
  return orElse(() => readdirSync(folder), []);
}

function textAt(path: string): string {
  return orElse(() => readFileSync(path, "utf8"), "");
}

function targetOf(path: string): string {
  return orElse(() => readlinkSync(path), "");
}

/** The result of a read, or a default when it fails: an unreadable entry names no folder. */
function orElse<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** True when an absolute path is `folder` or lies in it. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return isAbsolute(path) && way !== ".." && !way.startsWith("../");
}
