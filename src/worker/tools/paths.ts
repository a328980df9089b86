/**
 * Paths of arguments: always below the project root, never through a link that leaves it, never git's
 * own, and only ordinary files and folders.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
} from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { type ToolResult, toolError } from "./tool.ts";

export interface ProjectPath {
  /** Absolute. */
  full: string;
  /** Relative to the project root, with `/`; "" for the root. */
  path: string;
}

/** Where a path leads, or why it may not be used. Reading may follow links that stay inside. */
export function resolvePath(root: string, typed: string): ProjectPath | ToolResult {
  if (typed.includes("\0")) return toolError("invalid_arguments", "a path holds no NUL byte");
  const base = realpathSync(root);
  const full = isAbsolute(typed) ? resolve(typed) : resolve(base, typed);
  const path = below(base, full) ?? below(resolve(root), full);
  if (path === null) {
    return toolError("not_permitted", `${typed} lies outside the project`, typed);
  }
  if (path.split("/").some((name) => name.toLowerCase() === ".git")) {
    return toolError("not_permitted", `${path} is git's own`, path);
  }
  const place = join(base, path);
  const real = realParent(place);
  if (real === null || below(base, real) === null) {
    return toolError("not_permitted", `${path} leads outside the project through a link`, path);
  }
  return { full: place, path };
}

/** A place to write at: as `placeOf`, and nothing on the way or there is a link or a device. */
export function resolveWritePath(root: string, typed: string): ProjectPath | ToolResult {
  const place = resolvePath(root, typed);
  if (!("full" in place)) return place;
  if (place.path === "") return toolError("invalid_arguments", "name a file", typed);
  const base = realpathSync(root);
  let at = base;
  for (const name of place.path.split("/")) {
    at = join(at, name);
    const stats = lstatSync(at, { throwIfNoEntry: false });
    if (stats === undefined) break;
    if (stats.isSymbolicLink()) {
      return toolError(
        "not_permitted",
        `${relative(base, at)} is a link; writing through links is refused`,
        place.path,
      );
    }
    if (at !== place.full && !stats.isDirectory()) {
      return toolError("conflict", `${relative(base, at)} is a file, not a folder`, place.path);
    }
    if (at === place.full && !stats.isFile()) {
      return toolError("conflict", `${place.path} is not an ordinary file`, place.path);
    }
    if (at === place.full && stats.nlink > 1) {
      return toolError("not_permitted", `${place.path} has another name (a hard link)`, place.path);
    }
  }
  return place;
}

function below(base: string, full: string): string | null {
  const away = relative(base, full);
  if (away === "") return "";
  if (away === ".." || away.startsWith(`..${sep}`) || isAbsolute(away)) return null;
  return away.split(sep).join("/");
}

/** The real path of a place, or of its nearest ancestor that exists. */
function realParent(path: string): string | null {
  for (let at = path; ; at = dirname(at)) {
    try {
      return realpathSync(at);
    } catch {
      // A dangling link exists but leads nowhere: nobody may write where it points.
      if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink()) return null;
      if (dirname(at) === at) return null;
    }
  }
}

const fileBytesMax = 16 * 1024 * 1024;

/** Bytes of an ordinary file, opened without waiting for a pipe's other end. */
export function readRegularFile(place: ProjectPath): Buffer | ToolResult {
  let file: number;
  try {
    file = openSync(place.full, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === "ENOENT")
      return toolError("not_found", `${place.path} does not exist`, place.path);
    return toolError("failed", `${place.path} cannot be opened (${code})`, place.path);
  }
  try {
    const stats = fstatSync(file);
    if (stats.isDirectory())
      return toolError("unsupported", `${place.path} is a folder; use list_dir`, place.path);
    if (!stats.isFile())
      return toolError("unsupported", `${place.path} is not an ordinary file`, place.path);
    if (stats.size > fileBytesMax)
      return toolError("unsupported", `${place.path} is larger than 16 MiB`, place.path);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** A text file that a path leads to. */
export interface ResolvedText {
  place: ProjectPath;
  text: string;
}

/** What a tool that reads one text file begins with; a refusal when there is none to read. */
export function resolveText(root: string, typed: unknown): ResolvedText | ToolResult {
  const place = resolvePath(root, String(typed));
  if (!("full" in place)) return place;
  const text = readTextFile(place);
  return typeof text === "string" ? { place, text } : text;
}

/** Text of a file; binary and non-UTF-8 content is refused, so that nothing is changed unseen. */
export function readTextFile(place: ProjectPath): string | ToolResult {
  const bytes = readRegularFile(place);
  if (!Buffer.isBuffer(bytes)) return bytes;
  if (bytes.includes(0)) return toolError("unsupported", `${place.path} is binary`, place.path);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return toolError("unsupported", `${place.path} is not UTF-8`, place.path);
  }
}
