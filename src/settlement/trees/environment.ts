/** The environment of what runs in a worktree or gate tree. */
import { mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { dirname, isAbsolute, join, relative } from "node:path";
import type { SettlementContext } from "../context.ts";

/** Variables by which programs find programs and code, `:` between folders. */
const searched = [
  "PATH",
  "PYTHONPATH",
  "VIRTUAL_ENV",
  "NODE_PATH",
  "RUBYLIB",
  "PERL5LIB",
  "CLASSPATH",
  "LD_LIBRARY_PATH",
];

/**
 * The gates' environment at a tree. What is looked for in the operator's own checkout (an activated
 * `.venv`, `node_modules/.bin`, a package installed in place) is looked for in the tree instead:
 * the checkout's would test the operator's code.
 */
export function environmentIn(
  c: SettlementContext,
  root: string,
  temporary: string | undefined,
): Record<string, string> {
  if (temporary !== undefined) mkdirSync(temporary, { recursive: true });
  const env: Record<string, string> = { PATH: "/usr/bin:/bin", ...c.environment };
  const python = [...editableInstallsOf(c), ...(env["PYTHONPATH"]?.split(":") ?? [])];
  if (python.length > 0) env["PYTHONPATH"] = python.join(":");
  for (const name of searched) {
    const value = env[name];
    if (value !== undefined) env[name] = moved(value, c.repository.topLevel, root);
  }
  return {
    ...env,
    PYTHONDONTWRITEBYTECODE: "1",
    ...(temporary === undefined ? {} : { TMPDIR: temporary }),
  };
}

function moved(paths: string, from: string, to: string): string {
  return paths
    .split(":")
    .map((path) => (isInside(path, from) ? join(to, relative(from, path)) : path))
    .join(":");
}

/** Looked for once a run. */
function editableInstallsOf(c: SettlementContext): string[] {
  const known = found.get(c);
  if (known !== undefined) return known;
  const folders = editableInstalls(c.environment["PATH"] ?? "", c.repository.topLevel);
  found.set(c, folders);
  return folders;
}

const found = new WeakMap<SettlementContext, string[]>();

// ------------------------------------------------------------
//  * Python packages of the operator's checkout that an environment elsewhere (Poetry's, conda's, a
// folder of virtual environments) has installed in place. An activated one would make every gate
// import the operator's code, not the candidate's.

/** Folders of the checkout that Python programs found on this PATH look for packages in. */
export function editableInstalls(path: string, checkout: string): string[] {
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
  return entriesOf(lib)
    .filter((name) => name.startsWith("python3"))
    .map((name) => join(lib, name, "site-packages"));
}

/** Folders that packages of a site were installed from, in each of the ways there are. */
function inPlace(site: string): string[] {
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
    // A link to a package that never was installed otherwise.
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

/** What cannot be read leads nowhere. */
function orElse<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
